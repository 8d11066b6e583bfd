#include <casement/check/disk_rules.hpp>

#include <string>

#include <gtest/gtest.h>

#include "check/disk_under.hpp"

namespace casement::testing::disk_rules_test {
namespace {

using check::journal::strict;

class KindDisk : public disk_under {
public:
    KindDisk() : disk_under{check::a_kind_disk} {}
};

TEST_F(KindDisk, AHoleTakesNoRoom) {
    make("/a", "a text with words", true);
    EXPECT_EQ(fs.allocated("/a"), 17u);
    const blob::byte_range hole[] = {{2, 5}};
    EXPECT_EQ(fs.punch("/a", hole), true);
    EXPECT_EQ(fs.allocated("/a"), 12u);
    EXPECT_EQ(text_on(calls.disk(), "/a"), (std::string{"a \0\0\0\0\0with words", 17}));
    EXPECT_EQ(left_at("/a", strict).size(), 3u) << "it is made durable, or its half, or not";
}

class DrvfsDisk : public disk_under {
public:
    DrvfsDisk() : disk_under{check::a_drvfs_disk} {}
};

TEST_F(DrvfsDisk, WhatIsRenamedIsNotFoundUntilItIsListed) {
    make("/a", "text", true);
    ASSERT_TRUE(fs.rename("/a", "/b"));
    EXPECT_EQ(fs.look("/b").error().code(), errc::not_found);
    EXPECT_EQ(fs.open("/b").error().code(), errc::not_found);
    EXPECT_EQ(fs.list("/"), std::vector<std::string>{"b"});
    EXPECT_TRUE(fs.look("/b"));
}

TEST_F(DrvfsDisk, NamesAreFoldedAndHaveNoHashAndAreNotSynced) {
    make("/a", "text", false);
    EXPECT_EQ(fs.create("/A").error().code(), errc::exists);
    EXPECT_TRUE(fs.look("/A"));
    EXPECT_EQ(fs.create("/#").error().code(), errc::bad_name);
    EXPECT_EQ(fs.sync_directory("/"), false);
    EXPECT_TRUE(left_at("/a").contains("-"));
    ASSERT_TRUE(fs.remove("/A"));
    EXPECT_FALSE(fs.look("/a"));
}

class NfsDisk : public disk_under {
public:
    NfsDisk() : disk_under{check::an_nfs_disk} {}
};

TEST_F(NfsDisk, WhatIsRemovedHasASillyName) {
    make("/a", "text", true);
    ASSERT_TRUE(fs.remove("/a"));
    const auto names = fs.list("/");
    ASSERT_TRUE(names && names->size() == 1);
    EXPECT_TRUE(names->front().starts_with(".nfs"));
}

class FullDisk : public disk_under {
public:
    FullDisk() : disk_under{{.room = 10}} {}
};

TEST_F(FullDisk, WritesWhatFitsAndSaysSo) {
    make("/a", "123456", false);
    auto file = fs.create("/b");
    const auto written = file->write_at(0, "1234567");
    EXPECT_EQ(written.error().code(), errc::no_space);
    EXPECT_EQ(file->size(), 4u);
    EXPECT_TRUE(file->write_at(0, "abcd")) << "what is there already takes no more room";
    ASSERT_TRUE(fs.remove("/a"));
    EXPECT_TRUE(file->write_at(4, "567"));
    EXPECT_EQ(calls.disk().used(), 7u);
}

}  // namespace
}  // namespace casement::testing::disk_rules_test
