#include <casement/kv/retry.hpp>

#include <gtest/gtest.h>

namespace casement {
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

}  // namespace
}  // namespace casement
