// Stores rebuilt as a whole: the new one takes the place of the old one in one step, and back.

#include <casement/rebuild.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <casement/tree/verify.hpp>

#include "support/temporary.hpp"
#include "tree/hand.hpp"
#include "vault/marker.hpp"
#include "vault/root.hpp"
#include "vault/store_image.hpp"

namespace casement::testing::vault_rebuild_test {
namespace {

namespace fs = std::filesystem;

const vault_options quickly{.durable = engine::durability::process};

class Rebuilding : public ::testing::Test {
protected:
    void SetUp() override {
        auto v = must(vault::create(store, quickly, small_sizes));
        fill(v);
        auto open = must(v.open_file("/working", tree::open_how::create_or_truncate));
        must(open.append("so far"));
        must(open.close());
        was = must(read_all(v));
        must(v.close());
    }
    /// What the store answers, and what is wrong with it.
    void expect_as_it_was() {
        auto opened = vault::open(store, quickly);
        ASSERT_TRUE(opened) << opened.error().message();
        EXPECT_EQ(read_all(*opened), was);
        const auto found = tree::verify(opened->rows(), opened->contents());
        for (const auto& p : found.problems)
            ADD_FAILURE() << p.path.value_or("?") << ": " << p.what.message();
        must(opened->close());
    }
    rebuild_report into(std::uint64_t inline_max, std::uint64_t dedicated_min) {
        rebuild_options how;
        how.inline_max = inline_max;
        how.dedicated_min = dedicated_min;
        return must(rebuild(store, how));
    }
    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& e : fs::directory_iterator{store})
            all.push_back(e.path().filename().string());
        std::ranges::sort(all);
        return all;
    }
    using names_type = std::vector<std::string>;

    temporary_directory where;
    const std::string store = where / "store";
    answers was;
};

TEST_F(Rebuilding, IsTheSameStoreElsewhereAndTheOldOneIsKept) {
    const auto done = into(100, 2000);
    EXPECT_GT(done.moved, 0u);
    EXPECT_EQ(done.linked, 1u);
    EXPECT_EQ(done.verified_bytes, done.bytes);
    EXPECT_EQ(done.staged, 1u);
    EXPECT_FALSE(done.resumed);
    EXPECT_EQ(names(), (names_type{"blobs", "casement", "casement.1", "meta", "packs", "root.1",
                                   "staging"}));
    expect_as_it_was();
    const auto roots = must(roots_of(store));
    EXPECT_EQ(roots.in_use, 1u);
    EXPECT_EQ(roots.backups, (std::vector<std::uint64_t>{0}));
    EXPECT_FALSE(roots.unfinished);

    EXPECT_EQ(must(release_backups(store)), 1u);
    EXPECT_EQ(names(), (names_type{"casement.1", "root.1"}));
    expect_as_it_was();
    into(1000, 4000);
    EXPECT_EQ(must(release_backups(store)), 1u);
    EXPECT_EQ(names(), (names_type{"casement.2", "root.2"}));
    expect_as_it_was();
    EXPECT_EQ(must(release_backups(store)), 0u);
}

TEST_F(Rebuilding, GoesBack) {
    EXPECT_EQ(return_to_backup(store).error().code(), errc::not_found);
    into(100, 2000);
    must(return_to_backup(store));
    EXPECT_EQ(must(roots_of(store)).in_use, 0u);
    expect_as_it_was();

    into(100, 2000);
    auto v = must(vault::open(store, quickly));
    put(v, "/a", "new", "only here");
    must(v.close());
    EXPECT_EQ(return_to_backup(store).error().code(), errc::illegal);
    EXPECT_EQ(must(roots_of(store)).in_use, 1u);
    must(return_to_backup(store, true));
    expect_as_it_was();
}

TEST_F(Rebuilding, GoesOnUnlessTheStoreWasOpened) {
    const auto stopped_after = [&](int rows) {
        rebuild_options how;
        how.inline_max = 100;
        how.stop = [&rows] { return rows-- == 0; };
        const auto done = rebuild(store, how);
        EXPECT_EQ(done.error().code(), errc::cancelled);
        EXPECT_TRUE(must(roots_of(store)).unfinished);
    };
    stopped_after(20);
    EXPECT_TRUE(into(100, 4000).resumed);
    must(return_to_backup(store));

    stopped_after(20);
    auto v = must(vault::open(store, quickly));
    put(v, "/a", "new", "written meanwhile");
    was = must(read_all(v));
    must(v.close());
    EXPECT_FALSE(into(100, 4000).resumed);
    expect_as_it_was();
    must(return_to_backup(store, true));

    stopped_after(20);
    EXPECT_FALSE(into(200, 4000).resumed) << "it is to be another store";
    must(return_to_backup(store));

    stopped_after(20);
    must(abandon_rebuild(store));
    EXPECT_FALSE(must(roots_of(store)).unfinished);
    expect_as_it_was();
}

