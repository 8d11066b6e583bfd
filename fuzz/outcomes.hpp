#pragma once
// What inputs have shown, in words: "lease: held on renew, refused". Each is a counter of
// libFuzzer's own ("extra counters"), so that an input that shows something new is kept even where
// no branch is new; and what could be shown is known from the code that ships, so that a corpus can
// be held to all of it. One thread.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <casement/core/assert.hpp>

namespace casement::fuzz {

/// What this target's inputs could show, each in its words. The target says so.
[[nodiscard]] std::set<std::string> reachable();

namespace detail {

/// libFuzzer zeroes this section before an input and looks at it afterwards. Two outcomes of one
/// place are one to it, which costs an input now and then; the words are kept apart below.
inline constexpr std::size_t counters = std::size_t{1} << 14;
__attribute__((section("__libfuzzer_extra_counters"))) inline std::uint8_t shown[counters];

/// All that this process has seen; at its end what was and what was not goes to the file that
/// CASEMENT_FUZZ_OUTCOMES names, a line each: "seen" or "missing", a tab, the words; the last is
/// "whole".
struct ledger {
    const char* const to = std::getenv("CASEMENT_FUZZ_OUTCOMES");
    // Searched for before any input: at the end, statics that a search stands on are gone.
    const std::set<std::string> all = to ? reachable() : std::set<std::string>{};
    std::set<std::string> seen;

    ledger() = default;
    ledger(const ledger&) = delete;
    ledger& operator=(const ledger&) = delete;
    ~ledger() {
        if (to == nullptr) return;
        auto* out = std::fopen(to, "w");
        require(out != nullptr, "the file of outcomes can be written");
        for (const auto& one : seen) std::fprintf(out, "seen\t%s\n", one.c_str());
        for (const auto& one : all)
            if (!seen.contains(one)) std::fprintf(out, "missing\t%s\n", one.c_str());
        std::fputs("whole\n", out);
        require(std::fclose(out) == 0, "the file of outcomes is written");
    }
};

inline ledger& of_this_process() {
    static ledger all;
    return all;
}

}  // namespace detail

inline void saw(std::string words) {
    detail::shown[std::hash<std::string>{}(words) % detail::counters] = 1;
    detail::of_this_process().seen.insert(std::move(words));
}

[[nodiscard]] inline const std::set<std::string>& all_seen() {
    return detail::of_this_process().seen;
}

/// The outcomes of whatever is decoded: a law's bytes are a value's, or they are nothing's.
inline void saw(std::string_view what, bool taken) {
    saw(std::string{what} + (taken ? ", taken" : ", refused"));
}
[[nodiscard]] inline std::set<std::string> either_way(std::initializer_list<std::string_view> of) {
    std::set<std::string> all;
    for (const auto what : of) {
        all.insert(std::string{what} + ", taken");
        all.insert(std::string{what} + ", refused");
    }
    return all;
}

}  // namespace casement::fuzz
