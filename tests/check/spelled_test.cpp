// Rows read in the words of their types; what is no row of theirs reads as its bytes.

#include <casement/check/spelled.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include <casement/kv/id_blocks.hpp>
#include <casement/tree/rows.hpp>

#include "support/property.hpp"

namespace casement::testing::spelled_test {
namespace {

using tree::layer_id;
using tree::node_id;
using tree::obj_id;

const auto spell =
    check::spelled_rows<tree::head, tree::rev, tree::binding, tree::entry, allocator>();

template <row R>
std::string key_of(const typename R::key& key) {
    return spell(row_key<R>(key), std::nullopt);
}
template <row R>
std::string value_of(const R& value) {
    std::string bytes;
    encode_to(bytes, value);
    return spell(std::string(1, R::table), bytes);
}

TEST(Spelled, Keys) {
    EXPECT_EQ(key_of<tree::entry>({node_id{1}, layer_id{0}, "x"}), "entry 1/'x'");
    EXPECT_EQ(key_of<tree::entry>({node_id{1}, layer_id{2}, "x"}), "entry 1/layer 2/'x'");
    EXPECT_EQ(key_of<tree::entry>({node_id{1}, layer_id{}, "a\n"}), "entry 1/'a\\n'");
    EXPECT_EQ(key_of<tree::head>(node_id{16}), "head 16");
    EXPECT_EQ(key_of<allocator>({}), "allocator");
}

TEST(Spelled, Values) {
    EXPECT_EQ(value_of<tree::entry>({protocol::dentry::inode{node_id{16}}, {17}, {}}),
              "inode (node 16, kind 2), written 17");
    EXPECT_EQ(value_of<tree::rev>({{3}}), "3");
    EXPECT_EQ(value_of<tree::binding>({node_id{1}, "x"}), "parent 1, name 'x'");
    EXPECT_EQ(value_of<tree::head>({protocol::directory::alive{}, {}, 0700, {5}}),
              "alive, mode 448, mtime 5 ns");
    obj_id id{obj_id::file, {}};
    id.digest.fill(std::byte{0x6a});
    EXPECT_EQ(value_of<tree::entry>({protocol::dentry::object{id}, {2}, {0600, {}, 7}}),
              "object (kind 1, digest 6a6a...), written 2, about (mode 384, size 7)");
}

struct odd {
    static constexpr char table = 'o';
    using key = std::uint64_t;

    bool set = false;
    std::optional<std::uint64_t> maybe;
    std::vector<std::string> names;
    std::array<std::byte, 2> two{};
};

TEST(Spelled, EveryKindOfMember) {
    const auto spell_odd = check::spelled_rows<odd>();
    const auto in_words = [&](const odd& value) {
        std::string bytes;
        encode_to(bytes, value);
        return spell_odd("o", bytes);
    };
    EXPECT_EQ(in_words({}), "as it begins");
    EXPECT_EQ(in_words({true, 4, {"a", "b"}, {std::byte{1}, std::byte{0xff}}}),
              "set yes, maybe 4, names ['a', 'b'], two 01ff");
    EXPECT_EQ(in_words({false, std::uint64_t{0}, {}, {}}), "maybe 0");
}

TEST(Spelled, WhatIsNoRowOfTheirsReadsAsItsBytes) {
    EXPECT_EQ(spell("z\x01", std::nullopt), "z\\x01");
    EXPECT_EQ(spell("z", "\n"), "\\n");
    EXPECT_EQ(spell("h\x01", std::nullopt), "h\\x01") << "a key cut short";
    EXPECT_EQ(spell(row_key<tree::rev>(node_id{1}), "12"), "12") << "a value cut short";
    EXPECT_EQ(spell("", std::nullopt), "");
}

// A change of a row must show.
TEST(Spelled, DifferentValuesReadDifferently) {
    law("entries", [](std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
        const auto made = [](std::uint64_t node, std::uint64_t written) {
            return tree::entry{protocol::dentry::inode{node_id{node}}, {written}, {}};
        };
        RC_ASSERT((made(a, b) == made(c, d)) == (value_of(made(a, b)) == value_of(made(c, d))));
    });
    law("names", [](const std::string& a, const std::string& b) {
        RC_ASSERT((a == b) == (value_of<tree::binding>({node_id{1}, a}) ==
                               value_of<tree::binding>({node_id{1}, b})));
    });
}

TEST(Spelled, AStoryWithoutItTellsBytes) {
    check::story plain{"plain"};
    EXPECT_EQ(plain.spelled("h\x01"), "h\\x01");
    EXPECT_EQ(plain.spelled("h", "\x02"), "\\x02");
    plain.spells(spell);
    EXPECT_EQ(plain.spelled(row_key<tree::rev>(node_id{7})), "rev 7");
}

}  // namespace
}  // namespace casement::testing::spelled_test
