#include <casement/tree/snapshot.hpp>

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <casement/tree/overlay.hpp>
#include "support/property.hpp"
#include "tree/hand.hpp"

namespace casement::testing::snapshot_test {
namespace {

/// A tree with /d in it, and all names of an object.
struct keeper : memory_tree {
    keeper() { mkdir("/d"); }
    [[nodiscard]] tree_image look() const { return must(read_tree(kv, root)); }
    void keep(std::string_view name) { must(keep_snapshot(me, name, look(), "/", {7})); }
    [[nodiscard]] seen<tree::snapshot> kept(std::string_view name) const {
        return must(read<tree::snapshot>(kv, {name}));
    }
    [[nodiscard]] std::map<std::string, obj_id> names_below(const obj_id& dir) const {
        std::map<std::string, obj_id> all;
        for (const auto& e : object::dir_view{blocks_in(kv), dir})
            if (const auto* id = std::get_if<obj_id>(&e->target)) all.emplace(e->name, *id);
        return all;
    }
};

TEST(Snapshot, IsOfOneInstant) {
    law("what changes later is not in it",
        [](const std::vector<std::uint8_t>& before, const std::vector<std::uint8_t>& after) {
            keeper t;
            std::map<std::string, obj_id> then;
            for (const auto n : before)
                if (then.emplace(std::to_string(n), object(n)).second)
                    t.make("/d/" + std::to_string(n), file(n));
            t.keep("s");
            for (const auto n : after) {
                const auto path = "/d/" + std::to_string(n);
                if (t.name(path).exists())
                    must(tree::remove(t.me, any_rev{t.dir("/d")}, t.name(path)));
                else
                    t.make(path, file(n));
            }
            const auto root_of_it = t.kept("s")->root;
            const auto top = t.names_below(root_of_it);
            RC_ASSERT(top.size() == 1u);
            RC_ASSERT(t.names_below(top.at("d")) == then);
            RC_ASSERT(t.kept("s")->files == then.size());
        });
}

TEST(Snapshot, OfTheSameTreeCostsNothing) {
    keeper t;
    t.make("/d/x");
    EXPECT_GT(t.look().bytes_written(), 0u);
    EXPECT_EQ(t.look().bytes_written(), 0u);
    t.make("/d/y");
    const auto more = t.look();
    EXPECT_GT(more.bytes_written(), 0u);
    EXPECT_EQ(more.directories(), 2u);
    EXPECT_EQ(more.files(), 2u);
}

TEST(Snapshot, SaysWhatHasNoObject) {
    keeper t;
    must(create_file(t.me, any_rev{t.dir("/d")}, "open", {}));
    t.make("/d/x");
    const auto image = t.look();
    EXPECT_EQ(image.left_out(), std::vector<std::string>{"/d/open"});
    EXPECT_EQ(image.files(), 1u);
}

TEST(KeepSnapshot, TakesANameOnce) {
    keeper t;
    t.keep("s");
    EXPECT_EQ(code_of(keep_snapshot(t.me, "s", t.look(), "/", {})), errc::exists);
    EXPECT_EQ(code_of(keep_snapshot(t.me, "a/b", t.look(), "/", {})), errc::bad_name);
    EXPECT_EQ(t.kept("s")->taken, timestamp{7});
    EXPECT_EQ(t.kept("s")->path, "/");
}

// SPEC F4g: its blocks are named by nobody until it is kept.
TEST(KeepSnapshot, OfWhatMayHaveBeenCollectedIsAConflict) {
    keeper t;
    const auto image = t.look();
    must(transaction{t.kv}.bump<collection>({}, 2).commit());
    EXPECT_EQ(code_of(keep_snapshot(t.me, "s", image, "/", {})), errc::conflict);
    must(keep_snapshot(t.me, "s", t.look(), "/", {}));
}

TEST(ForgetSnapshot, IsOfTheOneThatWasSeen) {
    keeper t;
    EXPECT_EQ(code_of(forget_snapshot(t.me, t.kept("s"))), errc::not_found);
    t.keep("s");
    const auto old = t.kept("s");
    must(forget_snapshot(t.me, old));
    t.make("/x");
    t.keep("s");
    EXPECT_EQ(code_of(forget_snapshot(t.me, old)), errc::conflict);
    EXPECT_TRUE(t.kept("s").exists());
}

}  // namespace
}  // namespace casement::testing::snapshot_test
