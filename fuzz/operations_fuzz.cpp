// Operations from the front, their schedule and faults from the back (scripted.hpp).

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/check/walk.hpp>
#include <casement/core/assert.hpp>

#include "schedule_mutator.hpp"
#include "schedules.hpp"
#include "scripted.hpp"
#include "target.hpp"

namespace casement::fuzz {

with_schedule parted(std::string_view bytes) {
    return {std::string{bytes.substr(0, scripted::read(bytes).front_bytes)}, steps_of(bytes)};
}

std::string joined(with_schedule parts) {
    return parts.front.append(parts.steps.rbegin(), parts.steps.rend());
}

std::set<std::string> reachable() {
    return guard_outcomes(check::explore(story_named("everything-any-rev", {2, 1})));
}

}  // namespace casement::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace casement;
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    require(fuzz::joined(fuzz::parted(bytes)) == bytes, "what is parted is joined again");
    const auto test = fuzz::scripted::read(bytes);
    if (test.scripts.empty()) return 0;
    std::vector<check::left_out> without;
    if (fuzz::planted()) without = {fuzz::planted_in_operations};
    const auto tale = test.tale();
    const auto walked = check::steer(tale, fuzz::steps_of(bytes), without);
    fuzz::judge(tale, walked);
    ++fuzz::accepted;
    return 0;
}
