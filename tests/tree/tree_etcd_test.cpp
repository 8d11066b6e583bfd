// The same operations on the engine beyond one machine: what each costs in round trips, and the
// contracts, with two openings of one store as two machines have them.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <casement/engine/etcd.hpp>
#include <casement/tree/cached_rows.hpp>
#include <casement/tree/ensure_path.hpp>

#include "engine/etcd_member.hpp"
#include "tree/hand.hpp"
#include "tree/well_formed.hpp"

namespace casement::testing::tree_etcd_test {
namespace {

using engine::etcd_store;

class TreeOnEtcd : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        if (etcd_is_installed()) cluster = std::make_unique<etcd_cluster>();
    }
    static void TearDownTestSuite() { cluster.reset(); }
    void SetUp() override {
        if (!cluster) GTEST_SKIP() << no_etcd;
        static int stores = 0;
        prefix_ = "/tree/" + std::to_string(++stores);
        here_.emplace(opened());
        there_.emplace(opened());
        t_.emplace(*here_);
        other_.emplace(*there_);
    }

    etcd_store opened() {
        return must(etcd_store::open(
            {.endpoints = cluster->endpoints(), .prefix = prefix_, .create = true}));
    }
    struct cost {
        std::uint64_t transactions, reads;
        bool operator==(const cost&) const = default;
    };
    /// Of a step here, when the watch has heard of all that was done before. Tries a few times: a
    /// watch may be late.
    cost cheapest(auto step) {
        cost best{~0u, ~0u};
        for (int n = 0; n < 50 && best.reads > 1; ++n) {
            const auto before = here_->counts();
            step();
            const auto after = here_->counts();
            EXPECT_EQ(after.pages, before.pages);
            const cost now{after.transactions - before.transactions, after.reads - before.reads};
            if (now.reads < best.reads) best = now;
        }
        return best;
    }

    static std::unique_ptr<etcd_cluster> cluster;
    std::string prefix_;
    std::optional<etcd_store> here_, there_;
    std::optional<hand<etcd_store>> t_, other_;
};
std::unique_ptr<etcd_cluster> TreeOnEtcd::cluster;

TEST_F(TreeOnEtcd, AFileIsCreatedInOneReadAndOneTransaction) {
    t_->mkdir("/d");
    const auto node = t_->node("/d");
    must(t_->me.begin());  // the eras are known from here on
    int n = 0;
    const auto with = [&](auto expects) {
        const auto before = here_->counts();
        const auto dir = must(read_directory(*here_, node));
        const auto made = create(t_->me, expects(dir), "f" + std::to_string(++n), file(), {});
        EXPECT_TRUE(std::holds_alternative<created>(must(made)));
        const auto after = here_->counts();
        return cost{after.transactions - before.transactions, after.reads - before.reads};
    };
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(with([](const directory& d) { return at_rev{d}; }), (cost{1, 1}));
        EXPECT_EQ(with([](const directory& d) { return any_rev{d}; }), (cost{1, 1}));
    }
    const any_rev dir{must(read_directory(*here_, node))};
    const auto before = here_->counts();
    for (int i = 0; i < 5; ++i) must(create(t_->me, dir, "g" + std::to_string(i), file(), {}));
    EXPECT_EQ(here_->counts().transactions - before.transactions, 5u);
    EXPECT_EQ(here_->counts().reads, before.reads) << "the directory is known already";
    EXPECT_EQ(t_->rev("/d"), 1u + 6u + 5u);
}

TEST_F(TreeOnEtcd, ALookUpOfAnyDepthIsOneRoundTrip) {
    t_->mkdir("/a");
    t_->mkdir("/a/b");
    t_->mkdir("/a/b/c");
    t_->mkdir("/a/b/c/d");
    t_->make("/a/b/c/d/x");
    EXPECT_EQ(cheapest([&] { EXPECT_TRUE(must(resolve(*here_, "/a/b/c/d/x")).exists()); }),
              (cost{0, 1}));
    EXPECT_EQ(cheapest([&] { EXPECT_FALSE(must(resolve(*here_, "/a/b/c/d/y")).exists()); }),
              (cost{0, 1}));
    // In a directory that was read, whether anything is remembered or not.
    auto cold = must(
        etcd_store::open({.endpoints = cluster->endpoints(), .prefix = prefix_, .cache_bytes = 0}));
    const auto dir = must(read_directory(cold, t_->node("/a/b/c/d")));
    const auto before = cold.counts().round_trips();
    EXPECT_TRUE(must(look_up(cold, dir, "x")).exists());
    EXPECT_FALSE(must(look_up(cold, dir, "y")).exists());
    EXPECT_EQ(cold.counts().round_trips() - before, 2u);
}

TEST_F(TreeOnEtcd, BlocksOfImmutableDirectoriesAreCachedThereToo) {
    static_assert(far<cached_rows<etcd_store>>);
    static_assert(requires(const cached_rows<etcd_store>& kv) {
        snapshot_with<head>(kv, root).block_cache();
        snapshot_with<head>(kv, root).together({}).block_cache();
    });
    cached_rows kv{opened(), 1u << 20};
    t_->mkdir("/a");
    EXPECT_TRUE(must(resolve(kv, "/a")).exists());
}

