#include <casement/blob/staged_write.hpp>

#include <cerrno>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "blob/blob_files.hpp"

namespace casement::testing::staged_write_test {
namespace {

using blob::blob_id;

struct staged_write_test : ::testing::Test {
    explicit staged_write_test(blob::options chosen = small_options())
        : room{disk, blob::layout{here.path().string()}, counting_ids(), std::move(chosen)} {
        EXPECT_TRUE(disk.make_directory(room.where.blobs()));
        EXPECT_TRUE(disk.make_directory(room.where.packs()));
        disk.follow().restart();
    }
    temporary_directory here;
    scripted disk;
    blob::staging_room<scripted> room;
};

TEST_F(staged_write_test, makes_no_file_before_it_must) {
    blob::staged_write w{room, blob_id{1}};
    ASSERT_TRUE(w.write(payload_of(999)));
    EXPECT_TRUE(disk.follow().calls().empty());
    ASSERT_TRUE(w.write("x"));
    EXPECT_EQ(disk.follow().count("create"), 1u);
}

TEST_F(staged_write_test, writes_a_large_blob_in_pieces_of_1_MiB_from_the_callers_memory) {
    blob::staged_write w{room, blob_id{1}};
    ASSERT_TRUE(w.write(payload_of(10)));
    ASSERT_TRUE(w.write(payload_of(5 * piece_size)));
    EXPECT_EQ(disk.follow().count("write"), 5u);
    EXPECT_LE(w.held().size(), piece_size);
    EXPECT_EQ(w.measure(), 5 * piece_size + 10);
    EXPECT_EQ(disk.follow().count("write"), 6u);
}

TEST_F(staged_write_test, begins_its_file_at_once_if_enough_is_expected) {
    for (const std::uint64_t expected : {999u, 1000u}) {
        blob::staged_write w{room, blob_id{expected}, expected};
        ASSERT_TRUE(w.write("x"));
        EXPECT_EQ(disk.follow().count("create"), expected == 1000 ? 1u : 0u) << expected;
    }
}

TEST_F(staged_write_test, fewer_bytes_than_were_expected_lie_where_so_few_belong) {
    for (const std::size_t size : {0u, 50u, 500u}) {
        blob::staged_write w{room, blob_id{1}, 1u << 30};
        ASSERT_TRUE(w.write(payload_of(size)));
        EXPECT_EQ(w.measure(), size);
        EXPECT_EQ(w.what().kind, blob::place(size, room.chosen.sizes));
        EXPECT_EQ(w.held(), payload_of(size));
        EXPECT_EQ(disk.follow().count("create"), disk.follow().count("remove")) << "before a pack";
        ASSERT_TRUE(w.store());
        w.publish();
    }
}

TEST_F(staged_write_test, what_is_read_back_short_was_lost) {
    blob::staged_write w{room, blob_id{1}, 1000};
    disk.follow().lose_tails = true;
    ASSERT_TRUE(w.write(payload_of(500)));
    EXPECT_EQ(w.measure().error().code(), errc::corrupt);
    EXPECT_TRUE(w.abandon());
    EXPECT_TRUE(files_below(here.path()).empty());
}

TEST_F(staged_write_test, its_first_error_is_every_later_answer) {
    blob::staged_write w{room, blob_id{1}};
    disk.follow().number = ENOSPC;
    disk.follow().fail_at = 1;
    const auto failed = w.write(payload_of(2000));
    ASSERT_FALSE(failed);
    disk.follow().fail_at.reset();
    EXPECT_EQ(w.write("more").error(), failed.error());
    EXPECT_EQ(w.measure().error(), failed.error());
    EXPECT_EQ(w.store().error(), failed.error());
    EXPECT_TRUE(w.abandon());
    EXPECT_TRUE(files_below(here.path()).empty());
}

struct staged_write_megabytes_test : staged_write_test {
    staged_write_megabytes_test() : staged_write_test{chosen()} {}
    static blob::options chosen() {
        auto power = small_options(blob::durability::power);
        power.sizes = {100, 4 * piece_size, 8 * piece_size};
        return power;
    }
};

TEST_F(staged_write_megabytes_test, what_is_read_back_is_what_was_written_and_was_not_synced) {
    for (const bool flipped : {false, true}) {
        blob::staged_write w{room, blob_id{1}, 4 * piece_size};
        ASSERT_TRUE(w.write(payload_of(2 * piece_size)));
        if (flipped) {
            std::fstream file{room.where.file_of(blob_id{1}),
                              std::ios::in | std::ios::out | std::ios::binary};
            file.seekp(piece_size);
            EXPECT_TRUE(file.put('#').flush());
        }
        const auto measured = w.measure();
        ASSERT_EQ(measured.has_value(), !flipped);
        EXPECT_TRUE(measured || measured.error().code() == errc::corrupt);
        EXPECT_EQ(disk.follow().count("sync"), 0u);
        EXPECT_TRUE(w.abandon());
    }
}

struct staged_write_power_test : staged_write_test {
    staged_write_power_test() : staged_write_test{small_options(blob::durability::power)} {}

