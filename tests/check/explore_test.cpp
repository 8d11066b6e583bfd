// The search finds what there is to find, by every short cut what it finds without, and says when
// it cannot say.

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <casement/check/explore.hpp>

#include "check/small_stories.hpp"
#include "support/scale.hpp"

namespace casement::testing::explore_test {
namespace {

using check::audit;
using check::explore;
using check::left_out;
using check::replay;
using check::report;
using check::scope;
using check::story;

constexpr auto payer_guard = "the payer is as it was seen";

scope without(const char* guard, scope in = {}) {
    in.without = {{"", guard}};
    return in;
}

TEST(Explore, AStoryHolds) {
    const auto r = explore(bank(2, 2));
    EXPECT_TRUE(r.holds()) << r;
    EXPECT_EQ(r.ways.size(), 2u);
    EXPECT_GT(r.guards.at({"pay", payer_guard}).held, 0u);
}

TEST(Explore, ALostGuardIsFoundByAShortestSchedule) {
    for (const auto& in : {without(payer_guard), without(payer_guard, scope::raw())}) {
        const auto r = explore(bank(2, 1), in);
        ASSERT_EQ(r.violations.size(), 1u) << r;
        const auto& v = r.violations.front();
        EXPECT_EQ(v.property, "no money is made");
        // Both look at both accounts before either pays; the second pays over the first.
        ASSERT_EQ(v.schedule.size(), 6u) << r;
        EXPECT_EQ(v.schedule.back().forgotten, payer_guard);
        EXPECT_FALSE(v.schedule.back().changed.empty());
    }
}

TEST(Explore, ATokenTakesTheSameSteps) {
    const auto told = bank(2, 1);
    const auto in = without(payer_guard);
    const auto r = explore(told, in);
    ASSERT_EQ(r.violations.size(), 1u);
    const auto& v = r.violations.front();
    const auto again = replay(told, v.token, in.without);
    ASSERT_TRUE(again) << again.error().message();
    ASSERT_EQ(again->schedule.size(), v.schedule.size());
    for (std::size_t i = 0; i < v.schedule.size(); ++i)
        EXPECT_EQ(again->schedule[i].changed, v.schedule[i].changed);
    ASSERT_EQ(again->violations.size(), 1u);
    EXPECT_EQ(again->violations.front().property, v.property);
}

TEST(Explore, ATokenOfSomethingElseIsRefused) {
    const auto told = bank(2, 1);
    auto token = explore(told, without(payer_guard)).violations.front().token;
    token.resize(std::min(token.find('~'), token.size()));  // as if nothing were left out
    const auto refused = [&](const story& s, std::string_view t) {
        const auto r = replay(s, t);
        return !r && r.error().code() == errc::illegal;
    };
    EXPECT_TRUE(refused(bank(3, 1), token)) << "another story";
    EXPECT_TRUE(refused(told, "cm0" + token.substr(3))) << "another version";
    EXPECT_TRUE(refused(told, token.substr(0, token.size() - 1))) << "cut short";
    EXPECT_TRUE(refused(told, token + "zz")) << "a step that there is not";
    EXPECT_TRUE(refused(told, token + "!"));
    EXPECT_TRUE(refused(told, ""));
}

/// A guard that holds or fails as the actor chooses.
story guesses() {
    story s{"guesses"};
    s.begins([](memory_store& kv) { (void)transaction{kv}.put<account>(1, {5}).commit(); });
    s.acts("guesser", [](check::actor& me) {
        const std::vector<std::string> ways{"guess it is there", "guess it is not"};
        const bool there = me.choose(ways) == 0;
        transaction t{me.store()};
        if (there)
            t.expect(*read<account>(me.store(), 1), "as guessed");
        else
            t.expect_absent<account>(1, "as guessed");
        (void)t.put<account>(3, {1}).commit();
    });
    return s;
}

// Whatever a guard came to, there is a schedule that ends with just that.
TEST(Explore, GuardsHaveWitnesses) {
    const check::faults strike{.crashes = 1, .lost_replies = 1, .zombies = 1, .spurious = 1};
    std::size_t held = 0, failed = 0;
    for (const auto& told :
         {bank(2, 1), bank(3, 1, strike), tags(2, 2), tags(2, 1, strike), guesses()})
        for (auto in : {scope{}, scope::raw()}) {
            in.keep_witnesses = true;
            const auto end_of = [&](const std::string& token) {
                const auto again = replay(told, token);
                EXPECT_TRUE(again) << again.error().message();
                return *again;
            };
            // A commit that was refused has left the rows as its guards met them.
            const auto met = [](const check::replayed& end, const auto& guard) {
                const auto row =
                    std::ranges::find(end.rows, guard.key, [](const auto& r) { return r.first; });
                return row == end.rows.end() ? std::nullopt : std::optional{row->second};
            };
            for (const auto& [guard, count] : explore(told, in).guards) {
                EXPECT_EQ(count.held_by.empty(), count.held == 0) << guard.second;
                EXPECT_EQ(count.failed_by.empty(), count.failed == 0) << guard.second;
                for (const bool holds : {true, false}) {
                    const auto& token = holds ? count.held_by : count.failed_by;
                    if (token.empty()) continue;
                    const auto end = end_of(token);
                    const auto& last = end.schedule.back();
                    EXPECT_EQ(last.operation, guard.first);
                    ASSERT_TRUE(last.commit) << token;
                    EXPECT_TRUE(std::ranges::any_of(last.commit->guards, [&](const auto& g) {
                        const bool held_there =
                            last.commit->what == check::told_commit::fate::made ||
                            met(end, g) == g.expected;
                        return g.name == guard.second && held_there == holds;
                    })) << token;
                    ++(holds ? held : failed);
                }
            }
        }
    EXPECT_GT(held, 0u);
    EXPECT_GT(failed, 0u);
    for (const auto& [guard, count] : explore(bank(2, 1)).guards)
        EXPECT_EQ(count.held_by + count.failed_by, "") << "nobody asked";
}

TEST(Explore, ShortCutsReachWhatTheRawSearchReaches) {
    check::faults both{.crashes = 1, .lost_replies = 1};
    check::faults late{.zombies = 1, .spurious = 1};
    for (const auto& told : {bank(2, 2), bank(3, 1, both), bank(2, 2, late), tags(2, 2),
                             tags(3, 1, both), tags(2, 1, late), sums(2), strays(2)})
        EXPECT_EQ(audit(told), "") << told.name();
}

TEST(Explore, EachShortCutAloneIsRightToo) {
    for (const auto which :
         {&scope::whole_operations, &scope::canonical_names, &scope::symmetric_actors}) {
        scope without_it, only_it = scope::raw();
        without_it.*which = false;
        only_it.*which = true;
        const auto told = tags(2, sanitized ? 1 : 2);
        EXPECT_EQ(audit(told, without_it), "");
        EXPECT_EQ(audit(told, only_it), "");
    }
}

TEST(Explore, ShortCutsAreShorter) {
    const auto told = tags(sanitized ? 2 : 3, 2);
    const auto raw = explore(told, scope::raw()), cut = explore(told);
    EXPECT_TRUE(raw.holds() && cut.holds()) << raw << cut;
    EXPECT_LT(cut.states * (sanitized ? 2 : 20), raw.states);
}

// A reduction that is wrong is caught by its audit: names that are not free are merged.
TEST(Explore, AWrongCanonicalFormIsCaught) {
    auto told = bank(2, 2);
    told.canonical({[](const check::rows& of, const check::pinned&) {
                        std::vector<check::row_bytes> all;
                        for (std::size_t i = 0; i < of.size(); ++i)
                            all.emplace_back(of.key(i), of.value(0));
                        return all;
                    },
                    [](std::string_view, std::optional<std::string_view>, check::pinned&) {}});
    EXPECT_NE(audit(told), "");
}

// So is one that calls an operation one step though it is not: a cover that covers nothing.
TEST(Explore, AWrongIndependenceIsCaught) {
    auto told = sums(2);
    told.covers([](std::string_view, std::string_view) {
        return std::optional{row_key<account>(99)};  // which never changes
    });
    const auto r = explore(told);
    EXPECT_NE(r.failed.find("the promise of `covers` is broken"), std::string::npos) << r;
    EXPECT_NE(audit(told), "");
}

TEST(Explore, AnUnguardedReadIsReported) {
    const auto r = explore(strays(2));
    EXPECT_TRUE(r.unvalidated.contains({"copy", row_key<account>(1)})) << r;
    EXPECT_TRUE(explore(bank(2, 2)).unvalidated.empty());
}

TEST(Explore, ACrashStrikesBeforeBetweenAndAfter) {
    story s{"two commits"};
    s.acts("writer", [](check::actor& me) {
        (void)transaction{me.store()}.put<account>(1, {1}).commit();
        (void)transaction{me.store()}.put<account>(2, {2}).commit();
        me.answer("done");
    });
    const auto has = [](const check::rows& now, std::uint64_t n) {
        return read<account>(now, n)->exists();
    };
    s.strikes({.crashes = 1});
    s.sometimes("between", [=](const check::moment& now) {
        return now.answer(0) == "crashed" && has(now.store(), 1) && !has(now.store(), 2);
    });
    s.sometimes("after", [=](const check::moment& now) {
        return now.answer(0) == "crashed" && has(now.store(), 2);
    });
    s.sometimes("never", [=](const check::moment& now) { return now.answer(0) == "done"; });
    for (const auto& in : {scope{}, scope::raw()}) EXPECT_TRUE(explore(s, in).holds());
    s.strikes({});
    EXPECT_EQ(explore(s).never, (std::vector<std::string>{"between", "after"}));
}

TEST(Explore, ALostReplyMayHaveCommittedAndAZombieStillMay) {
    const auto told = [](check::faults may) {
        story s{"a reply"};
        s.acts("writer", [](check::actor& me) {
            const auto done = transaction{me.store()}.put<account>(1, {1}).commit();
            me.answer(done ? "told" : std::string{name_of(done.error().code())});
        });
        s.strikes(may);
        for (const bool there : {true, false})
            s.sometimes(there ? "there" : "not there", [=](const check::moment& now) {
                return now.answer(0) == "unknown_outcome" &&
                       read<account>(now.store(), 1)->exists() == there;
            });
        return s;
    };
    EXPECT_TRUE(explore(told({.lost_replies = 1})).holds());
    EXPECT_TRUE(explore(told({.zombies = 1})).holds());
    EXPECT_EQ(explore(told({})).never.size(), 2u);
}

TEST(Explore, TheClockTicks) {
    story s{"a clock"};
    s.ticks_by(std::chrono::seconds{5}).strikes({.ticks = 2});
    s.acts("reader", [](check::actor& me) {
        const auto first = me.now().ns, second = me.now().ns;
        if (second < first) me.broken("the clock went back");
        me.answer(std::to_string((second - first) / 1'000'000'000));
    });
    for (const auto* passed : {"0", "5", "10"})
        s.sometimes(passed, [=](const check::moment& now) { return now.answer(0) == passed; });
    EXPECT_TRUE(explore(s).holds());
}

TEST(Explore, WhatAnActorCallsBrokenIs) {
    story s{"a complaint"};
    s.acts("one", [](check::actor& me) { me.broken("it is so"); });
    const auto r = explore(s);
    ASSERT_EQ(r.violations.size(), 1u);
    EXPECT_EQ(r.violations.front().property, "it is so");
}

TEST(Explore, FromEveryStateACleanOneCanBeReached) {
    const auto told = [](bool with_cleaner) {
        story s{"an intent"};
        s.acts("worker", [](check::actor& me) {
            (void)transaction{me.store()}.put<account>(1, {1}).commit();
            (void)transaction{me.store()}.erase<account>(1).commit();
        });
        if (with_cleaner)
            s.acts("cleaner", [](check::actor& me) {
                const auto left = read<account>(me.store(), 1);
                if (left && left->exists())
                    (void)transaction{me.store()}
                        .expect(*left, "the intent is there")
                        .template erase<account>(1)
                        .commit();
            });
        s.strikes({.crashes = 1});
        s.recoverable("no intent is left",
                      [](const check::rows& now) { return !read<account>(now, 1)->exists(); });
        return s;
    };
    const auto stuck = explore(told(false));
    ASSERT_EQ(stuck.violations.size(), 1u) << stuck;
    EXPECT_EQ(stuck.violations.front().property, "no intent is left");
    EXPECT_EQ(stuck.violations.front().schedule.size(), 1u) << "the first commit, and the crash";
}

TEST(Explore, EachKindOfCleanIsReachedByItself) {
    story s{"a row that stays"};
    s.acts("writer",
           [](check::actor& me) { (void)transaction{me.store()}.put<account>(1, {1}).commit(); });
    s.recoverable("it can be there", [](const check::rows& now) { return now.size() == 1; });
    s.recoverable("it can be gone", [](const check::rows& now) { return now.size() == 0; });
    const auto r = explore(s);
    ASSERT_EQ(r.violations.size(), 1u) << r;
    EXPECT_EQ(r.violations.front().property, "it can be gone");
}

TEST(Explore, AClockThatIsOffIsReadBeforeItsTime) {
    const auto told = [](int skew, int ticks) {
        story s{"who waits for ten"};
        s.acts("waiter", [](check::actor& me) {
            if (me.now().ns >= 10) (void)transaction{me.store()}.put<account>(1, {1}).commit();
        });
        s.ticks_by(std::chrono::nanoseconds{10}).strikes({.ticks = ticks}).skews_by(skew);
        s.always("not before ten", [](const check::moment& now) {
            return now.clock().ns >= 10 || !read<account>(now.store(), 1)->exists();
        });
        s.sometimes("at last", [](const check::moment& now) {
            return read<account>(now.store(), 1)->exists();
        });
        return s;
    };
    for (const auto& in : {scope{}, scope::raw()}) {
        EXPECT_TRUE(explore(told(0, 1), in).holds());
        EXPECT_EQ(explore(told(0, 0), in).never.size(), 1u) << "time stands still";
        EXPECT_EQ(explore(told(1, 1), in).violations.size(), 1u);
        EXPECT_EQ(explore(told(1, 0), in).violations.size(), 1u);
    }
    EXPECT_EQ(check::audit(told(1, 2)), "");
}

TEST(Explore, RandomnessOfItsOwnIsSeen) {
    story s{"dice"};
    std::uint64_t thrown = 0;
    s.acts("player", [&](check::actor& me) { (void)read<account>(me.store(), ++thrown); });
    EXPECT_NE(explore(s).failed.find("different calls"), std::string::npos);
}

TEST(Explore, ASnapshotIsReadAtOnceOrNotAtAll) {
    story s{"a late look"};
    s.acts("reader", [](check::actor& me) {
        const auto then = me.store().snapshot();
        (void)read<account>(me.store(), 1);
        (void)read<account>(then, 1);
    });
    EXPECT_NE(explore(s).failed.find("a snapshot was read after another call"), std::string::npos);
}

TEST(Explore, AChoiceEndsTheMomentOfASnapshot) {
    story s{"a look across a choice"};
    s.acts("reader", [](check::actor& me) {
        static const std::vector<std::string> ways{"one", "two"};
        const auto then = me.store().snapshot();
        (void)me.choose(ways);
        (void)read<account>(then, 1);
    });
    EXPECT_NE(explore(s).failed.find("a snapshot was read after another call"), std::string::npos);
}

TEST(Explore, AnExceptionAndATurnWithoutEndAreTold) {
    story thrower{"an exception"}, runner{"no end"};
    thrower.acts("one", [](check::actor&) { throw std::runtime_error{"thrown"}; });
    runner.acts("one", [](check::actor& me) {
        for (;;) (void)read<account>(me.store(), 1);
    });
    EXPECT_NE(explore(thrower).failed.find("thrown"), std::string::npos);
    EXPECT_NE(explore(runner).failed.find("more than 1024 calls"), std::string::npos);
}

TEST(Explore, StopsAtItsLimit) {
    scope in = scope::raw();
    in.states_max = 100;
    const auto r = explore(bank(3, 2), in);
    EXPECT_FALSE(r.complete);
    EXPECT_FALSE(r.holds());
    EXPECT_LT(r.states, 1000u);
}

TEST(Explore, TheSameStoryGivesTheSameReport) {
    const auto one = explore(tags(2, 2)), two = explore(tags(2, 2));
    EXPECT_EQ(one.states, two.states);
    EXPECT_EQ(one.transitions, two.transitions);
    EXPECT_EQ(one.runs, two.runs);
}

TEST(Explore, ReportsReadWell) {
    std::ostringstream out;
    out << explore(bank(2, 1), without(payer_guard));
    for (const auto* words : {"DOES NOT HOLD", "no money is made", "pay", payer_guard, "cm2."})
        EXPECT_NE(out.str().find(words), std::string::npos) << words << '\n' << out.str();
}

}  // namespace
}  // namespace casement::testing::explore_test
