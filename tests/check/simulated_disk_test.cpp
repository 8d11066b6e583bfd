#include <casement/check/simulated_disk.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "check/disk_under.hpp"

namespace casement::testing::simulated_disk_test {
namespace {

using check::file_call;

class Disk : public disk_under {};
using check::journal::none, check::journal::ordered, check::journal::sized, check::journal::strict;

TEST_F(Disk, WhatIsSyncedStays) {
    make("/a", "text", true);
    ASSERT_TRUE(fs.sync_directory("/"));
    for (const auto j : check::journal::all) EXPECT_EQ(left_at("/a", j), (texts{"text"}));
}

TEST_F(Disk, BytesThatAreNotSyncedAreLostInPartOrWholeOrAreOthers) {
    make("/a", "text", false);
    ASSERT_TRUE(fs.sync_directory("/"));
    const std::string zeros(4, '\0'), others(4, '\xa5'), half{"te\0\0", 4};
    EXPECT_EQ(left_at("/a", ordered), (texts{"", "te", "text"}));
    EXPECT_EQ(left_at("/a", sized), (texts{"", "te", "text", zeros, half}));
    EXPECT_EQ(left_at("/a", none), (texts{"", "te", "text", zeros, half, others}));
}

TEST_F(Disk, OnlyWithoutAJournalAreLaterBytesThereAndEarlierOnesNot) {
    make("/a", "", true);
    ASSERT_TRUE(fs.sync_directory("/"));
    auto file = fs.open("/a");
    ASSERT_TRUE(file && file->write_at(0, "1") && file->write_at(1, "2"));
    EXPECT_EQ(left_at("/a", strict), (texts{"", "1", "12"}));
    EXPECT_EQ(left_at("/a", ordered), (texts{"", "1", "12"}));
    EXPECT_FALSE(left_at("/a", sized).contains({"\0002", 2}));
    EXPECT_TRUE(left_at("/a", none).contains({"\0002", 2}));
}

TEST_F(Disk, ANameThatIsNotSyncedMayBeLost) {
    make("/a", "text", false);
    EXPECT_TRUE(left_at("/a").contains("-"));
    EXPECT_TRUE(left_at("/a").contains("text"));
}

TEST_F(Disk, OnlyAJournalMakesANameDurableWithTheBytes) {
    make("/a", "text", true);
    EXPECT_EQ(left_at("/a"), (texts{"-", "text"}));
    for (const auto j : {strict, ordered, sized}) {
        calls = shared_disk_calls{simulated_disk{{.leaves = j}}};
        fs = simulated_files{calls};
        make("/a", "text", true);
        EXPECT_EQ(left_at("/a", j), (texts{"text"})) << int{j};
    }
}

TEST_F(Disk, WhatIsInALostDirectoryIsLost) {
    ASSERT_TRUE(fs.make_directory("/d"));
    make("/d/a", "text", true);
    ASSERT_TRUE(fs.sync_directory("/d"));
    EXPECT_EQ(left_at("/d/a"), (texts{"-", "text"}));
}

TEST_F(Disk, ARemovalThatIsNotSyncedMayNotHaveBeen) {
    make("/a", "text", true);
    ASSERT_TRUE(fs.sync_directory("/"));
    ASSERT_TRUE(fs.remove("/a"));
    EXPECT_EQ(left_at("/a"), (texts{"-", "text"}));
    ASSERT_TRUE(fs.sync_directory("/"));
    EXPECT_EQ(left_at("/a"), (texts{"-"}));
}

TEST_F(Disk, OnlyAJournalKeepsTheHalvesOfARenameTogether) {
    make("/a", "text", true);
    ASSERT_TRUE(fs.sync_directory("/"));
    ASSERT_TRUE(fs.rename("/a", "/b"));
    const auto names_left = [&](check::journal::kind j) {
        std::set<std::pair<std::string, std::string>> all;
        for (const auto& d : calls.disk().under({.leaves = j}).after_power_loss())
            all.emplace(text_on(d, "/a"), text_on(d, "/b"));
        return all;
    };
    using pairs = std::set<std::pair<std::string, std::string>>;
    const pairs whole{{"text", "-"}, {"-", "text"}};
    for (const auto j : {strict, ordered, sized}) EXPECT_EQ(names_left(j), whole) << int{j};
    EXPECT_EQ(names_left(none),
              (pairs{{"text", "-"}, {"-", "text"}, {"-", "-"}, {"text", "text"}}));
}

TEST_F(Disk, ALinkIsANameLikeAnyOther) {
    make("/a", "text", true);
    ASSERT_TRUE(fs.sync_directory("/"));
    ASSERT_EQ(fs.link("/a", "/b"), true);
    EXPECT_EQ(calls.disk().used(), 4u) << "the bytes are there once";
    EXPECT_EQ(left_at("/b"), (texts{"-", "text"}));
    ASSERT_TRUE(fs.sync_directory("/"));
    EXPECT_EQ(left_at("/b"), (texts{"text"}));
    ASSERT_TRUE(fs.remove("/a"));
    EXPECT_EQ(left_at("/b"), (texts{"text"}));
}

TEST_F(Disk, ASyncIsOfOneFile) {
    make("/a", "text", false);
    make("/b", "text", true);
    ASSERT_TRUE(fs.sync_directory("/"));
    EXPECT_TRUE(left_at("/a").contains(""));
    EXPECT_EQ(left_at("/b"), (texts{"text"}));
}

TEST_F(Disk, ASyncThatFailedIsNotMadeGoodByASecond) {
    calls = shared_disk_calls{simulated_disk{{.failing_sync = 1}}};
    fs = simulated_files{calls};
    auto file = fs.create("/a");
    ASSERT_TRUE(file && file->write_at(0, "text") && fs.sync_directory("/"));
    EXPECT_EQ(file->sync().error().code(), errc::io);
    EXPECT_EQ(file->sync().error().code(), errc::io) << "of this file, nothing is believed";
    EXPECT_FALSE(file->write_at(4, "!"));
    auto again = fs.open("/a");
    EXPECT_TRUE(again && again->sync()) << "the system takes the bytes for written";
    EXPECT_EQ(text_on(calls.disk(), "/a"), "text") << "as they are in memory";
    EXPECT_FALSE(left_at("/a").contains("text"));
}

/// Calls of any kind on two directories of two names.
file_call any_call() {
    file_call c;
    const auto some_path = [] {
        return *rc::gen::element<std::string>("/a", "/b", "/d/a", "/d/b");
    };
    c.what = *rc::gen::element<std::uint8_t>(
        file_call::create, file_call::remove, file_call::rename, file_call::link, file_call::write,
        file_call::write, file_call::sync, file_call::sync_directory);
    c.path = c.what == file_call::sync_directory ? *rc::gen::element<std::string>("/", "/d")
                                                 : some_path();
    c.to = some_path();
    c.offset = *rc::gen::inRange<std::uint64_t>(0, 3);
    c.bytes = *rc::gen::element<std::string>("xy", "z", "long");
    return c;
}

/// As programs do: the file is asked for by its name first.
void run(simulated_disk& d, file_call c) {
    if (c.what == file_call::write || c.what == file_call::sync) {
        auto open = c;
        open.what = file_call::open;
        const auto a = d.perform(open);
        if (a.code != 0) return;
        c.file = a.number;
    }
    (void)d.perform(c);
}

RC_GTEST_PROP(DiskLaws, WhatOneJournalLeavesTheNextMayLeaveToo, ()) {
    const auto script =
        *rc::gen::container<std::vector<file_call>>(6, rc::gen::exec([] { return any_call(); }));
    std::set<std::string> before;
    for (const auto j : check::journal::all) {
        simulated_disk d{{.leaves = j}};
        file_call c;
        c.what = file_call::make_directory;
        c.path = "/d";
        (void)d.perform(c);
        for (const auto& one : script) run(d, one);
        std::set<std::string> left;
        for (const auto& one : d.after_power_loss()) left.insert(one.under({}).encoded());
        RC_ASSERT(left.contains(d.settled().under({}).encoded()));
        RC_ASSERT(std::ranges::includes(left, before));
        before = std::move(left);
    }
}

}  // namespace
}  // namespace casement::testing::simulated_disk_test
