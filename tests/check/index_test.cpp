// The explorer's tables: what was given a number is found by it, however much came after.

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "check/index.hpp"

namespace casement::testing::index_test {
namespace {

using namespace check::detail;

RC_GTEST_PROP(Texts, AreKeptOnceEach, (const std::vector<std::string>& given)) {
    texts kept;
    std::map<std::string, std::uint32_t> numbers;
    for (const auto& text : given) {
        const auto next = static_cast<std::uint32_t>(numbers.size());
        const auto [at, fresh] = numbers.emplace(text, next);
        RC_ASSERT(kept.find(text) == (fresh ? index::none : at->second));
        RC_ASSERT(kept.number(text) == at->second);
    }
    for (const auto& [text, number] : numbers) RC_ASSERT(kept[number] == text);
}

RC_GTEST_PROP(Tuples, AreKeptOnceEach, ()) {
    tuples kept;
    std::map<std::vector<std::uint32_t>, std::uint32_t> numbers;
    const auto words = rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange(0u, 4u));
    for (const auto& tuple : *rc::gen::container<std::vector<std::vector<std::uint32_t>>>(words)) {
        const auto next = static_cast<std::uint32_t>(numbers.size());
        RC_ASSERT(kept.number(tuple) == numbers.emplace(tuple, next).first->second);
    }
    RC_ASSERT(kept.size() == numbers.size());
    for (const auto& [tuple, number] : numbers) RC_ASSERT(std::ranges::equal(kept[number], tuple));
}

// Through many growths of the index, with hashes that say nothing.
TEST(Pairs, AreFoundAmongManyOthers) {
    constexpr std::uint32_t side = 600;
    pairs kept;
    for (std::uint32_t a = 0; a < side; ++a)
        for (std::uint32_t b = 0; b < side; ++b) ASSERT_EQ(kept.add(a, b << 20), a * side + b);
    for (std::uint32_t a = 0; a < side; ++a)
        for (std::uint32_t b = 0; b < side; ++b) {
            const auto n = kept.find(a, b << 20);
            ASSERT_EQ(n, a * side + b);
            ASSERT_EQ(kept.first(n), a);
            ASSERT_EQ(kept.second(n), b << 20);
            ASSERT_EQ(kept.number(a, b << 20), n);
        }
    EXPECT_EQ(kept.find(side, 0), index::none);
    EXPECT_EQ(kept.find(0, 1), index::none);
}

TEST(Index, AsksOnlyWhereTheHashIsLike) {
    // All at one place: what tells them apart is a byte of the hash, and then the question.
    index kept;
    const auto hash = [](std::uint32_t n) { return std::uint64_t{n % 256} << 24; };
    for (std::uint32_t n = 0; n < 512; ++n) kept.insert(hash(n), hash);
    for (std::uint32_t n = 0; n < 512; ++n) {
        int asked = 0;
        EXPECT_EQ(kept.find(hash(n), [&](std::uint32_t m) { return ++asked, m == n; }), n);
        EXPECT_LE(asked, 2);
    }
    EXPECT_EQ(kept.find(hash(7), [](std::uint32_t) { return false; }), index::none);
}

TEST(Flat, KeepsWhatItHasWhileItGrows) {
    flat<std::uint64_t> kept;
    for (std::uint64_t i = 0; i < 100'000; ++i) kept.push_back(i == 0 ? 7 : kept[0] + i);
    kept.append(std::vector<std::uint64_t>{1, 2, 3});
    ASSERT_EQ(kept.size(), 100'003u);
    for (std::uint64_t i = 0; i < 100'000; ++i) ASSERT_EQ(kept[i], 7 + i);
    EXPECT_TRUE(std::ranges::equal(kept.between(99'999, 100'003),
                                   std::vector<std::uint64_t>{100'006, 1, 2, 3}));
    auto moved = std::move(kept);
    EXPECT_EQ(moved.size(), 100'003u);
}

}  // namespace
}  // namespace casement::testing::index_test
