#pragma once
// What all staged writes below one directory share: the packs, the shelves that exist, memory to
// use again, and the ids of what is in flight. Any thread; outlives every write that it serves.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <casement/blob/file_system.hpp>
#include <casement/blob/hash_behind.hpp>
#include <casement/blob/layout.hpp>
#include <casement/blob/options.hpp>
#include <casement/blob/pack.hpp>
#include <casement/blob/payload_buffer.hpp>
#include <casement/blob/write_epochs.hpp>
#include <casement/core/error.hpp>

namespace casement::blob {

/// `make_directory`, content with one that is there.
template <file_system FS>
[[nodiscard]] result<void> ensure_directory(FS& fs, const std::string& path) {
    auto made = fs.make_directory(path);
    if (!made && made.error().code() != errc::exists) return made;
    return {};
}

template <file_system FS>
class staging_room {
public:
    staging_room(FS system, layout directory, id_source numbers, options choice)
        : fs{std::move(system)},
          where{std::move(directory)},
          chosen{std::move(choice)},
          packs{fs, where, std::move(numbers.pack), chosen},
          ids_{std::move(numbers.blob)} {}

    FS fs;
    const layout where;
    const options chosen;
    pack_appender<FS> packs;

    [[nodiscard]] bool to_survive_power_loss() const { return chosen.durable == durability::power; }

    /// A new id, in flight until `landed`.
    [[nodiscard]] result<blob_id> take_off() {
        auto epoch = epochs_.enter();
        auto id = ids_();
        if (!id) return id;
        const std::lock_guard lock{mutex_};
        in_flight_.emplace(*id, std::move(epoch));
        return id;
    }
    /// A new id of what is no file here.
    [[nodiscard]] result<blob_id> next_id() { return ids_(); }

    void landed(blob_id id) {
        const std::lock_guard lock{mutex_};
        in_flight_.erase(id);
    }

    [[nodiscard]] bool in_flight(blob_id id) const {
        const std::lock_guard lock{mutex_};
        return in_flight_.contains(id);
    }

    /// See `files::turn_epoch`.
    [[nodiscard]] std::uint64_t turn_epoch(std::uint64_t first) {
        return std::min(epochs_.turn(first), packs.turn_epoch(first));
    }

    /// The directory of the id exists, and its own name is durable.
    [[nodiscard]] result<void> ready_shelf(blob_id id) {
        const auto number = layout::shelf_of(id);
        const std::lock_guard lock{shelves_mutex_};
        if (ready_[number]) return {};
        if (auto made = ensure_directory(fs, where.shelf(number)); !made) return made;
        if (to_survive_power_loss())
            if (auto synced = fs.sync_directory(where.blobs()); !synced) return passed(synced);
        ready_[number] = true;
        return {};
    }

    /// Whether the last write that was measured was published and not given up.
    [[nodiscard]] bool expects_new() const { return expects_new_; }
    void expect_new(bool likely) { expects_new_ = likely; }

    /// What a write needs while it is under way; the last one that came back is lent first.
    struct workspace {
        payload_buffer held;
        hash_behind hash{};
    };
    using loan = std::unique_ptr<workspace>;

    [[nodiscard]] loan borrow() {
        const std::lock_guard lock{mutex_};
        if (idle_.empty())
            return std::make_unique<workspace>(
                payload_buffer{std::max<std::size_t>(chosen.sizes.dedicated_min, piece_size)});
        auto last = std::move(idle_.back());
        idle_.pop_back();
        return last;
    }

    void give_back(loan back) {
        back->hash.forget();  // it may be at the bytes held
        back->held.clear();
        const std::lock_guard lock{mutex_};
        if (idle_.size() < idle_max) idle_.push_back(std::move(back));
    }

private:
    static constexpr std::size_t idle_max = 4;  // kept for later writers

    const std::function<result<blob_id>()> ids_;
    std::atomic<bool> expects_new_{true};
    mutable std::mutex mutex_;
    std::unordered_map<blob_id, write_epochs::pin> in_flight_;
    write_epochs epochs_;
    std::vector<loan> idle_;
    std::mutex shelves_mutex_;
    std::array<bool, layout::shelves> ready_{};
};

}  // namespace casement::blob
