#pragma once
// The hash of a payload while it is written: made by another thread, one or two pieces behind the
// writer. Where no core is free, the caller hashes.

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include <casement/blob/beside.hpp>
#include <casement/blob/checksum.hpp>

namespace casement::blob {

/// One payload after the other; keeps its memory, `depth` pieces, for the next one, and the other
/// thread, if that comes soon. Called by one thread.
///
///     if (!hash.offer(piece)) hash.take(piece);
class hash_behind {
public:
    static constexpr std::size_t depth = 2;  // a thread that waits is late; more copies are slower

    hash_behind() = default;
    hash_behind(const hash_behind&) = delete;
    hash_behind& operator=(const hash_behind&) = delete;
    ~hash_behind() { dismiss(); }

    /// Copies the next bytes for the other thread; waits while that is `depth` pieces behind.
    /// False: there is none, and the caller is to `take` them.
    [[nodiscard]] bool offer(std::string_view bytes) { return hand_over(bytes, true); }

    /// The same of bytes that stay where they are, and as they are, until `finish` or `forget`.
    [[nodiscard]] bool lend(std::string_view bytes) { return hand_over(bytes, false); }

    /// Hashes the next bytes, here and now. REQUIRES: the last `offer` or `lend`, if there was one,
    /// was refused; all as of `payload_hasher`.
    void take(std::string_view bytes) {
        begun_ = true;
        hasher_.take(bytes);
    }

    /// Another thread hashes this payload, or a part of it, and may be behind.
    [[nodiscard]] bool followed() const { return followed_; }

    /// It is at work now, or waits for more.
    [[nodiscard]] bool under_way() const {
        const std::lock_guard lock{mutex_};
        return following_;
    }

    /// Of all that was taken. The next payload begins.
    [[nodiscard]] payload_hash finish() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return hashed_ == taken_; });
        begun_ = followed_ = false;
        return hasher_.finish();
    }

    /// What was taken is of no payload.
    void forget() {
        if (begun_) (void)finish();
    }

private:
    /// Who pauses for longer gives the other core back: long enough for the commit of a row.
    static constexpr std::chrono::milliseconds patience{2};

    struct piece {
        std::vector<char> own;
        std::string_view bytes;
    };

    [[nodiscard]] bool hand_over(std::string_view bytes, bool copied) {
        if (!followed_ && bytes.size() < worth_hashing_beside) return false;
        if (!put_in_line(bytes, copied)) {
            if (bytes.size() < worth_hashing_beside) return false;
            set_out();
            if (!put_in_line(bytes, copied)) return false;
        }
        return begun_ = followed_ = true;
    }

    /// False if nobody follows.
    [[nodiscard]] bool put_in_line(std::string_view bytes, bool copied) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return taken_ - hashed_ < depth || !following_; });
        if (!following_) return false;
        auto& next = pieces_[taken_ % depth];
        if (copied) {
            lock.unlock();  // nobody looks at it before it is counted
            next.own.assign(bytes.begin(), bytes.end());
            bytes = {next.own.data(), next.own.size()};
            lock.lock();
            if (!following_) return false;  // it left meanwhile
        }
        next.bytes = bytes;
        ++taken_;
        changed_.notify_one();
        return true;
    }

    void set_out() {
        dismiss();
        following_ = true;
        helper_.emplace(true, [this] { follow(); });
        if (!helper_->under_way()) dismiss();
    }

    void dismiss() {
        {
            const std::lock_guard lock{mutex_};
            ended_ = true;
            changed_.notify_one();
        }
        helper_.reset();
        ended_ = false;
    }

    /// Leaves nothing behind that was put in line.
    void follow() {
        std::unique_lock lock{mutex_};
        const auto more = [&] { return ended_ || hashed_ < taken_; };
        for (changed_.wait(lock, more); hashed_ < taken_; changed_.wait_for(lock, patience, more)) {
            const auto bytes = pieces_[hashed_ % depth].bytes;
            lock.unlock();
            hasher_.take(bytes);
            lock.lock();
            ++hashed_;
            changed_.notify_one();
        }
        following_ = false;
    }

    payload_hasher hasher_;  // the helper's, while there is something in line
    std::array<piece, depth> pieces_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t taken_ = 0, hashed_ = 0;  // pieces
    bool begun_ = false, followed_ = false, following_ = false, ended_ = false;
    std::optional<beside> helper_;  // the first to go
};

}  // namespace casement::blob
