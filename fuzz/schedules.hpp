#pragma once
// What the targets share whose inputs are schedules: the stories, and how a walk is judged. One
// thread.

#include <array>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/check/explore.hpp>
#include <casement/check/show.hpp>
#include <casement/check/story.hpp>
#include <casement/core/assert.hpp>

#include "outcomes.hpp"
#include "stories.hpp"

namespace casement::fuzz {

/// What the planted bugs leave out: of every operation of a story; and of one, which another client
/// must meet half-way.
inline const check::left_out planted_in_stories{"", "the path leads here"},
    planted_in_operations{"remove", "the parent is as it was seen"};

[[nodiscard]] inline check::story story_named(std::string_view name, models::size size = {}) {
    for (const auto& s : models::situations())
        if (s.name == name) return s.tell(size);
    require(false, "a situation of that name");
    std::abort();
}

struct told {
    std::string_view name;
    models::size size;  // none: in which it can be searched

    bool operator==(const told&) const = default;
};

/// The stories that bytes steer, in an order that the corpus knows: new ones go to the end. Each in
/// the size in which it can be searched; some in a larger one, too.
inline constexpr std::array told_stories = std::to_array<told>({
    {"all-any-rev", {3, 4}},
    {"all-at-rev", {3, 4}},
    {"contracts-any-rev", {3, 4}},
    {"rename-loop-of-three", {}},
    {"ensure-path-remove", {}},
    {"put-crash", {}},
    {"late-writer", {}},
    {"unstuck", {}},
    {"late-writer-skewed", {}},
    {"rename-loop", {}},
    {"rename-loop-at-rev", {}},
    {"rmdir-create", {}},
    {"rmdir-create-at-rev", {}},
    {"seal-change", {}},
    {"seal-change-at-rev", {}},
    {"retry-create", {}},
    {"retry-remove", {}},
    {"retry-remove-at-rev", {}},
    {"once", {}},
    {"once-at-rev", {}},
    {"once-forgotten", {}},
    {"forgetters", {}},
    {"late-finalizer", {}},
    {"late-finalizer-at-rev", {}},
    {"late-close", {}},
    {"late-close-skewed", {}},
    {"back-and-forth", {}},
    {"two-instantiate", {}},
    {"two-instantiate-at-rev", {}},
    {"half-way", {}},
    {"files-any-rev", {3, 3}},
    {"files-at-rev", {3, 3}},
    {"late-directory", {}},
    {"late-directory-at-rev", {}},
    {"two-openers", {}},
    {"two-openers-at-rev", {}},
    {"stale-base", {}},
    {"crashed-snapshot", {}},
    {"overlays-any-rev", {3, 3}},
    {"overlays-at-rev", {3, 3}},
    {"collect-stored-again", {}},
    {"collect-copied", {}},
    {"collect-hurried", {}},
    {"collect-made", {}},
    {"two-collectors", {}},
    {"compact-collect", {}},
    {"compact-named", {}},
    {"compact-crash", {}},
    {"compact-crash-drvfs", {}},
    {"compact-crash-holes", {}},
    {"promote-collect", {}},
    {"promote-stored", {}},
    {"promote-crash", {}},
    {"promote-crash-drvfs", {}},
    {"put-crash-packed", {}},
    {"put-crash-unnamed-journal", {}},
    {"put-crash-drvfs", {}},
    {"put-crash-nfs", {}},
    {"put-sync-fails", {}},
    {"put-sync-fails-packed", {}},
    {"frozen-writer", {}},
    {"frozen-process", {}},
    {"file-crash", {}},
    {"equal-files", {}},
    {"file-collected", {}},
    {"contracts-at-rev", {3, 4}},
    {"everything-any-rev", {3, 3}},
    {"everything-at-rev", {3, 3}},
    {"two-sweeps", {}},
    {"sweep-put", {}},
    {"all-any-rev", {}},
    {"all-at-rev", {}},
    {"contracts-any-rev", {}},
    {"contracts-at-rev", {}},
    {"files-any-rev", {}},
    {"files-at-rev", {}},
    {"overlays-any-rev", {}},
    {"overlays-at-rev", {}},
    {"everything-any-rev", {}},
    {"everything-at-rev", {}},
    {"sweep-put-unasked", {}},
    {"heal-collect", {}},
    {"heal-twice", {}},
    {"heal-crash", {}},
});

/// What a guard (operation, name) came to.
[[nodiscard]] inline std::string guard_outcome(const std::pair<std::string, std::string>& guard,
                                               bool holds) {
    return guard.first + ": " + guard.second + (holds ? ", holds" : ", fails");
}

/// The guards of a report, each as it was found: what a walk has shown, or what a search says that
/// walks can show.
[[nodiscard]] inline std::set<std::string> guard_outcomes(const check::report& of) {
    std::set<std::string> all;
    for (const auto& [guard, count] : of.guards) {
        if (count.held > 0) all.insert(guard_outcome(guard, true));
        if (count.failed > 0) all.insert(guard_outcome(guard, false));
    }
    return all;
}

/// A walk has shown what it has; what its story says holds, or the schedule is told.
inline void judge(const check::story& of, const check::report& walked) {
    for (auto& words : guard_outcomes(walked)) saw(words);
    for (const auto& v : walked.violations) {
        std::fprintf(stderr, "%s: %s: %s\n", of.name().c_str(), v.property.c_str(),
                     v.words.c_str());
        std::fputs(check::columns(v, walked.actors).c_str(), stderr);
    }
    require(walked.failed.empty(), "a story can be told");
    require(walked.violations.empty(), "what a story says holds on every walk");
}

}  // namespace casement::fuzz
