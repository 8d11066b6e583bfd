#include <vault/marker.hpp>

#include <cerrno>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "blob/blob_files.hpp"

namespace casement::testing::marker_test {
namespace {

TEST(marker, says_what_was_written) {
    temporary_directory here;
    const auto store = here.path().string();
    EXPECT_EQ(marker::read(store).error().code(), errc::not_found);
    blob::posix_file_system disk;
    ASSERT_TRUE(marker::claim(store));
    ASSERT_TRUE(marker::write(disk, store, {7, 0}));
    EXPECT_EQ(marker::read(store), (marker::content{7, 0}));
    EXPECT_EQ(bytes_of(store + "/casement"), "This directory is a Casement store; format 7.\n");
    EXPECT_EQ(marker::claim(store).error().code(), errc::exists);
    EXPECT_EQ(marker::write(disk, store, {8, 0}).error().code(), errc::exists);
    EXPECT_EQ(marker::read(store), (marker::content{7, 0})) << "it is never changed";
}

// A marker that is there but not durable would make a store of what a power cut leaves half.
TEST(marker, is_durable_or_not_there) {
    for (std::size_t n = 0;; ++n) {
        temporary_directory here;
        const auto store = here.path().string();
        scripted disk;
        disk.follow().forgets_failed_syncs = true;
        disk.follow().number = EIO;
        disk.follow().fail_at = n;
        const auto written = marker::write(disk, store, {1, 0});
        if (!disk.follow().fired()) {
            EXPECT_TRUE(written);
            EXPECT_EQ(n, 9u) << "look, remove, create, write, sync, close, rename, sync directory, "
                                "look";
            break;
        }
        EXPECT_EQ(written.error().system(), EIO);
        EXPECT_TRUE(files_below(here.path()).empty()) << disk.follow().calls()[n].operation;
        EXPECT_LE(disk.follow().count("sync"), 1u) << "never tried again";
        disk.follow().fail_at.reset();
        EXPECT_TRUE(marker::claim(store));
        EXPECT_TRUE(marker::write(disk, store, {1, 0})) << "a new file is another matter";
        EXPECT_EQ(marker::read(store), (marker::content{1, 0}));
    }
}

TEST(marker, has_its_name_when_it_is_whole) {
    temporary_directory here;
    const auto store = here.path().string();
    scripted disk;
    ASSERT_TRUE(marker::write(disk, store, {1, 0}));
    std::vector<std::string> order;
    for (const auto& c : disk.follow().calls())
        if (c.operation == "sync" || c.operation == "rename" || c.operation == "sync directory")
            order.push_back(c.operation);
    EXPECT_EQ(order, (std::vector<std::string>{"sync", "rename", "sync directory"}));
}

// As a Windows disk does: who opened the store right after it was made found none.
struct late_names : blob::posix_file_system {
    int late = 0, unseen = 0;  // looks that find nothing, after a rename and from now on

    result<void> rename(const std::string& from, const std::string& to) {
        unseen = late;
        return posix_file_system::rename(from, to);
    }
    result<blob::entry> look(const std::string& path) {
        if (unseen > 0 && unseen-- > 0) return fail(errc::not_found, "look at", path);
        return posix_file_system::look(path);
    }
};

TEST(marker, is_seen_when_it_is_written) {
    temporary_directory here;
    const auto store = here.path().string();
    late_names disk;
    disk.late = 3;
    ASSERT_TRUE(marker::write(disk, store, {1, 0}));
    EXPECT_EQ(disk.unseen, 0) << "it did not wait";

    temporary_directory there;
    disk.late = 1000;
    EXPECT_EQ(marker::write(disk, there.path().string(), {1, 0}).error().code(), errc::not_found);
    EXPECT_TRUE(files_below(there.path()).empty()) << "what is never seen is not there";
}

TEST(marker, of_a_creation_that_was_cut_short_is_written_anew) {
    temporary_directory here;
    const auto store = here.path().string();
    overwrite(store + "/casement.new", "This dir");
    EXPECT_EQ(marker::read(store).error().code(), errc::not_found);
    EXPECT_TRUE(marker::claim(store));
    blob::posix_file_system disk;
    EXPECT_TRUE(marker::write(disk, store, {1, 0}));
    EXPECT_EQ(marker::read(store), (marker::content{1, 0}));
    EXPECT_EQ(files_below(here.path()).size(), 1u);
}

}  // namespace
}  // namespace casement::testing::marker_test
