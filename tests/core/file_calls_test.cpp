#include <casement/core/file_calls.hpp>

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "support/temporary.hpp"

namespace casement::file_calls_test {
namespace {

class file_calls : public ::testing::Test {
protected:
    void SetUp() override {
        file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        ASSERT_GE(file_, 0);
    }
    void TearDown() override { ::close(file_); }

    testing::temporary_directory directory_;
    std::string path_ = directory_ / "file";
    int file_ = -1;
};

TEST_F(file_calls, write_and_read_at_a_place) {
    EXPECT_EQ(append_whole(file_, "one "), 0);
    EXPECT_EQ(append_whole(file_, "two"), 0);
    EXPECT_EQ(write_whole(writes_of(file_), 4, "TWO"), 0);
    std::array<char, 16> into{};
    EXPECT_EQ(read_whole(reads_of(file_), 2, into), 5u);
    EXPECT_EQ(std::string_view(into.data(), 5), "e TWO");
}

TEST_F(file_calls, answer_the_errno) {
    EXPECT_EQ(append_whole(-1, "x"), EBADF);
    EXPECT_EQ(write_whole(writes_of(-1), 0, "x"), EBADF);
    std::array<char, 1> into{};
    EXPECT_EQ(read_whole(reads_of(-1), 0, into), std::unexpected{EBADF});
}

TEST_F(file_calls, find_a_name_or_say_why_not) {
    EXPECT_EQ(look_for(path_), 0);
    EXPECT_EQ(look_for(directory_ / "none"), ENOENT);
    EXPECT_EQ(look_for(path_ + "/below"), ENOTDIR);
}

TEST_F(file_calls, list_all_names_or_none) {
    std::filesystem::create_directory(directory_ / "inside");
    auto names = names_in(directory_.path());
    ASSERT_TRUE(names);
    std::ranges::sort(*names);
    EXPECT_EQ(*names, (std::vector<std::string>{"file", "inside"}));
    EXPECT_EQ(names_in(directory_ / "none"), std::unexpected{ENOENT});
    EXPECT_EQ(names_in(path_), std::unexpected{ENOTDIR});
}

}  // namespace
}  // namespace casement::file_calls_test
