#pragma once
// Is every guard needed (SPEC T8)? Each guard that the stories' commits were seen to have is left
// out, alone and then in sets, until a story breaks: what breaks it is the guard's certificate. The
// code that runs is the code that ships; only its commits are thinned. One thread.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <casement/check/explore.hpp>
#include <casement/check/story.hpp>

namespace casement::check {

/// What became of one guard.
struct certificate {
    enum class kind : std::uint8_t {
        necessary,  // without it alone a story breaks
        redundant,  // without it and `without`'s others a story breaks, and without fewer none does
        survivor,   // no story breaks: it guards nothing that the stories know
    };
    left_out guard;
    kind what = kind::survivor;
    std::vector<left_out> without;  // the set that was killed, the guard itself first
    std::string story;              // that broke
    violation broke;
    std::uint64_t states = 0;  // until it broke; or of all stories, if none did
};

/// What each guard of the stories is for.
struct necessity {
    std::vector<certificate> guards;
    std::vector<std::string> never_violated;  // properties that no mutant violated
    std::string failed;  // which story does not hold as it is, and why; then no guard was tried
    std::uint64_t searches = 0;
    double seconds = 0;

    [[nodiscard]] std::size_t survivors() const;
};

/// How far it is tried to do without guards.
struct mutation_scope {
    std::size_t set_max = 3;  // guards left out at once, at most
    scope in;
    /// Called before each search: guards done, guards in all, and what is left out now.
    std::function<void(std::size_t, std::size_t, const std::vector<left_out>&)> progress;
};

/// Tries every guard of every story on all of them, in order: put small stories first.
[[nodiscard]] necessity needs(std::span<const story> stories, const mutation_scope& in = {});

}  // namespace casement::check
