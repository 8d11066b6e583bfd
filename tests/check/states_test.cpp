// States are kept whole though they are folded, and know where they came from.

#include <cmath>
#include <map>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "check/search.hpp"

namespace casement::testing::states_test {
namespace {

using namespace check::detail;
using state = std::vector<std::uint32_t>;

RC_GTEST_PROP(States, AreKeptWholeAndOnce, ()) {
    const auto width = *rc::gen::inRange(std::size_t{2}, states::width_max + 1);
    const auto words = rc::gen::container<state>(width, rc::gen::inRange(0u, 3u));
    states kept{width};
    std::map<state, std::uint32_t> numbers;
    for (const auto& one : *rc::gen::container<std::vector<state>>(words)) {
        const auto root = kept.folded(one);
        const auto known = numbers.find(one);
        RC_ASSERT(kept.find(root) == (known == numbers.end() ? index::none : known->second));
        if (known == numbers.end()) numbers.emplace(one, kept.add(root));
    }
    RC_ASSERT(kept.size() == numbers.size());
    for (const auto& [one, number] : numbers) {
        state again(width);
        kept.words(number, again);
        RC_ASSERT(again == one);
    }
}

RC_GTEST_PROP(Lineage, AnswersEveryAncestor, ()) {
    lineage kept;
    std::vector<std::uint32_t> parents{0};
    for (std::uint32_t from = 0; from < parents.size() && parents.size() < 200; ++from) {
        for (auto children = *rc::gen::inRange(from + 1 == parents.size() ? 1 : 0, 4); children > 0;
             --children) {
            kept.child(from);
            parents.push_back(from);
        }
    }
    const auto start = *rc::gen::inRange<std::uint32_t>(0, parents.size());
    std::vector<std::uint32_t> line{start};
    while (line.back() != 0) line.push_back(parents[line.back()]);
    RC_ASSERT(kept.of(start) == line);
}

TEST(Growth, ExpectsABell) {
    // Its top is at depth 20.
    std::vector<std::uint32_t> sizes;
    for (int depth = 1; depth <= 40; ++depth)
        sizes.push_back(
            1 + static_cast<std::uint32_t>(1e6 * std::exp(-(depth - 20) * (depth - 20) / 29.0)));
    const auto total = std::accumulate(sizes.begin(), sizes.end(), 1.0);
    growth bell;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        bell.level(sizes[i]);
        if (i < 13 || i > 30) continue;
        EXPECT_GT(bell.expected(), total / 1.5) << i;
        EXPECT_LT(bell.expected(), total * 1.5) << i;
    }
}

TEST(Growth, ExpectsNoEndOfWhatOnlyGrows) {
    growth levels;
    EXPECT_EQ(levels.expected(), 0);
    for (std::uint32_t size = 3; size < 3000; size *= 3) {
        levels.level(size);
        EXPECT_EQ(levels.expected(), 0);
    }
}

}  // namespace
}  // namespace casement::testing::states_test
