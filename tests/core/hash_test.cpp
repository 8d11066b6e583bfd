#include <casement/core/hash.hpp>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#ifdef __x86_64__
#include <cpuid.h>
#endif

#include <gtest/gtest.h>

#include <support/property.hpp>

namespace casement::hash_test {
namespace {

std::string bytes_up_from_zero(std::size_t count) {
    std::string out(count, '\0');
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<char>(i);
    return out;
}

TEST(sha256, agrees_with_the_published_vectors) {  // FIPS 180-2, appendix B
    EXPECT_EQ(to_hex(sha256_of("")),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_hex(sha256_of("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(sha256_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(to_hex(sha256_of(std::string(1'000'000, 'a'))),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(sha256, does_not_depend_on_how_the_bytes_are_cut) {
    testing::law("pieces hash as the whole", [](const std::vector<std::string>& pieces) {
        sha256 hasher;
        std::string whole;
        for (const auto& p : pieces) {
            hasher.update(p);
            whole += p;
        }
        RC_ASSERT(hasher.finish() == sha256_of(whole));
    });
}

TEST(sha256, starts_afresh_after_finish_and_survives_a_move) {
    sha256 hasher;
    EXPECT_EQ(hasher.update("a").update("bc").finish(), sha256_of("abc"));
    EXPECT_EQ(hasher.finish(), sha256_of(""));
    hasher.update("ab");
    sha256 moved{std::move(hasher)};
    EXPECT_EQ(moved.update("c").finish(), sha256_of("abc"));
}

TEST(sha256_of, may_be_called_from_any_thread) {
    std::vector<digest> seen(4);
    {
        std::vector<std::jthread> threads;
        for (auto& slot : seen)
            threads.emplace_back([&slot] {
                for (int i = 0; i < 100; ++i) slot = sha256_of("abc");
            });
    }
    for (const auto& d : seen) EXPECT_EQ(d, sha256_of("abc"));
}

TEST(checksum_of, is_xxh3_with_64_bits) {
    EXPECT_EQ(checksum_of(""), 0x2d06800538d394c2u);
    EXPECT_EQ(checksum_of("abc"), 0x78af5f94892f3950u);
    EXPECT_EQ(checksum_of(bytes_up_from_zero(256)), 0x9408a4433b952d71u);
}

TEST(crc32c_of, agrees_with_the_published_vectors) {  // RFC 3720, appendix B.4
    EXPECT_EQ(crc32c_of(""), 0u);
    EXPECT_EQ(crc32c_of("123456789"), 0xe3069283u);
    EXPECT_EQ(crc32c_of(std::string(32, '\0')), 0x8a9136aau);
    EXPECT_EQ(crc32c_of(std::string(32, '\xff')), 0x62a8ab43u);
    EXPECT_EQ(crc32c_of(bytes_up_from_zero(32)), 0x46dd794eu);
}

TEST(hashes, see_each_flipped_bit) {
    testing::law("a flipped bit changes all three", [](std::string bytes) {
        RC_PRE(!bytes.empty());
        const auto before = bytes;
        const auto bit = *rc::gen::inRange<std::size_t>(0, 8 * bytes.size());
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
        RC_ASSERT(sha256_of(bytes) != sha256_of(before));
        RC_ASSERT(checksum_of(bytes) != checksum_of(before));
        RC_ASSERT(crc32c_of(bytes) != crc32c_of(before));
    });
}

#ifdef __x86_64__
/// Whether upper halves of vector registers hold anything; none if this processor does not say.
std::optional<bool> upper_halves_in_use() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    const bool says = __get_cpuid_count(0xd, 1, &a, &b, &c, &d) != 0 && (a & 4u) != 0;
    if (!says || !__builtin_cpu_supports("avx")) return std::nullopt;
    unsigned low = 0, high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(1));
    return (low & 4u) != 0;
}

// SHA-256 takes a third longer while they do.
TEST(checksum, leaves_no_register_in_use) {
    if (!upper_halves_in_use()) GTEST_SKIP() << "this processor does not say";
    __asm__ volatile("vzeroupper" ::: "memory");
    if (*upper_halves_in_use()) GTEST_SKIP() << "this processor says so of none";
    const std::string bytes(1 << 20, 'x');
    (void)checksum_of(bytes);
    EXPECT_FALSE(*upper_halves_in_use());
}
#endif

TEST(hex, is_read_back_exactly) {
    testing::law("from_hex reads what to_hex wrote", [](const std::string& bytes) {
        const auto d = sha256_of(bytes);
        const auto hex = to_hex(d);
        RC_ASSERT(hex.size() == 64u);
        RC_ASSERT(from_hex(hex).value() == d);
    });
}

TEST(hex, has_one_spelling_only) {
    const auto good = to_hex(sha256_of("abc"));
    const auto code = [](const std::string& hex) { return from_hex(hex).error().code(); };
    EXPECT_EQ(code(""), errc::bad_name);
    EXPECT_EQ(code(good.substr(1)), errc::bad_name);
    EXPECT_EQ(code(good + "0"), errc::bad_name);
    for (const char c : {'A', 'F', 'g', ' ', '/', ':', '`', '\0'})
        for (const std::size_t at : {0u, 31u, 63u}) {
            auto bad = good;
            bad[at] = c;
            EXPECT_FALSE(from_hex(bad)) << printable(bad);
        }
}

}  // namespace
}  // namespace casement::hash_test
