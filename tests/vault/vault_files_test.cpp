// Files of a vault while they are written: opened in each way, closed, finalized beside others,
// left behind by a crash, taken back, swept.

#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <casement/tree/file_node.hpp>
#include <casement/tree/finalize.hpp>
#include <casement/tree/verify.hpp>
#include <casement/vault.hpp>

#include "support/all_bytes.hpp"
#include "support/temporary.hpp"
#include "vault/store_image.hpp"

namespace casement::testing::vault_files_test {
namespace {

namespace fs = std::filesystem;
using how = vault::open_how;

const vault_options quickly{.durable = engine::durability::process};
constexpr std::chrono::nanoseconds no_time{0};  // a lease of this term has run out

errc code_of(const auto& r) { return r ? errc{} : r.error().code(); }

class VaultFiles : public ::testing::Test {
protected:
    void SetUp() override {
        auto made = vault::create(path(), quickly, small_sizes);
        ASSERT_TRUE(made) << made.error().message();
        vault_.emplace(*std::move(made));
    }
    void TearDown() override {
        const auto found = tree::verify(v().rows(), v().contents());
        for (const auto& p : found.problems)
            ADD_FAILURE() << p.path.value_or("?") << ": " << p.what.message();
    }
    std::string path() const { return where_ / "store"; }
    vault& v() { return *vault_; }
    void reopen() {
        ASSERT_TRUE(v().close());
        auto again = vault::open(path(), quickly);
        ASSERT_TRUE(again) << again.error().message();
        vault_.emplace(*std::move(again));
    }

    vault::file_writer open(const std::string& file, how way,
                            std::chrono::nanoseconds term = std::chrono::minutes{1}) {
        auto w = v().open_file(file, way, term);
        if (!w) throw std::runtime_error{w.error().message()};
        return *std::move(w);
    }
    void write(const std::string& file, how way, std::string_view bytes) {
        auto w = open(file, way);
        ASSERT_TRUE(w.append(bytes));
        const auto closed = w.close();
        ASSERT_TRUE(closed) << closed.error().message();
    }
    std::string bytes_of(const std::string& file) {
        auto reader = v().read_file(file);
        if (!reader) return "error: " + std::string{name_of(reader.error().code())};
        auto all = all_bytes(*reader);
        return all ? *all : "error: " + all.error().message();
    }
    std::string state_of(const std::string& file) {
        const auto all = v().leases();
        for (const auto& one : all.value())
            if (one.path == file) return std::string{one.state_name()};
        return "none";
    }
    tree::file_node node_of(const std::string& file) {
        const auto here = v().resolve(file);
        return tree::read_file_node(v().rows(), *tree::file_in(**here->found)).value();
    }
    std::size_t staged() {
        const fs::path directory{path() + "/staging"};
        if (!fs::exists(directory)) return 0;
        return static_cast<std::size_t>(std::distance(fs::directory_iterator{directory}, {}));
    }

