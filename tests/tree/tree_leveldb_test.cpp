// The same operations on the engine that ships: guards decided by versions instead of reads, views
// instead of copies, and a store that is opened again.

#include <optional>
#include <thread>

#include <gtest/gtest.h>

#include <casement/engine/leveldb.hpp>
#include <casement/tree/ensure_path.hpp>

#include "support/temporary.hpp"
#include "tree/hand.hpp"
#include "tree/well_formed.hpp"

namespace casement::testing::tree_leveldb_test {
namespace {

using engine::leveldb_store;

class TreeOnDisk : public ::testing::Test {
protected:
    leveldb_store open() {
        return must(leveldb_store::open(place_ / "store",
                                        {.durable = engine::durability::process, .create = true}));
    }

    temporary_directory place_;
    leveldb_store kv_ = open();
    hand<leveldb_store> t_{kv_};
};

TEST_F(TreeOnDisk, NamesAreUniqueAndRemembered) {
    const auto x = t_.make("/x", file(1), {.mode = 0640, .mtime = {7}, .size = 3});
    const auto again = create(t_.me, at_rev{t_.dir()}, "x", file(2), {});
    EXPECT_EQ(std::get<already_exists>(must(again)).existing->written, x.written);
    t_.mkdir("/d");
    t_.make("/d/y", link("../x"));
    must(kv_.close());
    kv_ = open();
    EXPECT_EQ(t_.name("/x")->about, (facts{.mode = 0640, .mtime = {7}, .size = 3}));
    EXPECT_EQ((*must(resolve(kv_, "/d/y")).found)->target,
              state<dentry>{dentry::object{object(1)}});
    EXPECT_EQ(faults_in(kv_), "");
}

TEST_F(TreeOnDisk, NumbersAreNotGivenTwiceAcrossOpenings) {
    const auto before = t_.make("/x").written;
    must(kv_.close());
    kv_ = open();
    id_blocks ids{kv_};
    const auto after =
        std::get<created>(must(create(recorded{kv_, ids}, any_rev{t_.dir()}, "y", file(), {})));
    EXPECT_GT(after.written.value, before.value);
    EXPECT_EQ(faults_in(kv_), "");
}

TEST_F(TreeOnDisk, BothContractsHold) {
    t_.make("/x", file(1));
    const auto dir = t_.dir();
    const auto x = t_.name("/x");
    t_.replace("/x", 2);
    t_.replace("/x", 1);
    EXPECT_EQ(code_of(create(t_.me, at_rev{dir}, "y", file(), {})), errc::conflict);
    EXPECT_EQ(code_of(tree::remove(t_.me, any_rev{dir}, x)), errc::conflict);
    EXPECT_TRUE(create(t_.me, any_rev{dir}, "y", file(), {}));
}

// A token's version is of the instant that it shows, also when it comes from an old view.
TEST_F(TreeOnDisk, AListingIsFrozenAndItsTokensAreOfItsInstant) {
    t_.make("/a");
    t_.make("/b");
    auto names = must(list(kv_, root));
    t_.replace("/b", 9);
    t_.make("/c");
    std::vector<seen_name> tokens;
    for (const auto& each : names) tokens.push_back(must(each.token()));
    ASSERT_TRUE(names.status());
    ASSERT_EQ(tokens.size(), 2u);
    EXPECT_EQ(code_of(create(t_.me, at_rev{names.of()}, "d", file(), {})), errc::conflict);
    EXPECT_EQ(code_of(tree::remove(t_.me, any_rev{names.of()}, tokens[1])), errc::conflict);
    EXPECT_TRUE(tree::remove(t_.me, any_rev{names.of()}, tokens[0]));
}

TEST_F(TreeOnDisk, TokensOfAnEarlierOpeningAreComparedInFull) {
    t_.make("/x", file(1));
    t_.make("/y", file(1));
    const auto dir = t_.dir();
    const auto x = t_.name("/x"), y = t_.name("/y");
    t_.replace("/x", 2);
    must(kv_.close());
    kv_ = open();
    EXPECT_EQ(code_of(tree::remove(t_.me, any_rev{dir}, x)), errc::conflict);
    EXPECT_TRUE(tree::remove(t_.me, any_rev{dir}, y));
}

TEST_F(TreeOnDisk, TwoRenamesAtOnceMakeNoLoop) {
    for (const auto* path : {"/a", "/a/c", "/b", "/b/d", "/b/d/e"}) t_.mkdir(path);
    const auto above_e = must(read_ancestry(kv_, t_.node("/b/d/e")));
    const auto above_c = must(read_ancestry(kv_, t_.node("/a/c")));
    const at_rev top{t_.dir()}, b{t_.dir("/b")}, c{t_.dir("/a/c")}, e{t_.dir("/b/d/e")};
    const auto a = t_.name("/a"), d = t_.name("/b/d");
    const auto in_e = t_.name("/b/d/e/a"), in_c = t_.name("/a/c/d");
    must(rename_directory(t_.me, top, a, e, in_e, above_e));
    EXPECT_EQ(code_of(rename_directory(t_.me, b, d, c, in_c, above_c)), errc::conflict);
    EXPECT_EQ(faults_in(kv_), "");
}

TEST_F(TreeOnDisk, RmdirAndCreateExclude) {
    t_.mkdir("/d");
    const auto d = t_.dir("/d");
    const auto empty = must(see_empty(kv_, d.node()));
    must(create(t_.me, any_rev{d}, "x", file(), {}));
    EXPECT_EQ(code_of(remove_directory(t_.me, any_rev{t_.dir()}, t_.name("/d"), empty)),
              errc::conflict);
    must(tree::remove(t_.me, any_rev{d}, t_.name("/d/x")));
    t_.rmdir("/d");
    EXPECT_EQ(code_of(create(t_.me, any_rev{d}, "x", file(), {})), errc::not_found);
    EXPECT_EQ(faults_in(kv_), "");
}

TEST_F(TreeOnDisk, ManyMakersOfOnePathAgree) {
    constexpr int makers = 4, rounds = 50;
    std::vector<std::vector<node_id>> made(makers);
    {
        std::vector<std::jthread> threads;
        for (int m = 0; m < makers; ++m)
            threads.emplace_back([&, m] {
                for (int i = 0; i < rounds; ++i)
                    made[static_cast<std::size_t>(m)].push_back(
                        must(ensure_path(t_.me, "/a/" + std::to_string(i) + "/b/c", {})));
            });
    }
    for (const auto& each : made) EXPECT_EQ(each, made.front());
    EXPECT_EQ(names_in(kv_, t_.node("/a")).size(), static_cast<std::size_t>(rounds));
    EXPECT_EQ(faults_in(kv_), "");
}

TEST_F(TreeOnDisk, ManyMakersInOneDirectoryAllSucceedAtAnyRev) {
    constexpr int makers = 4, names = 200;
    const auto before = t_.rev();
    const any_rev dir{t_.dir()};
    {
        std::vector<std::jthread> threads;
        for (int m = 0; m < makers; ++m)
            threads.emplace_back([&, m] {
                for (int i = 0; i < names; ++i) {
                    const auto name = std::to_string(m) + "." + std::to_string(i);
                    (void)std::get<created>(must(create(t_.me, dir, name, file(), {})));
                }
            });
    }
    EXPECT_EQ(names_in(kv_, root).size(), static_cast<std::size_t>(makers * names));
    EXPECT_EQ(t_.rev(), before + makers * names) << "each change is one";
    EXPECT_EQ(faults_in(kv_), "");
}

}  // namespace
}  // namespace casement::testing::tree_leveldb_test
