#include <casement/blob/field.hpp>

#include <vector>

#include <gtest/gtest.h>

#include "support/property.hpp"

namespace casement::blob::field_test {
namespace {

/// A row with fields in every place where one can be.
struct shelf {
    field first;
    std::string title;
    std::optional<field> maybe;
    struct inner {
        std::uint64_t number = 0;
        field deep;
    } in;
    std::vector<field> many;
    digest last{};
};

std::string all_in(const shelf& s) {
    std::string found;
    for_each_field(s, [&](const field& f) { found += std::get<uri>(f).text; });
    return found;
}

TEST(field, null_empty_and_bytes_are_three_things) {
    const field nothing = null{}, empty = bytes{}, some = bytes{"x"}, elsewhere = uri{"x"};
    EXPECT_NE(nothing, empty);
    EXPECT_NE(empty, some);
    EXPECT_NE(some, elsewhere);
    EXPECT_EQ(field{}, nothing) << "a row begins without a blob";
    const field of_none = reference{0, sha256_of("")};
    EXPECT_NE(encode(nothing), encode(of_none)) << "and on disk too";
    const descriptor lies_here{placement::inline_row, 0, 0, {1}, {}, checksum_of(""),
                               sha256_of("")};
    EXPECT_NE(encode(stored_field{}), encode(stored_field{lies_here}));
    EXPECT_EQ(decode<stored_field>(encode(stored_field{lies_here})), stored_field{lies_here});
}

TEST(field, golden) {
    EXPECT_EQ(encode(field{}), std::string(1, '\0'));
    EXPECT_EQ(encode(field{uri{"s3://b"}}), "\2\6s3://b");
    digest d{};
    d.back() = std::byte{'z'};
    EXPECT_EQ(encode(field{reference{300, d}}), "\3\xac\2" + std::string(31, '\0') + "z");
}

TEST(field, one_value_one_encoding) {
    testing::law("decode(encode(f)) == f", [](std::uint64_t size, const std::string& text) {
        for (const field& f :
             {field{}, field{uri{"u" + text}}, field{reference{size, sha256_of(text)}}})
            RC_ASSERT(decode<field>(encode(f)) == f);
    });
    testing::law("encode(decode(bytes)) == bytes", [](const std::string& raw) {
        if (const auto f = decode<field>(raw)) RC_ASSERT(encode(*f) == raw);
    });
}

TEST(field, a_row_never_decodes_to_bytes_of_its_own) {
    EXPECT_FALSE(decode<field>(std::string{"\1\1x", 3}));
    EXPECT_FALSE(decode<field>("\1"));
    EXPECT_FALSE(decode<field>("\4"));
}

TEST(field, a_uri_has_1_to_4096_bytes) {
    EXPECT_FALSE(decode<field>(std::string{"\2\0", 2}));
    const field longest = uri{std::string(uri_size_max, 'u')};
    EXPECT_EQ(decode<field>(encode(longest)), longest);
    std::string beyond{'\2'};
    encode_to(beyond, std::string(uri_size_max + 1, 'u'));
    EXPECT_FALSE(decode<field>(beyond));
}

TEST(field_death, what_no_row_may_hold_is_not_encoded) {
    EXPECT_DEATH((void)encode(field{bytes{"x"}}), "stored before it");
    EXPECT_DEATH((void)encode(field{uri{}}), "a URI of 1 to 4096 bytes");
    EXPECT_DEATH((void)encode(field{link{"file:///x"}}), "put it with tree::put");
    EXPECT_FALSE(decode<field>("\4\1x"));
    EXPECT_DEATH((void)encode(field{uri{std::string(uri_size_max + 1, 'u')}}), "a URI of 1 to");
}

TEST(for_each_field, finds_them_wherever_they_are) {
    shelf s{uri{"a"}, "title", uri{"b"}, {1, uri{"c"}}, {uri{"d"}, uri{"e"}}, {}};
    EXPECT_EQ(all_in(s), "abcde");
    for_each_field(s, [](field& f) { std::get<uri>(f).text += "."; });
    EXPECT_EQ(all_in(s), "a.b.c.d.e.");
    s.maybe.reset();
    s.many.clear();
    EXPECT_EQ(all_in(s), "a.c.");
}

}  // namespace
}  // namespace casement::blob::field_test
