// What is promised across processes: one at a time, and what was acknowledged outlives a kill.

#include <csignal>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include <casement/engine/leveldb.hpp>
#include <support/temporary.hpp>

#include "engine/rows.hpp"
#include "engine/writer.hpp"
#include "kv/store_script.hpp"
#include "support/scale.hpp"

namespace casement::engine::process_test {
namespace {

using casement::testing::numbered_rows;
using casement::testing::row_map;
using casement::testing::temporary_directory;
using casement::testing::writer_process;

class processes : public ::testing::TestWithParam<const char*> {
protected:
    /// All rows of the store as it is found; it must open.
    row_map reopened() {
        auto kv = leveldb_store::open(path_, {});
        EXPECT_TRUE(kv) << kv.error().message();
        if (!kv) return {};
        const auto rows = casement::testing::rows_in(*kv, "", "\xff");
        EXPECT_TRUE(rows);
        return row_map(rows->begin(), rows->end());
    }
    std::vector<std::string> words(std::size_t first, std::size_t end, std::size_t bytes,
                                   const std::string& how) {
        return {
            path_, GetParam(), std::to_string(first), std::to_string(end), std::to_string(bytes),
            how};
    }

    temporary_directory directory_;
    std::string path_ = directory_ / "kv";
};
INSTANTIATE_TEST_SUITE_P(durability, processes, ::testing::Values("process", "power"),
                         [](const auto& of) { return std::string{of.param}; });

TEST_P(processes, one_at_a_time_has_the_store_open) {
    writer_process first{words(0, 1, 10, "stay")};
    ASSERT_EQ(first.line(), "open");
    ASSERT_EQ(first.line(), "0");
    writer_process second{words(0, 1, 10, "stay")};
    EXPECT_EQ(second.line(), "in_use");
    EXPECT_EQ(WEXITSTATUS(second.wait()), 3);
    const auto third = leveldb_store::open(path_, {});
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code(), errc::in_use);
    (void)first.kill();
    EXPECT_EQ(reopened(), numbered_rows(1, 10)) << "the lock died with its holder";
}

TEST_P(processes, what_was_acknowledged_outlives_an_exit_without_closing) {
    writer_process w{words(0, 200, 300, "exit")};
    EXPECT_EQ(w.lines(), 201u);
    EXPECT_EQ(WEXITSTATUS(w.wait()), 0);
    EXPECT_EQ(reopened(), numbered_rows(200, 300));
}

TEST_P(processes, what_was_acknowledged_outlives_a_kill) {
    writer_process w{words(0, 200, 300, "kill")};
    EXPECT_EQ(w.lines(), 201u);
    EXPECT_EQ(WTERMSIG(w.wait()), SIGKILL);
    EXPECT_EQ(reopened(), numbered_rows(200, 300));
}

// Killed anywhere, in the middle of a record as well: at the size of these rows most of the time
// goes into copying them, and a record spans several blocks. The store opens each time, and holds
// what was acknowledged and at most the one row more that was on its way.
TEST_P(processes, a_kill_in_the_middle_of_a_commit_loses_nothing_acknowledged) {
    constexpr std::size_t bytes = 200'000;
    std::size_t held = 0;
    for (std::size_t life = 0; life < casement::testing::scaled(25u); ++life) {
        writer_process w{words(held, held + 1000, bytes, "stay")};
        const auto acknowledged = w.lines(2 + life % 5);
        ASSERT_GE(acknowledged, 1u);
        EXPECT_EQ(WTERMSIG(w.wait()), SIGKILL);
        const auto rows = reopened();
        ASSERT_GE(rows.size(), held + acknowledged - 1);
        ASSERT_LE(rows.size(), held + acknowledged);
        ASSERT_EQ(rows, numbered_rows(rows.size(), bytes));
        held = rows.size();
    }
}

// A log of a `process` store is mapped: what a writer left when it died between the header of a
// record and its end is a record that is there in part, with zeros behind it.
TEST(process_logs, a_record_that_came_in_part_is_cut) {
    temporary_directory directory;
    const auto path = directory / "kv";
    {
        writer_process w{{path, "process", "0", "50", "1000", "kill"}};
        (void)w.lines();
    }
    std::string log;
    for (const auto& file : std::filesystem::directory_iterator{path + "/db"})
        if (file.path().extension() == ".log") log = file.path().string();
    ASSERT_FALSE(log.empty());
    std::size_t end = 0;
    {
        std::ifstream in{log, std::ios::binary};
        const std::string bytes{std::istreambuf_iterator<char>{in}, {}};
        end = bytes.find_last_not_of('\0') + 1;
        ASSERT_EQ(bytes.size() % (1u << 20), 0u) << "the log is reserved in windows";
    }
    // The last row loses its second half.
    {
        std::fstream out{log, std::ios::binary | std::ios::in | std::ios::out};
        out.seekp(static_cast<std::streamoff>(end - 500));
        out << std::string(500, '\0');
    }
    auto kv = leveldb_store::open(path, {});
    ASSERT_TRUE(kv) << kv.error().message();
    const auto rows = casement::testing::rows_in(*kv, "", "\xff");
    ASSERT_TRUE(rows);
    EXPECT_EQ(row_map(rows->begin(), rows->end()), numbered_rows(49, 1000));
}

}  // namespace
}  // namespace casement::engine::process_test
