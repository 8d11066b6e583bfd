#pragma once
// Numbers that are never given twice: taken from a counter row in blocks, so that most cost nothing
// and a crash wastes at most a block (DESIGN D2, D9). Any thread.

#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>

#include <casement/core/error.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/store.hpp>
#include <casement/kv/transaction.hpp>

namespace casement {

/// The lowest number that no block holds. One allocator serves every kind of id, so that a number
/// names one thing in the whole store.
struct allocator {
    static constexpr char table = '#';
    struct key {};
    std::uint64_t next = 0;
};

template <store S>
class id_blocks {
public:
    static constexpr std::uint64_t block_ids = 1024;
    static constexpr std::uint64_t first_id = 16;  // below it: ids with a fixed meaning (the root)
    static constexpr int tries_max = 64;

    /// Hears of the first number of a block before it is taken, so that whoever sees that it is
    /// taken can know of it; an error, and it is not.
    using heard = std::function<result<void>(std::uint64_t)>;

    explicit id_blocks(
        S& kv, heard begins = [](std::uint64_t) { return result<void>{}; })
        : kv_{kv}, begins_{std::move(begins)} {}
    /// Gives first the numbers of a block that was taken before: begin <= n < end.
    id_blocks(S& kv, std::uint64_t begin, std::uint64_t end) : id_blocks{kv} {
        next_ = begin;
        end_ = end;
    }

    /// A number never given before, by anyone. `conflict` if others take blocks faster than this
    /// one can, `tries_max` times in a row.
    [[nodiscard]] result<std::uint64_t> next() {
        const std::lock_guard lock{mutex_};
        if (next_ == end_)
            if (auto more = take_block(); !more) return passed(more);
        return next_++;
    }

    /// Calls `act(n)` while no number is given: those given until then are below n or were taken by
    /// others, and none that will be is. Reads 1 row where no block is in hand. Answers what `act`
    /// does, a `result<std::uint64_t>`.
    template <class Act>
    [[nodiscard]] result<std::uint64_t> between(Act act) {
        const std::lock_guard lock{mutex_};
        if (next_ != end_) return act(next_);
        auto row = read<allocator>(kv_, {});
        if (!row) return passed(row);
        return act(row->exists() ? (*row)->next : first_id);
    }
    /// Gives up the rest of the block.
    void end_block() {
        const std::lock_guard lock{mutex_};
        next_ = end_;
    }

    /// An id of the kind that the caller names: `ids.next<node_id>()`.
    template <class Id>
    [[nodiscard]] result<Id> next() {
        auto n = next();
        if (!n) return passed(n);
        return Id{*n};
    }

private:
    // A block is the library's own decision, taken again from a new read each time.
    result<void> take_block() {
        for (int tries = 1;; ++tries) {
            auto row = read<allocator>(kv_, {});
            if (!row) return passed(row);
            const std::uint64_t begin = row->exists() ? (*row)->next : first_id;
            if (auto told = begins_(begin); !told)
                return within(std::move(told), "reserve ids", "");
            auto taken = transaction{kv_}
                             .replace(*row, allocator{begin + block_ids}, "the block is free")
                             .commit();
            if (taken) {
                next_ = begin;
                end_ = begin + block_ids;
                return {};
            }
            // An unknown outcome wastes the block at worst: another read finds the next one.
            const auto code = taken.error().code();
            if ((code != errc::conflict && code != errc::unknown_outcome) || tries == tries_max)
                return within(std::move(taken), "reserve ids", "");
        }
    }

    S& kv_;
    const heard begins_;
    std::mutex mutex_;
    std::uint64_t next_ = 0, end_ = 0;
};

}  // namespace casement
