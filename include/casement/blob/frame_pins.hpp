#pragma once
// Who reads which frames, so that a compaction takes away only what nobody reads (SPEC B4). A
// reader that comes too late is told to look at its row again. Any thread.
//
//     const auto since = pins.taken();          // before the row is read
//     auto where = ...;                         // the row
//     auto pin = pins.hold(where, since);       // nothing: the row may be another by now

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <casement/blob/descriptor.hpp>
#include <casement/blob/file_system.hpp>

namespace casement::blob {

class frame_pins {
    struct shared {
        mutable std::mutex mutex;
        std::map<std::uint64_t, std::uint32_t> held;  // readers, by position
        std::uint64_t taken = 0;
    };

public:
    /// The frame stays where it is until this is destroyed.
    class pin {
    public:
        pin(pin&& other) noexcept = default;
        pin& operator=(pin&& other) noexcept {
            std::swap(of_, other.of_);
            std::swap(position_, other.position_);
            return *this;
        }
        ~pin() {
            if (!of_) return;
            const std::lock_guard lock{of_->mutex};
            const auto held = of_->held.find(position_);
            if (--held->second == 0) of_->held.erase(held);
        }

    private:
        friend class frame_pins;
        pin(std::shared_ptr<shared> of, std::uint64_t position)
            : of_{std::move(of)}, position_{position} {}

        std::shared_ptr<shared> of_;
        std::uint64_t position_;
    };

    /// How often something was taken away.
    [[nodiscard]] std::uint64_t taken() const {
        const std::lock_guard lock{shared_->mutex};
        return shared_->taken;
    }

    /// Nothing if something was taken away since then: it may have been this.
    [[nodiscard]] std::optional<pin> hold(pack_position where, std::uint64_t since) {
        const auto position = to_number(where);
        const std::lock_guard lock{shared_->mutex};
        if (shared_->taken != since) return std::nullopt;
        ++shared_->held[position];
        return pin{shared_, position};
    }

    /// Of these ranges of a pack, those in which nobody holds a frame: whoever comes from now on
    /// looks at their row again. REQUIRES: no row names a frame in them, and none will
    [[nodiscard]] std::vector<byte_range> take(pack_id pack, std::span<const byte_range> ranges) {
        const std::lock_guard lock{shared_->mutex};
        ++shared_->taken;
        std::vector<byte_range> free;
        std::ranges::copy_if(ranges, std::back_inserter(free), [&](const byte_range& r) {
            const auto first = shared_->held.lower_bound(pack.value << 32 | r.offset);
            return first == shared_->held.end() || first->first >> 32 != pack.value ||
                   (first->first & 0xffffffff) >= r.offset + r.length;
        });
        return free;
    }

private:
    std::shared_ptr<shared> shared_ = std::make_shared<shared>();
};

}  // namespace casement::blob
