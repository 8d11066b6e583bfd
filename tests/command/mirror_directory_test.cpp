// Which name of a destination stands for what, where it takes two names for one, or shows one
// number for all files.

#include "mirror_directory.hpp"

#include <chrono>
#include <fstream>
#include <future>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "support/temporary.hpp"
#include "tree/hand.hpp"

namespace casement::command::mirrored::mirror_directory_test {
namespace {

using casement::testing::must;

class Directory : public ::testing::Test {
protected:
    Directory() : filled{nullptr, "d", {}, [](filled_directory&) {}} {
        filled.at = must(open_directory::open(folder_.path().string()));
    }
    void make(const std::string& name) const { std::ofstream{folder_ / name} << name; }
    [[nodiscard]] struct stat look(const std::string& name) const {
        return must(filled.at->look(name));
    }

    filled_directory filled;

private:
    casement::testing::temporary_directory folder_;
};

TEST_F(Directory, OneFileUnderANameThatIsNotListedIsAnAlias) {
    make("two");
    const auto there = look("two");
    EXPECT_FALSE(filled.is_alias("two", true, there));
    EXPECT_FALSE(filled.is_alias("two", true, there)) << "the same";
    EXPECT_TRUE(filled.is_alias("Two", false, there));
    EXPECT_FALSE(filled.is_alias("a hard link", true, there));
}

TEST_F(Directory, TwoNamesThatAreThereAreTwo) {
    make("new");
    make("old");
    const auto one_for_all = look("new");
    (void)filled.claim("new", false, one_for_all);
    EXPECT_FALSE(filled.is_alias("old", true, one_for_all));
    EXPECT_TRUE(filled.is_alias("older", true, one_for_all));
}

TEST_F(Directory, WhatGotNoNameIsNobodysAlias) {
    make("old");
    const auto one_for_all = look("old");
    (void)filled.claim("refused", false, one_for_all);
    EXPECT_TRUE(filled.is_alias("old", true, one_for_all));
    filled.disclaim("another", one_for_all);
    EXPECT_TRUE(filled.is_alias("old", true, one_for_all));
    filled.disclaim("refused", one_for_all);
    EXPECT_FALSE(filled.is_alias("old", true, one_for_all));
}

// A file is claimed before it has its name: until then a listing does not show it.
TEST_F(Directory, WhoMeetsAClaimWaitsForItsName) {
    make("old");
    const auto one_for_all = look("old");
    std::future<bool> met;
    {
        const auto until_named = filled.claim("new", false, one_for_all);
        met = std::async(std::launch::async,
                         [&] { return filled.is_alias("old", true, one_for_all); });
        EXPECT_EQ(met.wait_for(std::chrono::milliseconds{50}), std::future_status::timeout);
        make("new");
    }
    EXPECT_FALSE(met.get());
}

}  // namespace
}  // namespace casement::command::mirrored::mirror_directory_test
