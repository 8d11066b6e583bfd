#include <casement/blob/placement.hpp>

#include <gtest/gtest.h>

#include "support/property.hpp"

namespace casement::blob::placement_test {
namespace {

// Each boundary exactly (SPEC B1).
static_assert(place(0) == placement::inline_row);
static_assert(place(64 * KiB) == placement::inline_row);
static_assert(place(64 * KiB + 1) == placement::packed);
static_assert(place(4 * MiB - 1) == placement::packed);
static_assert(place(4 * MiB) == placement::dedicated);
static_assert(place(~std::uint64_t{0}) == placement::dedicated);
static_assert(thresholds{}.pack_max == 1'073'741'824);

// On disk: never change.
static_assert(static_cast<int>(placement::inline_row) == 1);
static_assert(static_cast<int>(placement::packed) == 2);
static_assert(static_cast<int>(placement::dedicated) == 3);
static_assert(static_cast<int>(placement::external) == 4);

TEST(place, follows_the_thresholds_of_the_store) {
    constexpr thresholds t{10, 20, 1000};
    EXPECT_EQ(place(10, t), placement::inline_row);
    EXPECT_EQ(place(11, t), placement::packed);
    EXPECT_EQ(place(19, t), placement::packed);
    EXPECT_EQ(place(20, t), placement::dedicated);
}

TEST(place, only_grows_with_the_size_and_is_never_external) {
    testing::law("place is monotone", [](std::uint32_t a, std::uint32_t b) {
        const auto [less, more] = std::minmax(a, b);
        RC_ASSERT(place(less) <= place(more));
        RC_ASSERT(place(more) != placement::external);
    });
}

TEST(thresholds, are_refused_where_a_blob_would_fit_nowhere) {
    EXPECT_TRUE(check(thresholds{}));
    EXPECT_TRUE(check({0, 1, 1 + pack_overhead}));
    EXPECT_TRUE(check({inline_limit, dedicated_limit, pack_limit}));
    for (const thresholds& wrong : {
             thresholds{10, 10, GiB},
             thresholds{0, 1, pack_overhead},
             thresholds{inline_limit + 1, dedicated_limit, GiB},
             thresholds{0, dedicated_limit + 1, GiB},
             thresholds{0, 1, pack_limit + 1},
         }) {
        const auto checked = check(wrong);
        ASSERT_FALSE(checked) << wrong.inline_max << ' ' << wrong.dedicated_min;
        EXPECT_EQ(checked.error().code(), errc::illegal);
    }
}

}  // namespace
}  // namespace casement::blob::placement_test