    /// The call of this number that `step` makes of the disk is a sync, and it fails: that is the
    /// step's answer, and the store's from then on.
    void fails_for_ever(blob::staged_write<scripted>& w, std::size_t call, const auto& step) {
        disk.follow().restart();
        disk.follow().forgets_failed_syncs = true;
        disk.follow().number = EIO;
        disk.follow().fail_at = call;
        const auto failed = step();
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().causes().back().operation, "sync");
        disk.follow().fail_at.reset();
        EXPECT_EQ(w.store().error(), failed.error());
        EXPECT_EQ(disk.follow().count("sync"), 1u) << "never tried again";
        EXPECT_TRUE(w.abandon());
    }
};

TEST_F(staged_write_power_test, a_failed_sync_is_its_answer_for_ever) {
    for (const std::size_t size : {500u, 5000u}) {
        blob::staged_write w{room, blob_id{size}};
        ASSERT_TRUE(w.write(payload_of(size)) && w.measure());
        const auto call = size == 500 ? 1 : 0;  // a frame's header is written first
        fails_for_ever(w, call, [&] { return w.store(); });
    }
}

TEST_F(staged_write_power_test, a_large_file_is_synced_once_and_beside_its_hash_if_it_may_be_new) {
    const std::size_t early = std::thread::hardware_concurrency() > 1 ? 1 : 0;
    for (const auto before_its_digest : {early, std::size_t{0}}) {
        blob::staged_write w{room, blob_id{1 + before_its_digest}};
        ASSERT_TRUE(w.write(payload_of(3 * piece_size)));
        disk.follow().restart();
        ASSERT_TRUE(w.measure());
        EXPECT_EQ(disk.follow().count("sync"), before_its_digest);
        ASSERT_TRUE(w.store());
        EXPECT_EQ(disk.follow().count("sync"), 1u);
        EXPECT_TRUE(w.abandon());
    }
}

TEST_F(staged_write_power_test, an_early_sync_that_failed_is_its_answer_for_ever) {
    if (std::thread::hardware_concurrency() == 1) GTEST_SKIP() << "one core";
    blob::staged_write w{room, blob_id{1}};
    ASSERT_TRUE(w.write(payload_of(3 * piece_size)));
    fails_for_ever(w, 0, [&] { return w.measure(); });
}

TEST_F(staged_write_test, duplicates_in_a_row_touch_no_disk) {
    for (int i = 0; i < 3; ++i) {
        blob::staged_write w{room, blob_id{1}};
        ASSERT_TRUE(w.write(payload_of(500)));
        ASSERT_TRUE(w.measure());
        ASSERT_TRUE(w.abandon());
        if (i == 0) disk.follow().restart();
    }
    EXPECT_TRUE(disk.follow().calls().empty()) << "only the first began its frame early";
    blob::staged_write w{room, blob_id{2}};
    ASSERT_TRUE(w.write(payload_of(500)) && w.measure() && w.store());
    w.publish();
    EXPECT_TRUE(room.expects_new());
}

TEST_F(staged_write_test, lands_when_it_ends) {
    const auto id = room.take_off();
    {
        blob::staged_write w{room, *id};
        EXPECT_TRUE(room.in_flight(*id));
    }
    EXPECT_FALSE(room.in_flight(*id));
}

}  // namespace
}  // namespace casement::testing::staged_write_test
