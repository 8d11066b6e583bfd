#include <casement/machine/step.hpp>

#include <type_traits>

#include <gtest/gtest.h>

#include "machine/door.hpp"

// What must not compile is in tests/fail.

namespace casement::testing::step_test {
namespace {

static_assert(step<door>(ajar{}, push{}) == closed{});
static_assert(step<door>(closed{}, turn{key{7}, owner{1}}) == locked{key{7}, owner{1}, 1});
static_assert(step<door>(locked{key{7}, owner{1}}, open{key{7}, owner{1}}).has_value());
static_assert(std::is_same_v<decltype(step<door>(ajar{}, push{})), closed>,
              "what cannot fail is no result");
static_assert(std::is_same_v<decltype(step<door>(locked{}, open{})), result<closed>>,
              "a guard makes it a result");

TEST(Step, PassesOnWhatItsBodyDecides) {
    EXPECT_EQ(step<door>(locked{}, force{10}), ajar{});
    const auto weak = step<door>(locked{}, force{9});
    ASSERT_FALSE(weak);
    EXPECT_EQ(weak.error().code(), errc::conflict);
    EXPECT_EQ(weak.error().message(), "door: too weak");
}

TEST(Step, LeavesItsArgumentsAsTheyWere) {
    const locked before{key{7}, owner{1}, 1};
    (void)step<door>(before, open{key{7}, owner{1}});
    EXPECT_EQ(before, (locked{key{7}, owner{1}, 1}));
}

}  // namespace
}  // namespace casement::testing::step_test
