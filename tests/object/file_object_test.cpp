#include <casement/object/file_object.hpp>

#include <string>

#include <gtest/gtest.h>

#include <support/property.hpp>

namespace casement::object::file_object_test {
namespace {

using casement::testing::law;

file_object any_file() {
    return {sha256_of(*rc::gen::arbitrary<std::string>()), *rc::gen::arbitrary<std::uint64_t>()};
}

errc refused(std::string_view bytes) {
    const auto file = file_object_from_bytes(bytes);
    EXPECT_FALSE(file);
    return file ? errc{} : file.error().code();
}

TEST(file_object, keeps_its_encoding_for_ever) {
    const file_object file{sha256_of("hello\n"), 6};
    const auto bytes = to_bytes(file);
    ASSERT_EQ(bytes.size(), 38u);
    EXPECT_EQ(bytes.substr(0, 5), "CsmF\1");
    EXPECT_EQ(bytes.back(), 6);
    EXPECT_EQ(to_text(id_of(file)),
              "file:e7922b61f9cc0055ec38ff9069b217ff669160b76941871a1fdf84602b2c5615");
    EXPECT_EQ(to_text(id_of({sha256_of(""), 0})),
              "file:190a7a0eea2c048c0350f6eeed21fb5b05510a86af0341cd009efd2602f2716a");
}

TEST(file_object, is_named_by_the_hash_of_its_encoding) {
    law("id == SHA-256(encoding), and no two files share one", [] {
        const auto a = any_file();
        const auto b = any_file();
        RC_ASSERT(id_of(a).kind == obj_id::file);
        RC_ASSERT(id_of(a).digest == sha256_of(to_bytes(a)));
        RC_ASSERT((id_of(a) == id_of(b)) == (a == b));
    });
}

TEST(file_object, has_one_encoding) {
    law("from_bytes(to_bytes(f)) == f", [] {
        const auto file = any_file();
        RC_ASSERT(file_object_from_bytes(to_bytes(file)).value() == file);
    });
    law("accepted bytes are the encoding", [] {
        auto bytes = to_bytes(any_file());
        const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
        bytes[at] = *rc::gen::arbitrary<char>();
        if (*rc::gen::arbitrary<bool>()) bytes.resize(*rc::gen::inRange<std::size_t>(0, 60));
        if (const auto file = file_object_from_bytes(bytes)) RC_ASSERT(to_bytes(*file) == bytes);
    });
}

TEST(file_object, tells_damage_from_a_later_version) {
    const auto good = to_bytes({sha256_of("x"), 300});
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_EQ(refused(good.substr(0, size)), errc::corrupt) << size;
    EXPECT_EQ(refused(good + '\0'), errc::corrupt);
    EXPECT_EQ(refused("CsmD" + good.substr(4)), errc::corrupt) << "a directory's block";

    auto version = good;
    version[4] = 2;
    EXPECT_EQ(refused(version), errc::newer_format);
    version[4] = 0;
    EXPECT_EQ(refused(version), errc::corrupt);
    EXPECT_EQ(refused(good.substr(0, 37) + "\x80" + std::string(1, '\0')), errc::corrupt)
        << "a size in a longer form";
}

TEST(file_object, is_not_its_content) {
    // Domain separation: the id of a file is never the digest of bytes that someone may store.
    const std::string bytes = to_bytes({sha256_of("x"), 1});
    EXPECT_NE(id_of({sha256_of(bytes), bytes.size()}).digest, sha256_of(bytes));
    EXPECT_EQ(id_of({sha256_of("x"), 1}).digest, sha256_of(bytes));
}

}  // namespace
}  // namespace casement::object::file_object_test
