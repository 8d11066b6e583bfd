#include <casement/tree/rows.hpp>

#include <gtest/gtest.h>

#include <casement/kv/memory.hpp>

#include "support/property.hpp"
#include "tree/hand.hpp"

namespace casement::testing::rows_test {
namespace {

std::string hex(std::string_view bytes) {
    std::string out;
    for (const unsigned char c : bytes) {
        out += "0123456789abcdef"[c >> 4];
        out += "0123456789abcdef"[c & 15];
    }
    return out;
}

// What is on disk: a byte that moves here moves every store that was ever written.
TEST(Rows, HaveTheseKeys) {
    EXPECT_EQ(hex(row_key<head>(node_id{0x102})), "680000000000000102");
    EXPECT_EQ(hex(row_key<rev>(node_id{0x102})), "720000000000000102");
    EXPECT_EQ(hex(row_key<binding>(node_id{0x102})), "620000000000000102");
    EXPECT_EQ(hex(row_key<entry>({node_id{1}, layer_id{2}, "ab"})),
              "64"
              "0000000000000001"
              "0000000000000002"
              "6162");
    EXPECT_EQ(hex(row_key<hidden>({node_id{1}, layer_id{2}})),
              "7a"
              "0000000000000001"
              "0000000000000002");
}

TEST(Rows, HaveTheseBytes) {
    EXPECT_EQ(hex(encode(head{protocol::directory::alive{}, layer_id{5}, 0755, {-1}})),
              "01"
              "05"
              "ed03"
              "01"
              "00");
    const obj_id base{obj_id::directory, object(9).digest};
    EXPECT_EQ(hex(encode(head{protocol::directory::mounted{}, {}, 0, {}, base})),
              "04"
              "00"
              "00"
              "00"
              "01" +
                  hex(encode(base)));
    EXPECT_EQ(hex(encode(hidden{})), "");
    EXPECT_EQ(hex(encode(rev{{7}})), "0000000000000007");
    EXPECT_EQ(hex(encode(file_row{protocol::file::working{{3}, {300}}})),
              "01"
              "03"
              "ac02");
    EXPECT_EQ(hex(encode(lease_row{protocol::lease::held{{300}, {3}, {-1}}})),
              "01"
              "ac02"
              "03"
              "01");
    EXPECT_EQ(hex(encode(binding{node_id{300}, "xy"})),
              "ac02"
              "02"
              "7879");
    EXPECT_EQ(hex(encode(entry{dentry::inode{node_id{17}}, generation{18}, {0644, {2}, 3}})),
              "01"
              "11"
              "02"
              "12"
              "a403"
              "04"
              "03");
    EXPECT_EQ(hex(encode(entry{dentry::symlink{"up"}, generation{1}, {}})),
              "03"
              "02"
              "7570"
              "01"
              "00"
              "00"
              "00");
    EXPECT_EQ(encode(entry{dentry::object{object(9)}, generation{1}, {}}).size(), 1u + 33 + 1 + 3);
}

// A directory's names lie together, in the order of their bytes, and no other directory's between.
TEST(Rows, SortByDirectoryLayerAndName) {
    law("the order of keys is the order of (parent, layer, name)",
        [](std::uint64_t p, std::uint64_t q, bool same, std::string a, std::string b) {
            if (same) q = p;
            const auto left = row_key<entry>({node_id{p}, layer_id{1}, a});
            const auto right = row_key<entry>({node_id{q}, layer_id{1}, b});
            const bool less = p != q ? p < q : a < b;
            RC_ASSERT((left < right) == less);
        });
}

TEST(Rows, KeysComeBackAsTheyWere) {
    law("parse_row_key undoes row_key", [](std::uint64_t p, std::uint64_t l, std::string name) {
        const auto bytes = row_key<entry>({node_id{p}, layer_id{l}, name});
        const auto back = parse_row_key<entry>(bytes);
        RC_ASSERT(back.has_value());
        RC_ASSERT(back->parent.value == p && back->layer.value == l && back->name == name);
    });
}

TEST(Rows, ALinkLeadsSomewhere) {
    const auto check = [](std::string path) { return check_target(dentry::symlink{path}); };
    EXPECT_TRUE(check("a"));
    EXPECT_TRUE(check(std::string(4096, 'a')));
    EXPECT_EQ(code_of(check("")), errc::bad_name);
    EXPECT_EQ(code_of(check(std::string(4097, 'a'))), errc::bad_name);
    EXPECT_EQ(code_of(check(std::string("a\0b", 3))), errc::bad_name);
    EXPECT_TRUE(check_target(dentry::object{}));
}

TEST(Rows, ANameWithoutARowIsAbsent) {
    memory_tree t;
    EXPECT_EQ(t.name("/x").target(), state<dentry>{dentry::absent{}});
    t.make("/x", file(3));
    EXPECT_EQ(t.name("/x").target(), state<dentry>{dentry::object{object(3)}});
    EXPECT_EQ(directory_in(*t.name("/x")), nullptr);
    const auto made = t.mkdir("/d");
    EXPECT_EQ(*directory_in(*t.name("/d")), made.node);
}

TEST(Rows, OnlyTheAliveIsAlive) {
    memory_tree t;
    t.mkdir("/d");
    EXPECT_TRUE(is_alive(t.dir("/d").head()));
    t.seal("/d");
    EXPECT_FALSE(is_alive(t.dir("/d").head()));
    EXPECT_FALSE(is_alive(must(read<head>(t.kv, node_id{999}))));
}

}  // namespace
}  // namespace casement::testing::rows_test
