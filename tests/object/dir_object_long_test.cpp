#include <gtest/gtest.h>

#include <casement/object/dir_object.hpp>
#include <object/support.hpp>

namespace casement::object::dir_object_long_test {
namespace {

using testing::block_map;
using testing::file_entry;
using testing::name_of_number;

dir_summary build_million(block_map& store, std::uint64_t changed) {
    dir_builder builder{store.writer()};
    for (std::uint64_t i = 0; i < 1'000'000; ++i)
        EXPECT_TRUE(builder.push(file_entry(name_of_number(i), i == changed ? 2'000'000 : i)));
    return builder.finish().value();
}

TEST(dir_object_long, reads_at_most_five_blocks_of_a_million_entries) {
    block_map store;
    const auto made = build_million(store, 2'000'000);
    EXPECT_LE(made.levels, 5u);
    for (std::uint64_t i = 0; i < 1'000'000; i += 997) {
        store.reads = 0;
        const auto got = dirobj_get_child(store.fetch(), made.id, name_of_number(i));
        ASSERT_TRUE(got && *got);
        ASSERT_EQ((*got)->size, i);
        ASSERT_LE(store.reads, 5u);
    }
    EXPECT_EQ(dirobj_check(store.fetch(), made.id).value(), made);

    block_map changed;
    build_million(changed, 314'159);
    EXPECT_EQ(changed.not_in(store), made.levels) << "one block a level";
}

}  // namespace
}  // namespace casement::object::dir_object_long_test
