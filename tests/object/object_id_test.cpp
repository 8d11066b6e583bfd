#include <casement/object/object_id.hpp>

#include <string>
#include <unordered_set>

#include <gtest/gtest.h>

#include <casement/core/hash.hpp>
#include <support/property.hpp>

namespace casement::object::object_id_test {
namespace {

using casement::testing::law;

constexpr auto abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(object_id, is_written_as_its_kind_and_64_digits) {
    EXPECT_EQ(to_text({obj_id::file, sha256_of("abc")}), std::string{"file:"} + abc);
    EXPECT_EQ(to_text({obj_id::directory, sha256_of("abc")}), std::string{"dir:"} + abc);
}

TEST(object_id, is_read_back_exactly) {
    law("obj_id_from_text(to_text(id)) == id", [](const std::string& bytes, bool file) {
        const obj_id id{file ? obj_id::file : obj_id::directory, sha256_of(bytes)};
        RC_ASSERT(obj_id_from_text(to_text(id)).value() == id);
    });
}

TEST(object_id, has_one_spelling_only) {
    const std::string digits = abc;
    for (const auto& bad :
         {std::string{}, digits, "file" + digits, "File:" + digits, "file: " + digits,
          "file:" + digits.substr(1), "file:" + digits + "0", "dir:" + digits + "\n",
          "link:" + digits, "file:B" + digits.substr(1), " dir:" + digits, std::string{"dir:"}}) {
        const auto read = obj_id_from_text(bad);
        ASSERT_FALSE(read) << bad;
        EXPECT_EQ(read.error().code(), errc::bad_name) << bad;
        EXPECT_EQ(read.error().causes().front().subject, bad);
    }
}

TEST(object_id, that_is_accepted_is_written_the_same) {
    law("to_text(obj_id_from_text(s)) == s", [] {
        auto text = to_text({obj_id::file, sha256_of(*rc::gen::arbitrary<std::string>())});
        text[*rc::gen::inRange<std::size_t>(0, text.size())] = *rc::gen::arbitrary<char>();
        if (const auto id = obj_id_from_text(text)) RC_ASSERT(to_text(*id) == text);
    });
}

TEST(object_id, hashes_so_that_equal_ids_meet_and_kinds_part) {
    const obj_id file{obj_id::file, sha256_of("a")};
    const obj_id directory{obj_id::directory, sha256_of("a")};
    const std::unordered_set<obj_id> set{file, directory, file};
    EXPECT_EQ(set.size(), 2u);
    EXPECT_FALSE(set.contains({obj_id::file, sha256_of("b")}));
    EXPECT_NE(std::hash<obj_id>{}(file), std::hash<obj_id>{}(directory));
}

using object_id_death = ::testing::Test;

TEST(object_id_death, the_id_of_nothing_has_no_text) {
    EXPECT_DEATH((void)to_text({}), "required: the id of an object");
}

}  // namespace
}  // namespace casement::object::object_id_test
