// Bytes on their way to a name: named only when durable, guarded by what was seen.

#include <casement/tree/stored_file.hpp>

#include <string>

#include <gtest/gtest.h>

#include "tree/contents_fixture.hpp"

namespace casement::tree::stored_file_test {
namespace {

class StoredFile : public testing::contents_test {};

TEST_F(StoredFile, NoRowNamesBytesBeforeTheCommit) {
    auto stored = store_bytes(std::string(5000, 'd'));
    EXPECT_FALSE(read<content>(kv_, stored.object().content)->exists());
    EXPECT_EQ(files_on_disk(), 1u);
    // What was never committed is given up, file and all.
    { const auto dropped = std::move(stored); }
    EXPECT_EQ(files_on_disk(), 0u);
}

TEST_F(StoredFile, TheSecondOfTwoWritersGivesItsBytesUp) {
    auto one = store_bytes(std::string(5000, 'd'));
    auto two = store_bytes(std::string(5000, 'd'));
    EXPECT_EQ(files_on_disk(), 2u);
    ASSERT_TRUE(commit(one));
    one.published();
    const auto late = commit(two);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), errc::conflict);
    ASSERT_TRUE(contents_->look_again(two));
    EXPECT_TRUE(two.deduplicated());
    EXPECT_TRUE(commit(two));
    EXPECT_EQ(files_on_disk(), 2u) << "the other may be collected until then";
    two.published();
    EXPECT_EQ(files_on_disk(), 1u);
    EXPECT_EQ(read_back(two.id()), std::string(5000, 'd'));
}

TEST_F(StoredFile, PresenceIsAGuard) {
    auto one = store_bytes("hello");
    ASSERT_TRUE(commit(one));
    one.published();
    auto two = store_bytes("hello");
    ASSERT_TRUE(two.deduplicated());
    // A collector takes the content between the look and the commit.
    ASSERT_TRUE(transaction{kv_}.erase<content>(two.object().content).commit());
    EXPECT_EQ(commit(two).error().code(), errc::conflict);
    EXPECT_TRUE(contents_->look_again(two)) << "it has bytes of its own";
    EXPECT_FALSE(two.deduplicated());
    EXPECT_TRUE(commit(two));
    two.published();
    auto three = contents_->find(two.object());
    ASSERT_TRUE(three);
    ASSERT_TRUE(transaction{kv_}.erase<content>(two.object().content).commit());
    EXPECT_EQ(commit(*three).error().code(), errc::conflict);
    EXPECT_EQ(contents_->look_again(*three).error().code(), errc::conflict) << "it has none";
}

// Wherever the bytes were to lie, and however often the equal ones come and go.
TEST_F(StoredFile, BytesInHandOutliveEqualOnesThatAreCollected) {
    for (const std::size_t size : {50u, 500u, 5000u}) {
        auto mine = store_bytes(std::string(size, 'b'));
        for (int i = 0; i < 3; ++i) {
            auto other = store_bytes(std::string(size, 'b'));
            ASSERT_TRUE(commit(other));
            other.published();
            EXPECT_FALSE(commit(mine));
            ASSERT_TRUE(contents_->look_again(mine));
            EXPECT_TRUE(mine.deduplicated());
            ASSERT_TRUE(transaction{kv_}
                            .erase<content>(mine.object().content)
                            .erase<inline_bytes>(mine.object().content)
                            .commit());
            ASSERT_TRUE(contents_->look_again(mine));
            EXPECT_FALSE(mine.deduplicated());
        }
        EXPECT_TRUE(commit(mine));
        mine.published();
        EXPECT_EQ(read_back(mine.id()), std::string(size, 'b'));
    }
}

}  // namespace
}  // namespace casement::tree::stored_file_test
