#include "tree/well_formed.hpp"

#include <gtest/gtest.h>

#include "tree/hand.hpp"

// An oracle that never says no proves nothing: each violation is planted, and seen.

namespace casement::testing::well_formed_test {
namespace {

/// A small tree that is well formed, to be spoilt.
struct sound_tree : memory_tree {
    sound_tree() {
        d = mkdir("/d").node;
        e = mkdir("/d/e").node;
        make("/d/x", file(1));
        make("/l", link("d/x"));
    }
    [[nodiscard]] std::string faults() const { return faults_in(kv); }
    void point(std::string_view name, state<dentry> target, std::uint64_t written = 15) {
        plant<entry>({root, {}, name}, {std::move(target), {written}, {}});
    }
    /// A head and a rev, and nothing that leads there.
    void found(node_id node) {
        plant<head>(node, {protocol::directory::alive{}, {}, 0, {}});
        plant<tree::rev>(node, {{1}});
    }

    node_id d, e;
};

std::string at(std::string_view fault, node_id node, std::string_view name = {}) {
    return std::string{fault} + ": " + std::to_string(node.value) +
           (name.empty() ? "" : " '" + std::string{name} + "'") + "\n";
}

TEST(WellFormed, IsASoundTree) {
    const sound_tree t;
    EXPECT_EQ(t.faults(), "");
    EXPECT_TRUE(well_formed(t.kv));
}

TEST(WellFormed, HasARootThatIsBoundNowhere) {
    EXPECT_EQ(faults_in(memory_store{}), at("no root", root));
    sound_tree t;
    t.plant<binding>(root, {t.d, "e"});
    EXPECT_EQ(t.faults(), at("a bound root", root) + at("a binding to another's name", root, "e"));
}

TEST(WellFormed, HasEntriesInDirectoriesOnly) {
    sound_tree t;
    t.plant<entry>({node_id{15}, {}, "x"}, {dentry::object{object(1)}, {15}, {}});
    EXPECT_EQ(t.faults(), at("an entry in no directory", node_id{15}, "x"));
}

TEST(WellFormed, HasEntriesOfNoLayerToCome) {
    sound_tree t;
    t.plant<entry>({root, {1}, "x"}, {dentry::object{object(1)}, {15}, {}});
    EXPECT_EQ(t.faults(), at("an entry of a layer to come", root, "x"));
}

TEST(WellFormed, HasGoodNamesAndLinks) {
    sound_tree t;
    t.point("..", dentry::object{object(1)}, 14);
    t.point("to", dentry::symlink{""}, 15);
    EXPECT_EQ(t.faults(), at("a bad name", root, "..") + at("a bad link", root, "to"));
}

TEST(WellFormed, HasGenerationsThatWereGivenAndGivenOnce) {
    sound_tree t;
    const auto used = t.name("/l")->written.value;
    t.point("m", dentry::symlink{"x"}, used);
    t.point("n", dentry::symlink{"x"}, 1u << 30);
    EXPECT_EQ(t.faults(),
              at("a generation used twice", root, "m") + at("a generation not given", root, "n"));
}

TEST(WellFormed, HasNodesThatWereGiven) {
    sound_tree t;
    const node_id far{1u << 30};
    t.point("far", dentry::inode{far});
    t.found(far);
    t.plant<binding>(far, {root, "far"});
    EXPECT_EQ(t.faults(), at("a node not given", far, "far"));
}

TEST(WellFormed, HasAHeadRevAndBindingForEachNode) {
    sound_tree t;
    t.point("g", dentry::inode{{15}});
    EXPECT_EQ(t.faults(), at("an entry of no binding", {15}, "g") +
                              at("an entry of no head", {15}, "g") +
                              at("an entry of no rev", {15}, "g"));
    sound_tree u;
    u.uproot<tree::rev>(u.e);
    EXPECT_EQ(u.faults(), at("an entry of no rev", u.e, "e") + at("a head without a rev", u.e));
}

TEST(WellFormed, HasNoOrphans) {
    sound_tree t;
    t.found({15});
    EXPECT_EQ(t.faults(), at("an orphan", {15}));
    sound_tree u;
    u.uproot<binding>(u.e);
    EXPECT_EQ(u.faults(), at("an entry of no binding", u.e, "e") + at("an orphan", u.e));
    sound_tree v;
    v.plant<tree::rev>({15}, {{1}});
    EXPECT_EQ(v.faults(), at("a rev without a head", {15}));
}

TEST(WellFormed, HasBindingsThatPointBack) {
    sound_tree t;
    t.plant<binding>(t.e, {t.d, "x"});
    EXPECT_EQ(t.faults(), at("an entry bound elsewhere", t.e, "e") +
                              at("a binding to another's name", t.e, "x"));
    sound_tree u;
    u.plant<binding>({15}, {u.d, "e"});
    EXPECT_EQ(u.faults(),
              at("a binding of no node", {15}, "e") + at("a binding to another's name", {15}, "e"));
    sound_tree v;
    v.plant<binding>(v.e, {{15}, "e"});
    EXPECT_EQ(v.faults(), at("an entry bound elsewhere", v.e, "e") +
                              at("a binding to no directory", v.e, "e") + at("an orphan", v.e));
}

TEST(WellFormed, HasNoNodeTwice) {
    sound_tree t;
    t.point("again", dentry::inode{t.e});
    EXPECT_EQ(t.faults(), at("an entry bound elsewhere", t.e, "again"));
}

TEST(WellFormed, HasAFileLeaseAndBindingForEachOpenFile) {
    using protocol::file;
    using protocol::lease;
    sound_tree t;
    t.point("f", dentry::inode{{15}, obj_id::file});
    EXPECT_EQ(t.faults(),
              at("an entry of no binding", {15}, "f") + at("an entry of no file", {15}, "f"));
    t.plant<binding>({15}, {root, "f"});
    t.plant<file_row>({15}, {file::cooling{{3}, {}}});
    EXPECT_EQ(t.faults(), at("a file without a lease", {15}));
    t.plant<lease_row>({15}, {lease::free{{2}}});
    EXPECT_EQ(t.faults(), at("a lease of another number", {15}));
    t.plant<lease_row>({15}, {lease::held{{1}, {3}, {}}});
    EXPECT_EQ(t.faults(), at("a writer without a lease, or the other way round", {15}));
    t.plant<lease_row>({15}, {lease::free{{3}}});
    EXPECT_EQ(t.faults(), "");
    t.uproot<binding>({15});
    EXPECT_EQ(t.faults(),
              at("an entry of no binding", {15}, "f") + at("a file bound nowhere", {15}));
    sound_tree u;
    u.plant<lease_row>({15}, {lease::free{}});
    EXPECT_EQ(u.faults(), at("a lease without a file", {15}));
}

// Everything points both ways, and nothing leads to the root.
TEST(WellFormed, HasNoLoop) {
    sound_tree t;
    t.uproot<entry>({root, {}, "d"});
    t.plant<entry>({t.e, {}, "d"}, {dentry::inode{t.d}, {15}, {}});
    t.plant<binding>(t.d, {t.e, "d"});
    EXPECT_EQ(t.faults(), at("a loop", t.d) + at("a loop", t.e));
}

TEST(WellFormed, HasRowsThatAreRows) {
    sound_tree t;
    for (const std::string table : {"h", "r", "b", "d", "f", "l"}) {
        const auto key = table + std::string(16, '\xee');
        const write junk{write::kind::put, key, "\xff", 0};
        must(t.kv.commit({{}, {&junk, 1}}));
        EXPECT_EQ(t.faults(), "no row: " + printable(key) + "\n");
        const write gone{write::kind::erase, key};
        must(t.kv.commit({{}, {&gone, 1}}));
    }
    EXPECT_EQ(t.faults(), "");
}

TEST(WellFormed, HasSnapshotsThatAreStored) {
    sound_tree t;
    ASSERT_TRUE(keep_snapshot(t.me, "s", must(read_tree(t.kv, t.d)), "/d", {}));
    EXPECT_EQ(t.faults(), "");
    t.uproot<object_row>(must(read<tree::snapshot>(t.kv, {"s"}))->root);
    EXPECT_EQ(t.faults(), at("a snapshot that is not stored", node_id{0}, "s"));
}

TEST(WellFormed, LeavesTheRowsOfAnOlderLayerToTheSweep) {
    sound_tree t;
    head h = *t.dir("/d/e").head();
    h.layer = {7};
    t.plant<head>(t.e, h);
    t.plant<entry>({t.e, {6}, "x"}, {dentry::object{object(1)}, {15}, {}});
    EXPECT_EQ(t.faults(), at("an entry that nobody sees or sweeps", t.e, "x"));
    t.plant<hidden>({t.e, {6}}, {});
    EXPECT_EQ(t.faults(), "") << "no look-up sees them, and a sweep takes them";
}

}  // namespace
}  // namespace casement::testing::well_formed_test