// A warm cache on one machine, and a change on another: the next look-up sees it.
TEST_F(TreeOnEtcd, WhatAnotherMachineChangesIsSeen) {
    t_->mkdir("/a");
    t_->mkdir("/b");
    t_->mkdir("/a/d");
    t_->make("/a/d/x", file(1));
    for (std::uint8_t n = 2; n < 30; ++n) {
        other_->replace("/a/d/x", n);
        const auto found = must(resolve(*here_, "/a/d/x"));
        ASSERT_EQ((*found.found)->target, state<dentry>{dentry::object{object(n)}});
    }
    const auto line = must(read_ancestry(*there_, other_->node("/b")));
    must(rename_directory(other_->me, any_rev{other_->dir("/a")}, other_->name("/a/d"),
                          any_rev{other_->dir("/b")}, other_->name("/b/e"), line));
    EXPECT_EQ(code_of(resolve(*here_, "/a/d/x")), errc::not_found);
    EXPECT_TRUE(must(resolve(*here_, "/b/e/x")).exists());
    EXPECT_EQ(faults_in(*here_), "");
}

TEST_F(TreeOnEtcd, BothContractsHold) {
    t_->make("/x", file(1));
    const auto dir = t_->dir();
    const auto x = t_->name("/x");
    other_->replace("/x", 2);
    other_->replace("/x", 1);
    EXPECT_EQ(code_of(create(t_->me, at_rev{dir}, "y", file(), {})), errc::conflict);
    EXPECT_EQ(code_of(tree::remove(t_->me, any_rev{dir}, x)), errc::conflict);
    EXPECT_TRUE(create(t_->me, any_rev{dir}, "y", file(), {}));
    const auto again = create(other_->me, any_rev{dir}, "y", file(2), {});
    EXPECT_EQ(std::get<already_exists>(must(again)).existing->target,
              state<dentry>{dentry::object{object(1)}});
}

TEST_F(TreeOnEtcd, AListingIsFrozenAndItsTokensAreOfItsInstant) {
    t_->make("/a");
    t_->make("/b");
    auto names = must(list(*here_, root));
    other_->replace("/b", 9);
    other_->make("/c");
    std::vector<seen_name> tokens;
    for (const auto& each : names) tokens.push_back(must(each.token()));
    ASSERT_TRUE(names.status());
    ASSERT_EQ(tokens.size(), 2u);
    EXPECT_EQ(code_of(create(t_->me, at_rev{names.of()}, "d", file(), {})), errc::conflict);
    EXPECT_EQ(code_of(tree::remove(t_->me, any_rev{names.of()}, tokens[1])), errc::conflict);
    EXPECT_TRUE(tree::remove(t_->me, any_rev{names.of()}, tokens[0]));
}

TEST_F(TreeOnEtcd, TwoRenamesAtOnceMakeNoLoop) {
    for (const auto* path : {"/a", "/a/c", "/b", "/b/d", "/b/d/e"}) t_->mkdir(path);
    const auto above_e = must(read_ancestry(*here_, t_->node("/b/d/e")));
    const auto above_c = must(read_ancestry(*there_, other_->node("/a/c")));
    const at_rev top{t_->dir()}, e{t_->dir("/b/d/e")};
    const at_rev b{other_->dir("/b")}, c{other_->dir("/a/c")};
    const auto a = t_->name("/a"), in_e = t_->name("/b/d/e/a");
    const auto d = other_->name("/b/d"), in_c = other_->name("/a/c/d");
    must(rename_directory(t_->me, top, a, e, in_e, above_e));
    EXPECT_EQ(code_of(rename_directory(other_->me, b, d, c, in_c, above_c)), errc::conflict);
    EXPECT_EQ(faults_in(*here_), "");
}

TEST_F(TreeOnEtcd, ManyMakersInOneDirectoryAllSucceedAtAnyRev) {
    constexpr int makers = 4, names = 25;
    const auto before = t_->rev();
    const any_rev dir{t_->dir()};
    {
        std::vector<std::jthread> threads;
        for (int m = 0; m < makers; ++m)
            threads.emplace_back([&, m] {
                auto& me = m % 2 == 0 ? t_->me : other_->me;
                for (int i = 0; i < names; ++i) {
                    const auto name = std::to_string(m) + "." + std::to_string(i);
                    (void)std::get<created>(must(create(me, dir, name, file(), {})));
                }
            });
    }
    EXPECT_EQ(names_in(*here_, root).size(), static_cast<std::size_t>(makers * names));
    EXPECT_EQ(t_->rev(), before + makers * names) << "each change is one";
    EXPECT_EQ(faults_in(*here_), "");
}

}  // namespace
}  // namespace casement::testing::tree_etcd_test
