#pragma once
// Time as the store sees it: nanoseconds since 1970 UTC, asked through a concept so that the
// explorer can step it. Time decides who may ask, never who is right (DESIGN D7).

#include <chrono>
#include <concepts>
#include <cstdint>

namespace casement {

/// Nanoseconds since 1970-01-01 UTC; may be negative (a file's mtime before 1970).
struct timestamp {
    std::int64_t ns = 0;

    bool operator==(const timestamp&) const = default;
};

/// What can be asked the time: the system's clock, or one that a test steps.
template <class C>
concept clock_source = requires(const C& c) {
    { c.now() } -> std::same_as<timestamp>;
};

/// The system's real-time clock. Any thread.
struct system_clock {
    [[nodiscard]] timestamp now() const;
};

/// The clock of one of several machines, which agree that theirs differ by `differ_max` at most.
/// That they keep to it, kv/clocks.hpp looks. Any thread, if the clock takes any.
template <clock_source C>
struct agreed_clock {
    C own{};
    std::chrono::nanoseconds differ_max{0};

    [[nodiscard]] timestamp now() const { return own.now(); }
    [[nodiscard]] timestamp past() const { return {own.now().ns - differ_max.count()}; }
};

/// The latest time that is past by everybody's clock: a deadline is over that lies before it,
/// whoever has set it.
template <clock_source C>
[[nodiscard]] timestamp past(const C& clock) {
    if constexpr (requires {
                      { clock.past() } -> std::same_as<timestamp>;
                  })
        return clock.past();
    else
        return clock.now();
}

}  // namespace casement
