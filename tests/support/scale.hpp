#pragma once
// How much of a test is run. A sanitizer multiplies the time of a round and finds in some of them
// what it would find in all.

namespace casement::testing {

/// `rounds`, or a fifth of them under a sanitizer, and at least one.
constexpr auto scaled(auto rounds) {
#ifdef CASEMENT_SANITIZED
    return rounds < 5 ? decltype(rounds){1} : rounds / 5;
#else
    return rounds;
#endif
}

}  // namespace casement::testing
