#pragma once
// The loops that a system call of ours stands in: transfers that stop half-way, signals that come
// in between, refusals that pass (SPEC W3). Pure but for what the calls handed in do; never sleeps
// by itself, never tries more often than it says.

#include <dirent.h>

#include <cerrno>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include <casement/core/error.hpp>

namespace casement {

/// What one call moved, in bytes, or its errno.
using transferred = std::expected<std::size_t, int>;

/// Repeats `write_some(offset, bytes)` until all bytes are written; answers 0 or the errno.
template <class Write>
[[nodiscard]] int write_whole(Write write_some, std::uint64_t offset, std::string_view bytes) {
    while (!bytes.empty()) {
        const transferred n = write_some(offset, bytes);
        if (!n && n.error() == EINTR) continue;
        if (!n) return n.error();
        if (*n == 0) return EIO;  // neither progress nor a reason: no call may loop for ever
        offset += *n;
        bytes.remove_prefix(*n);
    }
    return 0;
}

/// Repeats `read_some(offset, into)` until `into` is full or the file ends; answers the bytes read.
template <class Read>
[[nodiscard]] transferred read_whole(Read read_some, std::uint64_t offset, std::span<char> into) {
    std::size_t done = 0;
    while (done < into.size()) {
        const transferred n = read_some(offset + done, into.subspan(done));
        if (!n && n.error() == EINTR) continue;
        if (!n) return n;
        if (*n == 0) break;
        done += *n;
    }
    return done;
}

/// Hands the names in an open directory, its own and its parent's left out, to `take(name)`, until
/// that answers false; answers 0, or the errno: `readdir` itself says of a list that was cut short
/// only that it ends.
template <std::predicate<std::string_view> Take>
[[nodiscard]] int each_name(::DIR* open, Take take) {
    for (;;) {
        errno = 0;
        const ::dirent* next = ::readdir(open);
        if (next == nullptr) return errno;
        const std::string_view name = next->d_name;
        if (name != "." && name != ".." && !take(name)) return 0;
    }
}

/// Pauses of 1, 2, 4 ... 256 ms lie between the attempts: a refusal that lasts costs half a second.
inline constexpr int passing_attempts_max = 10;

/// A scanner or an indexer that holds a file on a Windows disk makes these pass by.
[[nodiscard]] constexpr bool may_pass(int number) {
    return number == EACCES || number == EBUSY || number == ETXTBSY;
}

/// On a Windows disk, a file may not be found by a name that it has just been given.
[[nodiscard]] constexpr bool may_appear(int number) { return number == ENOENT; }

/// Says "directories are not synced here", and not "the sync failed" (9p, drvfs, FUSE, CIFS).
[[nodiscard]] constexpr bool cannot_sync_names(int number) {
    return number == EINVAL || number == EOPNOTSUPP || number == ENOSYS || number == EBADF ||
           number == EPERM || number == EACCES;
}

/// Repeats `attempt()` (0 or an errno) while its refusal `passes`, with `pause(duration)` between.
template <std::invocable Attempt, std::invocable<std::chrono::milliseconds> Pause>
[[nodiscard]] int until_passed(Attempt attempt, Pause pause, bool (*passes)(int) = may_pass) {
    std::chrono::milliseconds wait{1};
    for (int n = 1;; ++n) {
        const int number = attempt();
        if (number == EINTR) continue;
        if (!passes(number) || n == passing_attempts_max) return number;
        pause(wait);
        wait *= 2;
    }
}

}  // namespace casement
