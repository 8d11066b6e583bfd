// Stores whose rows are not in their directory: here in another one, which is far enough.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <casement/engine/leveldb.hpp>
#include <casement/kv/clocks.hpp>
#include <casement/kv/operation.hpp>
#include <casement/rebuild.hpp>
#include <casement/tree/verify.hpp>

#include "blob/blob_files.hpp"
#include "kv/lent_store.hpp"
#include "kv/lossy_store.hpp"
#include "support/all_bytes.hpp"
#include "support/temporary.hpp"
#include "tree/hand.hpp"
#include "vault/root.hpp"
#include "vault/store_image.hpp"

namespace casement::testing::elsewhere_test {
namespace {

namespace fs = std::filesystem;

engine::opener directories() {
    return {"dir", [](std::string_view address, bool create) -> result<engine::any_store> {
                auto kv = engine::leveldb_store::open(
                    std::string{address.substr(6)},
                    {.durable = engine::durability::process, .create = create});
                if (!kv) return passed(kv);
                return engine::any_store{*std::move(kv)};
            }};
}

class Elsewhere : public ::testing::Test {
protected:
    vault_options at(const std::string& rows = {}) const {
        vault_options o{.durable = engine::durability::process, .engines = {directories()}};
        if (!rows.empty()) o.rows_at = address(rows);
        return o;
    }
    std::string address(const std::string& rows) const { return "dir://" + (here_ / rows); }
    std::string store(const std::string& name = "store") const { return here_ / name; }

    void make(const std::string& name, const std::string& rows) {
        auto v = must(vault::create(store(name), at(rows), small_sizes));
        fill(v);
        was_ = must(read_all(v));
        must(v.close());
    }
    void expect_as_it_was(const std::string& name = "store") {
        auto v = must(vault::open(store(name), at()));
        EXPECT_EQ(must(read_all(v)), was_);
        EXPECT_EQ(tree::verify(v.rows(), v.contents()).problem_count, 0u);
        must(v.close());
    }
    bool has_rows(const std::string& rows) const {
        auto kv = engine::leveldb_store::open(here_ / rows, {});
        return kv && all_rows(*kv).valid();
    }

    temporary_directory here_;
    answers was_;
};

TEST_F(Elsewhere, AStoreIsWhatItIsAnywhere) {
    make("store", "rows");
    EXPECT_FALSE(fs::exists(store() + "/meta"));
    EXPECT_TRUE(has_rows("rows"));
    expect_as_it_was();
    EXPECT_EQ(address_of_rows(store()).value(), address("rows"));
}

TEST_F(Elsewhere, WhoDoesNotKnowTheEngineIsTold) {
    make("store", "rows");
    EXPECT_EQ(vault::open(store(), {}).error().code(), errc::unsupported);
    EXPECT_EQ(vault::create(store("other"), {.rows_at = "etcd://h:1/p"}).error().code(),
              errc::unsupported);
    expect_as_it_was();
}

TEST_F(Elsewhere, RowsAreOfOneStore) {
    make("store", "rows");
    const auto second = vault::create(store("second"), at("rows"), small_sizes);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), errc::exists) << second.error().message();
    expect_as_it_was();
    // Not even where its address says so, or the rows are gone.
    fs::rename(store() + "/engine", store() + "/hidden");
    fs::copy(store("second") + "/engine", store() + "/engine");
    EXPECT_EQ(vault::open(store(), at()).error().code(), errc::exists);
    fs::rename(store() + "/hidden", store() + "/engine");
    fs::remove_all(here_ / "rows");
    EXPECT_EQ(vault::open(store(), at()).error().code(), errc::corrupt);
}

TEST_F(Elsewhere, WhatIsThereAlreadyIsNobodysToTake) {
    {
        auto kv = must(engine::leveldb_store::open(here_ / "rows", {.create = true}));
        const write row{write::kind::put, "somebody's", "row"};
        must(kv.commit({{}, {&row, 1}}));
        must(kv.close());
    }
    EXPECT_EQ(vault::create(store(), at("rows"), small_sizes).error().code(), errc::exists);
}

