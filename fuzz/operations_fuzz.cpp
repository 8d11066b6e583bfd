// Operations from the front, their schedule and faults from the back. An input is one byte (rev
// mode and faults), the scripts of up to three clients, each a number a byte and ended by one of
// 0xf0 or more, and, from the last byte to the first, what steers. So a script that grows moves no
// step.

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
#include "scripts.hpp"
#include "target.hpp"

namespace casement::fuzz {
namespace {

constexpr std::size_t clients = 3, operations_max = 6;
constexpr std::uint8_t script_end = 0xf0;

struct test_case {
    bool at_exact_revs = false;
    check::faults may_strike;
    std::vector<models::script> scripts;
    std::size_t front_bytes = 0;
};

test_case read(std::string_view bytes) {
    input in{reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
    const auto mode = in.byte();
    test_case out{.at_exact_revs = (mode & 1) != 0,
                  .may_strike = {.crashes = mode >> 1 & 1,
                                 .lost_replies = mode >> 2 & 1,
                                 .zombies = mode >> 3 & 1,
                                 .spurious = mode >> 4 & 1,
                                 .ticks = mode >> 5 & 3},
                  .scripts = {}};
    for (std::size_t c = 0; c < clients && !in.empty(); ++c) {
        models::script mine;
        while (!in.empty() && mine.size() < operations_max) {
            const auto which = in.byte();
            if (which >= script_end) break;
            mine.push_back(which);
        }
        if (!mine.empty()) out.scripts.push_back(std::move(mine));
    }
    out.front_bytes = bytes.size() - in.rest().size();
    return out;
}

}  // namespace

with_schedule parted(std::string_view bytes) {
    const auto front = read(bytes).front_bytes;
    const auto rest = bytes.substr(front);
    return {std::string{bytes.substr(0, front)}, {rest.rbegin(), rest.rend()}};
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
    const auto test = fuzz::read(bytes);
    if (test.scripts.empty()) return 0;
    std::vector<check::left_out> without;
#ifdef CASEMENT_PLANTED
    without = {fuzz::planted_in_operations};
#endif
    const auto tale = models::by_scripts(test.scripts, test.at_exact_revs, test.may_strike);
    const auto walked = check::steer(tale, fuzz::parted(bytes).steps, without);
    fuzz::judge(tale, walked);
    ++fuzz::accepted;
    return 0;
}
