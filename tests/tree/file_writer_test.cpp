#include <casement/tree/file_writer.hpp>

#include <chrono>

#include <gtest/gtest.h>

#include <casement/kv/operation.hpp>

#include "blob/blob_files.hpp"
#include "tree/staged_tree.hpp"
#include "tree/well_formed.hpp"

namespace casement::testing::file_writer_test {
namespace {

struct FileWriter : ::testing::Test {
    staged_tree<> t;

    auto open() { return must(t.open("/x", open_how::create_or_truncate)); }
    /// What a use of the writer is refused with, each of them.
    template <class W>
    void expect_fenced(W& w) {
        std::string some(4, '?');
        EXPECT_EQ(code_of(w.write_at(0, "late")), errc::fenced);
        EXPECT_EQ(code_of(w.append("late")), errc::fenced);
        EXPECT_EQ(code_of(w.read_at(0, some)), errc::fenced);
        EXPECT_EQ(code_of(w.size()), errc::fenced);
        EXPECT_EQ(code_of(w.flush()), errc::fenced);
        EXPECT_EQ(code_of(w.renew()), errc::fenced);
        EXPECT_EQ(code_of(w.close()), errc::fenced);
    }
    void TearDown() override { EXPECT_EQ(faults_in(t.kv), ""); }
};

TEST_F(FileWriter, WritesReadsAndMeasuresItsOwnBytes) {
    auto w = open();
    must(w.append("hello "));
    must(w.append("world"));
    must(w.write_at(0, "J"));
    must(w.write_at(13, "!"));
    EXPECT_EQ(w.size(), 14u);
    std::string some(20, '?');
    EXPECT_EQ(w.read_at(6, some), 8u);
    EXPECT_EQ(some.substr(0, 8), (std::string{"world\0\0!", 8}));
    EXPECT_EQ(w.read_at(14, some), 0u);
    must(w.flush());
    must(w.close());
    EXPECT_EQ(t.read_back("/x"), (std::string{"Jello world\0\0!", 14}));
    EXPECT_EQ(t.state_of("/x"), "cooling");
}

TEST_F(FileWriter, IsOverOnceItIsClosed) {
    auto w = open();
    must(w.append("all"));
    must(w.close());
    expect_fenced(w);
    EXPECT_EQ(t.read_back("/x"), "all");
}

TEST_F(FileWriter, RenewsForAnotherTermFromNow) {
    auto w = open();
    t.pass(term * 2);
    must(w.renew());
    t.pass(term / 2);
    EXPECT_EQ(code_of(t.open("/x", open_how::append)), errc::in_use);
    t.pass(term);
    must(t.open("/x", open_how::append));
    expect_fenced(w);
}

// It is its own by the grant, and not by what is kept of others' outcomes.
TEST_F(FileWriter, IsNotDisturbedWhenOldOutcomesAreForgotten) {
    auto w = open();
    for (const std::int64_t at : {1, 2, 3, 4}) {
        must(forget_operations(t.kv, timestamp{at}, std::chrono::nanoseconds{0}));
        must(at % 2 == 0 ? w.renew() : w.append("x"));
    }
    must(forget_operations(t.kv, timestamp{5}, std::chrono::nanoseconds{0}));
    must(w.close());
    EXPECT_EQ(t.read_back("/x"), "xx");
}

TEST_F(FileWriter, IsFencedWhenItsLeaseIsTakenBackByRowsAlone) {
    auto w = open();
    must(w.append("kept"));
    t.pass(term);
    must(reclaim(t.me, t.node("/x"), t.clock.now()));  // by another process: nobody seals here
    expect_fenced(w);
    EXPECT_EQ(t.read_back("/x"), "kept");
}

TEST_F(FileWriter, IsFencedWhenItsFileIsRemoved) {
    auto w = open();
    const auto at = must(resolve(t.kv, "/x"));
    must(remove(t.me, any_rev{at.parent}, *at.found));
    expect_fenced(w);
}

TEST_F(FileWriter, IsFencedByTheBytesWhereTheRowsAreNotAskedInTime) {
    auto w = open();
    must(w.append("kept"));
    t.files().seal(w.grant().staging());
    EXPECT_EQ(code_of(w.append("late")), errc::fenced);
    EXPECT_EQ(code_of(w.flush()), errc::fenced);
    EXPECT_EQ(code_of(w.close()), errc::fenced);
    EXPECT_EQ(t.state_of("/x"), "working") << "nobody has taken it back yet";
}

// Bytes that are durable when the lease is another's already were not written by right.
TEST(FileWriterFlush, LooksAgainWhenTheBytesAreDurable) {
    scripted disk;
    staged_tree<memory_store, scripted> t{disk, blob::durability::power};
    auto w = must(t.open("/x", open_how::create_exclusive));
    must(w.append("kept"));
    must(w.flush());
    t.pass(term);
    disk.follow().before_file_sync = [&] {
        must(reclaim(t.me, t.node("/x"), t.clock.now()));
        disk.follow().before_file_sync = [] {};
    };
    EXPECT_EQ(code_of(w.flush()), errc::fenced);
}

TEST_F(FileWriter, RefusesWhatNoFileSystemCounts) {
    auto w = open();
    EXPECT_EQ(code_of(w.write_at(file_bytes_max, "x")), errc::too_big);
    EXPECT_EQ(code_of(w.write_at(~std::uint64_t{0}, "x")), errc::too_big);
    EXPECT_EQ(w.size(), 0u);
}

TEST_F(FileWriter, DestroyedLeavesTheLeaseToRunOut) {
    {
        auto w = open();
        must(w.append("half"));
        must(w.flush());
    }
    EXPECT_EQ(code_of(t.open("/x", open_how::append)), errc::in_use);
    t.pass(term);
    t.write("/x", open_how::continue_interrupted, " whole");
    EXPECT_EQ(t.read_back("/x"), "half whole");
}

TEST(After, EndsWithTime) {
    EXPECT_EQ(after({5}, std::chrono::nanoseconds{7}), (timestamp{12}));
    EXPECT_EQ(after({5}, std::chrono::nanoseconds::max()), (timestamp{INT64_MAX}));
    EXPECT_EQ(after({-5}, std::chrono::nanoseconds{-7}), (timestamp{-12}));
}

}  // namespace
}  // namespace casement::testing::file_writer_test
