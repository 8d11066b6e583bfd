#include <casement/object/dir_entry.hpp>

#include <string>

#include <gtest/gtest.h>

#include <object/support.hpp>
#include <support/property.hpp>

namespace casement::object::dir_entry_test {
namespace {

using casement::testing::law;

errc refused(const dir_entry& entry) {
    const auto good = check_entry(entry);
    EXPECT_FALSE(good);
    return good ? errc{} : good.error().code();
}

TEST(dir_entry, keeps_its_encoding_for_ever) {
    const digest zero{};
    const dir_entry file{"ab", obj_id{obj_id::file, zero}, 0644, timestamp{-1}, 300};
    EXPECT_EQ(encode(file), "\2ab\1" + std::string(32, '\0') + "\xa4\x03" + "\1" + "\xac\x02");
    const dir_entry directory{"d", obj_id{obj_id::directory, zero}, 0, timestamp{1}, 0};
    EXPECT_EQ(encode(directory), "\1d\2" + std::string(32, '\0') + std::string("\0\2\0", 3));
    const dir_entry link{"l", symlink{"../x"}, 0777, timestamp{0}, 4};
    EXPECT_EQ(encode(link), std::string("\1l\3\4../x\xff\3\0\4", 12));
}

TEST(dir_entry, has_one_encoding) {
    law("decode(encode(e)) == e", [] {
        const auto entry = *testing::any_entry();
        RC_ASSERT(decode<dir_entry>(encode(entry)) == entry);
    });
    law("accepted bytes are the encoding", [] {
        auto bytes = encode(*testing::any_entry());
        bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
        if (const auto entry = decode<dir_entry>(bytes)) RC_ASSERT(encode(*entry) == bytes);
    });
}

TEST(dir_entry, decodes_only_the_three_kinds) {
    auto bytes = encode(testing::file_entry("a", 1));
    for (int kind = 0; kind < 256; ++kind) {
        bytes[2] = static_cast<char>(kind);
        const bool known = kind == obj_id::file || kind == obj_id::directory;
        EXPECT_EQ(decode<dir_entry>(bytes).has_value(), known) << kind;
    }
}

TEST(check_entry, takes_every_entry_that_a_directory_can_hold) {
    law("generated entries are good", [] { RC_ASSERT(check_entry(*testing::any_entry())); });
    EXPECT_TRUE(check_entry({"l", symlink{std::string(4096, 'x')}, 0, {}, 0}));
    EXPECT_TRUE(check_entry({"l", symlink{"/.././/"}, 0, {}, 0}));
}

TEST(check_entry, refuses_the_rest) {
    for (const auto* name : {"", ".", "..", "a/b"})
        EXPECT_EQ(refused(testing::file_entry(name, 1)), errc::bad_name) << name;
    EXPECT_EQ(refused({"l", symlink{""}, 0, {}, 0}), errc::bad_name);
    EXPECT_EQ(refused({"l", symlink{std::string(4097, 'x')}, 0, {}, 0}), errc::bad_name);
    EXPECT_EQ(refused({"l", symlink{std::string{"a\0b", 3}}, 0, {}, 0}), errc::bad_name);
    EXPECT_EQ(refused({"n", obj_id{}, 0, {}, 0}), errc::illegal);
    EXPECT_EQ(refused({"n", obj_id{symlink::kind, {}}, 0, {}, 0}), errc::illegal);
}

}  // namespace
}  // namespace casement::object::dir_entry_test
