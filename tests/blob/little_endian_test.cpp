#include <casement/blob/little_endian.hpp>

#include <gtest/gtest.h>

#include "support/property.hpp"

namespace casement::blob::little_endian_test {
namespace {

TEST(little_endian, has_the_lowest_byte_first) {
    std::string out;
    append_little(out, std::uint32_t{0x01020304});
    append_little(out, std::uint64_t{0xff00000000000005});
    EXPECT_EQ(out, (std::string{"\x04\x03\x02\x01\x05\0\0\0\0\0\0\xff", 12}));
}

TEST(little_endian, reads_what_it_wrote) {
    testing::law("little64, little32", [](std::uint64_t n, std::uint32_t m) {
        std::string out;
        append_little(out, n);
        append_little(out, m);
        RC_ASSERT(little64(out) == n);
        RC_ASSERT(little32(std::string_view{out}.substr(8)) == m);
    });
}

TEST(little_endian_death, never_reads_past_its_input) {
    EXPECT_DEATH((void)little64("1234567"), "the bytes of a number");
}

}  // namespace
}  // namespace casement::blob::little_endian_test
