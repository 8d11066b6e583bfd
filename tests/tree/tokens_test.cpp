#include <casement/tree/tokens.hpp>

#include <gtest/gtest.h>

#include "tree/counting_store.hpp"
#include "tree/hand.hpp"

namespace casement::testing::tokens_test {
namespace {

TEST(Tokens, ADirectoryIsItsHeadAndRev) {
    memory_tree t;
    const auto before = t.dir();
    EXPECT_EQ(before.node(), root);
    EXPECT_EQ(before.rev()->n.value, 1u);
    t.make("/x");
    EXPECT_EQ(t.dir().rev()->n.value, 2u);
    EXPECT_EQ(before.rev()->n.value, 1u) << "a token stays what was seen";
}

TEST(Tokens, ADirectoryIsReadInTwoRows) {
    memory_tree t;
    counting_store counted{t.kv};
    ASSERT_TRUE(read_directory(counted, root));
    EXPECT_EQ(counted.counts(), (store_counts{.gets = 2}));
}

TEST(Tokens, NoDirectoryIsNotAnEmptyOne) {
    memory_tree t;
    EXPECT_EQ(code_of(read_directory(t.kv, node_id{99})), errc::not_found);
    EXPECT_EQ(code_of(see_empty(t.kv, node_id{99})), errc::not_found);
    EXPECT_EQ(code_of(read_ancestry(t.kv, node_id{99})), errc::not_found);
}

TEST(Tokens, AHeadWithoutARevIsDamage) {
    memory_tree t;
    const auto d = t.mkdir("/d").node;
    t.uproot<tree::rev>(d);
    EXPECT_EQ(code_of(read_directory(t.kv, d)), errc::corrupt);
}

TEST(Tokens, ExpectationsAreValues) {
    memory_tree t;
    const auto kept = [&] { return at_rev{must(read_directory(t.kv, root))}; }();
    EXPECT_TRUE(create(t.me, kept, "x", file(), {}));
}

// What each expectation guards, in words: the rows that have to be as they were seen.
TEST(Tokens, AtRevGuardsTwoRowsAndAnyRevOne) {
    memory_tree t;
    counting_store counted{t.kv};
    transaction exact{counted};
    at_rev{t.dir()}.guard(exact);
    ASSERT_TRUE(exact.commit());
    EXPECT_EQ(counted.guarded(), (std::vector<std::string>{"the parent is as it was seen",
                                                           "the parent's rev is as expected"}));
    counted.forget();
    transaction loose{counted};
    any_rev{t.dir()}.guard(loose);
    ASSERT_TRUE(loose.commit());
    EXPECT_EQ(counted.guarded(), std::vector<std::string>{"the parent is as it was seen"});
}

TEST(Tokens, OnlyAnAliveDirectoryTakesChanges) {
    memory_tree t;
    t.mkdir("/d");
    using life = protocol::directory;
    EXPECT_TRUE(takes(t.dir("/d"), life::put_child{}, "create", "x"));
    t.seal("/d");
    const auto refused = takes(t.dir("/d"), life::put_child{}, "create", "x");
    EXPECT_EQ(code_of(refused), errc::illegal);
    EXPECT_EQ(refused.error().message(),
              "create 'x': directory: no transition from sealed on put_child");
}

TEST(Tokens, EmptinessIsSeenInThreeReadsHoweverFullItIs) {
    memory_tree t;
    t.mkdir("/d");
    for (int i = 0; i < 100; ++i) t.make("/d/" + std::to_string(i));
    counting_store counted{t.kv};
    EXPECT_EQ(code_of(see_empty(counted, t.node("/d"))), errc::not_empty);
    EXPECT_EQ(counted.counts(), (store_counts{.gets = 2, .scans = 1, .rows = 1}));
}

TEST(Tokens, NeighboursMakeNoDirectoryFull) {
    memory_tree t;
    const auto a = t.mkdir("/a").node, b = t.mkdir("/b").node, c = t.mkdir("/c").node;
    t.make("/a/x");
    t.make("/c/x");
    EXPECT_EQ(must(see_empty(t.kv, b)).of().node(), b);
    EXPECT_EQ(code_of(see_empty(t.kv, a)), errc::not_empty);
    EXPECT_EQ(code_of(see_empty(t.kv, c)), errc::not_empty);
}

TEST(Tokens, AncestryIsTheLineUpToTheRoot) {
    memory_tree t;
    const auto a = t.mkdir("/a").node, b = t.mkdir("/a/b").node, c = t.mkdir("/a/b/c").node;
    const auto other = t.mkdir("/other").node;
    const auto line = must(read_ancestry(t.kv, c));
    EXPECT_EQ(line.of(), c);
    EXPECT_EQ(line.depth(), 3);
    for (const auto node : {root, a, b, c}) EXPECT_TRUE(line.contains(node)) << node.value;
    EXPECT_FALSE(line.contains(other));
    EXPECT_EQ(line.line().front().key(), c);
    EXPECT_EQ(line.line().back().key(), a);

    const auto top = must(read_ancestry(t.kv, root));
    EXPECT_EQ(top.depth(), 0);
    EXPECT_TRUE(top.contains(root));
    EXPECT_FALSE(top.contains(a));
}

// A loop is damage, and no reason to go round for ever. From here it looks like directories that
// moved while their line was read.
TEST(Tokens, AncestryOfALoopEnds) {
    memory_tree t;
    const auto a = t.mkdir("/a").node, b = t.mkdir("/a/b").node;
    t.plant<binding>(a, {b, "a"});
    EXPECT_EQ(code_of(read_ancestry(t.kv, b)), errc::conflict);
}

}  // namespace
}  // namespace casement::testing::tokens_test
