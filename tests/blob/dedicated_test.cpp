#include <casement/blob/dedicated.hpp>

#include <cerrno>

#include <gtest/gtest.h>

#include "blob/blob_files.hpp"

namespace casement::testing::dedicated_test {
namespace {

using blob::blob_id;

template <class FS = blob::posix_file_system>
struct room_in_a_directory {
    explicit room_in_a_directory(FS fs = {}, blob::durability durable = blob::durability::power)
        : room{fs, blob::layout{here.path().string()}, counting_ids(), small_options(durable)} {
        EXPECT_TRUE(fs.make_directory(room.where.blobs()));
    }
    auto begin(std::uint64_t id) { return blob::dedicated_file<FS>::begin(room, blob_id{id}); }
    temporary_directory here;
    blob::staging_room<FS> room;
};

TEST(dedicated_file, holds_the_bytes_in_order_under_its_final_name) {
    room_in_a_directory<> r;
    auto file = r.begin(7);
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->append("first"));
    ASSERT_TRUE(file->append(" second"));
    EXPECT_EQ(file->written(), 12u);
    EXPECT_EQ(file->size(), 12u);
    EXPECT_EQ(file->finish(), true);
    EXPECT_EQ(bytes_of(r.room.where.file_of(blob_id{7})), "first second");
}

TEST(dedicated_file, never_takes_a_name_over) {
    room_in_a_directory<> r;
    auto first = r.begin(7);
    ASSERT_TRUE(first);
    EXPECT_EQ(r.begin(7).error().code(), errc::exists);
    EXPECT_TRUE(r.begin(8)) << "on the same shelf";
}

TEST(dedicated_file, can_be_removed_at_any_time) {
    room_in_a_directory<> r;
    auto file = r.begin(7);
    ASSERT_TRUE(file && file->append("x"));
    EXPECT_TRUE(file->remove());
    auto finished = r.begin(8);
    ASSERT_TRUE(finished && finished->finish());
    EXPECT_TRUE(finished->remove());
    EXPECT_TRUE(files_below(r.here.path()).empty());
}

TEST(dedicated_file, what_was_synced_is_not_synced_again_and_what_came_after_is) {
    scripted disk;
    room_in_a_directory<scripted> r{disk};
    const auto syncs = [&](std::uint64_t id, auto... steps) {
        auto file = r.begin(id);
        EXPECT_TRUE(file);
        disk.follow().restart();
        (steps(*file), ...);
        EXPECT_TRUE(file->finish());
        EXPECT_EQ(disk.follow().count("sync directory"), disk.follow().count("sync"));
        return disk.follow().count("sync");
    };
    const auto append = [](auto& file) { EXPECT_TRUE(file.append("x")); };
    const auto sync = [](auto& file) { EXPECT_TRUE(file.sync()); };
    EXPECT_EQ(syncs(1), 1u);
    EXPECT_EQ(syncs(2, append), 1u);
    EXPECT_EQ(syncs(3, append, sync), 1u);
    EXPECT_EQ(syncs(4, append, sync, append), 2u);
    EXPECT_EQ(syncs(5, sync, append), 2u);
}

TEST(dedicated_file, is_removed_after_a_close_that_failed) {
    scripted disk;
    room_in_a_directory<scripted> r{disk};
    auto file = r.begin(7);
    ASSERT_TRUE(file);
    disk.follow().restart();
    disk.follow().number = EIO;
    disk.follow().fail_at = 2;  // sync twice, then close
    EXPECT_EQ(file->finish().error().causes().back().operation, "close");
    EXPECT_TRUE(file->remove());
    EXPECT_EQ(disk.follow().count("close"), 1u) << "a descriptor is closed once";
    EXPECT_TRUE(files_below(r.here.path()).empty());
}

}  // namespace
}  // namespace casement::testing::dedicated_test
