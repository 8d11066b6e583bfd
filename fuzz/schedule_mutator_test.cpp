#include "schedule_mutator.hpp"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace casement::testing::schedule_mutator_test {
namespace {

using fuzz::move, fuzz::moved;

std::vector<std::string> steps_of(const std::string& bytes) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) all.push_back(bytes.substr(i, 2));
    return all;
}
std::vector<std::string> sorted(std::vector<std::string> steps) {
    std::ranges::sort(steps);
    return steps;
}
std::size_t places_that_differ(const std::string& a, const std::string& b) {
    std::size_t n = 0;
    for (std::size_t i = 0; i < a.size(); ++i) n += a[i] != b[i];
    return n;
}

RC_GTEST_PROP(ScheduleMutator, ChangesOneThingAndLeavesEachOtherStep,
              (const std::string& before, unsigned seed)) {
    constexpr std::size_t most = 64;
    std::minstd_rand roll{seed};
    for (unsigned m = 0; m < fuzz::moves; ++m) {
        const auto how = static_cast<move>(m);
        const auto after = moved(before, how, std::max(most, before.size()), roll);
        RC_ASSERT(after.size() <= std::max(most, before.size()));
        const auto was = steps_of(before), is = steps_of(after);
        if (before.size() % 2 == 1) RC_ASSERT(after.back() == before.back());
        if (was.empty() || how == move::burst) {
            RC_ASSERT(is.size() >= was.size());
            RC_ASSERT(std::ranges::includes(sorted(is), sorted(was)));
        } else if (how == move::elsewhere || how == move::swap) {
            RC_ASSERT(sorted(is) == sorted(was));
        } else if (how == move::drop) {
            RC_ASSERT(is.size() + 1 == was.size());
            RC_ASSERT(std::ranges::includes(sorted(was), sorted(is)));
        } else {
            RC_ASSERT(after.size() == before.size());
            RC_ASSERT(places_that_differ(before, after) <= 1u);
        }
    }
}

TEST(ScheduleMutator, MakesEachChangeThereIs) {
    const std::string before{"\0a\1b\2c\3d", 8};
    std::minstd_rand roll{1};
    for (unsigned m = 0; m < fuzz::moves; ++m) {
        int changed = 0;
        for (int n = 0; n < 100; ++n)
            changed += moved(before, static_cast<move>(m), 64, roll) != before;
        EXPECT_GT(changed, 30) << m;
    }
}

TEST(ScheduleMutator, HasNoRoomWhereThereIsNone) {
    std::minstd_rand roll{1};
    EXPECT_EQ(moved("", move::burst, 0, roll), "");
    EXPECT_EQ(moved("ab", move::burst, 2, roll), "ab");
    EXPECT_EQ(moved("ab", move::burst, 1, roll), "ab") << "too long already";
}

TEST(ScheduleMutator, CrossesBetweenSteps) {
    std::minstd_rand roll{1};
    bool both = false;
    for (int n = 0; n < 100; ++n) {
        const auto one = fuzz::crossed("aabbcc", "ddee", roll);
        EXPECT_EQ(one.size() % 2, 0u);
        const auto cut = one.find_first_of("de");
        const auto begin = one.substr(0, cut), end = cut < one.size() ? one.substr(cut) : "";
        EXPECT_TRUE(std::string{"aabbcc"}.starts_with(begin)) << one;
        EXPECT_TRUE(std::string{"ddee"}.ends_with(end)) << one;
        both = both || (!begin.empty() && !end.empty());
    }
    EXPECT_TRUE(both);
}

}  // namespace
}  // namespace casement::testing::schedule_mutator_test
