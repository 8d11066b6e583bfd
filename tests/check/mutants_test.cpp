// Every guard gets its certificate: the story that breaks without it, alone or with others.

#include <gtest/gtest.h>

#include <casement/check/mutants.hpp>

#include "check/small_stories.hpp"

namespace casement::testing::mutants_test {
namespace {

using check::certificate;
using check::story;

/// Two guards that do the same: neither is needed beside the other.
story twins() {
    story s{"belt and braces"};
    s.begins([](memory_store& kv) {
        (void)transaction{kv}.put<account>(1, {1}).put<account>(2, {1}).commit();
    });
    s.actors(2, "climber", 1, [](check::actor& me) {
        me.doing("climb");
        const auto now = me.store().snapshot();
        const auto belt = read<account>(now, 1), braces = read<account>(now, 2);
        (void)transaction{me.store()}
            .replace(*belt, account{(*belt)->cents + 1}, "the belt")
            .replace(*braces, account{(*braces)->cents + 1}, "the braces")
            .template bump<changes>(1)
            .commit();
    });
    s.always("every climb counts", [](const check::rows& now) {
        const auto n = read<changes>(now, 1);
        const auto climbs = n->exists() ? (*n)->n.value : 0;
        return (*read<account>(now, 1))->cents == 1 + climbs &&
               (*read<account>(now, 2))->cents == 1 + climbs;
    });
    return s;
}

const certificate& of(const check::necessity& all, std::string_view guard) {
    for (const auto& c : all.guards)
        if (c.guard.guard == guard) return c;
    throw std::logic_error{"no such guard"};
}

TEST(Mutants, ANecessaryGuardHasItsCounterexample) {
    const std::vector<story> told{bank(2, 2)};
    const auto all = needs(told);
    const auto& payer = of(all, "the payer is as it was seen");
    EXPECT_EQ(payer.what, certificate::kind::necessary);
    EXPECT_EQ(payer.story, "a bank");
    EXPECT_EQ(payer.broke.property, "no money is made");
    const auto again = check::replay(told.front(), payer.broke.token, payer.without);
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(again->violations.size(), 1u);
    EXPECT_TRUE(all.never_violated.empty());
}

TEST(Mutants, RedundantGuardsFallTogether) {
    const std::vector<story> told{twins()};
    const auto all = needs(told);
    EXPECT_EQ(all.survivors(), 0u);
    for (const auto* guard : {"the belt", "the braces"}) {
        const auto& c = of(all, guard);
        EXPECT_EQ(c.what, certificate::kind::redundant) << guard;
        EXPECT_EQ(c.without.size(), 2u);
        EXPECT_EQ(c.without.front().guard, guard);
    }
}

TEST(Mutants, AGuardOfNothingSurvives) {
    story s{"an idle guard"};
    s.begins([](memory_store& kv) { (void)transaction{kv}.put<account>(1, {1}).commit(); });
    s.actors(2, "writer", 1, [](check::actor& me) {
        const auto row = read<account>(me.store(), 1);
        (void)transaction{me.store()}.expect(*row, "nobody minds").put<account>(2, {1}).commit();
    });
    s.always("true", [](const check::rows&) { return true; });
    const std::vector<story> told{s};
    const auto all = needs(told);
    EXPECT_EQ(all.survivors(), 1u);
    EXPECT_EQ(all.never_violated, std::vector<std::string>{"true"});
}

TEST(Mutants, AStoryThatDoesNotHoldTellsNothing) {
    auto broken = bank(2, 2);
    broken.always("never rich", [](const check::rows&) { return false; });
    EXPECT_EQ(needs(std::vector<story>{broken}).failed, "a bank: never rich");
    check::mutation_scope tiny;
    tiny.in.states_max = 3;
    const std::vector<story> whole{bank(2, 2)};
    EXPECT_EQ(needs(whole, tiny).failed, "a bank: not explored whole, or not all seen");
    const std::vector<story> large{bank(story::actors_max + 1, 1)};
    EXPECT_EQ(needs(large).failed, "a bank: it has more than 6 actors");
    EXPECT_TRUE(needs(large).guards.empty());
}

}  // namespace
}  // namespace casement::testing::mutants_test