TEST_F(Elsewhere, ACreationThatWasCutShortIsTakenUp) {
    make("store", "rows");
    fs::remove(store() + "/casement");
    auto v = must(vault::create(store(), at("rows"), small_sizes));
    must(v.close());
}

TEST_F(Elsewhere, AnAddressThatWasNotYetWrittenIsNone) {
    fs::create_directories(store());
    std::ofstream{store() + "/engine.new"} << "dir://half";
    make("store", "rows");
    EXPECT_FALSE(fs::exists(store() + "/engine.new"));
    expect_as_it_was();
}

TEST_F(Elsewhere, AnAddressThatIsNoneIsCorrupt) {
    make("store", "rows");
    const auto right = bytes_of(store() + "/engine");
    for (const std::string& text :
         {right + "x", right + "\n", "\n" + right, right.substr(0, right.size() - 1)}) {
        std::ofstream{store() + "/engine", std::ios::trunc} << text;
        EXPECT_EQ(vault::open(store(), at()).error().code(), errc::corrupt) << text;
    }
    for (const auto* text : {"", "\n", "dir://x", "dir://x\n", "dir://x\nof \n", "dir://x\nof 1",
                             "dir://x\nof 1x\n", "dir://x\nis 1\n"}) {
        std::ofstream{store() + "/engine", std::ios::trunc} << text;
        EXPECT_EQ(vault::open(store(), at()).error().code(), errc::corrupt) << text;
    }
}

// --- from one engine to another ------------------------------------------------------------------

TEST_F(Elsewhere, ARebuildBringsRowsThereAndBack) {
    make("store", "");
    rebuild_options there;
    there.engines = {directories()};
    there.rows_at = address("rows");
    must(rebuild(store(), there));
    expect_as_it_was();
    EXPECT_TRUE(has_rows("rows"));
    EXPECT_EQ(must(release_backups(store(), at())), 1u);
    expect_as_it_was();

    rebuild_options beside;  // the same engine, and a place of its own
    beside.engines = {directories()};
    must(rebuild(store(), beside));
    expect_as_it_was();
    EXPECT_TRUE(has_rows("rows.2"));
    EXPECT_EQ(must(release_backups(store(), at())), 1u);
    EXPECT_FALSE(has_rows("rows")) << "what nothing leads to is erased";
    must(rebuild(store(), beside));
    EXPECT_TRUE(has_rows("rows.3")) << "and not rows.2.3";

    rebuild_options back;
    back.engines = {directories()};
    back.rows_at = "";
    must(rebuild(store(), back));
    EXPECT_EQ(must(release_backups(store(), at())), 2u);
    EXPECT_FALSE(has_rows("rows.2") || has_rows("rows.3"));
    auto v = must(vault::open(store(), {.durable = engine::durability::process}));
    EXPECT_EQ(must(read_all(v)), was_);
    must(v.close());
}

TEST_F(Elsewhere, ARebuildGoesOnWhereItsRowsShallBe) {
    make("store", "");
    rebuild_options how;
    how.engines = {directories()};
    const auto stopped_at = [&](const std::string& rows) {
        how.rows_at = address(rows);
        how.stop = [n = 12]() mutable { return n-- == 0; };
        EXPECT_EQ(rebuild(store(), how).error().code(), errc::cancelled);
        how.stop = [] { return false; };
    };
    stopped_at("here");
    EXPECT_TRUE(has_rows("here"));
    how.rows_at = address("there");
    EXPECT_FALSE(must(rebuild(store(), how)).resumed) << "it is to be elsewhere";
    EXPECT_FALSE(has_rows("here"));
    EXPECT_TRUE(has_rows("there"));
    expect_as_it_was();

    stopped_at("again");
    EXPECT_TRUE(must(rebuild(store(), how)).resumed);
    expect_as_it_was();
}

TEST_F(Elsewhere, AReturnErasesWhatWasRebuilt) {
    make("store", "rows");
    rebuild_options beside;
    beside.engines = {directories()};
    must(rebuild(store(), beside));
    EXPECT_TRUE(has_rows("rows.1"));
    must(return_to_backup(store(), false, at()));
    EXPECT_FALSE(has_rows("rows.1"));
    expect_as_it_was();
}

