#include <casement/kv/clocks.hpp>

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <casement/kv/memory.hpp>

#include "kv/lent_store.hpp"
#include "support/property.hpp"

namespace casement::clocks_test {
namespace {

using namespace std::chrono_literals;
using casement::testing::law;

struct told_clock {
    timestamp at;
    [[nodiscard]] timestamp now() const { return at; }
};
using clock = agreed_clock<told_clock>;

constexpr std::int64_t bound_ns = 1'000'000'000;

clock at(std::int64_t ns) { return {{{ns}}, std::chrono::nanoseconds{bound_ns}}; }

TEST(Clocks, WhatIsPastHereIsPastByEveryClockThatKeepsToTheBound) {
    law("a deadline is not over early", [] {
        const auto true_time = *rc::gen::inRange<std::int64_t>(0, 1'000 * bound_ns);
        const auto mine = true_time + *rc::gen::inRange<std::int64_t>(0, bound_ns + 1);
        const auto whose_deadline_it_is = true_time + *rc::gen::inRange<std::int64_t>(0, bound_ns);
        RC_ASSERT(past(at(mine)).ns <= whose_deadline_it_is);
    });
    EXPECT_EQ(past(told_clock{{7}}), (timestamp{7})) << "one machine, one clock";
}

TEST(Clocks, ThoseThatKeepToTheBoundAreNeverFoundWrong) {
    law("all is well", [] {
        memory_store kv;
        std::int64_t true_time = 0;
        for (const auto& [waits, off] :
             *rc::gen::container<std::vector<std::pair<std::int64_t, std::int64_t>>>(
                 rc::gen::pair(rc::gen::inRange<std::int64_t>(0, 3 * bound_ns),
                               rc::gen::inRange<std::int64_t>(0, bound_ns + 1)))) {
            true_time += waits;
            RC_ASSERT(check_clocks(kv, at(true_time + off)).has_value());
        }
    });
}

TEST(Clocks, OneThatIsAheadIsFoundByTheNextAndOneThatIsBehindAtOnce) {
    memory_store kv;
    EXPECT_TRUE(check_clocks(kv, at(100 * bound_ns)));
    EXPECT_TRUE(check_clocks(kv, at(99 * bound_ns)));
    const auto behind = check_clocks(kv, at(99 * bound_ns - 1));
    ASSERT_FALSE(behind);
    EXPECT_EQ(behind.error().code(), errc::unsupported);
    EXPECT_NE(behind.error().message().find("1000 ms behind"), std::string::npos)
        << behind.error().message();
    EXPECT_TRUE(check_clocks(kv, at(110 * bound_ns))) << "ahead, and nobody knows it yet";
    EXPECT_FALSE(check_clocks(kv, at(101 * bound_ns)));
}

/// Where another shows a time before each commit, as often as it is told to.
struct hurried_store : casement::testing::lent_store<memory_store*> {
    std::int64_t theirs_ns, step_ns;
    int hurries, commits = 0;

    [[nodiscard]] auto commit(const batch& b) {
        ++commits;
        if (hurries-- > 0) {
            const auto row = read<shown_time>(*of, {});
            const shown_time theirs{{theirs_ns}};
            EXPECT_TRUE(transaction{*of}.replace(*row, theirs, "theirs").commit());
            theirs_ns += step_ns;
        }
        return of->commit(b);
    }
};

TEST(Clocks, OneWhoShowsATimeMeanwhileIsComparedWithToo) {
    memory_store kv;
    hurried_store far_ahead{{&kv}, 12 * bound_ns, 0, 1};
    const auto behind = check_clocks(far_ahead, at(10 * bound_ns));
    ASSERT_FALSE(behind) << "nobody else would find it: they agree with one another";
    EXPECT_EQ(behind.error().code(), errc::unsupported);

    hurried_store near{{&kv}, 20 * bound_ns, 0, 1};
    EXPECT_TRUE(check_clocks(near, at(20 * bound_ns + 1)));
    EXPECT_EQ(near.commits, 1) << "theirs is late enough";

    hurried_store long_ago{{&kv}, 21 * bound_ns, 0, 1};
    EXPECT_TRUE(check_clocks(long_ago, at(30 * bound_ns)));
    EXPECT_EQ(read<shown_time>(kv, {}).value()->latest.ns, 30 * bound_ns) << "and is shown";

    hurried_store never_still{{&kv}, 31 * bound_ns, 1, 1'000};
    const auto no_end = check_clocks(never_still, at(50 * bound_ns));
    ASSERT_FALSE(no_end);
    EXPECT_EQ(no_end.error().code(), errc::conflict);
    EXPECT_EQ(never_still.commits, decisions_max);
}

TEST(Clocks, ATimeIsShownSeldom) {
    memory_store kv;
    int commits = 0;
    version last{};
    for (int n = 0; n < 100; ++n) {
        ASSERT_TRUE(check_clocks(kv, at(n * bound_ns / 10)));
        const auto row = read<shown_time>(kv, {});
        commits += row->at() != last;
        last = row->at();
    }
    EXPECT_EQ(commits, 10);
}

}  // namespace
}  // namespace casement::clocks_test
