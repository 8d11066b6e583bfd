#include <casement/check/parallel.hpp>

#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "check/till.hpp"
#include "support/scale.hpp"

namespace casement::testing::parallel_test {
namespace {

using check::explore, check::in_parallel, check::step_by_step;
using scripts = std::vector<std::vector<till_call>>;

TEST(Parallel, GuardedCallsAreLinearizable) {
    auto s = with_till(in_parallel("a till", scripts{{add{1}, look{}}, {add{2}, add{3}}}, till{}));
    const auto told = explore(s, step_by_step());
    EXPECT_TRUE(told.holds()) << told;
    EXPECT_GT(told.states, 100u);
}

TEST(Parallel, ALostUpdateIsFound) {
    auto s = with_till(in_parallel("a till", scripts{{add{1}}, {add{2}}}, till{}));
    const auto told = explore(s, step_by_step({{"1: add 1", "nobody has added meanwhile"},
                                               {"1: add 2", "nobody has added meanwhile"}}));
    ASSERT_EQ(told.violations.size(), 1u) << told;
    EXPECT_EQ(told.violations[0].property, "every history is linearizable");
    EXPECT_FALSE(told.violations[0].token.empty());
}

/// What it looks at is not what is there by the time it answers.
struct stale_look {
    std::optional<std::string> on(check::actor& me) const {
        const auto row = read<till_row>(me.store(), 1);
        (void)me.now();
        return std::to_string((*row)->cents);
    }
    static std::string on(till& t) { return std::to_string(t.cents); }
};

// That is linearizable: it was so at some moment of the call. Two of them in a row must not go
// back.
TEST(Parallel, WhatWasSoDuringTheCallIsRight) {
    using call = check::one_of<add, stale_look>;
    const std::vector<std::vector<call>> both{{stale_look{}, stale_look{}}, {add{1}}};
    auto s = with_till(in_parallel("stale", both, till{}));
    EXPECT_TRUE(explore(s, step_by_step()).holds());
}

/// Answers from a copy that somebody made before: an order explains it, but not the clocks.
struct cached_look {
    std::optional<std::string> on(check::actor& me) const {
        const auto row = read<till_row>(me.store(), 2);
        return std::to_string(row->exists() ? (*row)->cents : 0);
    }
    static std::string on(till& t) { return std::to_string(t.cents); }
};

TEST(Parallel, TimeCountsAndNotOnlyEachClientsOrder) {
    using call = check::one_of<add, cached_look>;
    const std::vector<std::vector<call>> both{{cached_look{}}, {add{1}}};
    auto s = with_till(in_parallel("cached", both, till{}));
    const auto told = explore(s, step_by_step());
    ASSERT_EQ(told.violations.size(), 1u) << "the look may begin after the add has returned";
}

TEST(Parallel, ACodeIsAnAnswerUnlessNobodyKnows) {
    EXPECT_EQ(check::answer_of(result<int>{1}), "ok");
    const auto failed = [](errc code) { return result<int>{fail(code, "do", "it")}; };
    EXPECT_EQ(check::answer_of(failed(errc::fenced)), "fenced");
    EXPECT_EQ(check::answer_of(failed(errc::unknown_outcome)), std::nullopt);
}

TEST(Parallel, FaultsLeaveCallsOpen) {
    auto s = with_till(in_parallel("faults", scripts{{add{1}, look{}}, {add{2}}}, till{}));
    s.strikes({.crashes = 1, .lost_replies = 1});
    const auto told = explore(s, step_by_step());
    EXPECT_TRUE(told.holds()) << told;
}

/// The scripts as a story of their own, which knows nothing of histories: what was added is there.
check::story plainly(const scripts& all) {
    check::story s{"a till"};
    std::uint64_t sum = 0;
    for (std::size_t client = 0; client < all.size(); ++client) {
        for (const auto& call : all[client])
            if (const auto* a = std::get_if<add>(&call.base())) sum += a->cents + 1;
        s.acts("client " + std::to_string(client + 1), [mine = all[client]](check::actor& me) {
            for (std::size_t n = 0; n < mine.size(); ++n) {
                me.doing(std::to_string(n + 1) + ": " + mine[n].name());
                (void)mine[n].on(me);
            }
            me.answer("done");
        });
    }
    s.always("nothing is lost", [sum, clients = all.size()](const check::moment& now) {
        for (std::size_t client = 0; client < clients; ++client)
            if (now.answer(client).empty()) return true;
        return (*read<till_row>(now.store(), 1))->cents == sum;
    });
    return with_till(std::move(s));
}

// An update is lost in some schedule, which the rows show at its end; if and only if, the history
// of some schedule is none that one after the other could have made.
TEST(Parallel, AgreesWithTheExplorerOnRandomScripts) {
    const char* asked = std::getenv("CASEMENT_SCRIPTS");
    const unsigned long how_many = asked ? std::strtoul(asked, nullptr, 10) : scaled(200);
    std::mt19937 roll{1};
    std::size_t broken = 0, whole = 0;
    for (unsigned long n = 0; n < how_many; ++n) {
        scripts all(2 + roll() % 2);
        for (auto& script : all)
            for (auto calls = 1 + roll() % (all.size() == 2 ? 2 : 1); calls > 0; --calls)
                script.push_back(roll() % 3 == 0 ? till_call{look{}} : till_call{add{roll() % 3}});
        const std::vector<check::left_out> without{{"", "nobody has added meanwhile"}};
        const auto by_history =
            explore(with_till(in_parallel("a till", all, till{})), step_by_step(without));
        check::scope in;
        in.without = without;
        const auto by_rows = explore(plainly(all), in);
        ASSERT_EQ(by_history.failed + by_rows.failed, "");
        ASSERT_EQ(by_history.violations.empty(), by_rows.violations.empty()) << by_rows;
        ++(by_rows.violations.empty() ? whole : broken);
    }
    EXPECT_GT(broken, how_many / 10);
    EXPECT_GT(whole, how_many / 10);
}

TEST(Parallel, TheRowsMustAgreeInTheEnd) {
    const auto agrees = [](const check::rows& now, const till& t) {
        const auto row = read<till_row>(now, 1);
        return (row->exists() ? (*row)->cents : 0) == t.cents;
    };
    const scripts both{{add{1}}, {add{2}}};
    EXPECT_TRUE(
        explore(with_till(in_parallel("ends", both, till{}, agrees)), step_by_step()).holds());
    const auto never = [](const check::rows&, const till& t) { return t.cents != 5; };
    EXPECT_FALSE(
        explore(with_till(in_parallel("ends", both, till{}, never)), step_by_step()).holds());
}

}  // namespace
}  // namespace casement::testing::parallel_test