    temporary_directory where_;
    std::optional<vault> vault_;
};

TEST_F(VaultFiles, AreOpenedInEachWayAndReadWhenTheyAreClosed) {
    write("/x", how::create_exclusive, "one");
    EXPECT_EQ(code_of(v().open_file("/x", how::create_exclusive)), errc::exists);
    EXPECT_EQ(bytes_of("/x"), "one");
    write("/x", how::append, ", two");
    EXPECT_EQ(bytes_of("/x"), "one, two");
    write("/x", how::create_or_truncate, "three");
    write("/x", how::continue_interrupted, "!");
    EXPECT_EQ(bytes_of("/x"), "three!");
    EXPECT_EQ(staged(), 1u);
    reopen();
    EXPECT_EQ(bytes_of("/x"), "three!");
    ASSERT_TRUE(v().finalize("/x"));
    EXPECT_EQ(bytes_of("/x"), "three!");
    EXPECT_EQ(staged(), 0u);
    write("/x", how::append, "?");
    EXPECT_EQ(bytes_of("/x"), "three!?");
}

TEST_F(VaultFiles, HaveEachPlacementsBytesWhenTheyAreOpenedAgain) {
    for (const std::size_t size : {900u, 3000u, 9000u, 3'000'000u}) {
        const auto bytes = noise(size, 7);
        write("/x", how::create_or_truncate, bytes);
        ASSERT_TRUE(v().finalize("/x"));
        write("/x", how::append, "+");
        EXPECT_EQ(bytes_of("/x"), bytes + "+");
        const auto id = v().finalize("/x");
        ASSERT_TRUE(id);
        EXPECT_EQ(v().finalize("/x"), *id) << "again is well";
        EXPECT_EQ(bytes_of("/x"), bytes + "+");
    }
}

TEST_F(VaultFiles, BelowADirectoryObjectMakeNodesOfTheirWay) {
    put(v(), "/d/e", "x", "deep");
    ASSERT_TRUE(v().finalize("/d"));
    write("/d/e/x", how::append, " down");
    write("/d/e/y", how::create_exclusive, "new");
    EXPECT_EQ(bytes_of("/d/e/x"), "deep down");
    ASSERT_TRUE(v().finalize("/d")) << "with the files in it";
    EXPECT_EQ(bytes_of("/d/e/x"), "deep down");
    EXPECT_EQ(bytes_of("/d/e/y"), "new");
    EXPECT_EQ(staged(), 0u);
    EXPECT_TRUE(v().leases().value().empty());
}

TEST_F(VaultFiles, OfADirectoryAreNotFinalizedUnderAWriter) {
    write("/d", how::create_exclusive, "a file");
    ASSERT_TRUE(v().make_directory("/e", {0755, {}, 0}));
    auto w = open("/e/x", how::create_exclusive);
    EXPECT_EQ(code_of(v().finalize("/e")), errc::in_use);
    EXPECT_EQ(code_of(v().finalize("/")), errc::illegal);
    ASSERT_TRUE(w.close());
    EXPECT_TRUE(v().finalize("/e"));
}

TEST_F(VaultFiles, AreInUseWhileTheyAreWritten) {
    auto w = open("/x", how::create_exclusive);
    ASSERT_TRUE(w.append("half"));
    EXPECT_EQ(bytes_of("/x"), "error: in_use");
    EXPECT_EQ(code_of(v().open_file("/x", how::append)), errc::in_use);
    EXPECT_EQ(code_of(v().finalize("/x")), errc::in_use);
    EXPECT_EQ(v().reclaim_expired(), 0u);
    const auto now = v().leases();
    ASSERT_TRUE(now);
    ASSERT_EQ(now->size(), 1u);
    EXPECT_EQ(now->front().path, "/x");
    EXPECT_EQ(now->front().lease->session, w.grant().session());
    ASSERT_TRUE(w.close());
}

TEST_F(VaultFiles, RefuseAStaleWriterWhenASecondHasReclaimedThem) {
    auto stale = open("/x", how::create_exclusive, no_time);
    ASSERT_TRUE(stale.append("first"));
    auto second = open("/x", how::continue_interrupted);
    EXPECT_EQ(code_of(stale.append("late")), errc::fenced);
    EXPECT_EQ(code_of(stale.renew()), errc::fenced);
    EXPECT_EQ(code_of(stale.close()), errc::fenced);
    ASSERT_TRUE(second.append(" second"));
    ASSERT_TRUE(second.close());
    EXPECT_EQ(bytes_of("/x"), "first second");
}

TEST_F(VaultFiles, AreTakenBackWhenTheirLeaseHasRunOut) {
    auto dead = open("/x", how::create_exclusive, no_time);
    ASSERT_TRUE(dead.append("kept"));
    EXPECT_EQ(state_of("/x"), "working");
    EXPECT_EQ(v().reclaim_expired(), 1u);
    EXPECT_EQ(state_of("/x"), "cooling");
    EXPECT_EQ(code_of(dead.flush()), errc::fenced);
    EXPECT_EQ(bytes_of("/x"), "kept");
}

TEST_F(VaultFiles, AreFinalizedAfterARename) {
    write("/x", how::create_exclusive, "moved");
    ASSERT_TRUE(tree::prepare(v().client(), node_of("/x")));
    ASSERT_TRUE(v().make_directory("/d", {0755, {}, 0}));
    ASSERT_TRUE(v().move("/x", "/d/y"));
    EXPECT_EQ(code_of(v().finalize("/x")), errc::not_found);
    ASSERT_TRUE(v().finalize("/d/y"));
    EXPECT_EQ(bytes_of("/d/y"), "moved");
}

TEST_F(VaultFiles, ThatAreRemovedAreNotBroughtBack) {
    write("/x", how::create_exclusive, "gone");
    ASSERT_TRUE(tree::prepare(v().client(), node_of("/x")));
    ASSERT_TRUE(v().remove("/x"));
    EXPECT_EQ(code_of(v().finalize("/x")), errc::not_found);
    EXPECT_EQ(staged(), 0u) << "their bytes go with them";
    auto w = open("/y", how::create_exclusive);
    ASSERT_TRUE(v().remove("/y"));
    EXPECT_EQ(code_of(w.append("late")), errc::fenced);
    EXPECT_EQ(code_of(w.close()), errc::fenced);
}

TEST_F(VaultFiles, ThatACrashLeftHalfWayAreFinishedByAnyone) {
    write("/x", how::create_exclusive, "prepared");
    ASSERT_TRUE(tree::prepare(v().client(), node_of("/x")));
    {
        auto w = open("/y", how::create_exclusive, no_time);
        ASSERT_TRUE(w.append("written"));
        ASSERT_TRUE(w.flush());
    }
    reopen();
    EXPECT_EQ(state_of("/x"), "finalizing");
    EXPECT_EQ(state_of("/y"), "working");
    EXPECT_EQ(bytes_of("/x"), "prepared") << "a reader need not wait";
    ASSERT_TRUE(v().finalize("/x"));
    ASSERT_TRUE(v().finalize("/y"));
    EXPECT_EQ(bytes_of("/x"), "prepared");
    EXPECT_EQ(bytes_of("/y"), "written");
}

TEST_F(VaultFiles, LeaveNoStagingFileThatNoRowNames) {
    write("/x", how::create_exclusive, "named");
    { auto unnamed = v().contents().files().staging().create({1u << 20}); }
    EXPECT_EQ(staged(), 2u);
    reopen();
    EXPECT_EQ(v().leftovers_removed(), 1u);
    EXPECT_EQ(staged(), 1u);
    EXPECT_EQ(bytes_of("/x"), "named");
}

TEST_F(VaultFiles, SayWhenTheirBytesAreLost) {
    write("/x", how::create_exclusive, "lost");
    for (const auto& e : fs::directory_iterator{path() + "/staging"}) fs::remove(e);
    EXPECT_EQ(bytes_of("/x"), "error: corrupt");
    EXPECT_EQ(code_of(v().finalize("/x")), errc::corrupt);
    EXPECT_GT(tree::verify(v().rows(), v().contents()).problem_count, 0u);
    write("/x", how::create_or_truncate, "");  // so that all is well in the end
}

// Each line is some writer's whole, in whatever order they came; readers and finalizers beside.
TEST_F(VaultFiles, AreWrittenAndFinalizedByManyAtOnce) {
    constexpr int writers = 3, lines = 12;
    ASSERT_TRUE(v().make_directory("/d", {0755, {}, 0}));
    std::atomic<int> busy = writers;
    {
        std::vector<std::jthread> crowd;
        for (int n = 0; n < writers; ++n)
            crowd.emplace_back([&, n] {
                for (int line = 0; line < lines;) {
                    auto w =
                        v().open_file("/d/log", line == 0 ? how::create_or_truncate : how::append);
                    if (line == 0 && w) {  // whoever truncates begins anew: nobody may after this
                        if (auto closed = w->close(); !closed) ADD_FAILURE();
                        line = 1;
                        continue;
                    }
                    if (!w) {
                        const auto code = w.error().code();
                        if (code != errc::in_use && code != errc::illegal && code != errc::conflict)
                            ADD_FAILURE() << w.error().message();
                        continue;
                    }
                    const std::string text(40, static_cast<char>('a' + n));
                    if (!w->append(text.substr(0, 20)) || !w->append(text.substr(20) + "\n") ||
                        !w->close())
                        ADD_FAILURE();
                    ++line;
                }
                --busy;
            });
        for (int n = 0; n < 2; ++n)
            crowd.emplace_back([&] {
                while (busy > 0) {
                    const auto made = v().finalize("/d/log");
                    const auto code = code_of(made);
                    if (!made && code != errc::in_use && code != errc::not_found &&
                        code != errc::conflict && code != errc::illegal)
                        ADD_FAILURE() << made.error().message();
                    const auto now = bytes_of("/d/log");
                    EXPECT_TRUE(now.starts_with("error") || now.size() % 41 == 0)
                        << "a line is there whole or not at all";
                }
            });
    }
    ASSERT_TRUE(v().finalize("/d/log"));
    const auto all = bytes_of("/d/log");
    for (std::size_t at = 0; at < all.size(); at += 41)
        EXPECT_EQ(all.substr(at, 41), std::string(40, all[at]) + "\n");
    EXPECT_EQ(staged(), 0u);
}

// Whoever is taken back while they write: what they were told is written is in the object, and not
// a byte more.
TEST_F(VaultFiles, HaveWhatTheirWriterWasToldIsWrittenAndNotAByteMore) {
    for (int round = 0; round < 20; ++round) {
        auto w = open("/x", how::create_or_truncate, no_time);
        std::atomic<std::size_t> written = 0;
        // Each time another letter: of equal bytes a pack may be left that no row names.
        const std::string letter(1, static_cast<char>('a' + round));
        std::jthread writer{[&] {
            while (w.append(letter)) ++written;
        }};
        while (written < 10) std::this_thread::yield();
        const auto id = v().finalize("/x");
        ASSERT_TRUE(id) << id.error().message();
        writer.join();
        EXPECT_EQ(bytes_of("/x"), std::string(written, letter.front()));
    }
}

}  // namespace
}  // namespace casement::testing::vault_files_test