TEST_F(Rebuilding, IsOfAStoreThatNobodyHasOpen) {
    auto v = must(vault::open(store, quickly));
    EXPECT_EQ(rebuild(store).error().code(), errc::in_use);
    EXPECT_EQ(release_backups(store).error().code(), errc::in_use);
    EXPECT_EQ(return_to_backup(store).error().code(), errc::in_use);
    EXPECT_EQ(abandon_rebuild(store).error().code(), errc::in_use);
    must(v.close());

    rebuild_options how;
    bool refused = false;
    how.tell = [&](std::uint64_t) {
        refused = vault::open(store, quickly).error().code() == errc::in_use;
    };
    must(rebuild(store, how));
    EXPECT_TRUE(refused);
}

TEST_F(Rebuilding, OnlySaysWhatItWouldDo) {
    rebuild_options how;
    how.inline_max = 100;
    how.dry_run = true;
    const auto before = names();
    const auto would = must(rebuild(store, how));
    EXPECT_EQ(names(), before);
    EXPECT_EQ(would.verified_bytes, 0u);
    const auto done = into(100, small_sizes.dedicated_min);
    EXPECT_EQ(would.moved_bytes, done.moved_bytes);
    EXPECT_EQ(would.linked_bytes, done.linked_bytes);
}

TEST_F(Rebuilding, MakesAStoreSomewhereElse) {
    rebuild_options how;
    how.to = where / "other";
    how.inline_max = 100;
    must(rebuild(store, how));
    EXPECT_EQ(must(roots_of(store)).backups.size(), 0u);
    expect_as_it_was();
    auto other = must(vault::open(*how.to, quickly));
    EXPECT_EQ(read_all(other), was);
    EXPECT_EQ(other.sizes().inline_max, 100u);
    must(other.close());
    EXPECT_EQ(rebuild(store, how).error().code(), errc::exists);
    how.to = where / "taken";
    fs::create_directory(*how.to);
    std::ofstream{*how.to + "/mine"} << "mine";
    EXPECT_EQ(rebuild(store, how).error().code(), errc::not_empty);
    EXPECT_TRUE(fs::exists(*how.to + "/mine"));
    // Names that a store has, too: nobody's but the user's, as long as no rebuild has left them.
    for (const auto* name : {"meta", "blobs", "packs", "staging"}) {
        how.to = where / ("of-" + std::string{name});
        fs::create_directories(*how.to + "/" + name);
        std::ofstream{*how.to + "/" + name + "/mine"} << "mine";
        EXPECT_EQ(rebuild(store, how).error().code(), errc::not_empty) << name;
        EXPECT_TRUE(fs::exists(*how.to + "/" + name + "/mine"));
    }
    how.to = where / "stopped";
    how.stop = [n = 20]() mutable { return n-- == 0; };
    EXPECT_EQ(rebuild(store, how).error().code(), errc::cancelled);
    how.stop = [] { return false; };
    EXPECT_TRUE(must(rebuild(store, how)).resumed);
}

TEST_F(Rebuilding, RefusesADamagedStoreAndLeavesItInUse) {
    for (const auto& e : fs::recursive_directory_iterator{store + "/packs"}) {
        std::fstream pack{e.path(), std::ios::in | std::ios::out | std::ios::binary};
        pack.seekp(300);
        pack << "damage";
    }
    EXPECT_EQ(rebuild(store).error().code(), errc::corrupt);
    EXPECT_EQ(must(roots_of(store)).in_use, 0u);
}

TEST_F(Rebuilding, RefusesImpossibleThresholds) {
    rebuild_options how;
    how.inline_max = small_sizes.dedicated_min;
    EXPECT_EQ(rebuild(store, how).error().code(), errc::illegal);
    EXPECT_EQ(rebuild(where / "none").error().code(), errc::not_found);
}

TEST_F(Rebuilding, TakesUpWhateverARootWithoutAMarkerHolds) {
    fs::create_directories(store + "/root.1/meta");
    std::ofstream{store + "/root.1/meta/CURRENT"} << "nonsense";
    expect_as_it_was();
    into(100, 2000);
    expect_as_it_was();
}

// Who has looked for the root and not opened it yet would write into what is a backup by then.
TEST_F(Rebuilding, WhoOpensWhileTheRootIsReplacedOpensTheNewOne) {
    int looks = 0;
    auto opened = must(open_newest_root(store, quickly, [&] {
        if (++looks == 1) into(100, 2000);
    }));
    EXPECT_EQ(looks, 2);
    EXPECT_EQ(opened.number, 1u);
    EXPECT_EQ(opened.opened->sizes.inline_max, 100u);
}

// A crash between the two: the marker is there, and what it replaces is whole as well.
TEST_F(Rebuilding, TheHighestMarkerSaysWhichRootIsInUse) {
    into(100, 2000);
    fs::remove(store + "/casement.1");
    EXPECT_EQ(must(marker::read(store)).root, 0u);
    expect_as_it_was();
    std::ofstream{store + "/casement.1"} << "This directory";
    EXPECT_EQ(vault::open(store, quickly).error().code(), errc::corrupt)
        << "an older root is no answer: the newer one may hold more";
    std::ofstream{store + "/casement.01"} << marker::text_of(1);
    std::ofstream{store + "/casement.0"} << marker::text_of(1);
    fs::remove(store + "/casement.1");
    EXPECT_EQ(must(marker::read(store)).root, 0u) << "no other spelling counts";
}

}  // namespace
}  // namespace casement::testing::vault_rebuild_test
