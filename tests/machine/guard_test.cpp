#include <casement/machine/guard.hpp>

#include <gtest/gtest.h>
#include <boost/hana/equal.hpp>
#include <boost/hana/length.hpp>

#include <casement/machine/apply.hpp>
#include <casement/machine/step.hpp>
#include "machine/door.hpp"

namespace casement::testing::guard_test {
namespace {

struct plain {
    int n = 0;
};

const locked mine{key{4}, owner{1}, 1};

TEST(Guard, FieldsHaveNamesAndRefusals) {
    EXPECT_EQ(field_name<key>(), "key");
    EXPECT_EQ(field_name<plain>(), "plain") << "a type without a name goes by its own";
    EXPECT_EQ(refusal<key>, errc::fenced) << "declared by its tag";
    EXPECT_EQ(refusal<owner>, errc::conflict) << "the default";
    EXPECT_EQ(refusal<plain>, errc::conflict);
}

TEST(Guard, ComparesTheFieldsOfItsTypes) {
    EXPECT_TRUE(step<door>(mine, open{key{4}, owner{1}}));

    const auto wrong_key = step<door>(mine, open{key{3}, owner{1}});
    ASSERT_FALSE(wrong_key);
    EXPECT_EQ(wrong_key.error().code(), errc::fenced);
    EXPECT_EQ(wrong_key.error().message(), "door: open refused: key is 4, not 3");

    const auto wrong_owner = step<door>(mine, open{key{4}, owner{2}});
    ASSERT_FALSE(wrong_owner);
    EXPECT_EQ(wrong_owner.error().code(), errc::conflict);
    EXPECT_EQ(wrong_owner.error().message(), "door: open refused: owner is 1, not 2");
}

TEST(Guard, NamesTheFirstFieldThatDiffers) {
    const auto both = step<door>(mine, open{key{3}, owner{2}});
    ASSERT_FALSE(both);
    EXPECT_EQ(both.error().code(), errc::fenced);
}

TEST(Guard, IsWhatRefuses) {
    // Each guard taken away lets through what it refused, and nothing that another refuses.
    EXPECT_TRUE((step<without<door, key>>(mine, open{key{3}, owner{1}})));
    EXPECT_FALSE((step<without<door, key>>(mine, open{key{4}, owner{2}})));
    EXPECT_TRUE((step<without<door, owner>>(mine, open{key{4}, owner{2}})));
    EXPECT_FALSE((step<without<door, owner>>(mine, open{key{3}, owner{1}})));
    EXPECT_TRUE((step<without<door, key, owner>>(mine, open{key{3}, owner{2}})));
}

TEST(Guard, MutantKeepsTheNameAndTheTable) {
    using mutant = without<door, key>;
    EXPECT_EQ(machine_name<mutant>(), "door");
    EXPECT_TRUE(decltype(hana::length(edges<mutant>) == hana::length(edges<door>))::value);
    EXPECT_TRUE(apply<mutant>(mine, open{key{3}, owner{1}}));
    EXPECT_FALSE(apply<door>(mine, open{key{3}, owner{1}}));
}

}  // namespace
}  // namespace casement::testing::guard_test
