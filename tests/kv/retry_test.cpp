#include <casement/kv/retry.hpp>

#include <numeric>
#include <vector>

#include <gtest/gtest.h>

namespace casement::retry_test {
namespace {

/// Answers with `code` for the first `times` decisions, then with success.
struct fails {
    int times;
    errc code = errc::conflict;
    int decisions = 0;

    result<int> operator()() {
        if (decisions++ < times) return fail(code, "decide", "");
        return decisions;
    }
};

TEST(Retry, TakesTheDecisionAgainAfterAConflictAndCountsIt) {
    retry_count seen;
    fails decide{3};
    const auto answer = retry(seen, [&] { return decide(); });
    ASSERT_TRUE(answer);
    EXPECT_EQ(*answer, 4);
    EXPECT_EQ(seen.retries, 3u);
}

TEST(Retry, GivesUpAfterSoManyDecisionsWithTheLastConflict) {
    retry_count seen;
    fails decide{1'000'000};
    const auto answer = retry(seen, [&] { return decide(); });
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), errc::conflict);
    EXPECT_EQ(decide.decisions, decisions_max);
    EXPECT_EQ(seen.retries, static_cast<std::uint64_t>(decisions_max - 1));
}

TEST(Retry, NeverRepeatsWhatMayHaveHappenedOrCannotHelp) {
    for (const errc code : {errc::unknown_outcome, errc::io, errc::exists, errc::fenced}) {
        retry_count seen;
        fails decide{1, code};
        const auto answer = retry(seen, [&] { return decide(); });
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code(), code);
        EXPECT_EQ(decide.decisions, 1);
        EXPECT_EQ(seen.retries, 0u);
    }
}

TEST(Retry, WaitsLongerEachTimeButNeverLong) {
    for (std::uint64_t draw = 0; draw < 1000; ++draw)
        for (int decisions = 1; decisions <= decisions_max; ++decisions) {
            const auto wait = wait_after(decisions, draw);
            EXPECT_GE(wait.count(), 0);
            EXPECT_LE(wait, wait_max);
            EXPECT_LE(wait, wait_first * (1 << std::min(decisions - 1, 7)));
        }
    std::int64_t early = 0, late = 0;
    for (std::uint64_t draw = 0; draw < 1000; ++draw) {
        early += wait_after(1, draw).count();
        late += wait_after(20, draw).count();
    }
    EXPECT_NEAR(static_cast<double>(early) / 1000, 16, 2) << "anywhere below the bound";
    EXPECT_NEAR(static_cast<double>(late) / 1000, 2048, 200);
}

std::vector<std::int64_t> slept;

TEST(Retry, SleepsBetweenDecisionsWhereItWasGivenAWayTo) {
    retry_count seen;
    seen.sleep = [](std::chrono::microseconds wait) { slept.push_back(wait.count()); };
    fails decide{3};
    ASSERT_TRUE(retry(seen, [&] { return decide(); }));
    ASSERT_EQ(slept.size(), 3u);
    EXPECT_EQ(seen.waited_us,
              static_cast<std::uint64_t>(std::accumulate(slept.begin(), slept.end(), 0)));
    EXPECT_EQ(slept, (std::vector{wait_after(1, 0).count(), wait_after(2, 1).count(),
                                  wait_after(3, 2).count()}))
        << "the same each time";
}

}  // namespace
}  // namespace casement::retry_test
