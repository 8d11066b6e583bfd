#pragma once
// Time as the store sees it: nanoseconds since 1970 UTC, asked through a concept so that the
// explorer can step it. Time decides who may ask, never who is right (DESIGN D7).

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

}  // namespace casement
