#include <casement/check/linearizable.hpp>

#include <algorithm>
#include <map>
#include <numeric>
#include <sstream>

#include <gtest/gtest.h>

#include "check/published_histories.hpp"
#include "support/property.hpp"
#include "support/scale.hpp"

namespace casement::testing::linearizable_test {
namespace {

using check::linearizable, check::past_call;

struct cell {
    std::uint64_t n = 0;
};
/// Sets the cell, and answers what was there.
struct swap {
    std::uint64_t to = 0;
    std::uint64_t on(cell& c) const { return std::exchange(c.n, to); }
};
using history = std::vector<past_call<swap, std::uint64_t>>;

TEST(Linearizable, AnOrderThatExplainsItIsFound) {
    EXPECT_TRUE(linearizable(cell{}, history{}));
    EXPECT_TRUE(linearizable(cell{}, history{{{1}, 2, {}}, {{2}, 0, {}}})) << "the second first";
    EXPECT_FALSE(linearizable(cell{}, history{{{1}, 0, {}}, {{2}, 0, {}}})) << "a lost update";
    EXPECT_FALSE(linearizable(cell{}, history{{{1}, 2, {}}, {{2}, 0, {0}}}))
        << "the first had returned before the second began";
}

TEST(Linearizable, WhatNobodyWasToldMayHaveHappenedOrNot) {
    EXPECT_TRUE(linearizable(cell{}, history{{{1}, {}, {}}, {{2}, 1, {}}}));
    EXPECT_TRUE(linearizable(cell{}, history{{{1}, {}, {}}, {{2}, 0, {}}}));
    EXPECT_TRUE(linearizable(cell{}, history{{{1}, {}, {}}, {{2}, 0, {0}}, {{3}, 1, {0, 1}}}))
        << "or later than who comes after it";
    EXPECT_FALSE(linearizable(cell{}, history{{{1}, {}, {1}}, {{2}, 1, {}}}))
        << "it was made after that had returned";
}

TEST(Linearizable, TheEndIsExplainedToo) {
    const history both{{{1}, 0, {}}, {{2}, 1, {}}};
    EXPECT_TRUE(linearizable(cell{}, both, [](const cell& c) { return c.n == 2; }));
    EXPECT_FALSE(linearizable(cell{}, both, [](const cell& c) { return c.n == 1; }));
}

/// Every order of every choice of those that were not answered.
bool by_brute_force(const history& all) {
    std::vector<std::size_t> order(all.size());
    std::iota(order.begin(), order.end(), 0u);
    const auto explains = [&](std::size_t chosen) {
        cell now;
        std::vector<bool> done(all.size());
        for (const auto i : order) {
            if ((chosen >> i & 1) == 0) continue;
            for (const auto before : all[i].after)
                if (all[before].answer && !done[before]) return false;
            const auto answer = all[i].what.on(now);
            if (all[i].answer && *all[i].answer != answer) return false;
            done[i] = true;
        }
        return true;
    };
    std::size_t answered = 0;
    for (std::size_t i = 0; i < all.size(); ++i)
        if (all[i].answer) answered |= std::size_t{1} << i;
    do {
        for (std::size_t chosen = 0; chosen < std::size_t{1} << all.size(); ++chosen)
            if ((chosen & answered) == answered && explains(chosen)) return true;
    } while (std::ranges::next_permutation(order).found);
    return false;
}

TEST(Linearizable, AgreesWithBruteForce) {
    std::size_t yes = 0, no = 0;
    law("linearizable",
        [&](const std::vector<std::tuple<std::uint8_t, std::uint8_t, std::uint8_t>>& drawn) {
            history all;
            for (const auto& [to, answered, seen] : drawn) {
                if (all.size() == 5) break;
                std::optional<std::uint64_t> answer;
                if (answered % 5 != 0) answer = answered % 3;
                std::vector<std::size_t> after;
                for (std::size_t i = 0; i < all.size(); ++i)
                    if (seen >> i & 1) after.push_back(i);
                all.push_back({{to % 3u}, answer, after});
            }
            const bool is = by_brute_force(all);
            (is ? yes : no) += 1;
            RC_ASSERT(linearizable(cell{}, all) == is);
        });
    EXPECT_GT(yes, 0u);
    EXPECT_GT(no, 0u);
}

// --- what others have judged -----------------------------------------------------------------

struct a_register {
    std::string value = "-";
};
/// "r", "w4", "c23".
struct asked {
    std::string what;
    std::string on(a_register& r) const {
        if (what.front() == 'r') return r.value;
        const bool swaps = what.front() == 'c';
        if (swaps && r.value != what.substr(1, 1)) return "no";
        r.value = what.substr(swaps ? 2 : 1);
        return "yes";
    }
};

std::vector<past_call<asked, std::string>> parsed(std::string_view events) {
    std::vector<past_call<asked, std::string>> all;
    std::map<std::string, std::size_t> open;  // by process
    std::vector<std::size_t> returned;
    std::istringstream in{std::string{events}};
    for (std::string event; in >> event;) {
        const auto at = event.find_first_of("?=!");
        const auto process = event.substr(0, at), said = event.substr(at + 1);
        if (event[at] == '?') {
            open[process] = all.size();
            all.push_back({{said}, {}, returned});
            continue;
        }
        const auto which = open.at(process);
        all[which].answer = said.front() == 'r' ? said.substr(1) : event[at] == '=' ? "yes" : "no";
        returned.push_back(which);
        open.erase(process);
    }
    return all;
}

TEST(Linearizable, PublishedHistoriesAreJudgedAsOthersDo) {
    if (sanitized) GTEST_SKIP() << "half a minute each there; shorter ones are judged above";
    for (const auto& [name, events, is_linearizable] : published_histories) {
        const auto calls = parsed(events);
        EXPECT_GT(calls.size(), 70u) << name;
        EXPECT_EQ(linearizable(a_register{}, calls), is_linearizable) << name;
    }
}

}  // namespace
}  // namespace casement::testing::linearizable_test
