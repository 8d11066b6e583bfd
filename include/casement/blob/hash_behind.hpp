#pragma once
// The hash of a payload while it is written: made by another thread, one or two pieces behind the
// writer. Where no core is free, the caller hashes.

#include <algorithm>
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
#include <casement/blob/placement.hpp>

namespace casement::blob {

/// Dedicated blobs are written in pieces of this size: larger calls are slower (DESIGN D9).
inline constexpr std::size_t piece_size = 1 * MiB;

/// One payload after the other; keeps its memory, `depth` pieces, for the next one. Called by one
/// thread.
class hash_behind {
public:
    static constexpr std::size_t depth = 2;  // a thread that waits is late; more copies are slower

    hash_behind() = default;
    hash_behind(const hash_behind&) = delete;
    hash_behind& operator=(const hash_behind&) = delete;
    ~hash_behind() { catch_up(); }

    /// Takes the next bytes, and holds on to none of them: copies them, or hashes them at once.
    /// Waits while the other thread is `depth` pieces behind. REQUIRES: as of `payload_hasher`.
    void take(std::string_view bytes) {
        begun_ = true;
        for (; !bytes.empty(); bytes.remove_prefix(std::min(piece_size, bytes.size()))) {
            const auto piece = bytes.substr(0, piece_size);
            if (hand_over(piece)) continue;
            catch_up();
            if (piece.size() >= worth_hashing_beside) set_out();
            if (!hand_over(piece)) hasher_.take(piece);
        }
    }

    /// Hashes bytes where they lie, in any thread. REQUIRES: nobody has followed, and the caller of
    /// the others waits.
    void take_here(std::string_view bytes) {
        begun_ = true;
        hasher_.take(bytes);
    }

    /// Another thread has been at work, and may be behind.
    [[nodiscard]] bool followed() const { return helper_.has_value(); }

    /// It is at work now, or waits for more.
    [[nodiscard]] bool under_way() const {
        const std::lock_guard lock{mutex_};
        return following_;
    }

    /// Of all that was taken. The next payload begins.
    [[nodiscard]] payload_hash finish() {
        catch_up();
        begun_ = false;
        return hasher_.finish();
    }

    /// What was taken is of no payload.
    void forget() {
        if (begun_) (void)finish();
    }

private:
    /// Who pauses for longer gives the other core back.
    static constexpr std::chrono::milliseconds patience{2};

    void set_out() {
        following_ = true;
        helper_.emplace(true, [this] { follow(); });
        if (!helper_->under_way()) catch_up();
    }

    /// Nobody else is at work, and all that was taken is hashed.
    void catch_up() {
        if (helper_) {
            {
                const std::lock_guard lock{mutex_};
                ended_ = true;
                changed_.notify_one();
            }
            helper_.reset();
            ended_ = false;
        }
        for (; hashed_ < taken_; ++hashed_) hash_next();  // it left while a piece was copied
    }

    /// False if nobody follows.
    [[nodiscard]] bool hand_over(std::string_view bytes) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return taken_ - hashed_ < depth || !following_; });
        if (!following_) return false;
        auto& room = pieces_[taken_ % depth];
        lock.unlock();  // nobody looks at it before it is counted
        room.assign(bytes.begin(), bytes.end());
        lock.lock();
        ++taken_;
        changed_.notify_one();
        return true;
    }

    void follow() {
        std::unique_lock lock{mutex_};
        const auto more = [&] { return ended_ || hashed_ < taken_; };
        for (changed_.wait(lock, more); hashed_ < taken_; changed_.wait_for(lock, patience, more)) {
            lock.unlock();
            hash_next();
            lock.lock();
            ++hashed_;
            changed_.notify_one();
        }
        following_ = false;
    }

    void hash_next() {
        const auto& next = pieces_[hashed_ % depth];
        hasher_.take({next.data(), next.size()});
    }

    payload_hasher hasher_;  // the helper's, while it follows
    std::array<std::vector<char>, depth> pieces_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t taken_ = 0, hashed_ = 0;  // pieces
    bool begun_ = false, following_ = false, ended_ = false;
    std::optional<beside> helper_;  // the first to go
};

}  // namespace casement::blob
