// The rows that a property sees are those of the store, in order, and cannot be changed.

#include <gtest/gtest.h>

#include <casement/check/rows.hpp>

#include "check/contents.hpp"
#include "check/small_stories.hpp"

namespace casement::testing::rows_test {
namespace {

class Rows : public ::testing::Test {
protected:
    Rows() {
        for (const std::uint64_t n : {5, 1, 3})
            (void)transaction{kv_}.put<account>(n, {n}).commit();
        which_ = all_.number(kv_);
    }
    memory_store kv_;
    check::detail::texts text_;
    check::detail::contents all_{text_};
    std::uint32_t which_ = 0;
};

TEST_F(Rows, AreThoseOfTheStore) {
    const check::rows seen{all_, which_};
    ASSERT_EQ(seen.size(), 3u);
    for (const std::uint64_t n : {1, 3, 5}) EXPECT_EQ((*read<account>(seen, n))->cents, n);
    for (const std::uint64_t n : {0, 2, 6}) EXPECT_FALSE(read<account>(seen, n)->exists());
    std::string keys;
    for (auto at = seen.scan(row_key<account>(1), row_key<account>(5)); at.valid(); at.next())
        keys += at.key().back();
    EXPECT_EQ(keys, "\x01\x03");
    EXPECT_FALSE(seen.scan(row_key<account>(5), row_key<account>(1)).valid());
}

TEST_F(Rows, AreOnlyLookedAt) {
    const check::rows seen{all_, which_};
    const auto refused = seen.commit({});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), errc::read_only);
}

}  // namespace
}  // namespace casement::testing::rows_test
