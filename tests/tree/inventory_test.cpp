#include <casement/tree/inventory.hpp>

#include <gtest/gtest.h>

#include "support/property.hpp"
#include "tree/hand.hpp"

namespace casement::testing::inventory_test {
namespace {

using tree::inventory;

struct counted : memory_tree {
    counted() {
        d = mkdir("/d").node;
        e = mkdir("/d/e").node;
        make("/l", link("d"));
    }
    [[nodiscard]] inventory rows() const { return must(read_inventory(kv)); }
    node_id d, e;
};

TEST(Inventory, HasEveryRowOfATree) {
    counted t;
    const auto all = t.rows();
    EXPECT_EQ(all.heads.size(), 3u);
    EXPECT_EQ(all.revs.size(), 3u);
    EXPECT_EQ(all.bindings.size(), 2u);
    EXPECT_EQ(all.entries.size(), 3u);
    EXPECT_EQ(all.named, (std::set<std::uint64_t>{t.d.value, t.e.value}));
    EXPECT_TRUE(all.files.empty() && all.leases.empty() && all.hidden.empty());
    EXPECT_TRUE(all.strange.empty());
}

TEST(Inventory, PutsAsideWhatIsNoRow) {
    counted t;
    const std::string key = "b" + std::string(3, '\0');
    const write junk{write::kind::put, key, "x", 0};
    must(t.kv.commit({{}, {&junk, 1}}));
    EXPECT_EQ(t.rows().strange, std::vector<std::string>{key});
    EXPECT_EQ(t.rows().bindings.size(), 2u);
}

TEST(Inventory, KnowsWhoIsBoundWell) {
    counted t;
    EXPECT_TRUE(t.rows().is_bound_well(t.e.value));
    EXPECT_TRUE(t.rows().is_bound_to(t.e.value, {t.d.value, 0, "e"}));
    EXPECT_FALSE(t.rows().is_bound_to(t.e.value, {t.d.value, 0, "f"}));
    EXPECT_FALSE(t.rows().is_bound_well(root.value)) << "it has no name";
    t.plant<binding>(t.e, {root, "l"});
    EXPECT_FALSE(t.rows().is_bound_well(t.e.value)) << "that name points elsewhere";
    t.uproot<binding>(t.e);
    EXPECT_FALSE(t.rows().is_bound_well(t.e.value));
}

TEST(Inventory, FindsTheLowestOfALoop) {
    counted t;
    EXPECT_EQ(t.rows().lowest_of_loop(t.e.value), std::nullopt) << "it leads to the root";
    t.plant<entry>({t.e, {}, "d"}, {dentry::inode{t.d}, {900}, {}});
    t.plant<binding>(t.d, {t.e, "d"});
    const auto low = std::min(t.d.value, t.e.value);
    EXPECT_EQ(t.rows().lowest_of_loop(t.d.value), low);
    EXPECT_EQ(t.rows().lowest_of_loop(t.e.value), low);
}

TEST(Inventory, KnowsTheNewestLayerThatHasEntries) {
    counted t;
    EXPECT_EQ(t.rows().layer_of(t.e.value), std::nullopt);
    EXPECT_FALSE(t.rows().has_entries(t.e.value));
    t.plant<entry>({t.e, {4}, "x"}, {dentry::symlink{"y"}, {900}, {}});
    t.plant<entry>({t.e, {2}, "x"}, {dentry::symlink{"y"}, {901}, {}});
    EXPECT_EQ(t.rows().layer_of(t.e.value), 4u);
}

}  // namespace
}  // namespace casement::testing::inventory_test
