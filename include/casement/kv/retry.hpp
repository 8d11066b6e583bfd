#pragma once
// The library's retry: it takes the caller's decision again, from new reads, and never a commit
// with old expectations (SPEC F1, DESIGN D3). Bounded; waits a little longer each time where it was
// given a way to wait; says how often it did.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>

#include <casement/core/error.hpp>

namespace casement {

/// A decision is taken at most this often before its last conflict is the answer.
inline constexpr int decisions_max = 64;

/// The longest wait before the second decision; it doubles with each conflict, up to `wait_max`.
inline constexpr std::chrono::microseconds wait_first{32};
inline constexpr std::chrono::microseconds wait_max{4096};  // before any decision

/// How often decisions were taken again: what makes retries visible. Any thread.
struct retry_count {
    std::atomic<std::uint64_t> retries = 0;
    std::atomic<std::uint64_t> waited_us = 0;  // asked of `sleep`, all threads together
    /// Waits so long. Without it a decision is taken again at once: where time is not the
    /// machine's, under the explorer and in tests, nobody waits.
    void (*sleep)(std::chrono::microseconds) = nullptr;
};

/// How long to wait after so many decisions: from nothing to a bound that doubles, so that those
/// who met once do not meet again. `draw` is any number, another one each time.
[[nodiscard]] constexpr std::chrono::microseconds wait_after(int decisions, std::uint64_t draw) {
    const auto most = std::min(wait_max, wait_first * (1 << std::min(decisions - 1, 16)));
    // The finalizer of splitmix64: numbers in a row become numbers that have nothing in common.
    draw = (draw + 1) * 0x9e3779b97f4a7c15;
    draw = (draw ^ draw >> 30) * 0xbf58476d1ce4e5b9;
    draw = (draw ^ draw >> 27) * 0x94d049bb133111eb;
    const auto some = (draw ^ draw >> 31) % (static_cast<std::uint64_t>(most.count()) + 1);
    return std::chrono::microseconds{static_cast<std::int64_t>(some)};
}

/// Calls `decide` until it answers with anything but `conflict`.
template <class Decide>
[[nodiscard]] auto retry(retry_count& seen, Decide decide) -> decltype(decide()) {
    for (int decisions = 1;; ++decisions) {
        auto answer = decide();
        if (answer || answer.error().code() != errc::conflict || decisions == decisions_max)
            return answer;
        const auto draw = seen.retries.fetch_add(1, std::memory_order_relaxed);
        if (seen.sleep == nullptr) continue;
        const auto wait = wait_after(decisions, draw);
        seen.waited_us.fetch_add(static_cast<std::uint64_t>(wait.count()),
                                 std::memory_order_relaxed);
        seen.sleep(wait);
    }
}

}  // namespace casement
