#include <casement/engine/etcd_address.hpp>

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace casement::engine::etcd_address_test {
namespace {

TEST(etcd_address, has_endpoints_and_a_prefix) {
    const auto one = etcd_at("etcd://host:2379/a/b", {.endpoints = {"other"}, .user = "me"});
    ASSERT_TRUE(one) << one.error().message();
    EXPECT_EQ(one->endpoints, std::vector<std::string>{"host:2379"});
    EXPECT_EQ(one->prefix, "a/b");
    EXPECT_EQ(one->user, "me");
    const auto three = etcd_at("etcd://a:1,[::1]:2,c:3/p", {});
    ASSERT_TRUE(three) << three.error().message();
    EXPECT_EQ(three->endpoints, (std::vector<std::string>{"a:1", "[::1]:2", "c:3"}));
}

TEST(etcd_address, is_refused_where_it_is_none) {
    for (const std::string no :
         {"", "etcd:/a:1/p", "http://a:1/p", "etcd://a:1", "etcd://a:1/", "etcd:///p", "etcd://a/p",
          "etcd://:1/p", "etcd://a:/p", "etcd://a:1,/p", "etcd://,a:1/p"})
        EXPECT_EQ(etcd_at(no, {}).error().code(), errc::illegal) << no;
    EXPECT_EQ(etcd_at(std::string{"etcd://a:1/p\0q", 14}, {}).error().code(), errc::illegal);
}

TEST(etcd_address, that_nobody_answers_at_is_told) {
    const auto none = etcd_opener({.call_time_max = std::chrono::milliseconds{300}})
                          .open("etcd://127.0.0.1:1/p", false);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code(), errc::io) << none.error().message();
}

}  // namespace
}  // namespace casement::engine::etcd_address_test
