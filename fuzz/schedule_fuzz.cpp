// Schedules: one byte says the story, the rest steer its actors and faults. What a story says holds
// on every walk; where it does not, the token of the walk is printed, for
// `casement explore --replay`.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <casement/check/walk.hpp>
#include <casement/core/assert.hpp>

#include "schedule_mutator.hpp"
#include "schedules.hpp"
#include "target.hpp"

namespace casement::fuzz {

with_schedule parted(std::string_view bytes) {
    return {std::string{bytes.substr(0, 1)}, std::string{bytes.substr(bytes.empty() ? 0 : 1)}};
}

std::string joined(with_schedule parts) { return parts.front + parts.steps; }

/// All that a search of each story shows, in the size in which it can be searched.
std::set<std::string> reachable() {
    std::set<std::string> all;
    for (const auto& one : models::situations()) {
        if (!one.breaks) all.merge(guard_outcomes(check::explore(one.tell({}))));
    }
    return all;
}

std::vector<check::story> stories() {
    for (const auto& one : models::situations())
        require(one.breaks || std::ranges::count(told_stories, told{one.name, {}}) == 1,
                "bytes steer every story");
    std::vector<check::story> all;
    for (const auto& one : told_stories) all.push_back(story_named(one.name, one.size));
    return all;
}

}  // namespace casement::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace casement;
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    require(fuzz::joined(fuzz::parted(bytes)) == bytes, "what is parted is joined again");
    fuzz::input in{data, size};
    static const auto stories = fuzz::stories();
    const auto& tale = stories[in.byte() % stories.size()];
    std::vector<check::left_out> without;
    if (fuzz::planted()) without = {fuzz::planted_in_stories};
    fuzz::judge(tale, check::steer(tale, in.rest(), without));
    ++fuzz::accepted;
    return 0;
}
