// Stores whose rows are not in their directory: here in another one, which is far enough.

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include <casement/engine/leveldb.hpp>
#include <casement/kv/clocks.hpp>
#include <casement/rebuild.hpp>
#include <casement/tree/verify.hpp>

#include "blob/blob_files.hpp"
#include "kv/lent_store.hpp"
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

TEST_F(Elsewhere, OnlyOneHasItOpen) {
    // An engine that would let in anybody.
    const auto rows = std::make_shared<memory_store>();
    const vault_options o{.durable = engine::durability::process,
                          .engines = {{"memory",
                                       [&](std::string_view, bool) -> result<engine::any_store> {
                                           return engine::any_store{lent_store{rows}};
                                       }}},
                          .rows_at = "memory://"};
    auto first = must(vault::create(store(), o));
    EXPECT_EQ(vault::open(store(), o).error().code(), errc::in_use);
    must(first.close());
    auto second = must(vault::open(store(), o));
    EXPECT_EQ(vault::open(store(), o).error().code(), errc::in_use);
    must(second.close());
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
