#pragma once
// The chunks of a large payload one after the other, read and verified by two threads before they
// are asked for: whoever takes them works on one while the next ones come.

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <casement/blob/beside.hpp>
#include <casement/blob/checksum.hpp>
#include <casement/core/error.hpp>

namespace casement::blob {

/// Takes memory for `depth` chunks, and less for a short payload. One thread asks; `read` is called
/// from two, if that is worth it.
///
///     read(offset, into)   fills `into` with the chunk that begins at `offset`; a `result<void>`
template <class Read>
class chunks_ahead {
public:
    static constexpr std::size_t depth = 4;

    chunks_ahead(bool worth_two, std::uint64_t size, Read read)
        : size_{size},
          unclaimed_end_{chunk_count(size)},
          read_{std::move(read)},
          room_{new char[std::min<std::uint64_t>(size, depth * chunk_size)]},
          helper_{worth_two, [this] { help(); }} {}
    chunks_ahead(const chunks_ahead&) = delete;
    chunks_ahead& operator=(const chunks_ahead&) = delete;
    ~chunks_ahead() {
        const std::lock_guard lock{mutex_};
        unclaimed_end_ = 0;
        changed_.notify_all();
    }

    /// The next chunk; it stays until the next call. After an error nothing more is asked for.
    /// REQUIRES: there is one.
    [[nodiscard]] result<std::string_view> next() {
        std::unique_lock lock{mutex_};
        const auto k = handed_out_++;
        changed_.notify_all();
        auto& mine = outcomes_[k % depth];
        while (claimed_ <= k || !mine)
            if (may_claim())
                read_one(lock);
            else
                changed_.wait(lock);
        if (!*mine) return passed(*mine);
        const auto chunk = room_of(k);
        return std::string_view{chunk.data(), chunk.size()};
    }

private:
    void help() {
        std::unique_lock lock{mutex_};
        while (claimed_ < unclaimed_end_)
            if (may_claim())
                read_one(lock);
            else
                changed_.wait(lock);
    }

    /// The chunk that was handed out last is in use.
    [[nodiscard]] bool may_claim() const {
        return claimed_ < std::min<std::uint64_t>(unclaimed_end_, handed_out_ - 1 + depth);
    }

    void read_one(std::unique_lock<std::mutex>& lock) {
        const auto k = claimed_++;
        auto& outcome = outcomes_[k % depth];
        outcome.reset();
        lock.unlock();
        auto read = read_(k * chunk_size, room_of(k));
        lock.lock();
        if (!read) unclaimed_end_ = 0;
        outcome = std::move(read);
        changed_.notify_all();
    }

    [[nodiscard]] std::span<char> room_of(std::uint64_t k) const {
        return {room_.get() + k % depth * chunk_size,
                std::min<std::uint64_t>(chunk_size, size_ - k * chunk_size)};
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    const std::uint64_t size_;
    std::uint64_t unclaimed_end_;  // no chunk from here on is to be claimed
    std::uint64_t claimed_ = 0;    // chunks that somebody reads or has read
    std::uint64_t handed_out_ = 0;
    std::array<std::optional<result<void>>, depth> outcomes_;  // none while somebody reads
    Read read_;
    std::unique_ptr<char[]> room_;
    beside helper_;  // the first to go
};

}  // namespace casement::blob
