#include <casement/blob/pack_format.hpp>

#include <gtest/gtest.h>

namespace casement::blob::pack_format_test {
namespace {

constexpr std::uint64_t magic = 0x1122334455667788;

frame_header some_frame() {
    frame_header h{magic, 300, {0x4d}, 0x0102030405060708, 128, {}};
    for (std::size_t i = 0; i < h.content.size(); ++i) h.content[i] = static_cast<std::byte>(i);
    return h;
}

std::string hex(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        out += "0123456789abcdef"[static_cast<std::uint8_t>(c) >> 4];
        out += "0123456789abcdef"[c & 15];
    }
    return out;
}

TEST(pack_format, golden) {
    EXPECT_EQ(hex(encode_pack_header({{3}, magic})),
              "434153455041434b"
              "01000000"
              "00000000"
              "0300000000000000"
              "8877665544332211"
              "00000000000000000000000000000000000000000000000000000000"
              "c5dbda31");
    EXPECT_EQ(hex(encode_frame_header(some_frame())),
              "8877665544332211"
              "00000000"
              "00000000"
              "2c01000000000000"
              "4d00000000000000"
              "0807060504030201"
              "80000000"
              "000102030405060708090a0b0c0d0e0f"
              "bcda3276");
    EXPECT_EQ(encode_pack_header({{3}, magic}).size(), pack_header_size);
    EXPECT_EQ(encode_frame_header(some_frame()).size(), frame_header_size);
}

TEST(pack_format, headers_are_read_back) {
    EXPECT_EQ(decode_pack_header(encode_pack_header({{3}, magic}), "p"), (pack_header{{3}, magic}));
    EXPECT_EQ(decode_frame_header(encode_frame_header(some_frame()), magic, 128), some_frame());
}

TEST(pack_format, every_flipped_bit_of_a_header_is_seen) {
    const auto pack = encode_pack_header({{3}, magic});
    const auto frame = encode_frame_header(some_frame());
    for (std::size_t i = 0; i < 8 * pack_header_size; ++i) {
        auto flipped = pack;
        flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ 1 << i % 8);
        EXPECT_EQ(decode_pack_header(flipped, "p").error().code(), errc::corrupt) << i;
        flipped = frame;
        flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ 1 << i % 8);
        EXPECT_FALSE(decode_frame_header(flipped, magic, 128)) << i;
    }
}

TEST(pack_format, every_shorter_header_is_refused) {
    for (std::size_t n = 0; n < pack_header_size; ++n) {
        EXPECT_FALSE(decode_pack_header(encode_pack_header({{3}, magic}).substr(0, n), "p")) << n;
        EXPECT_FALSE(
            decode_frame_header(encode_frame_header(some_frame()).substr(0, n), magic, 128));
    }
}

// A whole frame that was copied somewhere else is none: a payload that holds a pack forges nothing.
TEST(pack_format, a_frame_belongs_to_its_pack_and_its_place) {
    const auto raw = encode_frame_header(some_frame());
    EXPECT_FALSE(decode_frame_header(raw, magic + 1, 128));
    EXPECT_FALSE(decode_frame_header(raw, magic, 192));
}

TEST(pack_format, a_later_version_says_so) {
    auto raw = encode_pack_header({{3}, magic});
    raw[8] = 2;
    const auto crc = crc32c_of(std::string_view{raw}.substr(0, 60));
    for (int i = 0; i < 4; ++i) raw[60 + i] = static_cast<char>(crc >> 8 * i);
    EXPECT_EQ(decode_pack_header(raw, "p").error().code(), errc::newer_format);
}

TEST(pack_format, a_descriptor_tells_its_frame) {
    const descriptor d{placement::packed, to_number({{3}, 192}), 300, {0x4d}, {}, 9,
                       sha256_of("x")};
    const auto h = frame_of(d, magic);
    EXPECT_EQ(h.begin, 128u);
    EXPECT_EQ(h.length, 300u);
    EXPECT_EQ(h.check, 9u);
    EXPECT_EQ(h.content, prefix_of(sha256_of("x")));
}

TEST(pack_format, positions_are_aligned) {
    EXPECT_EQ(aligned(0), 0u);
    EXPECT_EQ(aligned(1), 64u);
    EXPECT_EQ(aligned(64), 64u);
    EXPECT_EQ(to_pack_position(to_number({{0xfffffffe}, 0xffffffc0})),
              (pack_position{{0xfffffffe}, 0xffffffc0}));
}

}  // namespace
}  // namespace casement::blob::pack_format_test
