// Compaction on the memory engine and real files: dead bytes go, as holes or by moves; whatever is
// named is there afterwards, whoever reads, writes or collects meanwhile, and wherever it stops.

#include <casement/tree/compact.hpp>

#include <cerrno>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <casement/tree/collect.hpp>
#include <casement/tree/fsck.hpp>
#include <casement/tree/verify.hpp>

#include "blob/blob_files.hpp"
#include "support/property.hpp"
#include "tree/stored_tree.hpp"

namespace casement::testing::compact_test {
namespace {

using tree::compacted;
using tree::compacting;

/// Four frames of 512 bytes each go to a pack.
constexpr blob::thresholds tiny{100, 1000, 64 + 4 * 512};
constexpr std::size_t filling = 512 - 64;

[[nodiscard]] std::string bytes_named(std::string_view name, std::size_t size = filling) {
    std::string all;
    while (all.size() < size) all += name;
    all.resize(size);
    return all;
}

class compact_tree : public stored_tree<scripted> {
public:
    explicit compact_tree(const blob::thresholds& sizes = tiny, const scripted& disk = {})
        : stored_tree{sizes, disk}, disk_{disk} {
        follow().cannot_punch = true;
    }

    [[nodiscard]] script& follow() const { return disk_.follow(); }

    /// /a, /b, ... each of its own bytes.
    void plant_files(int n, std::size_t size = filling) {
        for (int i = 0; i < n; ++i) {
            const std::string path = "/" + std::string(1, static_cast<char>('a' + i));
            files[path] = make(path, bytes_named(path, size));
        }
    }
    void drop(const std::string& path) {
        remove(path);
        files.erase(path);
    }
    void gather() { must(collect(t.me, {.now = {}})); }
    compacted shrink(const compacting& how = {}) { return must(compact(contents(), how)); }

    /// A file that does not read back.
    [[nodiscard]] std::string lost() {
        for (const auto& [path, id] : files)
            if (bytes_of(id) != bytes_named(path, must(contents().object_of(id)).size))
                return path + ": " + bytes_of(id);
        return "";
    }
    [[nodiscard]] std::string wrong() {
        if (auto bad = lost(); !bad.empty()) return bad;
        const auto seen = tree::verify(t.kv, contents());
        return seen.problems.empty() ? "" : seen.problems.front().what.message();
    }
    [[nodiscard]] std::uint64_t pack_bytes() {
        std::uint64_t all = 0;
        for (const auto& f : must(contents().files().list_packs()).files) all += f.size;
        return all;
    }
    [[nodiscard]] std::size_t packs() { return must(contents().files().list_packs()).files.size(); }

