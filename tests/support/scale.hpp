#pragma once
// How much of a test is run. A sanitizer multiplies the time of a round and finds in some of them
// what it would find in all.

#include <cstddef>

namespace casement::testing {

#ifdef CASEMENT_SANITIZED
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

/// `rounds`, or a fifth of them under a sanitizer. Fewer than five do not compile: a test of no
/// round would pass.
consteval auto scaled(auto rounds) {
    if (rounds < 5) throw "a fifth of these is none";
    return sanitized ? rounds / 5 : rounds;
}

/// Of things in a row each `step`th, or each fifth of those under a sanitizer.
[[nodiscard]] constexpr std::size_t spaced(std::size_t step) { return sanitized ? 5 * step : step; }

}  // namespace casement::testing
