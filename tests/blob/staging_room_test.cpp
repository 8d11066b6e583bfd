#include <casement/blob/staging_room.hpp>

#include <cerrno>

#include <gtest/gtest.h>

#include "blob/blob_files.hpp"

namespace casement::testing::staging_room_test {
namespace {

using blob::blob_id;

struct room_test : ::testing::Test {
    temporary_directory here;
    scripted disk;
    blob::staging_room<scripted> room{disk, blob::layout{here.path().string()}, counting_ids(),
                                      small_options(blob::durability::power)};
    void SetUp() override { ASSERT_TRUE(disk.make_directory(room.where.blobs())); }
};

TEST_F(room_test, an_id_is_in_flight_until_it_lands) {
    const auto a = room.take_off(), b = room.take_off();
    ASSERT_TRUE(a && b);
    EXPECT_NE(*a, *b);
    EXPECT_TRUE(room.in_flight(*a) && room.in_flight(*b));
    room.landed(*a);
    EXPECT_FALSE(room.in_flight(*a));
    EXPECT_TRUE(room.in_flight(*b));
}

TEST_F(room_test, a_shelf_is_made_once_and_its_name_is_durable) {
    disk.follow().restart();
    ASSERT_TRUE(room.ready_shelf(blob_id{1}));
    ASSERT_TRUE(room.ready_shelf(blob_id{2}));
    EXPECT_EQ(disk.follow().calls(), (std::vector<call>{{"make directory", room.where.shelf(0)},
                                                        {"sync directory", room.where.blobs()}}));
    ASSERT_TRUE(room.ready_shelf(blob_id{1024}));
    EXPECT_EQ(disk.follow().count("make directory"), 2u);
}

TEST_F(room_test, a_shelf_that_is_there_may_lack_a_durable_name) {
    ASSERT_TRUE(disk.make_directory(room.where.shelf(0)));
    disk.follow().restart();
    ASSERT_TRUE(room.ready_shelf(blob_id{1}));
    EXPECT_EQ(disk.follow().count("sync directory"), 1u);
}

TEST_F(room_test, a_shelf_that_failed_is_tried_again) {
    disk.follow().restart();
    disk.follow().number = EIO;
    disk.follow().fail_at = 1;
    EXPECT_EQ(room.ready_shelf(blob_id{1}).error().system(), EIO);
    EXPECT_TRUE(room.ready_shelf(blob_id{1}));
    EXPECT_EQ(disk.follow().count("sync directory"), 2u);
}

TEST_F(room_test, buffers_are_used_again) {
    auto a = room.borrow();
    a->held.append(std::string(500, 'x'));
    a->hash.take("x");
    const auto* memory = a->held.view().data();
    room.give_back(std::move(a));
    auto b = room.borrow();
    EXPECT_EQ(b->held.size(), 0u);
    b->held.append("y");
    EXPECT_EQ(static_cast<const void*>(b->held.view().data()), memory);
    EXPECT_EQ(b->hash.finish().content, sha256_of("")) << "of the next payload alone";
}

TEST_F(room_test, no_more_than_four_buffers_are_kept) {
    std::vector<blob::staging_room<scripted>::loan> all;
    for (int i = 0; i < 6; ++i) {
        all.push_back(room.borrow());
        all.back()->held.append("x");
    }
    for (auto& b : all) room.give_back(std::move(b));
    int used = 0;
    for (auto& b : all) used += (b = room.borrow())->held.capacity() > 0;
    EXPECT_EQ(used, 4);
}

TEST(ensure_directory, is_content_with_one_that_is_there) {
    temporary_directory here;
    blob::posix_file_system fs;
    EXPECT_TRUE(blob::ensure_directory(fs, here / "d"));
    EXPECT_TRUE(blob::ensure_directory(fs, here / "d"));
    EXPECT_EQ(blob::ensure_directory(fs, here / "no/d").error().code(), errc::not_found);
}

}  // namespace
}  // namespace casement::testing::staging_room_test
