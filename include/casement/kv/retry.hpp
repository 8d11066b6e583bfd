#pragma once
// The library's retry: it takes the caller's decision again, from new reads, and never a commit
// with old expectations (SPEC F1, DESIGN D3). Bounded; says how often.

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

#include <casement/core/error.hpp>

namespace casement {

/// A decision is taken at most this often before its last conflict is the answer.
inline constexpr int decisions_max = 64;

/// How often decisions were taken again: what makes retries visible. Any thread.
struct retry_count {
    std::atomic<std::uint64_t> retries = 0;
};

/// Calls `decide` until it answers with anything but `conflict`.
template <class Decide>
[[nodiscard]] auto retry(retry_count& seen, Decide decide) -> decltype(decide()) {
    for (int decisions = 1;; ++decisions) {
        auto answer = decide();
        if (answer || answer.error().code() != errc::conflict || decisions == decisions_max)
            return answer;
        seen.retries.fetch_add(1, std::memory_order_relaxed);
    }
}

}  // namespace casement
