// Every situation in models/, explored to its end: it holds, or breaks as it says, and has as many
// states as it had. Another number means that an operation reads, writes or guards something else
// than before: see that this was meant, and pin it anew.

#include <map>
#include <sstream>
#include <string>

#include <casement/check/explore.hpp>

#include "stories.hpp"

namespace casement::models {
namespace {

struct scale {
    size of;
    std::uint64_t states = 0;
    bool audited = false;  // small enough for the raw search
};

// For a story that breaks: the states until it does.
const std::map<std::string, scale> pinned{
    {"stuck", {{}, 1, true}},
    {"unstuck", {{}, 1, true}},
    {"late-writer", {{}, 1, true}},
    {"rename-loop", {{}, 1, true}},
    {"rename-loop-at-rev", {{}, 1, true}},
    {"rename-loop-of-three", {{}, 1, true}},
    {"rmdir-create", {{}, 1, true}},
    {"rmdir-create-at-rev", {{}, 1, true}},
    {"ensure-path-remove", {{}, 1, true}},
    {"retry-create", {{}, 1, true}},
    {"retry-create-any-rev", {{}, 1, true}},
    {"retry-remove", {{}, 1, true}},
    {"retry-remove-at-rev", {{}, 1, true}},
    {"all-any-rev", {{2, 1}, 1, false}},
    {"all-at-rev", {{2, 1}, 1, false}},
    {"contracts-any-rev", {{2, 1}, 1, false}},
    {"contracts-at-rev", {{2, 1}, 1, false}},
};

std::string told(const check::report& r) {
    std::ostringstream out;
    out << r;
    return out.str();
}

class Situation : public ::testing::TestWithParam<situation> {};

TEST_P(Situation, HoldsOrBreaksAsItSays) {
    const auto& s = GetParam();
    ASSERT_TRUE(pinned.contains(s.name)) << "pin its states";
    const auto& at = pinned.at(s.name);
    const auto r = explore(s.tell(at.of));
    EXPECT_EQ(r.failed, "");
    if (s.breaks) {
        ASSERT_FALSE(r.violations.empty()) << told(r);
        const auto again = replay(s.tell(at.of), r.violations.front().token);
        ASSERT_TRUE(again.has_value()) << again.error().message();
    } else {
        EXPECT_TRUE(r.holds()) << told(r);
    }
    EXPECT_EQ(r.states, at.states);
}

TEST_P(Situation, IsSeenWholeByItsShortCuts) {
    const auto& s = GetParam();
    const auto& at = pinned.at(s.name);
    if (at.audited) EXPECT_EQ(audit(s.tell(at.of)), "");
}

INSTANTIATE_TEST_SUITE_P(All, Situation, ::testing::ValuesIn(situations()), [](const auto& of) {
    std::string name = of.param.name;
    std::ranges::replace(name, '-', '_');
    return name;
});

// A story whose states nobody pinned would go unseen the other way round.
TEST(Situations, HaveNamesOfTheirOwn) {
    std::map<std::string, int> names;
    for (const auto& s : situations()) ++names[s.name];
    for (const auto& [name, count] : names) EXPECT_EQ(count, 1) << name;
    for (const auto& [name, at] : pinned) EXPECT_TRUE(names.contains(name)) << name;
}

}  // namespace
}  // namespace casement::models
