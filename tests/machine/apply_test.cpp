#include <casement/machine/apply.hpp>

#include <gtest/gtest.h>

#include "machine/door.hpp"
#include "machine/machine_laws.hpp"

namespace casement::testing::apply_test {
namespace {

TEST(Apply, TakesTheEdgeThatIsThere) {
    EXPECT_EQ(apply<door>(ajar{}, push{}), state<door>{closed{}});
    EXPECT_EQ(apply<door>(locked{key{4}, owner{1}}, open{key{4}, owner{1}}), state<door>{closed{}});
    EXPECT_EQ(apply<door>(locked{}, force{10}), state<door>{ajar{}});
}

TEST(Apply, NamesThePairThatIsNot) {
    const auto r = apply<door>(bricked{}, pull{});
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code(), errc::illegal);
    EXPECT_EQ(r.error().message(), "door: no transition from bricked on pull");
}

TEST(Apply, TellsARefusalFromAnIllegalPair) {
    EXPECT_EQ(apply<door>(locked{key{4}}, open{key{3}}).error().code(), errc::fenced);
    EXPECT_EQ(apply<door>(locked{}, force{1}).error().code(), errc::conflict);
    EXPECT_TRUE(is_legal<door>(locked{key{4}}, open{key{3}})) << "legal, though it is refused";
    EXPECT_FALSE(is_legal<door>(ajar{}, open{key{3}}));
}

TEST(Apply, IsConstexpr) {
    constexpr bool shut = std::holds_alternative<closed>(*apply<door>(ajar{}, push{}));
    EXPECT_TRUE(shut);
}

TEST(Apply, AgreesWithTheTable) { obeys_its_table<door>(); }

}  // namespace
}  // namespace casement::testing::apply_test
