#include <casement/kv/row.hpp>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include <casement/kv/memory.hpp>
#include <casement/kv/transaction.hpp>
#include <support/property.hpp>

#include "kv/far_store.hpp"
#include "kv/store_script.hpp"

namespace casement::row_test {
namespace {

struct node_tag {
    static constexpr std::string_view name = "node";
};
using node = strong<node_tag>;
static_assert(node::name == "node");

/// A row under an id.
struct head {
    static constexpr char table = 'h';
    using key = node;
    bool alive = false;
    std::string note;
    bool operator==(const head&) const = default;
};

/// A row under all that a key may be made of, the name last.
struct place {
    node parent;
    std::uint64_t layer;
    std::uint8_t kind;
    std::array<std::byte, 4> mark;
    std::string_view name;
};
struct entry {
    static constexpr char table = 'e';
    using key = place;
    std::uint64_t target = 0;
    bool operator==(const entry&) const = default;
};

struct visits {
    static constexpr char table = 'v';
    using key = node;
    count n;
};

struct two_counts {
    static constexpr char table = 'w';
    using key = node;
    count n, m;
};

struct only {
    static constexpr char table = 'o';
    struct key {};
    std::uint64_t value = 0;
};

static_assert(row<head> && row<entry> && row<only> && !row<place>);
static_assert(counter_row<visits> && !counter_row<two_counts> && !counter_row<head>);

/// A place, with the name in a string that it views.
struct owned_place {
    place key;
    std::string name;
    [[nodiscard]] place get() const {
        auto p = key;
        p.name = name;
        return p;
    }
};

owned_place any_place() {
    owned_place p{};
    // Few and extreme numbers, so that keys often share what comes first.
    const auto number = [] {
        return *rc::gen::element<std::uint64_t>(0, 1, 255, 256, 1ull << 63, ~0ull);
    };
    p.key.parent = node{number()};
    p.key.layer = number();
    p.key.kind = *rc::gen::element<std::uint8_t>(0, 1, 127, 128, 255);
    for (auto& b : p.key.mark) b = static_cast<std::byte>(*rc::gen::element(0, 1, 255));
    p.name = *rc::gen::container<std::string>(
        rc::gen::map(rc::gen::element(0, 'a', 'b', 128, 255), [](int c) { return char(c); }));
    return p;
}

auto as_tuple(const owned_place& p) {
    return std::tuple{p.key.parent.value, p.key.layer, p.key.kind, p.key.mark, std::string{p.name}};
}

/// Bytes as numbers, as the engines order them: `char` may be signed.
std::vector<std::uint8_t> bytes_of(const std::string& s) { return {s.begin(), s.end()}; }

TEST(row_key, is_the_table_and_the_members) {
    EXPECT_EQ(row_key<head>(node{0x0102}), std::string("h\0\0\0\0\0\0\1\2", 9));
    EXPECT_EQ(row_key<only>({}), "o");
    EXPECT_EQ((row_key<entry>({node{1}, 2, 3, {std::byte{4}}, "name"})),
              std::string("e\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2\3\4\0\0\0name", 26));
}

TEST(row_key, parses_to_what_it_was_made_of) {
    testing::law("parse after build", [] {
        const auto p = any_place();
        const auto bytes = row_key<entry>(p.get());
        const auto back = parse_row_key<entry>(bytes);
        RC_ASSERT(back.has_value());
        RC_ASSERT(as_tuple({*back, std::string{back->name}}) == as_tuple(p));
        RC_ASSERT(!parse_row_key<head>(bytes).has_value());
    });
    testing::law("build after parse", [](std::string bytes) {
        if (*rc::gen::arbitrary<bool>()) bytes.insert(0, 1, entry::table);
        if (const auto key = parse_row_key<entry>(bytes)) RC_ASSERT(row_key<entry>(*key) == bytes);
    });
}

TEST(row_key, sorts_as_its_members_do) {
    testing::law("order", [] {
        const auto a = any_place(), b = any_place();
        const auto by_members = [](const owned_place& x, const owned_place& y) {
            const auto front = [](const owned_place& p) {
                return std::tuple{p.key.parent.value, p.key.layer, p.key.kind, p.key.mark};
            };
            if (front(x) != front(y)) return front(x) < front(y);
            return bytes_of(x.name) < bytes_of(y.name);
        };
        const auto ka = row_key<entry>(a.get()), kb = row_key<entry>(b.get());
        RC_ASSERT((ka < kb) == by_members(a, b));
        RC_ASSERT((bytes_of(ka) < bytes_of(kb)) == by_members(a, b));
    });
}

TEST(row_key, what_is_no_key_is_refused) {
    EXPECT_FALSE(parse_row_key<head>(""));
    EXPECT_FALSE(parse_row_key<head>("h"));
    EXPECT_FALSE(parse_row_key<head>("h1234567"));
    EXPECT_TRUE(parse_row_key<head>("h12345678"));
    EXPECT_FALSE(parse_row_key<head>("h123456789"));
    EXPECT_FALSE(parse_row_key<head>("v12345678"));
    EXPECT_FALSE(parse_row_key<only>("o1"));
}

TEST(after_prefix, bounds_exactly_the_prefix) {
    EXPECT_EQ(after_prefix("a"), "b");
    EXPECT_EQ(after_prefix("a\xff\xff"), "b");
    EXPECT_EQ(after_prefix(std::string{'\x7f'}), "\x80");
    testing::law("every key is below it exactly if it has the prefix or is below that",
                 [](std::string prefix, const std::string& rest) {
                     prefix.insert(0, 1, 'p');
                     const auto end = after_prefix(prefix);
                     RC_ASSERT(prefix + rest < end);
                     const auto other = *rc::gen::arbitrary<std::string>();
                     if (other >= prefix && !other.starts_with(prefix)) RC_ASSERT(other >= end);
                 });
    EXPECT_DEATH((void)after_prefix("\xff\xff"), "below 0xff");
    EXPECT_DEATH((void)after_prefix(""), "below 0xff");
}

TEST(count, is_eight_bytes) {
    EXPECT_EQ(encode(visits{{0x0102}}), std::string("\0\0\0\0\0\0\1\2", 8));
    EXPECT_EQ(decode<visits>(testing::counter(7))->n.value, 7u);
    EXPECT_FALSE(decode<visits>("1234567"));
}

TEST(seen, remembers_the_exact_row) {
    memory_store kv;
    const auto none = read<head>(kv, node{1});
    ASSERT_TRUE(none);
    EXPECT_FALSE(none->exists());
    ASSERT_TRUE(transaction{kv}.put<head>(node{1}, {true, "n"}).commit());

    const auto token = read<head>(kv, node{1});
    ASSERT_TRUE(token);
    EXPECT_TRUE(*token);
    EXPECT_EQ(**token, (head{true, "n"}));
    EXPECT_EQ((*token)->note, "n");
    EXPECT_EQ(token->key(), node{1});
    EXPECT_EQ(token->at(), kv.get(token->key_bytes())->at);
    const auto g = token->unchanged("as it was");
    EXPECT_EQ(g.key, row_key<head>(node{1}));
    EXPECT_EQ(g.expected, encode(head{true, "n"}));
    EXPECT_EQ(g.seen_at, token->at());
    EXPECT_EQ(g.name, "as it was");
    EXPECT_EQ(none->unchanged("").expected, std::nullopt);
}

TEST(seen_death, what_does_not_exist_has_no_value) {
    memory_store kv;
    const auto none = read<head>(kv, node{1});
    ASSERT_TRUE(none);
    EXPECT_DEATH((void)**none, "exists");
}

TEST(seen, a_row_that_is_none_is_corrupt) {
    memory_store kv;
    const auto key = row_key<head>(node{1});
    for (const std::string& bytes : {std::string{}, std::string{"\2"}, encode(head{}) + "x"}) {
        ASSERT_TRUE(testing::commit(kv, {}, {testing::put(key, bytes)}));
        const auto r = read<head>(kv, node{1});
        ASSERT_FALSE(r);
        EXPECT_EQ(r.error().code(), errc::corrupt);
    }
}

TEST(seen, comes_back_from_its_record) {
    testing::law("record", [](bool alive, const std::string& note, std::uint64_t id) {
        memory_store kv;
        const bool there = *rc::gen::arbitrary<bool>();
        if (there)
            RC_ASSERT(transaction{kv}.put<head>(node{id}, {alive, note}).commit().has_value());
        const auto token = *read<head>(kv, node{id});
        const auto back = seen<head>::from_record(token.to_record());
        RC_ASSERT(back.has_value());
        RC_ASSERT(back->key() == node{id});
        RC_ASSERT(back->exists() == there);
        if (there) RC_ASSERT(**back == *token);
        RC_ASSERT(back->unchanged("").expected == token.unchanged("").expected);
        // It promises nothing about when: it is compared in full.
        RC_ASSERT(back->at() == version{});
        RC_ASSERT(transaction{kv}.expect(*back, "as recorded").commit().has_value());
    });
}

TEST(seen, a_record_that_is_none_is_refused) {
    memory_store kv;
    ASSERT_TRUE(transaction{kv}.put<head>(node{1}, {true, "note"}).commit());
    const auto record = read<head>(kv, node{1})->to_record();
    const auto refused = [](std::string_view bytes) {
        const auto r = seen<head>::from_record(bytes);
        return !r && r.error().code() == errc::corrupt;
    };
    for (std::size_t n = 0; n < record.size(); ++n) EXPECT_TRUE(refused(record.substr(0, n))) << n;
    EXPECT_TRUE(refused(record + '\0'));
    // A record of another row.
    EXPECT_FALSE(seen<visits>::from_record(record));
    // Whatever else is accepted is the record of what it is taken for.
    testing::law("flipped", [&](std::uint8_t mask) {
        auto bytes = record;
        const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
        bytes[at] = static_cast<char>(bytes[at] ^ mask);
        if (const auto r = seen<head>::from_record(bytes)) RC_ASSERT(r->to_record() == bytes);
    });
}

TEST(seen, a_scan_is_a_read) {
    memory_store kv;
    for (std::uint64_t id = 1; id <= 3; ++id)
        ASSERT_TRUE(transaction{kv}.put<head>(node{id}, {true, "n"}).commit());
    const auto at = kv.get("")->at;
    std::vector<node> ids;
    for (auto rows = kv.scan("h", after_prefix("h")); rows.valid(); rows.next()) {
        const auto token = seen_in_scan<head>(rows.key(), rows.value(), at);
        ASSERT_TRUE(token);
        ids.push_back(token->key());
        EXPECT_TRUE(transaction{kv}.expect(*token, "as scanned").commit());
    }
    EXPECT_EQ(ids, (std::vector{node{1}, node{2}, node{3}}));
}

TEST(seen, a_scan_over_other_rows_is_corrupt) {
    const auto key = row_key<head>(node{1}), value = encode(head{});
    EXPECT_TRUE(seen_in_scan<head>(key, value, {}));
    for (const auto& [k, v] : {std::pair{key, std::string{"\2"}},
                               {key + "x", value},
                               {row_key<visits>(node{1}), value}}) {
        const auto r = seen_in_scan<head>(k, v, {});
        ASSERT_FALSE(r);
        EXPECT_EQ(r.error().code(), errc::corrupt);
    }
}

using casement::testing::far_store;
static_assert(!far<memory_store>);

TEST(together, of_what_is_near_is_the_source_itself) {
    const memory_store kv;
    EXPECT_EQ(&together<head>(kv, node{1}), &kv);
    static_assert(std::same_as<decltype(snapshot_with<head>(kv, node{1})), memory_store>);
}

TEST(together, of_what_is_far_is_one_journey_to_one_instant) {
    far_store kv;
    ASSERT_TRUE(transaction{kv}.put<head>(node{1}, {}).put<visits>(node{1}, {}).commit());
    const auto rows = together<head, visits, head>(kv, node{1}, node{1}, node{2});
    ASSERT_TRUE(transaction{kv}.erase<visits>(node{1}).commit());
    EXPECT_TRUE(read<head>(rows, node{1})->exists());
    EXPECT_TRUE(read<visits>(rows, node{1})->exists());
    EXPECT_FALSE(read<head>(rows, node{2})->exists());
    EXPECT_EQ(kv.journeys, 1);
    EXPECT_FALSE(read<visits>(snapshot_with<visits>(kv, node{1}), node{1})->exists());
    EXPECT_EQ(kv.journeys, 2);
}

}  // namespace
}  // namespace casement::row_test
