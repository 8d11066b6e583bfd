#include <casement/machine/types.hpp>

#include <type_traits>
#include <variant>

#include <gtest/gtest.h>

namespace casement::detail::types_test {
namespace {

using three = types<int, char, int>;

template <class T>
struct explodes {
    static_assert(!std::is_same_v<T, T>, "a list never completes what it lists");
};

TEST(Types, AreFoundByPlace) {
    EXPECT_TRUE((std::is_same_v<type_at<0, three>, int>));
    EXPECT_TRUE((std::is_same_v<type_at<1, three>, char>));
    EXPECT_TRUE((std::is_same_v<type_at<2, three>, int>));
    EXPECT_EQ((place_of<char, three>), 1u);
    EXPECT_EQ((place_of<int, three>), 0u) << "the first of equals";
    EXPECT_EQ((place_of<bool, three>), 3u) << "its size: not there";
    EXPECT_TRUE((is_one_of<char, three>));
    EXPECT_FALSE((is_one_of<bool, three>));
}

TEST(Types, AreKeptByFlag) {
    EXPECT_TRUE((std::is_same_v<decltype(kept<true, false, true>(three{})), types<int, int>>));
    EXPECT_TRUE((std::is_same_v<decltype(kept<false, false, false>(three{})), types<>>));
    EXPECT_TRUE((std::is_same_v<decltype(kept<>(types<>{})), types<>>));
}

TEST(Types, ArePouredAndJoined) {
    EXPECT_TRUE((std::is_same_v<poured<std::variant, three>::type, std::variant<int, char, int>>));
    EXPECT_TRUE((std::is_same_v<joined_lists<types<int>, types<>, types<char, bool>>::type,
                                types<int, char, bool>>));
    EXPECT_TRUE((std::is_same_v<joined_lists<>::type, types<>>));
}

TEST(Types, GoToHanaAndBack) {
    constexpr auto tuple = detail::to_tuple(three{});
    EXPECT_TRUE((std::is_same_v<types_in<std::remove_cv_t<decltype(tuple)>>::type, three>));
}

TEST(Types, AreNeverCompleted) {
    using list = decltype(detail::kept<false, true>(types<explodes<int>, explodes<char>>{}));
    [[maybe_unused]] constexpr auto tuple = detail::to_tuple(list{});
    EXPECT_EQ(list::size, 1u);
}

}  // namespace
}  // namespace casement::detail::types_test
