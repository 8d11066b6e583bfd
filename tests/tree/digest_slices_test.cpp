#include <casement/tree/digest_slices.hpp>

#include <cstdint>
#include <set>
#include <vector>

#include <rapidcheck/gtest.h>

namespace casement::testing::digest_slices_test {
namespace {

using tree::digest_slices;

digest with_front(std::uint8_t front) {
    digest d{};
    d.front() = std::byte{front};
    return d;
}

RC_GTEST_PROP(DigestSlices, CoverAllDigestsAndKnowWhichWereMet, ()) {
    const auto max = *rc::gen::inRange<std::size_t>(2, 40);
    const auto fronts = *rc::gen::container<std::vector<std::uint8_t>>(
        rc::gen::scale(4, rc::gen::arbitrary<std::uint8_t>()));
    const std::set<std::uint8_t> distinct(fronts.begin(), fronts.end());
    digest_slices met{max};
    std::set<std::uint8_t> found, asked;
    std::size_t slices = 0;
    do {
        ++slices;
        for (const auto f : fronts) met.insert(with_front(f));
        met.seal();
        for (int f = 0; f < 256; ++f) {
            const auto front = static_cast<std::uint8_t>(f);
            if (!met.covers(with_front(front))) continue;
            RC_ASSERT(asked.insert(front).second);
            if (met.contains(with_front(front))) found.insert(front);
        }
    } while (met.next());
    RC_ASSERT(asked.size() == 256u);
    RC_ASSERT(found == distinct);
    RC_ASSERT(slices <= distinct.size() / (max / 2) + 1);
}

TEST(DigestSlices, EndWhereTheRestBegins) {
    digest_slices met{4};
    for (const int f : {9, 1, 7, 3}) met.insert(with_front(static_cast<std::uint8_t>(f)));
    EXPECT_TRUE(met.covers(with_front(6)));
    EXPECT_FALSE(met.covers(with_front(7))) << "half of them stay";
    met.seal();
    EXPECT_TRUE(met.contains(with_front(3)));
    EXPECT_TRUE(met.next());
    EXPECT_FALSE(met.covers(with_front(3)));
    EXPECT_TRUE(met.covers(with_front(7)));
    EXPECT_FALSE(met.contains(with_front(7))) << "it is met anew";
    EXPECT_FALSE(met.next());
}

TEST(DigestSlices, AreNotAskedForWhatTheyCannotKnow) {
    digest_slices met{2};
    EXPECT_DEATH(digest_slices{1}, "room");
    met.insert(with_front(1));
    EXPECT_DEATH((void)met.contains(with_front(1)), "whole") << "it is not sealed";
    met.insert(with_front(2));
    met.seal();
    EXPECT_DEATH((void)met.contains(with_front(2)), "whole") << "another slice's";
}

}  // namespace
}  // namespace casement::testing::digest_slices_test