TEST_F(Elsewhere, NothingIsRemovedThatLeadsToRowsWhichStay) {
    make("store", "rows");
    rebuild_options back;
    back.engines = {directories()};
    back.rows_at = "";
    must(rebuild(store(), back));
    EXPECT_EQ(release_backups(store()).error().code(), errc::unsupported);
    EXPECT_TRUE(fs::exists(store() + "/engine"));
    EXPECT_TRUE(has_rows("rows"));
    (void)must(release_backups(store(), at()));
    EXPECT_FALSE(fs::exists(store() + "/engine"));
    EXPECT_FALSE(has_rows("rows"));
    expect_as_it_was();
}

TEST_F(Elsewhere, AnotherStoreSaysWhereItsRowsAre) {
    make("store", "rows");
    rebuild_options other;
    other.engines = {directories()};
    other.to = store("other");
    EXPECT_EQ(rebuild(store(), other).error().code(), errc::illegal);
    other.rows_at = address("others");
    must(rebuild(store(), other));
    expect_as_it_was("other");
    expect_as_it_was();
}

// --- several at once -------------------------------------------------------------------------

/// Counts how often all contents are asked for.
struct watched_store : lent_store<std::shared_ptr<engine::leveldb_store>> {
    std::shared_ptr<std::atomic<int>> looks;

    [[nodiscard]] auto scan(std::string_view first, std::string_view last) const {
        if (first == std::string_view{&tree::content::table, 1}) ++*looks;
        return lent_store::scan(first, last);
    }
};

/// Stores whose rows let in anybody: as a cluster's, but of this process.
class Shared : public Elsewhere {
protected:
    Shared() {
        auto kv = must(engine::leveldb_store::open(
            here_ / "rows", {.durable = engine::durability::process, .create = true}));
        rows_ = std::make_shared<engine::leveldb_store>(std::move(kv));
    }
    vault_options shared() const {
        vault_options o{.durable = engine::durability::process};
        o.engines = {{"these",
                      [rows = watched_store{{rows_}, looks_}](std::string_view, bool)
                          -> result<engine::any_store> { return engine::any_store{rows}; }}};
        o.rows_at = "these://";
        return o;
    }
    vault open_one() const { return must(vault::open(store(), shared())); }
    /// Since it was last asked.
    int looks_at_all_contents() const { return looks_->exchange(0); }
    std::string bytes(vault& v, const std::string& path) const {
        auto reader = v.read_file(path);
        if (!reader) return reader.error().message();
        auto all = all_bytes(*reader);
        return all ? *all : all.error().message();
    }

private:
    std::shared_ptr<engine::leveldb_store> rows_;
    std::shared_ptr<std::atomic<int>> looks_ = std::make_shared<std::atomic<int>>(0);
};

TEST_F(Shared, AnOpeningLooksAtWhatIsNewAndAtNothingElse) {
    {
        auto v = must(vault::create(store(), shared(), small_sizes));
        fill(v);
        must(v.close());
    }
    must(open_one().close());
    EXPECT_EQ(looks_at_all_contents(), 0) << "it was closed well";
    std::string stray;
    {
        auto crashed = open_one();
        stray = blob::layout{store()}.file_of(must(crashed.client().next<blob::blob_id>()));
        fs::create_directories(fs::path{stray}.parent_path());
        put(crashed, "/", "more", noise(9000, 7));
        std::ofstream{stray} << "half a blob";
    }
    for (const int looks : {1, 0}) {
        auto v = open_one();
        EXPECT_EQ(looks_at_all_contents(), looks);
        EXPECT_FALSE(fs::exists(stray));
        EXPECT_EQ(bytes(v, "/more"), noise(9000, 7));
        must(v.close());
    }
    {
        auto v = open_one();
        must(v.remove("/more"));
        // Its rows go, and the one who takes the file away, too, is stopped.
        auto expected = tree::collect(v.client(), {.now = {}});
        EXPECT_EQ(must(std::move(expected)).erased, 1u);
    }
    auto v = open_one();
    EXPECT_EQ(looks_at_all_contents(), 0);
    EXPECT_EQ(v.leftovers_removed(), 0u);
    EXPECT_EQ(must(v.collect({.grace = {}})).files_removed, 1u) << "a collection looks at all";
    must(v.compact());
    must(v.close());
    (void)looks_at_all_contents();
    must(open_one().close());
    EXPECT_GT(looks_at_all_contents(), 0) << "a compaction may leave what an opening is to find";
    must(open_one().close());
    EXPECT_EQ(looks_at_all_contents(), 0);
}

