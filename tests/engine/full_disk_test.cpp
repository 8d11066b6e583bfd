// A full disk: the commit that does not fit says so, the store takes no more, and when there is
// room again it opens with every row that was acknowledged. Needs the right to mount.

#include <sys/mount.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include <casement/engine/leveldb.hpp>
#include <support/temporary.hpp>

#include "engine/rows.hpp"
#include "kv/store_script.hpp"

namespace casement::engine::full_disk_test {
namespace {

using casement::testing::numbered_key;
using casement::testing::numbered_rows;
using casement::testing::numbered_value;
using casement::testing::put;
using casement::testing::row_map;

class full_disk : public ::testing::TestWithParam<durability> {
protected:
    void SetUp() override {
        if (::mount("none", disk_.c_str(), "tmpfs", 0, "size=9m") != 0)
            GTEST_SKIP() << "cannot mount a small file system here";
        mounted_ = true;
        std::ofstream{ballast_} << std::string(5u << 20, 'b');
    }
    void TearDown() override {
        const bool gone = !mounted_ || ::umount(disk_.c_str()) == 0;
        EXPECT_TRUE(gone);
    }
    void fills_up(std::size_t row_bytes, std::size_t write_buffer_bytes);

    casement::testing::temporary_directory directory_;
    std::string disk_ = directory_.path().string();
    std::string ballast_ = disk_ + "/ballast", path_ = disk_ + "/kv";
    bool mounted_ = false;
};
INSTANTIATE_TEST_SUITE_P(durability, full_disk,
                         ::testing::Values(durability::process, durability::power),
                         [](const auto& of) {
                             return of.param == durability::process ? "process" : "power";
                         });

/// Commits rows of `bytes` until one is refused; how many were not.
std::size_t fill(leveldb_store& kv, std::size_t first, std::size_t bytes, errc& why) {
    for (std::size_t n = first;; ++n) {
        const auto key = numbered_key(n), value = numbered_value(n, bytes);
        if (auto r = casement::testing::commit(kv, {}, {put(key, value)}); !r) {
            why = r.error().code();
            return n;
        }
    }
}

void full_disk::fills_up(std::size_t row_bytes, std::size_t write_buffer_bytes) {
    const leveldb_options options{
        .durable = GetParam(), .create = true, .write_buffer_bytes = write_buffer_bytes};
    std::filesystem::remove_all(path_);
    if (!std::filesystem::exists(ballast_)) std::ofstream{ballast_} << std::string(5u << 20, 'b');
    std::size_t acknowledged = 0;
    {
        auto kv = leveldb_store::open(path_, options);
        ASSERT_TRUE(kv) << kv.error().message();
        errc why{};
        acknowledged = fill(*kv, 0, row_bytes, why);
        EXPECT_TRUE(why == errc::unknown_outcome || why == errc::no_space) << name_of(why);
        // It does not try again behind anybody's back (ATC'20), and says why.
        (void)fill(*kv, acknowledged, row_bytes, why);
        EXPECT_EQ(why, errc::no_space) << name_of(why);
        // What it holds can still be read.
        const auto rows = casement::testing::rows_in(*kv, "", "\xff");
        ASSERT_TRUE(rows);
        EXPECT_EQ(rows->size(), acknowledged);
        (void)kv->close();  // may say that the disk is full
    }
    if (auto kv = leveldb_store::open(path_, options); !kv) {
        EXPECT_EQ(kv.error().code(), errc::no_space) << kv.error().message();
    }
    std::filesystem::remove(ballast_);
    auto kv = leveldb_store::open(path_, options);
    ASSERT_TRUE(kv) << kv.error().message();
    const auto rows = casement::testing::rows_in(*kv, "", "\xff");
    ASSERT_TRUE(rows);
    // One more may have come as far as the log: that is what an unknown outcome is.
    ASSERT_GE(rows->size(), acknowledged);
    ASSERT_LE(rows->size(), acknowledged + 1);
    EXPECT_EQ(row_map(rows->begin(), rows->end()), numbered_rows(rows->size(), row_bytes));
    EXPECT_TRUE(casement::testing::commit(*kv, {}, {put("k", "v")}));
    EXPECT_TRUE(kv->close());
}

// With a small buffer the disk is full while a table is written, with a large one while the log is;
// rows of several sizes let it end in the middle of a record and between two.
TEST_P(full_disk, loses_nothing_that_was_acknowledged) {
    for (const std::size_t row_bytes : {300u, 5000u, 70'000u})
        for (const std::size_t buffer_bytes : {256u << 10, 64u << 20})
            fills_up(row_bytes, buffer_bytes);
}

}  // namespace
}  // namespace casement::engine::full_disk_test