    std::map<std::string, obj_id> files;

private:
    scripted disk_;
};

TEST(Compact, HasNothingToDoInADenseStore) {
    compact_tree c;
    c.plant_files(8);
    const auto done = c.shrink();
    EXPECT_EQ(done.packs, 2u);
    EXPECT_EQ(done.live_bytes, 8u * 512);
    EXPECT_EQ(done.dead_bytes, 2u * 64) << "the packs' headers";
    EXPECT_EQ(done.moved + done.removed + done.punched, 0u);
    EXPECT_EQ(c.wrong(), "");
}

// What another process reads is not to be seen from here.
TEST(Compact, TakesNothingAwayWhileOthersHaveTheStoreOpen) {
    for (const bool punches : {false, true})
        for (const int looks : {0, 1, 2}) {
            compact_tree c{{100, 100'000, 1 << 20}};
            c.follow().cannot_punch = !punches;
            c.plant_files(8, 60'000);
            for (const auto* path : {"/a", "/c", "/f"}) c.drop(path);
            c.gather();
            // They come before it begins, or when it has looked so often.
            c.others = [n = looks]() mutable {
                return result<blob::other_openings>{blob::other_openings{.any = n-- <= 0}};
            };
            c.follow().restart();
            const auto done = compact(c.contents(), {});
            EXPECT_EQ(c.follow().count("remove"), 0u);
            EXPECT_EQ(c.follow().count("punch"), looks == 2 ? 1u : 0u);
            if (looks < 2) {
                EXPECT_EQ(done.error().code(), errc::in_use);
                EXPECT_EQ(c.packs(), 1u);
            } else if (!punches) {
                EXPECT_GT(must(done).held_bytes, 0u) << "moved, and not removed";
            }
            EXPECT_EQ(c.lost(), "");
            c.others = blob::nobody_else;
            must(compact(c.contents(), {}));
            EXPECT_EQ(c.packs(), 1u);
            EXPECT_EQ(c.wrong(), "");
        }
}

TEST(Compact, NamesNoFrameThatASweepHasPassed) {
    for (const std::uint64_t below : {1u, 1'000'000u}) {
        compact_tree c{{100, 1000, 1 << 20}};
        c.plant_files(60);
        for (int n = 0; n < 60; n += 3) c.drop("/" + std::string(1, static_cast<char>('a' + n)));
        c.gather();
        // Between two commits, of as many frames as one can hold.
        compacting how;
        how.punches = false;
        how.stop = [&, calls = 0]() mutable {
            if (++calls == 70) must(raise_fence(c.t.kv, below));
            return false;
        };
        const auto done = compact(c.contents(), how);
        if (below == 1)
            EXPECT_EQ(must(done).moved, 40u) << "it has passed none of these";
        else
            EXPECT_EQ(code_of(done), errc::fenced);
        EXPECT_EQ(c.lost(), "");
    }
}

TEST(Compact, LeavesAlonePacksThatAreNotBehindTheFence) {
    compact_tree c;
    c.plant_files(8);
    for (const auto* path : {"/a", "/b", "/f"}) c.drop(path);
    c.gather();
    compacting how;
    how.fence = [] { return result<std::uint64_t>{0}; };
    const auto done = c.shrink(how);
    EXPECT_EQ(done.busy, 2u);
    EXPECT_EQ(done.moved + done.removed, 0u);
    how.fence = []() -> result<std::uint64_t> { return fail(errc::io, "raise fence", ""); };
    EXPECT_EQ(code_of(compact(c.contents(), how)), errc::io);
}

TEST(Compact, MovesWhatIsLiveAndRemovesThePack) {
    compact_tree c;
    c.plant_files(8);
    for (const auto* path : {"/a", "/b", "/f"}) c.drop(path);
    c.gather();
    const auto before = c.pack_bytes();
    const auto done = c.shrink();
    EXPECT_EQ(done.rewritten, 2u) << "the one with three, too: one dead frame of eight is too much";
    EXPECT_EQ(done.moved, 5u);
    EXPECT_EQ(done.moved_bytes, 5u * 512);
    EXPECT_EQ(done.removed, 2u);
    EXPECT_EQ(c.pack_bytes(), before - 3 * 512);
    EXPECT_EQ(c.wrong(), "");
    EXPECT_EQ(c.shrink().moved, 0u) << "it is dense now";
}

TEST(Compact, StopsWhereLittleIsDead) {
    compact_tree c;
    c.plant_files(16);
    for (const auto* path : {"/a", "/b", "/c", "/h"}) c.drop(path);
    c.gather();
    const auto done = c.shrink({.dead_share_max = 0.2});
    EXPECT_EQ(done.rewritten, 1u) << "of the two that have dead frames the one that has more";
    EXPECT_EQ(done.moved, 1u);
    EXPECT_EQ(c.wrong(), "");
}

TEST(Compact, RemovesPacksThatNothingIsNamedOf) {
    compact_tree c;
    c.plant_files(5);
    for (const auto* path : {"/a", "/b", "/c", "/d"}) c.drop(path);
    c.gather();
    const auto done = c.shrink();
    EXPECT_EQ(done.removed, 1u);
    EXPECT_EQ(done.moved, 0u);
    EXPECT_EQ(c.packs(), 1u);
    EXPECT_EQ(c.wrong(), "");
}

// Frames of whole blocks, so that holes show; the pack keeps its length and its frames their place.
TEST(Compact, MakesHolesWhereItCan) {
    constexpr std::size_t size = (256 << 10) - 64;
    compact_tree c{{100, 1 << 20, 4 << 20}};
    c.follow().cannot_punch = false;
    c.plant_files(8, size);
    for (const auto* path : {"/b", "/c", "/f"}) c.drop(path);
    c.gather();
    const auto length = c.pack_bytes();
    const auto done = c.shrink();
    if (done.punched == 0) GTEST_SKIP() << "no holes on the file system of TMPDIR";
    EXPECT_GE(done.punched_bytes, 3 * size - 3 * 8192);
    EXPECT_EQ(done.moved, 0u);
    EXPECT_EQ(c.pack_bytes(), length);
    EXPECT_EQ(c.wrong(), "");
    const auto again = c.shrink();
    EXPECT_EQ(again.punched + again.moved, 0u) << "the holes are there already";
    EXPECT_LT(again.disk_bytes, 5 * (size + 64) + 8 * 8192);
    // Without them, all that is live would be moved.
    EXPECT_EQ(c.shrink({.punches = false, .dry_run = true}).rewritten, 0u)
        << "nor is there anything to gain by moving";
}

TEST(Compact, SaysWhatItWouldDoAndDoesNothing) {
    compact_tree c;
    c.plant_files(9);
    for (const auto* path : {"/a", "/b", "/f", "/i"}) c.drop(path);
    c.gather();
    const auto files = files_below(c.where.path());
    c.follow().restart();
    const auto told = c.shrink({.dry_run = true});
    EXPECT_EQ(files_below(c.where.path()), files);
    EXPECT_EQ(c.follow().count("write") + c.follow().count("remove") + c.follow().count("punch"),
              0u);
    EXPECT_EQ(told.busy, 1u) << "the pack that is being filled stays as it is";
    const auto done = c.shrink();
    EXPECT_EQ(told.rewritten, done.rewritten);
    EXPECT_EQ(told.moved, done.moved);
    EXPECT_EQ(done.removed, told.removed + 1) << "and here it was let go of";
}

// SPEC B6: a counter, not a promise.
TEST(Compact, NeverTouchesADedicatedBlob) {
    compact_tree c;
    c.plant_files(8);
    c.files["/z"] = c.make("/z", bytes_named("/z", 5000));
    c.drop("/a");
    c.drop("/e");
    c.gather();
    c.follow().restart();
    EXPECT_GT(c.shrink().moved, 0u);
    for (const auto& call : c.follow().calls())
        EXPECT_EQ(call.path.find("/blobs"), std::string::npos) << call.operation << call.path;
    EXPECT_EQ(c.wrong(), "");
}

// --- beside others -------------------------------------------------------------------------------

// Opened before, and not yet read: its bytes are where its row said then (SPEC B4).
TEST(Compact, LeavesWhatAReaderHolds) {
    compact_tree c;
    c.plant_files(4);
    auto reader = must(c.contents().open(c.files.at("/d")));
    for (const auto* path : {"/a", "/b"}) c.drop(path);
    c.gather();
    const auto done = c.shrink();
    EXPECT_EQ(done.moved, 2u);
    EXPECT_EQ(done.removed, 0u);
    EXPECT_GT(done.held_bytes, 0u);
    EXPECT_EQ(c.bytes_of(c.files.at("/d")), bytes_named("/d")) << "who comes now reads the new one";
    std::string bytes(reader.size(), '?');
    EXPECT_EQ(must(reader.read_at(0, bytes)), bytes.size());
    EXPECT_EQ(bytes, bytes_named("/d"));
    EXPECT_EQ(c.shrink().removed, 0u);
    { const auto gone = std::move(reader); }
    EXPECT_EQ(c.shrink().removed, 1u);
    EXPECT_EQ(c.wrong(), "");
}

TEST(Compact, LeavesHolesToWhoReadsThere) {
    constexpr std::size_t size = (256 << 10) - 64;
    compact_tree c{{100, 1 << 20, 4 << 20}};
    c.follow().cannot_punch = false;
    c.plant_files(4, size);
    auto reader = must(c.contents().open(c.files.at("/b")));
    c.drop("/b");
    c.gather();
    EXPECT_GT(c.shrink().held_bytes, 0u);
    std::string bytes(reader.size(), '?');
    EXPECT_EQ(must(reader.read_at(0, bytes)), bytes.size());
    EXPECT_EQ(bytes, bytes_named("/b", size));
    { const auto gone = std::move(reader); }
    EXPECT_EQ(c.shrink().held_bytes, 0u);
    EXPECT_EQ(c.wrong(), "");
}

// A hole under a mapping would be zeros to who has verified other bytes.
TEST(Compact, LeavesHolesToWhoHoldsAView) {
    constexpr std::size_t size = (256 << 10) - 64;
    stored_tree t{{100, 1 << 20, 4 << 20}};
    t.make("/a", bytes_named("/a", size));
    const auto id = t.make("/b", bytes_named("/b", size));
    auto view = must(must(t.contents().open(id)).view());
    t.remove("/b");
    must(collect(t.t.me, {.now = {}}));
    EXPECT_TRUE(view.is_mapped());
    EXPECT_GT(must(compact(t.contents(), {})).held_bytes, 0u);
    EXPECT_EQ(view.bytes(), bytes_named("/b", size));
    { const auto gone = std::move(view); }
    EXPECT_EQ(must(compact(t.contents(), {})).held_bytes, 0u);
}

TEST(Compact, LeavesWhatIsOnItsWayToARow) {
    compact_tree c;
    c.plant_files(2);
    auto coming = c.store(bytes_named("coming"));
    EXPECT_EQ(c.shrink().busy, 1u);
    EXPECT_EQ(c.packs(), 1u);
    transaction t{c.t.kv};
    coming.add_to(t);
    must(t.commit());
    coming.published();
    EXPECT_EQ(c.shrink().busy, 0u);
    EXPECT_EQ(c.bytes_of(coming.id()), bytes_named("coming"));
}

// Who stores the same bytes has seen them where they were; that they have moved is no loss.
TEST(Compact, WhoStoredTheSameBytesLooksAgain) {
    compact_tree c;
    c.plant_files(4);
    auto same = c.store(bytes_named("/d"));
    ASSERT_TRUE(same.deduplicated());
    for (const auto* path : {"/a", "/b"}) c.drop(path);
    c.gather();
    c.shrink();
    const auto try_once = [&] {
        transaction t{c.t.kv};
        same.add_to(t);
        return t.commit();
    };
    EXPECT_EQ(code_of(try_once()), errc::conflict);
    EXPECT_TRUE(must(c.contents().look_again(same))) << "it has changed: the decision may stand";
    EXPECT_TRUE(try_once());
}

/// Whatever another does between the copy and its commit, there is no second look: the guard sees.
TEST(Compact, WhatIsCollectedMeanwhileStaysAway) {
    compact_tree c;
    c.plant_files(4);
    for (const auto* path : {"/a", "/b"}) c.drop(path);
    c.gather();
    bool done = false;
    c.follow().before_file_sync = [&] {
        if (std::exchange(done, true)) return;
        c.drop("/c");
        c.gather();
    };
    const auto told = c.shrink();
    c.follow().before_file_sync = [] {};
    EXPECT_EQ(told.moved, 1u) << "/d, and /c is gone";
    EXPECT_EQ(rows_of(c.t.kv, "c"), 1u);
    EXPECT_EQ(rows_of(c.t.kv, "p"), 1u);
    EXPECT_EQ(c.wrong(), "");
}

// --- what goes wrong -----------------------------------------------------------------------------

TEST(Compact, KeepsADamagedFrameAndTells) {
    compact_tree c;
    c.plant_files(4);
    for (const auto* path : {"/a", "/b"}) c.drop(path);
    c.gather();
    const auto pack = must(c.contents().files().list_packs()).files.front();
    auto raw = testing::bytes_of(pack.path);
    raw[64 + 2 * 512 + 64 + 7] ^= 1;  // of /c
    overwrite(pack.path, raw);
    c.reopen();
    const auto done = c.shrink();
    ASSERT_EQ(done.damaged.size(), 1u);
    EXPECT_NE(done.damaged.front().message().find(pack.path), std::string::npos);
    EXPECT_EQ(done.moved, 1u);
    EXPECT_EQ(done.removed, 0u);
    EXPECT_EQ(testing::bytes_of(pack.path), raw);
    EXPECT_EQ(c.bytes_of(c.files.at("/d")), bytes_named("/d"));
}

TEST(Compact, StopsWhenAskedAndGoesOn) {
    for (int stop_at = 1;; ++stop_at) {
        compact_tree c;
        c.plant_files(12);
        for (const auto* path : {"/a", "/b", "/f", "/i", "/j", "/k"}) c.drop(path);
        c.gather();
        int asked = 0;
        const auto done = compact(c.contents(), {.stop = [&] { return ++asked == stop_at; }});
        if (done) {
            EXPECT_GT(stop_at, 5);
            break;
        }
        ASSERT_EQ(done.error().code(), errc::cancelled);
        ASSERT_EQ(c.lost(), "") << stop_at;
        c.shrink();
        ASSERT_EQ(c.wrong(), "") << stop_at;
        ASSERT_LE(c.pack_bytes(), 6 * 512 + 3 * 64u) << stop_at;
    }
}

TEST(Compact, MovesNoMoreThanItMay) {
    compact_tree c;
    c.plant_files(12);
    for (const auto* path : {"/a", "/e", "/i"}) c.drop(path);
    c.gather();
    EXPECT_EQ(c.shrink({.moves_max = 2 * 3 * 512}).moved, 6u);
    EXPECT_EQ(c.shrink({.moves_max = 2 * 3 * 512}).moved, 3u);
    EXPECT_EQ(c.wrong(), "");
}

// SPEC W7 and the rule: any call may fail, in any way; nothing is lost, and with the
// disk well again the next compaction does what this one could not.
TEST(Compact, AnyCallMayFail) {
    std::size_t failed = 0;
    for (const int number : {ENOSPC, EIO, EACCES})
        for (std::size_t at = 0;; ++at) {
            compact_tree c;
            c.plant_files(8);
            for (const auto* path : {"/a", "/b", "/f"}) c.drop(path);
            c.gather();
            c.reopen();
            c.follow().number = number;
            c.follow().fail_at = at;
            c.follow().restart();
            const auto done = compact(c.contents());
            const bool fired = c.follow().fired();
            c.follow().fail_at.reset();
            if (!fired) {
                ASSERT_TRUE(done);
                break;
            }
            ++failed;
            if (!done) {
                ASSERT_EQ(done.error().system(), number) << done.error().message();
            }
            ASSERT_EQ(c.lost(), "") << at << " " << number;
            c.reopen();
            c.shrink();
            ASSERT_EQ(c.wrong(), "") << at << " " << number;
            ASSERT_LE(c.pack_bytes(), 5 * 512 + 2 * 64u) << at;
        }
    EXPECT_GT(failed, 60u);
}

TEST(Compact, APackThatACollectorSweepsMeanwhileIsNoFailure) {
    std::set<std::string> missed;
    for (const bool holes : {true, false})
        for (std::size_t at = 0;; ++at) {
            compact_tree c{blob::thresholds{100, 100 << 10, 1 << 20}};
            c.follow().cannot_punch = !holes;
            c.plant_files(4, 80 << 10);
            for (const auto* path : {"/a", "/b", "/c"}) c.drop(path);
            c.gather();
            c.reopen();
            c.follow().number = ENOENT;
            c.follow().fail_at = at;
            c.follow().restart();
            const auto done = compact(c.contents());
            if (!c.follow().fired()) break;
            const auto failed = c.follow().calls()[at].operation;
            if (failed != "allocated" && failed != "punch" && failed != "remove") continue;
            missed.insert(failed);
            EXPECT_TRUE(done) << failed << ": " << done.error().message();
            EXPECT_EQ(c.lost(), "") << failed;
        }
    EXPECT_EQ(missed.size(), 3u);
}

TEST(Compact, AnyHistoryLeavesWhatIsNamedAndLittleElse) {
    law("after a compaction all is there, and little else",
        [](const std::vector<std::uint8_t>& deeds) {
            compact_tree c;
            int made = 0;
            for (const auto d : deeds) {
                const std::string path = "/" + std::to_string(d % 16);
                if (c.files.contains(path))
                    c.drop(path);
                else if (made++ < 64)
                    c.files[path] = c.make(path, bytes_named(path, 101 + d * 3));
                if (d % 7 == 0) c.gather();
                if (d % 5 == 0) c.shrink();
                if (d % 31 == 0) c.reopen();
            }
            c.gather();
            c.reopen();
            c.shrink({.dead_share_max = 0.5});
            RC_ASSERT(c.wrong() == "");
            c.reopen();  // so that the pack that was filled last is counted, too
            const auto told = c.shrink({.dead_share_max = 0.5, .dry_run = true});
            RC_ASSERT(told.dead_bytes <= told.live_bytes + told.packs * 64);
        });
}

// --- the rows of frames --------------------------------------------------------------------------

TEST(Frames, AreHeldAgainstTheContents) {
    compact_tree c;
    c.plant_files(3);
    const auto where = [&](const char* path) {
        return (*must(read_content(c.t.kv, must(c.contents().object_of(c.files.at(path))).content)))
            .where;
    };
    const auto b = where("/b");
    const tree::packed_frame as_it_was{b.content, b.size};
    const auto mended = [&] {
        const auto told = must(fsck(c.t.me, true));
        EXPECT_EQ(told.left.size(), 0u);
        return told.found.size();
    };
    EXPECT_EQ(mended(), 0u);
    c.t.uproot<tree::packed_frame>({b.position});
    EXPECT_NE(c.wrong(), "");
    EXPECT_EQ(mended(), 1u);
    EXPECT_EQ(*must(read<tree::packed_frame>(c.t.kv, {b.position})), as_it_was);
    EXPECT_EQ(c.wrong(), "");
    c.t.plant<tree::packed_frame>({b.position + 64}, as_it_was);
    EXPECT_NE(c.wrong(), "");
    EXPECT_EQ(mended(), 1u);
    EXPECT_EQ(c.wrong(), "");
    c.t.plant<tree::packed_frame>({b.position}, {b.content, b.size + 1});
    EXPECT_NE(c.wrong(), "");
    EXPECT_EQ(mended(), 1u);
    EXPECT_EQ(c.wrong(), "");
}

}  // namespace
}  // namespace casement::testing::compact_test
