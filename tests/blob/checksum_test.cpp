#include <casement/blob/checksum.hpp>

#include <gtest/gtest.h>

#include "support/property.hpp"

namespace casement::blob::checksum_test {
namespace {

std::string text_of(std::size_t size) {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 31 + i / 251);
    return out;
}

TEST(chunk_count, at_each_boundary) {
    EXPECT_EQ(chunk_count(0), 0u);
    EXPECT_EQ(chunk_count(1), 1u);
    EXPECT_EQ(chunk_count(chunk_size), 1u);
    EXPECT_EQ(chunk_count(chunk_size + 1), 2u);
    EXPECT_EQ(chunk_count(~std::uint64_t{0}), (~std::uint64_t{0} >> 18) + 1);
}

TEST(payload_hasher, hashes_alike_however_the_payload_is_cut) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, chunk_size - 1, chunk_size,
                                   chunk_size + 1, 3 * chunk_size, 3 * chunk_size + 7}) {
        const auto payload = text_of(size);
        payload_hasher at_once, in_chunks;
        at_once.take(payload);
        for (std::size_t o = 0; o < size; o += chunk_size)
            in_chunks.take(std::string_view{payload}.substr(o, chunk_size));
        const auto hash = at_once.finish();
        EXPECT_EQ(hash, in_chunks.finish());
        EXPECT_EQ(hash.content, sha256_of(payload));
        ASSERT_EQ(hash.sums.size(), chunk_count(size));
        for (std::size_t i = 0; i < hash.sums.size(); ++i)
            EXPECT_EQ(hash.sums[i],
                      checksum_of(std::string_view{payload}.substr(i * chunk_size, chunk_size)));
    }
}

TEST(check_of, is_of_the_payload_or_of_its_sums) {
    EXPECT_EQ(check_of({}), checksum_of(""));
    EXPECT_EQ(check_of({42}), 42u);
    EXPECT_EQ(check_of({1, 0x0200}),
              checksum_of(std::string_view{"\1\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0", 16}));
}

TEST(verify_sums, accepts_only_the_sums_of_the_check) {
    const chunk_sums sums{1, 2, 3};
    const auto size = 2 * chunk_size + 1;
    EXPECT_TRUE(verify_sums(sums, size, check_of(sums), "blob 1"));
    const auto refused = [](const chunk_sums& wrong, std::uint64_t bytes, std::uint64_t check) {
        const auto verified = verify_sums(wrong, bytes, check, "blob 1");
        return !verified && verified.error().code() == errc::corrupt;
    };
    EXPECT_TRUE(refused({1, 2}, size, check_of(sums)));
    EXPECT_TRUE(refused({1, 3, 2}, size, check_of(sums)));
    EXPECT_TRUE(refused({1, 2, 3}, size - 1, check_of(sums)));
    EXPECT_TRUE(refused({}, size, check_of({})));
    EXPECT_TRUE(refused({7}, 5, 8));
    EXPECT_TRUE(verify_sums({}, 5, 8, "blob 1")) << "of one chunk the check is the sum";
    EXPECT_TRUE(verify_sums({8}, 5, 8, "blob 1"));
    EXPECT_TRUE(verify_sums({}, 0, checksum_of(""), "blob 1"));
    EXPECT_TRUE(refused({}, 0, 1));
}

TEST(sums_rows, golden) {
    EXPECT_EQ(encode_sums(chunk_sums{0x0102030405060708, 1}),
              std::vector<std::string>{
                  std::string("\x08\x07\x06\x05\x04\x03\x02\x01\x01\0\0\0\0\0\0\0", 16)});
}

TEST(sums_rows, hold_1024_sums_each) {
    for (const std::size_t count : {0u, 1u, 1023u, 1024u, 1025u, 3000u}) {
        chunk_sums sums(count);
        for (std::size_t i = 0; i < count; ++i) sums[i] = i * 0x9e3779b97f4a7c15;
        const auto rows = encode_sums(sums);
        EXPECT_EQ(rows.size(), (count + sums_per_row - 1) / sums_per_row);
        chunk_sums back;
        for (const auto& row : rows) ASSERT_TRUE(decode_sums(row, back, "row"));
        EXPECT_EQ(back, sums);
    }
}

TEST(sums_rows, of_a_wrong_length_are_corrupt) {
    chunk_sums out;
    for (const std::size_t length : {std::size_t{0}, std::size_t{7}, 8 * sums_per_row + 8})
        EXPECT_EQ(decode_sums(std::string(length, 'x'), out, "row").error().code(), errc::corrupt);
    EXPECT_TRUE(out.empty());
}

TEST(payload_hasher_death, takes_nothing_after_the_last_bytes) {
    payload_hasher hasher;
    hasher.take("less than a chunk");
    EXPECT_DEATH(hasher.take("more"), "whole chunks");
}

}  // namespace
}  // namespace casement::blob::checksum_test
