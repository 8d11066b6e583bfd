#include <casement/core/strong.hpp>

#include <algorithm>
#include <concepts>
#include <unordered_set>

#include <gtest/gtest.h>

#include <support/property.hpp>

namespace casement::strong_test {
namespace {

struct node_tag {
    static constexpr std::string_view name = "node";
};
struct generation_tag {
    static constexpr std::string_view name = "generation";
};
using node = strong<node_tag>;
using generation = strong<generation_tag>;

// Equality and nothing else: that is what lets the explorer rename ids (DESIGN D11).
template <class A, class B = A>
concept ordered = requires(A a, B b) {
    a < b;
};
template <class A, class B = A>
concept added = requires(A a, B b) {
    a + b;
};

static_assert(std::equality_comparable<node>);
static_assert(!ordered<node> && !added<node>);
static_assert(!std::equality_comparable_with<node, generation>);
static_assert(!std::convertible_to<std::uint64_t, node>);
static_assert(!std::convertible_to<node, std::uint64_t>);
static_assert(!std::convertible_to<generation, node>);
static_assert(is_strong<node> && !is_strong<std::uint64_t>);
static_assert(node::name == "node" && generation::name == "generation");
static_assert(sizeof(node) == sizeof(std::uint64_t));
static_assert(node{} == node{0}, "an id that nobody set is number 0");

TEST(strong, is_equal_exactly_when_its_numbers_are) {
    testing::law("equality is that of the numbers", [](std::uint64_t a, std::uint64_t b) {
        RC_ASSERT((node{a} == node{b}) == (a == b));
        RC_ASSERT(node{a} == node{a});
    });
}

TEST(strong, is_ordered_only_through_the_named_function) {
    testing::law("by_number is the order of the numbers", [](std::uint64_t a, std::uint64_t b) {
        RC_ASSERT(by_number(node{a}, node{b}) == (a <=> b));
    });
}

TEST(strong, hashes_so_that_equal_ids_meet) {
    const std::unordered_set<node> set{node{1}, node{2}, node{1}};
    EXPECT_EQ(set.size(), 2u);
    EXPECT_TRUE(set.contains(node{2}));
    EXPECT_FALSE(set.contains(node{3}));
}

}  // namespace
}  // namespace casement::strong_test
