#include <casement/blob/descriptor.hpp>

#include <gtest/gtest.h>

#include <casement/blob/pack_format.hpp>

#include "support/property.hpp"

namespace casement::blob::descriptor_test {
namespace {

digest counting_digest() {
    digest d;
    for (std::size_t i = 0; i < d.size(); ++i) d[i] = static_cast<std::byte>(i);
    return d;
}

descriptor packed_one() {
    return {placement::packed,
            to_number({pack_id{3}, 128}),
            300'000,
            blob_id{77},
            {},
            0x0102030405060708,
            counting_digest()};
}

std::string hex(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        out += "0123456789abcdef"[static_cast<std::uint8_t>(c) >> 4];
        out += "0123456789abcdef"[c & 15];
    }
    return out;
}

constexpr auto all_digits = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

TEST(descriptor, golden) {
    //  version, kind, position 3 << 32 | 128, size 300000, id 77, no uri, check, content
    EXPECT_EQ(hex(encode(packed_one())), std::string{"01"
                                                     "02"
                                                     "8081808030"
                                                     "e0a712"
                                                     "4d"
                                                     "00"
                                                     "0102030405060708"} +
                                             all_digits);
    EXPECT_EQ(hex(encode(external_descriptor("s3://b/k"))), std::string{"01"
                                                                        "04"
                                                                        "00"
                                                                        "00"
                                                                        "00"
                                                                        "08"
                                                                        "73333a2f2f622f6b"
                                                                        "0000000000000000"} +
                                                                std::string(64, '0'));
    EXPECT_LE(encode(packed_one()).size(), 30 + sizeof(digest)) << "SPEC B2: about 30 bytes";
}

TEST(descriptor, one_value_one_encoding) {
    testing::law("decode(encode(d)) == d", [](std::uint32_t pack, std::uint32_t slot,
                                              std::uint32_t size, std::uint64_t id,
                                              std::uint64_t check, const std::string& name) {
        const auto content = counting_digest();
        const auto offset = std::max<std::uint32_t>(first_payload, slot / 64 * 64);
        size = std::max(size, 1u);
        for (const auto& d :
             {descriptor{placement::inline_row, 0, size, {id}, {}, check, content},
              descriptor{
                  placement::packed, to_number({{pack}, offset}), size, {id}, {}, check, content},
              descriptor{placement::dedicated, 0, size, {id}, {}, check, content},
              descriptor{placement::external, 0, size, {id}, "x:" + name, check, content},
              external_descriptor("x:" + name)}) {
            RC_ASSERT(valid(d));
            RC_ASSERT(decode<descriptor>(encode(d)) == d);
        }
    });
}

TEST(descriptor, what_decodes_is_what_would_be_encoded) {
    testing::law("encode(decode(bytes)) == bytes", [](std::uint8_t place, std::uint8_t value) {
        auto raw = encode(packed_one());
        raw[place % raw.size()] = static_cast<char>(value);
        const auto d = decode<descriptor>(raw);
        RC_ASSERT((!d || encode(*d) == raw));
    });
}

TEST(descriptor, no_prefix_and_no_extension_is_one) {
    const auto raw = encode(packed_one());
    for (std::size_t n = 0; n < raw.size(); ++n)
        EXPECT_EQ(read_descriptor(raw.substr(0, n), "row").error().code(), errc::corrupt) << n;
    EXPECT_FALSE(decode<descriptor>(raw + '\0'));
}

TEST(read_descriptor, tells_a_later_version_from_damage) {
    auto raw = encode(packed_one());
    EXPECT_EQ(read_descriptor(raw, "row"), packed_one());
    raw[0] = 2;
    const auto later = read_descriptor(raw, "blob row 7");
    ASSERT_FALSE(later);
    EXPECT_EQ(later.error().code(), errc::newer_format);
    EXPECT_EQ(later.error().message(),
              "read descriptor 'blob row 7': version 2, this library knows up to 1");
    raw[0] = 0;
    EXPECT_EQ(read_descriptor(raw, "row").error().code(), errc::corrupt);
}

TEST(descriptor, contradictions_are_invalid) {
    const auto wrong = [](auto change, descriptor d = packed_one()) {
        change(d);
        return !valid(d);
    };
    EXPECT_FALSE(wrong([](auto&) {}));
    EXPECT_TRUE(wrong([](auto& d) { d.uri = "x:"; }));
    EXPECT_TRUE(wrong([](auto& d) { d.size = 0; })) << "an empty blob lies in a row";
    EXPECT_TRUE(wrong([](auto& d) { d.position += 1; })) << "not at a multiple of 64";
    EXPECT_TRUE(wrong([](auto& d) { d.position = to_number({pack_id{3}, 64}); }));
    EXPECT_TRUE(wrong([](auto& d) { d.size = pack_limit + 1; }));
    EXPECT_TRUE(wrong([](auto& d) { d.kind = placement::dedicated; })) << "it has a position";
    EXPECT_TRUE(wrong([](auto& d) { d.kind = placement::inline_row; }));
    EXPECT_TRUE(wrong([](auto& d) { d.kind = static_cast<placement>(5); }));
    const auto external = external_descriptor("file:///x");
    EXPECT_FALSE(wrong([](auto&) {}, external));
    EXPECT_TRUE(wrong([](auto& d) { d.uri.clear(); }, external));
    EXPECT_TRUE(wrong([](auto& d) { d.uri.resize(uri_size_max + 1); }, external));
    EXPECT_TRUE(wrong([](auto& d) { d.check = 1; }, external)) << "of a size that is not known";
    EXPECT_TRUE(wrong([](auto& d) { d.content[0] = std::byte{1}; }, external));
    EXPECT_FALSE(wrong([](auto& d) { d.size = 1; }, external)) << "a link to what was read";
    EXPECT_TRUE(wrong([](auto& d) { d.size = 1, d.position = 64; }, external));
}

TEST(descriptor_death, an_invalid_one_is_never_encoded) {
    EXPECT_DEATH((void)encode(descriptor{.kind = placement::packed}), "a valid descriptor");
}

}  // namespace
}  // namespace casement::blob::descriptor_test
