// A story says who acts and what must hold; properties come as answers or as words.

#include <gtest/gtest.h>

#include <casement/check/explore.hpp>
#include <casement/check/show.hpp>
#include <casement/check/spin.hpp>

#include "check/small_stories.hpp"
#include "support/scale.hpp"

namespace casement::testing::story_test {
namespace {

using check::explore;
using check::story;

story writer_of(std::uint64_t cents) {
    story s{"a writer"};
    s.acts("writer", [=](check::actor& me) {
        me.doing("write");
        (void)transaction{me.store()}.put<account>(1, {cents}).commit();
        me.answer("written");
    });
    return s;
}

TEST(Story, PropertiesMayComplainInWords) {
    auto s = writer_of(3);
    s.always("small", [](const check::rows& now) -> check::complaint {
        const auto row = read<account>(now, 1);
        return row->exists() && (*row)->cents > 2 ? "too much: " + std::to_string((*row)->cents)
                                                  : "";
    });
    const auto r = explore(s);
    ASSERT_EQ(r.violations.size(), 1u);
    EXPECT_EQ(r.violations.front().words, "too much: 3");
}

TEST(Story, AMomentHasAnswersAndRest) {
    auto s = writer_of(1);
    s.always("who has answered rests",
             [](const check::moment& now) { return now.answer(0).empty() || now.at_rest(); });
    s.sometimes("written", [](const check::moment& now) { return now.answer(0) == "written"; });
    EXPECT_TRUE(explore(s).holds());
}

TEST(Story, AChangeIsJudgedWithItsOperation) {
    auto s = writer_of(1);
    std::string operation;
    s.every_change("only one row", [&](const check::change& c) {
        operation = c.operation;
        return c.before.size() == 0 && c.after.size() == 1;
    });
    EXPECT_TRUE(explore(s).holds());
    EXPECT_EQ(operation, "write");
    s.every_change("never", [](const check::change&) { return false; });
    EXPECT_EQ(explore(s).violations.size(), 1u);
}

// A literal is words, not a bool that is true.
TEST(Story, AComplaintMayBeALiteral) {
    auto s = writer_of(1);
    s.every_change("never", [](const check::change&) { return "it changes"; });
    const auto r = explore(s);
    ASSERT_EQ(r.violations.size(), 1u);
    EXPECT_EQ(r.violations.front().words, "it changes");
    auto fine = writer_of(1);
    fine.every_change("always", [](const check::change&) { return ""; });
    EXPECT_TRUE(explore(fine).holds());
}

TEST(Story, EqualActorsAreNumbered) {
    const auto s = bank(3, 1);
    ASSERT_EQ(s.roles().size(), 3u);
    EXPECT_EQ(s.roles()[0].name, "payer 1");
    EXPECT_EQ(s.roles()[0].body, s.roles()[2].body);
}

TEST(Story, ACallIsHeldToWhatItsCallerExpects) {
    const auto told = [](bool guarded) {
        story s{"a caller"};
        s.begins([](memory_store& kv) { (void)transaction{kv}.put<account>(1, {1}).commit(); });
        s.actors(2, "caller", 1, [=](check::actor& me) {
            const auto seen = read<account>(me.store(), 1);
            me.carries(*seen);
            transaction t{me.store()};
            if (guarded) t.expect(*seen, "as seen");
            (void)t.put<account>(1, {(*seen)->cents + 1}).bump<changes>(1).commit();
        });
        return s;
    };
    EXPECT_TRUE(explore(told(true)).holds());
    const auto r = explore(told(false));
    ASSERT_EQ(r.violations.size(), 1u);
    EXPECT_EQ(r.violations.front().property, check::contract);
}

TEST(Story, AScopeHasItsLimits) {
    const auto idle = [](check::actor&) {};
    const auto refused = [](const story& s, std::string_view why) {
        EXPECT_EQ(s.unfit(), why);
        EXPECT_EQ(explore(s).failed, why);
        EXPECT_FALSE(explore(s).holds());
        EXPECT_TRUE(check::graph(s, {}).empty());
        EXPECT_FALSE(check::fits(s, "cm2.aaaaaa."));
        EXPECT_EQ(check::replay(s, "cm2.aaaaaa.").error().code(), errc::too_big);
        EXPECT_EQ(check::promela(s).error().code(), errc::too_big);
    };
    const std::string many = "it has more than 6 actors", long_ = "an actor has not 1 to 15 turns",
                      often = "a fault strikes not 0 to 15 times";
    refused(story{"s"}.actors(story::actors_max + 1, "many", 1, idle), many);
    refused(story{"s"}.acts("long", idle, story::turns_max + 1), long_);
    refused(story{"s"}.acts("never", idle, 0), long_);
    refused(story{"s"}.strikes({.crashes = story::strikes_max + 1}), often);
    refused(story{"s"}.strikes({.ticks = -1}), often);
    refused(story{"s"}.skews_by(story::strikes_max + 1), "a clock is off by not 0 to 15 ticks");
    const auto form = check::canonical_rows<account>();
    const std::string bare = "it has a disk, and so no canonical form";
    refused(story{"s"}.has({}).canonical(form), bare);
    refused(story{"s"}.canonical(form).has({}), bare);
    story largest{"s"};
    largest.actors(story::actors_max, "many", story::turns_max, idle);
    largest.strikes({.power_losses = story::strikes_max});
    EXPECT_EQ(largest.unfit(), "");
    // Looked at whole it takes seconds, and minutes under a sanitizer.
    check::scope in;
    if (sanitized) in.states_max = 10'000;
    const auto r = explore(largest, in);
    EXPECT_EQ(r.failed, "");
    EXPECT_EQ(r.holds(), !sanitized);
}

TEST(Story, WhoNumbersThingsNeverMeetsHisNumbersAgain) {
    story s{"numbers"};
    s.actors(2, "giver", 2, [](check::actor& me) {
        const auto id = *me.ids().next();
        if (read<account>(me.store(), id)->exists()) me.broken("given twice");
        (void)transaction{me.store()}
            .expect_absent<account>(id, "new")
            .put<account>(id, {1})
            .commit();
    });
    s.sometimes("four", [](const check::rows& now) { return now.size() == 4; });
    for (const auto& in : {check::scope{}, check::scope::raw()})
        EXPECT_TRUE(explore(s, in).holds());
}

}  // namespace
}  // namespace casement::testing::story_test
