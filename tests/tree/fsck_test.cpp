// Each thing that can be wrong with a tree is planted, found, and mended: afterwards the oracle
// that knows nothing of fsck has nothing to say, and every name that can be kept is there.

#include <casement/tree/fsck.hpp>

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/property.hpp"
#include "tree/hand.hpp"
#include "tree/well_formed.hpp"

namespace casement::testing::fsck_test {
namespace {

using tree::checkup;
using tree::fault;

/// A small tree, to be spoilt: /d, /d/e, a file that is open in /d, a link, and objects in no names
/// (that they are not stored is a fault of its own, and left out of the tree here).
struct patient : memory_tree {
    patient() {
        d = mkdir("/d").node;
        e = mkdir("/d/e").node;
        make("/l", link("d/e"));
        f = std::get<created>(must(create_file(me, any_rev{dir("/d")}, "f", {0644, {}, 0}))).node;
        must(ids.next());
    }
    [[nodiscard]] checkup examined(bool mends = false) { return must(fsck(me, mends)); }
    void point(std::string_view name, state<dentry> target, std::uint64_t written = 900) {
        plant<entry>({root, {}, name}, {std::move(target), {written}, {}});
    }
    [[nodiscard]] std::string found() {
        std::string all;
        for (const auto& each : examined().found) all += each.what + ": " + each.where + "\n";
        return all;
    }
    [[nodiscard]] std::vector<std::string> at(std::string_view path) {
        return names_in(kv, node(path));
    }

