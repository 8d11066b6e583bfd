#include <casement/core/assert.hpp>

#include <gtest/gtest.h>

namespace casement::assert_test {
namespace {

constexpr int half_of(int even) {
    require(even % 2 == 0, "an even number");
    return even / 2;
}

static_assert(half_of(6) == 3, "a precondition that holds costs a constant expression nothing");

TEST(require, lets_pass_what_holds) {
    int reached = 0;
    require(true, "nothing");
    ++reached;
    EXPECT_EQ(reached, 1);
}

using require_death = testing::Test;

TEST(require_death, stops_the_process_and_names_condition_and_place) {
    EXPECT_DEATH(half_of(3), "casement: .*assert_test\\.cpp:[0-9]+: required: an even number");
}

}  // namespace
}  // namespace casement::assert_test
