#pragma once
// Which numbers the writes under way may have: so that another process, which sees files and not
// writes, leaves alone what no row names yet (SPEC W4). As in epoch-based reclamation (K. Fraser,
// Practical lock-freedom, 2004): a write holds the epoch in which it began, and its numbers are not
// below that epoch's first. Any thread.

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

namespace casement::blob {

class write_epochs {
    struct epoch {
        std::uint64_t first = 0;
    };

public:
    using pin = std::shared_ptr<const epoch>;

    /// To be held from before a write takes its number until a row names its file, or none will.
    [[nodiscard]] pin enter() const {
        const std::lock_guard lock{mutex_};
        return now_;
    }

    /// A new epoch: who enters from now on takes no number below `first`. Answers the lowest that
    /// any write may have.
    [[nodiscard]] std::uint64_t turn(std::uint64_t first) {
        const std::lock_guard lock{mutex_};
        before_.push_back(std::exchange(now_, std::make_shared<const epoch>(epoch{first})));
        for (; !before_.empty(); before_.pop_front())
            if (const auto oldest = before_.front().lock()) return oldest->first;
        return first;
    }

private:
    mutable std::mutex mutex_;
    pin now_ = std::make_shared<const epoch>();
    std::deque<std::weak_ptr<const epoch>> before_;
};

}  // namespace casement::blob
