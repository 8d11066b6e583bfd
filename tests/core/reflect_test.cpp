#include <casement/core/reflect.hpp>

#include <array>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace casement {
namespace outer {
struct nothing {};
struct point {
    int x, y;
};
struct nested {
    point where;
    std::array<std::byte, 4> bytes;
    std::string text;
    std::optional<int> maybe;
    std::vector<point> several;
    std::variant<int, std::string> either;
};
struct ten {
    int a, b, c, d, e, f, g, h, i, j;
};
}  // namespace outer

namespace {

struct hidden {};

static_assert(member_count<outer::nothing> == 0);
static_assert(member_count<outer::point> == 2);
static_assert(member_count<outer::nested> == 6, "an aggregate inside counts as one member");
static_assert(member_count<outer::ten> == 10);

static_assert(name_of<outer::point>() == "point");
static_assert(name_of<hidden>() == "hidden");
static_assert(name_of<int>() == "int");

static_assert(std::is_same_v<decltype(members(std::declval<const outer::point&>())),
                             std::tuple<const int&, const int&>>,
              "the members of a constant are constant");

// One aggregate of each size, whose member number n holds n.
template <std::size_t N>
struct sized;
// clang-format off
template <> struct sized<0> {};
template <> struct sized<1> { int a = 1; };
template <> struct sized<2> { int a = 1, b = 2; };
template <> struct sized<3> { int a = 1, b = 2, c = 3; };
template <> struct sized<4> { int a = 1, b = 2, c = 3, d = 4; };
template <> struct sized<5> { int a = 1, b = 2, c = 3, d = 4, e = 5; };
template <> struct sized<6> { int a = 1, b = 2, c = 3, d = 4, e = 5, f = 6; };
template <> struct sized<7> { int a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7; };
template <> struct sized<8> { int a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8; };
template <> struct sized<9> { int a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9; };
template <> struct sized<10> { int a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9,
                                   j = 10; };
// clang-format on

template <std::size_t N>
void expect_members_in_order() {
    const sized<N> object;
    std::vector<int> seen;
    std::apply([&](const auto&... m) { (seen.push_back(m), ...); }, members(object));
    std::vector<int> expected(N);
    for (std::size_t i = 0; i < N; ++i) expected[i] = static_cast<int>(i) + 1;
    EXPECT_EQ(seen, expected) << "of the aggregate of " << N;
}

TEST(members, come_in_the_order_of_declaration_at_every_size) {
    [&]<std::size_t... N>(std::index_sequence<N...>) { (expect_members_in_order<N>(), ...); }
    (std::make_index_sequence<11>{});
}

TEST(members, are_references_into_the_object) {
    outer::point p{1, 2};
    std::get<1>(members(p)) = 7;
    EXPECT_EQ(p.y, 7);
    EXPECT_EQ(&std::get<0>(members(p)), &p.x);
}

}  // namespace
}  // namespace casement