// Its process is gone, or has given up on it; nobody else can know that it will come.
TEST_F(Shared, ACommitThatComesAfterASweepNamesNothing) {
    for (const std::size_t size : {1500u, 9000u}) {  // into a pack, into a file of its own
        const auto where = store(std::to_string(size));
        memory_store rows;
        lossy_store<memory_store> kv{rows};
        vault_options how{.durable = engine::durability::process};
        how.engines = {{"these", [&](std::string_view, bool) -> result<engine::any_store> {
                            return engine::any_store{lent_store{&kv}};
                        }}};
        how.rows_at = "these://";
        {
            auto v = must(vault::create(where, how, small_sizes));
            auto staged = must(v.stage());
            must(staged.write(noise(size, 1)));
            auto stored = must(v.contents().store_bytes(std::move(staged)));
            kv.losses = {loss::late};
            EXPECT_EQ(v.contents().settle(stored).error().code(), errc::unknown_outcome);
        }
        auto v = must(vault::open(where, how));
        EXPECT_EQ(v.leftovers_removed(), 1u);
        EXPECT_EQ(kv.deliver(), 0u);
        EXPECT_EQ(tree::verify(v.rows(), v.contents()).problem_count, 0u);
        put(v, "/", "again", noise(size, 1));
        EXPECT_EQ(bytes(v, "/again"), noise(size, 1));
        must(v.close());
    }
}

TEST_F(Shared, WhoWantsItAloneWaitsForTheOthers) {
    auto first = must(vault::create(store(), shared(), small_sizes));
    EXPECT_TRUE(must(first.is_alone()));
    auto second = open_one();
    EXPECT_FALSE(must(first.is_alone()));
    auto only = shared();
    only.alone = true;
    EXPECT_EQ(vault::open(store(), only).error().code(), errc::in_use);
    EXPECT_EQ(rebuild(store(), {.engines = shared().engines}).error().code(), errc::in_use);
    must(second.close());
    EXPECT_TRUE(must(first.is_alone()));
    must(first.close());
    auto alone = must(vault::open(store(), only));
    EXPECT_EQ(vault::open(store(), shared()).error().code(), errc::in_use);
    must(alone.close());
    must(open_one().close());
}

// Each opening sweeps what a crash left, and finds what another is about to name.
TEST_F(Shared, WhatIsBeingWrittenIsNobodysToSweep) {
    auto v = must(vault::create(store(), shared(), small_sizes));
    const std::map<std::string, std::string> files{
        {"own", noise(9000, 1)}, {"packed", noise(3000, 2)}, {"more", noise(3000, 3)}};
    std::vector<vault::stored_file> on_the_way;
    for (const auto& [name, what] : files) {
        auto staged = must(v.stage());
        must(staged.write(what));
        on_the_way.push_back(must(v.contents().store_bytes(std::move(staged))));
    }
    auto open = must(v.open_file("/written", tree::open_how::create_exclusive));
    must(open.append("by hand"));
    // Its numbers go on, to another block and one more.
    for (int n = 0; n < 2100; ++n) must(v.client().next<op_id>());
    for (const bool collects : {false, true}) {
        auto other = open_one();
        EXPECT_EQ(other.leftovers_removed(), 0u);
        const auto removed = collects ? must(other.collect({.grace = {}})).files_removed : 0;
        EXPECT_EQ(removed, 0u);
        must(other.close());
    }
    must(open.close());
    for (auto& bytes : on_the_way) {
        must(v.contents().settle(bytes));
        EXPECT_TRUE(must(v.contents().open(bytes.object())).view().has_value());
    }
    EXPECT_EQ(bytes(v, "/written"), "by hand");
    on_the_way.clear();
    must(v.close());
}

