// Sixteen threads on one store on disk, and the same killed in the middle: what was acknowledged is
// there unless it was taken, nothing that was taken comes back, and every row is in order.
// CASEMENT_CROWD_SECONDS says how long; a moment if it does not.

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include <casement/engine/leveldb.hpp>
#include <casement/tree/create.hpp>

#include "engine/writer.hpp"
#include "support/temporary.hpp"
#include "tree/crowd.hpp"
#include "tree/well_formed.hpp"

namespace casement::testing::crowd_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int threads = 16;

// What a test must have seen to say anything, however slow the machine: it goes on until then.
constexpr std::uint64_t told_min = 2000;
constexpr std::size_t made_min = 100;
constexpr std::chrono::seconds longer_max{60};

/// For each of the two tests.
milliseconds how_long() {
    const char* seconds = std::getenv("CASEMENT_CROWD_SECONDS");
    return milliseconds{seconds ? 1000 * std::atoi(seconds) : 1500};
}

engine::leveldb_store open(const std::string& path) {
    auto kv =
        engine::leveldb_store::open(path, {.durable = engine::durability::process, .create = true});
    if (!kv) throw std::runtime_error{kv.error().message()};
    return *std::move(kv);
}

TEST(Crowd, LosesNothingAndBringsNothingBack) {
    const temporary_directory place;
    auto kv = open(place / "store");
    ASSERT_TRUE(tree::create_root(kv, {}));
    std::mutex mutex;
    ledger book;
    std::atomic<std::uint64_t> told = 0;
    auto end = steady_clock::now() + how_long();
    const auto last = end + longer_max;
    const auto over = [&] {
        const auto now = steady_clock::now();
        return now >= end && (told >= told_min || now >= last);
    };
    const auto go_on = [&] {
        return crowd(kv, threads, over, [&](const std::string& line) {
            const std::lock_guard lock{mutex};
            book.add(line);
            ++told;
        });
    };
    auto report = go_on();
    const auto missing = [&] {
        std::vector<int> kinds;
        for (int kind = 1; kind <= static_cast<int>(tree::change_kind::finalize); ++kind)
            if (!report.done.contains(static_cast<tree::change_kind>(kind))) kinds.push_back(kind);
        return kinds;
    };
    while (report.wrong.empty() && !missing().empty() && steady_clock::now() < last) {
        end = steady_clock::now() + milliseconds{500};
        auto more = go_on();
        report.wrong = more.wrong;
        report.done.merge(more.done);
    }
    EXPECT_EQ(report.wrong, "");
    EXPECT_EQ(book.differences(kv), "");
    EXPECT_EQ(faults_in(kv), "");
    EXPECT_EQ(missing(), std::vector<int>{});
}

TEST(Crowd, OutlivesKills) {
    const temporary_directory place;
    const auto path = place / "store", log = place / "log";
    ledger book;
    std::size_t unsettled = 0;
    std::streamoff read_up_to = 0;
    const auto end = steady_clock::now() + how_long();
    const auto seen_enough = [&] { return unsettled > 0 && book.made() > made_min; };
    for (int life = 0; life < 3 || steady_clock::now() < end || !seen_enough(); ++life) {
        if (life >= 3 && steady_clock::now() >= end + longer_max) break;  // told below
        writer_process w{{path, log, std::to_string(threads)}};
        ASSERT_EQ(w.line(), "open");
        std::this_thread::sleep_for(milliseconds{100 + 53 * (life % 7)});
        ASSERT_EQ(WTERMSIG(w.kill()), SIGKILL);
        std::ifstream lines{log};
        lines.seekg(read_up_to);
        for (std::string line; std::getline(lines, line);) book.add(line);
        lines.clear();
        lines.seekg(0, std::ios::end);
        read_up_to = lines.tellg();
        auto kv = open(path);
        unsettled += book.settle(kv);
        ASSERT_EQ(book.differences(kv), "") << "after " << life + 1 << " kills";
        ASSERT_EQ(faults_in(kv), "") << "after " << life + 1 << " kills";
    }
    EXPECT_GT(unsettled, 0u) << "no kill came in the middle of a change";
    EXPECT_GT(book.made(), made_min);
}

}  // namespace
}  // namespace casement::testing::crowd_test
