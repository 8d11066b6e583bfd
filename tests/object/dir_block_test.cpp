#include <casement/object/dir_block.hpp>

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include <object/support.hpp>
#include <support/property.hpp>

namespace casement::object::dir_block_test {
namespace {

using casement::testing::law;
using testing::file_entry;

dir_block any_block() {
    dir_block block;
    const auto entries = *testing::any_entries(3);
    block.level = entries.empty() ? std::uint8_t{0} : *rc::gen::inRange<std::uint8_t>(0, 3);
    for (const auto& [name, entry] : entries)
        if (block.is_leaf())
            block.entries.push_back(entry);
        else
            block.children.push_back({name, sha256_of(name), entry.mode + std::uint64_t{1}});
    return block;
}

dir_block leaf_of(std::vector<dir_entry> entries) { return {0, std::move(entries), {}}; }
dir_block index_of(std::uint8_t level, std::vector<dir_child> children) {
    return {level, {}, std::move(children)};
}

std::string why(std::string_view bytes) {
    const auto block = dir_block_from_bytes(bytes);
    if (block) return "accepted";
    const auto& root = block.error().causes().back();
    return std::string{name_of(block.error().code())} + ": " + root.detail;
}

TEST(dir_block, keeps_its_encoding_for_ever) {
    EXPECT_EQ(to_bytes(leaf_of({})), std::string("CsmD\1\0", 6));
    const digest zero{};
    EXPECT_EQ(
        to_bytes(leaf_of({{"ab", obj_id{obj_id::file, zero}, 1, timestamp{}, 2}})),
        std::string("CsmD\1\0", 6) + "\2ab\1" + std::string(32, '\0') + std::string("\1\0\2", 3));
    EXPECT_EQ(to_bytes(index_of(1, {{"a", zero, 7}})),
              "CsmD\1\1\1a" + std::string(32, '\0') + "\7");
}

TEST(dir_block, has_one_encoding) {
    law("from_bytes(to_bytes(b)) == b", [] {
        const auto block = any_block();
        const auto bytes = to_bytes(block);
        RC_PRE(bytes.size() <= dir_block_bytes_max);
        RC_ASSERT(dir_block_from_bytes(bytes).value() == block);
    });
    law("accepted bytes are the encoding", [] {
        auto bytes = to_bytes(any_block());
        const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
        const auto how = *rc::gen::inRange(0, 3);
        if (how == 0) bytes[at] = *rc::gen::arbitrary<char>();
        if (how == 1) bytes.erase(at, 1);
        if (how == 2) bytes.insert(at, 1, *rc::gen::arbitrary<char>());
        if (const auto block = dir_block_from_bytes(bytes)) RC_ASSERT(to_bytes(*block) == bytes);
    });
}

TEST(dir_block, counts_what_is_below) {
    EXPECT_EQ(leaf_of({}).count(), 0u);
    EXPECT_EQ(leaf_of({file_entry("a", 1), file_entry("b", 2)}).count(), 2u);
    EXPECT_EQ(index_of(1, {{"a", {}, 7}, {"b", {}, 30}}).count(), 37u);
}

TEST(dir_block, tells_damage_from_a_later_version) {
    auto bytes = to_bytes(leaf_of({file_entry("a", 1)}));
    bytes[4] = 2;
    EXPECT_EQ(why(bytes), "newer_format: version 2; known up to 1");
    bytes[4] = 0;
    EXPECT_EQ(why(bytes), "corrupt: it does not begin as one");
    bytes[4] = 1;
    bytes[0] = 'c';
    EXPECT_EQ(why(bytes), "corrupt: it does not begin as one");
    EXPECT_EQ(why(""), "corrupt: it does not begin as one");
    EXPECT_EQ(why("CsmD\1"), "corrupt: its level is wrong");
}

TEST(dir_block, refuses_names_out_of_order) {
    EXPECT_EQ(why(to_bytes(leaf_of({file_entry("b", 1), file_entry("a", 2)}))),
              "corrupt: its names are out of order");
    EXPECT_EQ(why(to_bytes(leaf_of({file_entry("a", 1), file_entry("a", 2)}))),
              "corrupt: its names are out of order");
    EXPECT_EQ(why(to_bytes(leaf_of({file_entry("\x7f", 1), file_entry("\x80", 2)}))), "accepted")
        << "bytes are unsigned";
    EXPECT_EQ(why(to_bytes(index_of(1, {{"b", {}, 1}, {"a", {}, 1}}))),
              "corrupt: its names are out of order");
}

TEST(dir_block, refuses_items_that_no_directory_has) {
    EXPECT_EQ(why(to_bytes(leaf_of({file_entry("a/b", 1)}))), "corrupt: holds a '/'");
    EXPECT_EQ(why(to_bytes(leaf_of({{"l", symlink{""}, 0, {}, 0}}))),
              "corrupt: its link needs 1 to 4096 bytes without NUL");
    EXPECT_EQ(why(to_bytes(leaf_of({{"n", obj_id{}, 0, {}, 0}}))),
              "corrupt: an item is not as it was written");
    EXPECT_EQ(why(to_bytes(index_of(1, {{"..", {}, 1}}))), "corrupt: no entry of its own");
    EXPECT_EQ(why(to_bytes(index_of(1, {{"a", {}, 0}}))), "corrupt: no entries below");
    EXPECT_EQ(why(to_bytes(index_of(1, {}))), "corrupt: an index without children");
    EXPECT_EQ(why(to_bytes(index_of(dir_levels_max, {{"a", {}, 1}}))),
              "corrupt: its level is wrong");
    EXPECT_EQ(why(to_bytes(index_of(dir_levels_max - 1, {{"a", {}, 1}}))), "accepted");
}

TEST(dir_block, is_at_most_16_kib_long) {
    dir_block block;
    const auto with_padding = [&](std::size_t padding) {
        block.entries.clear();
        for (const auto* name : {"a", "b", "c"})
            block.entries.push_back({name, symlink{std::string(4000, 'x')}, 0, {}, 0});
        block.entries.push_back({"d", symlink{std::string(4000, 'x')}, 0, {}, 0});
        block.entries.push_back({"e", symlink{std::string(padding, 'x')}, 0, {}, 0});
        return to_bytes(block);
    };
    const auto room = dir_block_bytes_max - with_padding(300).size() + 300;
    ASSERT_EQ(with_padding(room).size(), dir_block_bytes_max);
    EXPECT_EQ(why(with_padding(room)), "accepted");
    EXPECT_EQ(why(with_padding(room + 1)), "corrupt: it is longer than 16 KiB");
}

TEST(ends_block, never_happens_before_the_minimum_and_then_once_in_32_names) {
    for (const std::uint8_t level : {0, 1, 2, 31}) {
        std::size_t ends = 0;
        for (int i = 0; i < 32'000; ++i) {
            const auto name = "name " + std::to_string(i);
            EXPECT_FALSE(ends_block(level, name, dir_block_bytes_min - 1));
            ends += ends_block(level, name, dir_block_bytes_min);
        }
        EXPECT_GT(ends, 850u) << int{level};
        EXPECT_LT(ends, 1150u) << int{level};
    }
}

TEST(ends_block, differs_from_level_to_level) {
    std::size_t both = 0;
    for (int i = 0; i < 32'000; ++i) {
        const auto name = "name " + std::to_string(i);
        both += ends_block(0, name, 4096) && ends_block(1, name, 4096);
    }
    EXPECT_LT(both, 70u) << "one in 1024";
}

}  // namespace
}  // namespace casement::object::dir_block_test
