#include <casement/core/codec.hpp>

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include <support/property.hpp>

namespace casement::codec_test {
namespace {

struct node_tag {
    static constexpr std::string_view name = "node";
};
using node = strong<node_tag>;
static_assert(node::name == "node");

struct absent {
    static constexpr std::uint8_t tag = 1;
    bool operator==(const absent&) const = default;
};
struct link {
    static constexpr std::uint8_t tag = 200;
    std::string path;
    bool operator==(const link&) const = default;
};
struct inode {
    static constexpr std::uint8_t tag = 7;
    node id;
    std::uint32_t mode;
    bool operator==(const inode&) const = default;
};
using target = std::variant<absent, link, inode>;

struct scalars {
    bool flag;
    std::uint8_t tiny;
    std::uint16_t small;
    std::uint32_t middling;
    std::uint64_t large;
    std::int64_t either_way;
    node id;
    std::array<std::byte, 3> raw;
    bool operator==(const scalars&) const = default;
};

/// A value with a member of every kind that the codec knows, each inside others.
struct everything {
    scalars plain;
    std::string text;
    std::optional<std::uint32_t> maybe;
    std::optional<scalars> nested;
    std::vector<std::string> list;
    std::vector<target> targets;
    target chosen;
    bool operator==(const everything&) const = default;
};

scalars any_scalars() {
    scalars s{};
    s.flag = *rc::gen::arbitrary<bool>();
    s.tiny = *rc::gen::arbitrary<std::uint8_t>();
    s.small = *rc::gen::arbitrary<std::uint16_t>();
    s.middling = *rc::gen::arbitrary<std::uint32_t>();
    s.large = *rc::gen::arbitrary<std::uint64_t>();
    s.either_way = *rc::gen::arbitrary<std::int64_t>();
    s.id = node{*rc::gen::arbitrary<std::uint64_t>()};
    for (auto& b : s.raw) b = static_cast<std::byte>(*rc::gen::arbitrary<std::uint8_t>());
    return s;
}

target any_target() {
    switch (*rc::gen::inRange(0, 3)) {
        case 0: return absent{};
        case 1: return link{*rc::gen::arbitrary<std::string>()};
        default:
            return inode{node{*rc::gen::arbitrary<std::uint64_t>()},
                         *rc::gen::arbitrary<std::uint32_t>()};
    }
}

everything any_everything() {
    everything e{};
    e.plain = any_scalars();
    e.text = *rc::gen::arbitrary<std::string>();
    if (*rc::gen::arbitrary<bool>()) e.maybe = *rc::gen::arbitrary<std::uint32_t>();
    if (*rc::gen::arbitrary<bool>()) e.nested = any_scalars();
    e.list = *rc::gen::arbitrary<std::vector<std::string>>();
    for (int i = *rc::gen::inRange(0, 4); i > 0; --i) e.targets.push_back(any_target());
    e.chosen = any_target();
    return e;
}

/// One byte of `bytes` changed, dropped or added, anywhere.
std::string damaged(std::string bytes) {
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size() + 1);
    const auto byte = *rc::gen::arbitrary<char>();
    const auto how = *rc::gen::inRange(0, 3);
    if (how == 0 || at == bytes.size()) return bytes.insert(at, 1, byte);
    if (how == 1) return bytes.erase(at, 1);
    bytes[at] = byte;
    return bytes;
}

/// The law of one encoding: what is accepted at all is what encoding writes.
template <class T>
void expect_canonical(const std::string& bytes) {
    if (const auto value = decode<T>(bytes)) RC_ASSERT(encode(*value) == bytes);
}

template <class T>
void expect_both_ways(const T& value) {
    RC_ASSERT(decode<T>(encode(value)) == value);
}

std::string bytes_of(std::initializer_list<int> list) {
    std::string out;
    for (const int b : list) out.push_back(static_cast<char>(b));
    return out;
}

TEST(codec, writes_each_form_as_the_header_says) {
    EXPECT_EQ(encode(true), bytes_of({1}));
    EXPECT_EQ(encode(std::uint8_t{127}), bytes_of({0x7f}));
    EXPECT_EQ(encode(std::uint32_t{300}), bytes_of({0xac, 0x02}));
    EXPECT_EQ(encode(std::int64_t{0}), bytes_of({0}));
    EXPECT_EQ(encode(std::int64_t{-1}), bytes_of({1}));
    EXPECT_EQ(encode(std::int64_t{1}), bytes_of({2}));
    EXPECT_EQ(encode(std::numeric_limits<std::int64_t>::min()),
              bytes_of({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}));
    EXPECT_EQ(encode(node{128}), bytes_of({0x80, 0x01}));
    EXPECT_EQ(encode(std::array{std::byte{9}, std::byte{8}}), bytes_of({9, 8}));
    EXPECT_EQ(encode(std::string{"ab"}), bytes_of({2, 'a', 'b'}));
    EXPECT_EQ(encode(std::optional<std::uint8_t>{}), bytes_of({0}));
    EXPECT_EQ(encode(std::optional<std::uint8_t>{5}), bytes_of({1, 5}));
    EXPECT_EQ(encode(std::vector<std::uint8_t>{7, 6}), bytes_of({2, 7, 6}));
    EXPECT_EQ(encode(target{absent{}}), bytes_of({1}));
    EXPECT_EQ(encode(target{link{"x"}}), bytes_of({200, 1, 'x'}));
    EXPECT_EQ(encode(target{inode{node{3}, 0x1ff}}), bytes_of({7, 3, 0xff, 0x03}));
}

TEST(codec, reads_only_the_shortest_form_of_a_number) {
    EXPECT_EQ(decode<std::uint64_t>(bytes_of({0x80, 0x00})), std::nullopt) << "a longer 0";
    EXPECT_EQ(decode<std::uint64_t>(bytes_of({0xff, 0x00})), std::nullopt) << "a longer 127";
    EXPECT_EQ(decode<std::uint64_t>(bytes_of({0x80})), std::nullopt) << "cut short";
    EXPECT_EQ(decode<std::uint64_t>(std::string(9, '\xff') + '\1'),
              std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(decode<std::uint64_t>(std::string(9, '\xff') + '\2'), std::nullopt) << "65 bits";
    EXPECT_EQ(decode<std::uint64_t>(std::string(10, '\xff') + '\1'), std::nullopt) << "70 bits";
}

TEST(codec, refuses_a_number_beyond_its_type) {
    EXPECT_EQ(decode<std::uint8_t>(bytes_of({0xff, 0x01})), 255);
    EXPECT_EQ(decode<std::uint8_t>(bytes_of({0x80, 0x02})), std::nullopt);
    EXPECT_EQ(decode<std::uint16_t>(bytes_of({0x80, 0x80, 0x04})), std::nullopt);
    EXPECT_EQ(decode<std::uint32_t>(bytes_of({0x80, 0x80, 0x80, 0x80, 0x10})), std::nullopt);
}

TEST(codec, refuses_what_no_value_encodes_to) {
    EXPECT_EQ(decode<bool>(bytes_of({2})), std::nullopt);
    EXPECT_EQ(decode<bool>(""), std::nullopt);
    EXPECT_EQ(decode<bool>(bytes_of({1, 0})), std::nullopt) << "bytes left over";
    EXPECT_EQ(decode<std::string>(bytes_of({3, 'a', 'b'})), std::nullopt);
    EXPECT_EQ(decode<std::optional<std::uint8_t>>(bytes_of({2, 5})), std::nullopt);
    EXPECT_EQ((decode<std::array<std::byte, 2>>("x")), std::nullopt);
    EXPECT_EQ(decode<target>(bytes_of({2})), std::nullopt) << "a tag that no one has";
    EXPECT_EQ(decode<target>(bytes_of({200, 2, 'x'})), std::nullopt);
    EXPECT_EQ(decode<target>(""), std::nullopt);
}

TEST(codec, allocates_no_more_than_the_input_can_fill) {
    std::string bytes;
    append_varint(bytes, std::uint64_t{1} << 60);
    EXPECT_EQ(decode<std::vector<std::uint8_t>>(bytes + "abc"), std::nullopt);
    EXPECT_EQ(decode<std::string>(bytes + "abc"), std::nullopt);
}

TEST(codec, returns_the_value_that_was_encoded) {
    testing::law("decode(encode(x)) == x", [] { expect_both_ways(any_everything()); });
    testing::law("of unsigned numbers", expect_both_ways<std::uint64_t>);
    testing::law("of signed numbers", expect_both_ways<std::int64_t>);
    testing::law("of strings", expect_both_ways<std::string>);
    for (int shift = 0; shift < 64; ++shift)
        for (const std::uint64_t near : {0u, 1u, 2u}) {
            const auto n = (std::uint64_t{1} << shift) - 1 + near;
            EXPECT_EQ(decode<std::uint64_t>(encode(n)), n);
            const auto s = static_cast<std::int64_t>(n);
            EXPECT_EQ(decode<std::int64_t>(encode(s)), s);
        }
}

TEST(codec, has_one_encoding_for_each_value) {
    testing::law("accepted bytes are the encoding: damaged encodings",
                 [] { expect_canonical<everything>(damaged(encode(any_everything()))); });
    testing::law("accepted bytes are the encoding: any bytes", [](const std::string& bytes) {
        expect_canonical<everything>(bytes);
        expect_canonical<scalars>(bytes);
        expect_canonical<target>(bytes);
        expect_canonical<std::vector<std::optional<std::int64_t>>>(bytes);
        expect_canonical<std::uint64_t>(bytes);
    });
}

TEST(codec, accepts_every_short_string_or_gives_it_back_exactly) {
    int accepted = 0;
    for (int first = 0; first < 256; ++first)
        for (int second = 0; second < 256; ++second) {
            const auto bytes = bytes_of({first, second});
            if (const auto n = decode<std::uint16_t>(bytes)) {
                ++accepted;
                EXPECT_EQ(encode(*n), bytes);
            }
        }
    EXPECT_EQ(accepted, (1 << 14) - (1 << 7)) << "the numbers that take two bytes";
}

TEST(codec, is_free_of_prefixes) {
    testing::law("no encoding begins another one's", [] {
        const auto bytes = encode(any_everything());
        const auto cut = *rc::gen::inRange<std::size_t>(0, bytes.size());
        RC_ASSERT(!decode<everything>(bytes.substr(0, cut)));
    });
}

TEST(codec, decodes_in_constant_expressions) {
    // Decoding only: libstdc++ 12's string is no constant for clang.
    static_assert(decode<std::uint8_t>("\x05") == 5);
    static_assert(!decode<bool>("\x02"));
    EXPECT_EQ(decode<std::uint8_t>("\x05"), 5);
}

TEST(reader, stays_failed_after_the_first_failure) {
    reader in{"abc"};
    std::string_view taken;
    EXPECT_TRUE(in.take(1, taken));
    EXPECT_EQ(taken, "a");
    EXPECT_FALSE(in.take(3, taken));
    EXPECT_FALSE(in.ok());
    std::uint8_t byte = 0;
    EXPECT_FALSE(in.byte(byte)) << "though two bytes are left";
    EXPECT_FALSE(in.take(0, taken));
    EXPECT_FALSE(in.finished());
    EXPECT_EQ(in.rest(), "bc");
}

TEST(reader, is_finished_when_all_is_read) {
    reader in{"x"};
    EXPECT_FALSE(in.finished());
    std::uint8_t byte = 0;
    EXPECT_TRUE(in.byte(byte));
    EXPECT_EQ(byte, 'x');
    EXPECT_TRUE(in.finished());
    EXPECT_FALSE(in.refuse());
    EXPECT_FALSE(in.finished());
}

TEST(big64, sorts_as_its_numbers_do) {
    testing::law("the order of the bytes is the order of the numbers",
                 [](std::uint64_t a, std::uint64_t b) {
                     std::string x, y;
                     append_big64(x, a);
                     append_big64(y, b);
                     RC_ASSERT((x < y) == (a < b));
                     reader in{x};
                     std::uint64_t back = 0;
                     RC_ASSERT(in.big64(back) && in.finished() && back == a);
                 });
    std::string bytes;
    append_big64(bytes, 0x0102030405060708u);
    EXPECT_EQ(bytes, bytes_of({1, 2, 3, 4, 5, 6, 7, 8}));
    reader cut{std::string_view{bytes}.substr(1)};
    std::uint64_t n = 0;
    EXPECT_FALSE(cut.big64(n));
}

}  // namespace
}  // namespace casement::codec_test
