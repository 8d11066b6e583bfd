#include <casement/tree/objects.hpp>

#include <gtest/gtest.h>

#include "support/property.hpp"
#include "tree/hand.hpp"

namespace casement::testing::objects_test {
namespace {

std::uint64_t blocks_in_rows(const memory_store& kv) {
    std::uint64_t n = 0;
    const std::string table{object_row::table};
    for (auto r = kv.scan(table, after_prefix(table)); r.valid(); r.next()) ++n;
    return n;
}

TEST(BlockWriter, WritesWhatIsNotThere) {
    memory_store kv;
    const auto write = [&](int from, int to) {
        block_writer blocks{kv};
        for (int i = from; i < to; ++i) {
            const auto bytes = std::to_string(i);
            must(blocks(sha256_of(bytes), bytes));
        }
        must(blocks.finish());
        return blocks.bytes_written();
    };
    EXPECT_EQ(write(10, 80), 140u);
    EXPECT_EQ(blocks_in_rows(kv), 70u);
    EXPECT_EQ(write(10, 80), 0u);
    EXPECT_EQ(write(79, 81), 2u);
    EXPECT_EQ(blocks_in_rows(kv), 71u);
}

TEST(BlockWriter, RevivesWhatIsCondemned) {
    memory_tree t;
    block_writer blocks{t.kv};
    must(blocks(sha256_of("x"), "x"));
    must(blocks.finish());
    t.plant<tree::condemned>(block(sha256_of("x")), {{{5}}, {}});
    must(blocks(sha256_of("x"), "x"));
    must(blocks.finish());
    EXPECT_FALSE(must(read<tree::condemned>(t.kv, block(sha256_of("x")))).exists());
    EXPECT_EQ(blocks.bytes_written(), 1u);
}

TEST(BlocksIn, AMissingBlockIsElsewhere) {
    memory_store kv;
    EXPECT_EQ(code_of(blocks_in(kv)(sha256_of("x"))), errc::need_pull);
    block_writer blocks{kv};
    must(blocks(sha256_of("x"), "x"));
    must(blocks.finish());
    EXPECT_EQ(must(blocks_in(kv)(sha256_of("x"))), "x");
}

TEST(Entries, OfObjectsComeBackAsTheyWere) {
    law("as_dir_entry undoes as_entry",
        [](std::uint8_t n, bool is_link, std::uint16_t mode, std::uint32_t size) {
            object::dir_target to = object(n);
            if (is_link) to = object::symlink{"to" + std::to_string(n)};
            const object::dir_entry e{"name", to, mode & 07777u, {n}, size};
            RC_ASSERT(as_dir_entry("name", as_entry(e)) == e);
        });
}

}  // namespace
}  // namespace casement::testing::objects_test
