#pragma once
// The stories that bytes steer, in an order that the corpus knows: new ones go to the end.

#include <string_view>
#include <vector>

#include <casement/check/story.hpp>
#include <casement/core/assert.hpp>

#include "stories.hpp"

namespace casement::fuzz {

/// What the planted bug leaves out, of every operation.
inline constexpr std::string_view planted_guard = "the path leads here";

[[nodiscard]] inline std::vector<check::story> stories() {
    std::vector<check::story> all;
    const auto add = [&](std::string_view name, models::size size) {
        for (const auto& s : models::situations())
            if (s.name == name) return all.push_back(s.tell(size));
        require(false, "a situation of that name");
    };
    add("all-any-rev", {3, 4});
    add("all-at-rev", {3, 4});
    add("contracts-any-rev", {3, 4});
    add("rename-loop-of-three", {});
    add("ensure-path-remove", {});
    add("put-crash", {});
    add("late-writer", {});
    return all;
}

}  // namespace casement::fuzz