    node_id d, e, f;
};

using names = std::vector<std::string>;

TEST(Fsck, ASoundTreeHasNothing) {
    patient p;
    EXPECT_EQ(faults_in(p.kv), "");
    const auto told = p.examined(true);
    EXPECT_TRUE(told.found.empty());
    EXPECT_EQ(told.mended, 0u);
}

struct damage {
    const char* what;
    std::function<void(patient&)> done;
    names in_root{"d", "l"};
    names in_d{"e", "f"};
};

class FsckMends : public ::testing::TestWithParam<damage> {};

TEST_P(FsckMends, WhatWasSpoilt) {
    patient p;
    GetParam().done(p);
    ASSERT_NE(faults_in(p.kv), "") << "the oracle sees it";
    const auto dry = p.examined();
    ASSERT_FALSE(dry.found.empty());
    EXPECT_EQ(dry.mended, 0u);
    const auto told = p.examined(true);
    EXPECT_EQ(told.found.size(), dry.found.size()) << "looking has changed nothing";
    EXPECT_GT(told.mended, 0u);
    EXPECT_TRUE(told.left.empty()) << told.left.front().what << " " << told.left.front().where;
    EXPECT_EQ(faults_in(p.kv), "");
    EXPECT_EQ(p.at("/"), GetParam().in_root);
    if (!GetParam().in_d.empty()) {
        EXPECT_EQ(p.at("/d"), GetParam().in_d);
    }
    EXPECT_TRUE(p.examined(true).found.empty()) << "and stays so";
}

const std::vector<damage> damages{
    {"no_head", [](auto& p) { p.template uproot<head>(p.d); }},
    {"no_rev", [](auto& p) { p.template uproot<tree::rev>(p.e); }},
    {"no_head_nor_rev",
     [](auto& p) {
         p.template uproot<head>(p.e);
         p.template uproot<tree::rev>(p.e);
     }},
    {"no_root", [](auto& p) { p.template uproot<head>(root); }},
    {"a_bound_root",
     [](auto& p) {
         p.template plant<binding>(root, {p.d, "e"});
     }},
    {"no_binding", [](auto& p) { p.template uproot<binding>(p.e); }},
    {"bound_elsewhere",
     [](auto& p) {
         p.template plant<binding>(p.e, {p.d, "x"});
     }},
    {"a_binding_of_nothing",
     [](auto& p) {
         p.template plant<binding>({15}, {p.d, "e"});
     }},
    {"a_second_name", [](auto& p) { p.point("again", dentry::inode{p.e}); }},
    {"a_name_of_nothing", [](auto& p) { p.point("g", dentry::inode{{15}}); }, {"d", "g", "l"}},
    {"a_name_of_no_file",
     [](auto& p) {
         p.point("g", dentry::inode{{15}, obj_id::file});
     },
     {"d", "g", "l"}},
    {"an_entry_in_no_directory",
     [](auto& p) {
         p.template plant<entry>({{15}, {}, "x"}, {dentry::symlink{"y"}, {900}, {}});
     },
     {"d", "l", "lost+found"}},
    {"an_orphan",
     [](auto& p) {
         p.template uproot<entry>({root, {}, "d"});
     },
     {"l", "lost+found"},
     {}},
    {"an_orphaned_file",
     [](auto& p) {
         p.template uproot<entry>({p.d, {}, "f"});
     },
     {"d", "l", "lost+found"},
     {"e"}},
    {"a_loop",
     [](auto& p) {
         p.template uproot<entry>({root, {}, "d"});
         p.template plant<entry>({p.e, {}, "d"}, {dentry::inode{p.d}, {900}, {}});
         p.template plant<binding>(p.d, {p.e, "d"});
     },
     {"l", "lost+found"},
     {}},
    {"a_rev_of_nothing", [](auto& p) { p.template plant<tree::rev>({15}, {{1}}); }},
    {"a_lease_of_nothing",
     [](auto& p) { p.template plant<lease_row>({15}, {protocol::lease::free{}}); }},
    {"no_lease", [](auto& p) { p.template uproot<lease_row>(p.f); }},
    {"no_file", [](auto& p) { p.template uproot<file_row>(p.f); }},
    {"another_number",
     [](auto& p) { p.template plant<lease_row>(p.f, {protocol::lease::free{{77}}}); }},
    {"a_lease_and_no_writer",
     [](auto& p) {
         p.template plant<lease_row>(p.f, {protocol::lease::held{{1}, {0}, {}}});
     }},
    {"a_writer_and_no_lease",
     [](auto& p) {
         p.template plant<file_row>(p.f, {protocol::file::working{{0}, {}}});
     }},
    {"a_generation_twice",
     [](auto& p) { p.point("m", dentry::symlink{"x"}, p.name("/l")->written.value); },
     {"d", "l", "m"}},
    {"a_number_not_given",
     [](auto& p) { p.point("m", dentry::symlink{"x"}, 1u << 30); },
     {"d", "l", "m"}},
    {"a_bad_name", [](auto& p) { p.point("..", dentry::symlink{"x"}); }, {"d", "l", "unnamed-900"}},
    {"entries_that_nobody_sweeps",
     [](auto& p) {
         head h = *p.dir("/d/e").head();
         h.layer = {7};
         p.template plant<head>(p.e, h);
         p.template plant<entry>({p.e, {6}, "x"}, {dentry::symlink{"y"}, {900}, {}});
     }},
    {"an_entry_to_come",
     [](auto& p) {
         p.template plant<entry>({root, {3}, "m"}, {dentry::symlink{"x"}, {900}, {}});
     },
     {"d", "l", "m"}},
};

INSTANTIATE_TEST_SUITE_P(All, FsckMends, ::testing::ValuesIn(damages),
                         [](const auto& of) { return std::string{of.param.what}; });

TEST(Fsck, WhatIsLostKeepsAllBelowIt) {
    patient p;
    p.template uproot<entry>({root, {}, "d"});
    (void)p.examined(true);
    const auto home = p.at("/lost+found");
    ASSERT_EQ(home, (names{"node-" + std::to_string(p.d.value)}));
    EXPECT_EQ(p.at("/lost+found/" + home.front()), (names{"e", "f"}));
}

TEST(Fsck, SaysWhatItCannotMend) {
    patient p;
    p.point("gone", dentry::object{object(1)});
    p.point("to", dentry::symlink{""}, 901);
    const auto told = p.examined(true);
    ASSERT_EQ(told.left.size(), 2u);
    EXPECT_EQ(told.mended, 0u);
    for (const auto& each : told.left) EXPECT_EQ(each.remedy, "");
    EXPECT_EQ(told.left[0].what, "an object that is not stored");
    EXPECT_EQ(told.left[0].where, "1 'gone'");
    EXPECT_EQ(told.left[1].what, "a bad link");
}

TEST(Fsck, PardonsWhatIsNotStored) {
    patient p;
    p.plant<tree::condemned>(tree::block(sha256_of("x")), {{{5}}, {}});
    EXPECT_EQ(p.examined(true).mended, 1u);
    EXPECT_TRUE(p.examined().found.empty());
}

TEST(Fsck, TellsOfRowsThatAreNone) {
    patient p;
    const std::string key = "h" + std::string(8, '\xee');
    const write junk{write::kind::put, key, "\xff", 0};
    must(p.kv.commit({{}, {&junk, 1}}));
    const auto told = p.examined(true);
    ASSERT_EQ(told.left.size(), 1u);
    EXPECT_EQ(told.left[0].what, "a row that is none");
}

// However many rows are gone or wrong: it ends, and nothing that can be mended is left.
TEST(Fsck, EndsWithWhatCannotBeMended) {
    law("any rows gone", [](const std::vector<std::pair<std::uint8_t, std::uint8_t>>& cuts) {
        patient p;
        const std::vector<node_id> nodes{root, p.d, p.e, p.f};
        for (const auto& [table, which] : cuts) {
            const auto node = nodes[which % nodes.size()];
            switch (table % 6) {
                case 0: p.uproot<head>(node); break;
                case 1: p.uproot<tree::rev>(node); break;
                case 2: p.uproot<binding>(node); break;
                case 3: p.uproot<file_row>(p.f); break;
                case 4: p.uproot<lease_row>(p.f); break;
                default: p.uproot<entry>({node, {}, node == root ? "d" : "e"}); break;
            }
        }
        const auto told = p.examined(true);
        RC_ASSERT(told.left.empty());
        RC_ASSERT(faults_in(p.kv) == "");
    });
}

}  // namespace
}  // namespace casement::testing::fsck_test
