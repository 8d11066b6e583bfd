#include "readme_keep.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include "support/temporary.hpp"

namespace {

TEST(Readme, ItsProgramKeepsANote) {
    const casement::testing::temporary_directory work;
    std::filesystem::current_path(work.path());
    auto made = casement::vault::create("my.store", {});
    ASSERT_TRUE(made) << made.error().message();
    ASSERT_TRUE(made->close());
    const auto kept = keep("buy milk");
    ASSERT_TRUE(kept) << kept.error().message();
    auto again = casement::vault::open("my.store", {});
    ASSERT_TRUE(again) << again.error().message();
    auto note = again->read_file("/notes/today");
    ASSERT_TRUE(note) << note.error().message();
    std::string bytes(note->size(), '\0');
    ASSERT_TRUE(note->read_at(0, bytes));
    EXPECT_EQ(bytes, "buy milk");
}

}  // namespace
