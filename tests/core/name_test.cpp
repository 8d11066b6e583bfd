#include <casement/core/name.hpp>

#include <ranges>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <support/property.hpp>

namespace casement::name_test {
namespace {

static_assert(std::forward_iterator<path_components::iterator>);
static_assert(std::ranges::forward_range<path_components>);
static_assert(!std::constructible_from<path_components, std::string_view>,
              "only split_path makes one, so its names are good");

using names = std::vector<std::string>;

names names_of(std::string_view path) {
    const auto parts = split_path(path);
    if (!parts) return {"refused: " + parts.error().message()};
    names out;
    for (const auto name : *parts) out.emplace_back(name);
    return out;
}

rc::Gen<std::string> name_bytes() {
    const auto byte =
        rc::gen::suchThat(rc::gen::arbitrary<char>(), [](char c) { return c != '/' && c != '\0'; });
    return rc::gen::suchThat(rc::gen::container<std::string>(byte),
                             [](const std::string& s) { return bool{check_name(s)}; });
}

TEST(check_name, takes_any_bytes_that_a_directory_can_hold) {
    for (const std::string_view good :
         {"a", "...", ".a", "..a", " ", "\\", "a#b", "\xff\xfe", "\n", "caf\xc3\xa9", "con"})
        EXPECT_TRUE(check_name(good)) << printable(good);
    EXPECT_TRUE(check_name(std::string(255, 'n')));
}

TEST(check_name, refuses_the_rest_and_says_why) {
    const auto why = [](std::string_view name) {
        const auto r = check_name(name);
        return r ? "accepted"
                 : std::string{name_of(r.error().code())} + ": " + r.error().causes().back().detail;
    };
    EXPECT_EQ(why(""), "bad_name: empty");
    EXPECT_EQ(why("."), "bad_name: no entry of its own");
    EXPECT_EQ(why(".."), "bad_name: no entry of its own");
    EXPECT_EQ(why("a/b"), "bad_name: holds a '/'");
    EXPECT_EQ(why("/"), "bad_name: holds a '/'");
    EXPECT_EQ(why(std::string_view{"a\0b", 3}), "bad_name: holds a NUL");
    EXPECT_EQ(why(std::string(256, 'n')), "bad_name: longer than 255 bytes");
}

TEST(split_path, cuts_at_any_number_of_slashes) {
    EXPECT_EQ(names_of("a/b/c"), (names{"a", "b", "c"}));
    EXPECT_EQ(names_of("/a//b///c/"), (names{"a", "b", "c"}));
    EXPECT_EQ(names_of("a"), (names{"a"}));
    EXPECT_EQ(names_of("...//.x"), (names{"...", ".x"}));
}

TEST(split_path, finds_no_name_in_the_root) {
    EXPECT_EQ(names_of(""), names{});
    EXPECT_EQ(names_of("/"), names{});
    EXPECT_EQ(names_of("///"), names{});
    EXPECT_TRUE(split_path("//")->empty());
    EXPECT_FALSE(split_path("/a")->empty());
}

TEST(split_path, refuses_what_is_no_name_wherever_it_stands) {
    for (const std::string_view bad : {".", "..", "a/.", "../a", "a/../b", "a/./b", "/."}) {
        const auto r = split_path(bad);
        ASSERT_FALSE(r) << bad;
        EXPECT_EQ(r.error().code(), errc::bad_name);
        EXPECT_EQ(r.error().causes().front().operation, "split path");
        EXPECT_EQ(r.error().causes().front().subject, bad);
    }
    EXPECT_FALSE(split_path(std::string_view{"a/b\0", 4}));
    EXPECT_FALSE(split_path("a/" + std::string(256, 'n')));
}

TEST(split_path, holds_exactly_4096_bytes) {
    std::string path;
    while (path.size() < 4096) path += "a/";
    EXPECT_TRUE(split_path(path));
    EXPECT_EQ(names_of(path).size(), 2048u);
    path += "/";
    ASSERT_FALSE(split_path(path));
    EXPECT_EQ(split_path(path).error().code(), errc::bad_name);
}

TEST(path_components, say_what_is_left_of_the_path) {
    const std::string path = "/a//b/c/";
    auto at = split_path(path)->begin();
    EXPECT_EQ(*at, "a");
    EXPECT_EQ(at.rest(), "//b/c/");
    const auto first = at++;
    EXPECT_EQ(*first, "a");
    EXPECT_EQ(*at, "b");
    EXPECT_EQ(at.rest(), "/c/");
    EXPECT_NE(first, at);
    ++at;
    EXPECT_EQ(at.rest(), "/");
    ++at;
    EXPECT_EQ(at, std::default_sentinel);
}

TEST(path_components, are_the_names_that_were_joined) {
    testing::law("split(join(names)) == names, however many slashes", [] {
        const auto joined = *rc::gen::container<names>(name_bytes());
        const auto slashes = [] { return std::string(*rc::gen::inRange<std::size_t>(1, 4), '/'); };
        std::string path = *rc::gen::arbitrary<bool>() ? slashes() : "";
        for (const auto& name : joined) path += name + slashes();
        RC_PRE(path.size() <= path_bytes_max);
        RC_ASSERT(names_of(path) == joined);
    });
}

TEST(split_path, accepts_exactly_the_paths_whose_names_are_good) {
    testing::law("accepted exactly when check_name takes each piece between slashes", [] {
        const auto piece =
            rc::gen::element<std::string>("a", "/", ".", "..", std::string(1, '\0'), "\xff", "//");
        std::string path;
        for (const auto& p : *rc::gen::container<names>(piece)) path += p;
        bool good = true;
        for (const auto part : std::views::split(path, '/')) {
            const std::string name{part.begin(), part.end()};
            good = good && (name.empty() || check_name(name));
        }
        RC_ASSERT(split_path(path).has_value() == good);
    });
}

}  // namespace
}  // namespace casement::name_test
