// How rows lie in etcd: golden bytes, and that a put which moves the version moves a counter.

#include "engine/etcd_row.hpp"

#include <gtest/gtest.h>

#include <support/property.hpp>

#include "kv/store_script.hpp"

namespace casement::engine::etcd_row_test {
namespace {

using casement::testing::counter;
using casement::testing::law;

TEST(etcd_row, lies_as_drawn) {
    using namespace std::literals;
    EXPECT_EQ(lying(""), "\0"sv);
    EXPECT_EQ(lying("abc"), "\0abc"sv);
    EXPECT_EQ(lying_as_counter(258, 1), "\x01\0\0\0\0\0\0\x01\x01"sv);
    EXPECT_EQ(lying_as_counter(0, 1), "\x01\xff\xff\xff\xff\xff\xff\xff\xff"sv);
}

TEST(etcd_row, comes_back) {
    law("a row of any bytes", [](const std::string& value) {
        RC_ASSERT(row_from("k", lying(value), 3, 7).value() == (etcd_row{value, 3, 7, false}));
    });
    law("a counter, moved by puts that keep its bytes", [](std::uint64_t n, std::uint16_t puts) {
        const auto bytes = lying_as_counter(n, 5);
        RC_ASSERT(row_from("k", bytes, 5 + puts, 7).value() ==
                  (etcd_row{counter(n + puts), 5 + puts, 7, true}));
    });
}

TEST(etcd_row, counters_are_greater_than_all_else) {
    law("what a bump compares", [](const std::string& value, std::uint64_t n) {
        RC_ASSERT(lying(value) <= std::string{below_counters});
        RC_ASSERT(lying_as_counter(n, 1) > std::string{below_counters});
    });
}

TEST(etcd_row, what_is_neither_is_corrupt) {
    for (const std::string& bytes : {std::string{}, std::string{"\x02x"}, std::string{"\x01"},
                                     "\x01" + std::string(7, 'x'), "\x01" + std::string(9, 'x')}) {
        const auto row = row_from("the key", bytes, 1, 1);
        ASSERT_FALSE(row) << printable(bytes);
        EXPECT_EQ(row.error().code(), errc::corrupt);
        EXPECT_NE(row.error().message().find("the key"), std::string::npos);
    }
}

TEST(etcd_versions, are_of_one_opening) {
    const etcd_versions one, two;
    EXPECT_EQ(one.revision_of(one.of(12)), 12);
    EXPECT_EQ(two.revision_of(one.of(12)), 0);
    EXPECT_EQ(one.revision_of(two.of(12)), 0);
    for (const std::uint64_t n : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 40,
                                  std::uint64_t{1} << 63, ~std::uint64_t{0}})
        EXPECT_EQ(one.revision_of(version{n}), 0) << n;
}

}  // namespace
}  // namespace casement::engine::etcd_row_test
