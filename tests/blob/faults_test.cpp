// What a put does when the disk does not: each errno at each of its calls (SPEC W2, W3, W7), and
// the order in which things become durable.

#include <algorithm>
#include <cerrno>
#include <utility>

#include <gtest/gtest.h>

#include "blob/blob_files.hpp"

namespace casement::testing::faults_test {
namespace {

constexpr std::size_t sizes[] = {50, 500, 5000, piece_size + 5};

/// Sizes, and what was said of them before they came.
constexpr std::pair<std::size_t, std::uint64_t> announced[] = {
    {50, 0}, {500, 0}, {5000, 0}, {piece_size + 5, 0}, {50, 5000}, {500, 5000}, {5000, 5000}};

/// Runs `act` with the n-th call failing, for each n until `act` makes fewer calls.
template <class Act>
std::size_t at_each_call(int number, Act act) {
    for (std::size_t n = 0;; ++n) {
        temporary_directory here;
        scripted disk;
        disk.follow().number = number;
        if (!act(here, disk, n)) return n;
    }
}

TEST(faults, a_put_that_fails_says_why_and_leaves_nothing_that_is_not_listed) {
    for (const int number : {EIO, ENOSPC, EACCES}) {
        for (const auto& [size, expected] : announced) {
            const auto calls = at_each_call(number, [&](auto& here, auto& disk, std::size_t n) {
                auto files = open_files(here, disk, small_options(blob::durability::power));
                const auto before = put(files, payload_of(700, 7));
                EXPECT_TRUE(before);
                disk.follow().restart();
                disk.follow().fail_at = n;
                const auto failed = put(files, payload_of(size), std::string::npos, expected);
                if (!disk.follow().fired()) {
                    EXPECT_TRUE(failed);
                    return false;
                }
                const auto at = disk.follow().calls()[n];
                const bool is_unwanted =  // a file that was begun for more bytes
                    size < 1000 && (at.operation == "close" || at.operation == "remove");
                EXPECT_EQ(failed.has_value(), is_unwanted) << at.operation << " failed";
                if (failed) return true;
                EXPECT_EQ(failed.error().system(), number);
                EXPECT_EQ(failed.error().causes().back().operation, at.operation);
                EXPECT_EQ(failed.error().causes().back().subject, at.path);
                EXPECT_EQ(failed.error().code(), system_error(number, "", "").code());

                disk.follow().fail_at.reset();
                const auto all = files.list_files();
                EXPECT_TRUE(all && all->strange.empty());
                for (const auto& file : all->files)
                    EXPECT_EQ(file.kind, placement::packed) << "left behind: " << file.path;
                EXPECT_EQ(files_below(here.path()).size(), all->files.size());

                EXPECT_EQ(get(files, *before), payload_of(700, 7)) << "after " << at.operation;
                const auto again = put(files, payload_of(size));
                EXPECT_TRUE(again) << "the store stays usable after " << at.operation;
                EXPECT_EQ(get(files, *again), payload_of(size));
                return true;
            });
            EXPECT_EQ(calls > 0, size > 50 || expected > 50) << "an inline put makes no call";
        }
    }
}

TEST(faults, a_file_that_cannot_be_removed_is_found_by_the_next_sweep) {
    temporary_directory here;
    scripted disk;
    auto files = open_files(here, disk);
    disk.follow().number = EBUSY;
    auto open = files.stage();
    ASSERT_TRUE(open->write(payload_of(5000)));
    disk.follow().restart();
    disk.follow().fail_at = 1;  // close, then remove
    const auto abandoned = std::move(*open).abandon();
    ASSERT_FALSE(abandoned);
    EXPECT_EQ(abandoned.error().system(), EBUSY);
    EXPECT_EQ(files_below(here.path()).size(), 1u);
    open = files.stage();  // the first one is gone: nothing of it is in flight any more
    const auto swept = files.sweep([](const auto&) -> result<bool> { return false; });
    ASSERT_TRUE(swept);
    EXPECT_EQ(swept->removed.size(), 1u);
    EXPECT_EQ(files_below(here.path()).size(), 0u);
}

TEST(faults, opening_fails_clearly_at_each_call) {
    const auto calls = at_each_call(EIO, [](auto& here, auto& disk, std::size_t n) {
        disk.follow().fail_at = n;
        const auto opened = blob::files<scripted>::open(disk, here.path().string(), counting_ids(),
                                                        small_options(blob::durability::power));
        if (!disk.follow().fired()) return false;
        EXPECT_FALSE(opened);
        EXPECT_EQ(opened.error().system(), EIO);
        EXPECT_EQ(opened.error().causes().front().operation, "open blob files");
        return true;
    });
    EXPECT_EQ(calls, 3u);
}

TEST(faults, a_failed_sync_is_never_tried_again) {
    for (const std::size_t size : {500u, 5000u}) {
        temporary_directory here;
        scripted disk;
        disk.follow().forgets_failed_syncs = true;  // a second one would be believed
        auto files = open_files(here, disk, small_options(blob::durability::power));
        ASSERT_TRUE(put(files, payload_of(size)));  // directories and packs are there from now on
        disk.follow().restart();
        disk.follow().number = EIO;
        const auto whole = put(files, payload_of(size, 2));
        ASSERT_TRUE(whole);
        const auto calls = disk.follow().calls();
        const auto sync = std::ranges::find(calls, "sync", &call::operation);
        ASSERT_NE(sync, calls.end());
        disk.follow().restart();
        disk.follow().fail_at = sync - calls.begin();
        EXPECT_FALSE(put(files, payload_of(size, 3)));
        ASSERT_TRUE(disk.follow().fired());
        const auto lost = disk.follow().calls()[*disk.follow().fail_at].path;
        disk.follow().fail_at.reset();
        ASSERT_TRUE(put(files, payload_of(size, 4)));
        EXPECT_EQ(std::ranges::count(disk.follow().calls(), call{"sync", lost}), 1) << size;
        EXPECT_EQ(get(files, *whole), payload_of(size, 2)) << "what was synced before stands";
    }
}

// --- the order of durability -------------------------------------------------------------------

std::size_t last_of(const std::vector<call>& calls, const call& wanted) {
    for (std::size_t i = calls.size(); i > 0; --i)
        if (calls[i - 1] == wanted) return i;
    return 0;  // never: before all else
}

/// In the record of a put that has returned: bytes written, then synced, then their name synced,
/// and the names of the directories above it.
bool durable_in_order(const std::vector<call>& calls, const std::string& file) {
    const auto directory = file.substr(0, file.rfind('/'));
    const auto above = directory.substr(0, directory.rfind('/'));
    const auto written = last_of(calls, {"write", file});
    const auto synced = last_of(calls, {"sync", file});
    const auto named = last_of(calls, {"sync directory", directory});
    return written > 0 && synced > written && named > synced &&
           last_of(calls, {"sync directory", above}) > 0;
}

/// The record of opening the files and putting one blob; and the file it went to.
std::pair<std::vector<call>, std::string> record_of(std::size_t size, scripted disk,
                                                    blob::durability durable) {
    temporary_directory here;
    auto files = open_files(here, disk, small_options(durable));
    const auto blob = put(files, payload_of(size));
    EXPECT_TRUE(blob);
    const auto record = disk.follow().calls();
    const auto pack = blob::to_pack_position(blob->what.position).pack;
    return {record, blob->what.kind == placement::packed ? files.where().file_of(pack)
                                                         : files.where().file_of(blob->what.id)};
}

TEST(durability, bytes_then_name_before_the_put_returns) {
    for (const std::size_t size : {500u, 5000u}) {
        const auto [record, file] = record_of(size, scripted{}, blob::durability::power);
        EXPECT_TRUE(durable_in_order(record, file)) << size;
    }
}

// The mutants that the test above must see.
TEST(durability, a_disk_that_skips_a_sync_is_seen) {
    for (const std::size_t size : {500u, 5000u}) {
        scripted no_bytes, no_names;
        no_bytes.follow().skip_file_sync = true;
        no_names.follow().skip_directory_sync = true;
        const auto [first, a] = record_of(size, no_bytes, blob::durability::power);
        EXPECT_FALSE(durable_in_order(first, a)) << size;
        const auto [second, b] = record_of(size, no_names, blob::durability::power);
        EXPECT_FALSE(durable_in_order(second, b)) << size;
    }
}

TEST(durability, of_the_process_alone_syncs_nothing) {
    for (const std::size_t size : {500u, 5000u}) {
        const auto [record, file] = record_of(size, scripted{}, blob::durability::process);
        for (const auto& c : record)
            EXPECT_TRUE(c.operation != "sync" && c.operation != "sync directory") << c.path;
    }
}

// Nothing is renamed, and no file is asked for by name once it is written (DESIGN D9).
TEST(durability, a_put_neither_renames_nor_looks) {
    for (const auto size : sizes) {
        const auto [record, file] = record_of(size, scripted{}, blob::durability::power);
        for (const auto& c : record)
            EXPECT_TRUE(c.operation != "rename" && c.operation != "look" && c.operation != "open")
                << c.operation << ' ' << c.path;
    }
}

TEST(durability, a_pack_syncs_its_name_once) {
    temporary_directory here;
    scripted disk;
    auto files = open_files(here, disk, small_options(blob::durability::power));
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(put(files, payload_of(500)));
    const auto record = disk.follow().calls();
    EXPECT_EQ(std::ranges::count(record, call{"sync directory", files.where().packs()}), 1);
    EXPECT_EQ(disk.follow().count("sync"), 5u);
    EXPECT_EQ(disk.follow().count("create"), 1u);
}

}  // namespace
}  // namespace casement::testing::faults_test