TEST_F(Shared, WhatOneHasWrittenTheOthersRead) {
    auto first = must(vault::create(store(), shared(), small_sizes));
    auto second = open_one();
    fill(first);
    was_ = must(read_all(first));
    EXPECT_EQ(must(read_all(second)), was_);
    // The bytes of what the second removes are read on by the first; then they go.
    auto reader = must(first.read_file("/a/b/dedicated"));
    must(second.remove("/a/b/dedicated"));
    std::string some(9000, '?');
    EXPECT_EQ(must(reader.read_at(0, some)), 9000u);
    EXPECT_EQ(must(second.collect({.grace = {}})).erased, 1u);
    EXPECT_EQ(must(reader.read_at(0, some)), 9000u);
    EXPECT_EQ(some, noise(9000, 3));
    EXPECT_EQ(second.compact().error().code(), errc::in_use);
    // A lease is one's, wherever the other is.
    auto writing = must(first.open_file("/w", tree::open_how::create_exclusive));
    EXPECT_EQ(second.open_file("/w", tree::open_how::append).error().code(), errc::in_use);
    must(writing.append("first"));
    must(writing.close());
    auto more = must(second.open_file("/w", tree::open_how::append));
    must(more.append(", then second"));
    must(more.close());
    EXPECT_EQ(bytes(first, "/w"), "first, then second");
    must(first.finalize("/w"));
    EXPECT_EQ(bytes(second, "/w"), "first, then second");
    must(second.close());
    EXPECT_EQ(must(first.collect({.grace = {}})).files_removed, 1u) << "it might have been its own";
    EXPECT_EQ(must(first.compact()).busy, 0u);
    for (const auto& p : tree::verify(first.rows(), first.contents()).problems)
        ADD_FAILURE() << p.path.value_or("") << ": " << p.what.message();
    must(first.close());
}

// Where others read the rows at once, bytes must not wait for this machine's memory.
TEST_F(Shared, FilesAreSyncedWhateverIsAsked) {
    auto v = must(vault::create(store(), shared(), small_sizes));
    EXPECT_EQ(v.contents().files().chosen().durable, blob::durability::power);
    must(v.close());
}

TEST_F(Shared, APackThatAReaderMayHoldIsFoundByALaterOpening) {
    auto reader = must(vault::create(store(), shared(), small_sizes));
    {
        auto crashed = open_one();
        auto staged = must(crashed.stage());
        must(staged.write(noise(1500, 1)));
        auto stored = must(crashed.contents().store_bytes(std::move(staged)));
        stored.published();  // as far as it knew
    }
    auto beside = open_one();
    EXPECT_EQ(beside.leftovers_removed(), 0u);
    must(beside.close());
    must(reader.close());
    auto v = open_one();
    EXPECT_EQ(v.leftovers_removed(), 1u);
    must(v.close());
}

/// Somebody else is faster with a row of a table, once.
struct crossed_store : lent_store<memory_store*> {
    char table;
    std::function<void()>* act;

    [[nodiscard]] auto commit(const batch& b) {
        const bool theirs =
            std::ranges::any_of(b.writes, [&](const write& w) { return w.key.front() == table; });
        if (theirs)
            if (const auto now = std::exchange(*act, nullptr)) now();
        return lent_store::commit(b);
    }
};

TEST_F(Shared, WhoOpensItAtTheSameTimeIsNotInTheWay) {
    memory_store kv;
    std::function<void()> meanwhile;
    vault_options how{.durable = engine::durability::process};
    how.rows_at = "these://";
    how.engines = {
        {"these", [&](std::string_view, bool) -> result<engine::any_store> {
             return engine::any_store{crossed_store{{&kv}, retention::table, &meanwhile}};
         }}};
    must(must(vault::create(store(), how, small_sizes)).close());
    meanwhile = [&] {
        (void)must(forget_operations(kv, system_clock{}.now(), std::chrono::hours{24}));
    };
    auto v = must(vault::open(store(), how));
    EXPECT_FALSE(meanwhile) << "it has happened";
    EXPECT_EQ(v.retries(), 1u);
    must(v.close());
}

