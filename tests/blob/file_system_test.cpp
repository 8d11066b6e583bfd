#include <casement/blob/file_system.hpp>

#include <gtest/gtest.h>

#include <casement/blob/posix.hpp>

#include "blob/file_system_laws.hpp"
#include "blob/scripted_file_system.hpp"

namespace casement::testing {

using scripted = scripted_file_system<blob::posix_file_system>;
static_assert(blob::file_system<scripted>);

INSTANTIATE_TYPED_TEST_SUITE_P(posix, file_system_laws, blob::posix_file_system);
INSTANTIATE_TYPED_TEST_SUITE_P(scripted, file_system_laws, scripted);

// What lacks a function, or answers with something else, is no file system.
struct forgets_sync : blob::posix_file_system {
    struct file : blob::posix_file {
        void sync();
    };
};
static_assert(!blob::file_system<forgets_sync>);
static_assert(!blob::file_system<int>);

TEST(scripted_file_system, fails_the_call_it_is_told_to) {
    temporary_directory here;
    scripted fs;
    fs.follow().fail_at = 1;
    fs.follow().number = 5;
    auto file = fs.create(here / "a");
    ASSERT_TRUE(file);
    const auto written = file->write_at(0, "1234");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().system(), 5);
    EXPECT_EQ(file->size(), 2u) << "half of a failed write is there";
    EXPECT_TRUE(fs.follow().fired());
    EXPECT_EQ(
        fs.follow().calls(),
        (std::vector<call>{{"create", here / "a"}, {"write", here / "a"}, {"size", here / "a"}}));
}

}  // namespace casement::testing