// Threads for processes: each opens, writes, removes, collects, reads all that is its own, closes.
TEST_F(Shared, ManyDoAllAtOnce) {
    must(must(vault::create(store(), shared(), small_sizes)).close());
    constexpr unsigned many = 4, turns = 6, names = 8;
    const auto content = [](unsigned who, unsigned turn, unsigned n) {
        return noise(n % 2 == 0 ? 5000 : 1500, who * 1000 + turn * 50 + n);
    };
    const auto path = [](unsigned who, unsigned n) {
        return "/of " + std::to_string(who) + "/" + std::to_string(n);
    };
    std::vector<std::thread> all;
    for (unsigned who = 0; who < many; ++who)
        all.emplace_back([&, who] {
            for (unsigned turn = 0; turn < turns; ++turn) {
                auto v = open_one();
                for (unsigned n = 0; n < names; ++n)
                    put(v, "/of " + std::to_string(who), std::to_string(n), content(who, turn, n));
                auto w = must(v.open_file(path(who, names), tree::open_how::create_or_truncate));
                must(w.append(content(who, turn, names)));
                if (turn % 2 == who % 2) must(v.collect({.grace = {}}));
                must(w.close());
                if (turn % 3 == 0) (void)v.compact();
                for (unsigned n = 0; n <= names; ++n)
                    EXPECT_EQ(bytes(v, path(who, n)), content(who, turn, n)) << who << " " << n;
                must(v.remove(path(who, 0)));
                must(v.close());
            }
        });
    for (auto& one : all) one.join();
    auto v = open_one();
    for (unsigned who = 0; who < many; ++who)
        for (unsigned n = 1; n <= names; ++n)
            EXPECT_EQ(bytes(v, path(who, n)), content(who, turns - 1, n));
    for (int twice = 0; twice < 2; ++twice) must(v.collect({.grace = {}}));
    must(v.compact());
    EXPECT_EQ(tree::verify(v.rows(), v.contents()).problem_count, 0u);
    must(v.close());
}

// --- clocks ----------------------------------------------------------------------------------

using std::chrono::hours;
using std::chrono::seconds;

TEST_F(Elsewhere, ALeaseIsOverWhenItIsOverByEverybodysClock) {
    make("store", "rows");
    auto how = at();
    for (const auto differ : {hours{0}, hours{1}}) {
        how.clocks_differ_max = differ;
        auto v = must(vault::open(store(), how));
        const bool is_over = differ == hours{0};
        const auto path = "/leased for " + std::to_string(differ.count());
        {
            auto w = must(v.open_file(path, tree::open_how::create_exclusive, seconds{0}));
            EXPECT_EQ(v.reclaim_expired().value(), is_over ? 1u : 0u);
            EXPECT_EQ(w.renew().has_value(), !is_over);
            EXPECT_EQ(v.open_file(path, tree::open_how::append).has_value(), is_over);
        }
        must(v.close());
    }
}

TEST_F(Elsewhere, AClockThatIsWrongIsFound) {
    make("store", "rows");
    {
        auto kv = must(engine::leveldb_store::open(here_ / "rows", {}));
        const auto shown = must(read<shown_time>(kv, {}));
        ASSERT_TRUE(shown.exists()) << "whoever makes a store shows its time";
        const timestamp ahead{system_clock{}.now().ns + 3'600'000'000'000};
        must(transaction{kv}.replace(shown, shown_time{ahead}, "as it was").commit());
        must(kv.close());
    }
    const auto refused = vault::open(store(), at());
    EXPECT_EQ(code_of(refused), errc::unsupported);
    EXPECT_NE(refused.error().message().find("behind one that was here before"), std::string::npos);
    auto how = at();
    how.clocks_differ_max = hours{2};
    auto v = must(vault::open(store(), how));
    EXPECT_EQ(must(read_all(v)), was_);
    must(v.close());
}

}  // namespace
}  // namespace casement::testing::elsewhere_test
