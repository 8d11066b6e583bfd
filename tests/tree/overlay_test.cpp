// A directory between its two forms: what it shows stays, and what others did meanwhile is neither
// lost nor swallowed.

#include <casement/tree/overlay.hpp>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <casement/tree/ensure_path.hpp>
#include "support/property.hpp"
#include "tree/counting_store.hpp"
#include "tree/hand.hpp"
#include "tree/well_formed.hpp"

namespace casement::testing::overlay_test {
namespace {

using names = std::vector<std::string>;

struct forms : memory_tree {
    forms() { mkdir("/d"); }
    [[nodiscard]] tree::image look(std::string_view path = "/d") const {
        return must(read_image(kv, node(path)));
    }
    [[nodiscard]] seen<binding> bound(std::string_view path = "/d") const {
        return must(read<binding>(kv, node(path)));
    }
    obj_id finalized(std::string_view path = "/d") {
        const auto now = look(path);
        must(finalize_directory(me, now, bound(path), any_rev{dir()}, name(path)));
        must(sweep_hidden(kv));
        return now.object();
    }
    created opened(std::string_view path = "/d") {
        return must(instantiate_directory(me, any_rev{dir()}, name(path)));
    }
    [[nodiscard]] std::uint64_t rows_of(char table) const {
        std::uint64_t n = 0;
        const std::string first(1, table);
        for (auto r = kv.scan(first, after_prefix(first)); r.valid(); r.next()) ++n;
        return n;
    }
};

TEST(Overlay, EveryFormShowsTheSame) {
    law("finalize, instantiate and rebase change nothing that is seen",
        [](const std::vector<std::uint8_t>& content, const std::vector<std::uint8_t>& deeds) {
            forms t;
            std::map<std::string, obj_id> shown;
            for (const auto n : content) {
                const auto name = std::to_string(n);
                if (shown.emplace(name, object(n)).second) t.make("/d/" + name, file(n));
            }
            bool node = true;
            for (const auto d : deeds) {
                if (!node)
                    (void)t.opened();
                else if (d % 2 == 0)
                    (void)t.finalized();
                else
                    must(rebase(t.me, t.look()));
                node = !node || d % 2 != 0;
                must(sweep_hidden(t.kv));
                RC_ASSERT(faults_in(t.kv) == "");
            }
            if (!node) (void)t.opened();
            for (const auto& [name, id] : shown) RC_ASSERT(*object_in(*t.name("/d/" + name)) == id);
            RC_ASSERT(names_in(t.kv, t.node("/d")).size() == shown.size());
        });
}

TEST(Instantiate, PaysForOneLevel) {
    forms t;
    for (int i = 0; i < 500; ++i) t.make("/d/" + std::to_string(i));
    const auto before = t.finalized();
    const auto entries = t.rows_of('d');
    const auto old = *t.name("/d");
    const auto made = t.opened();
    EXPECT_EQ(t.rows_of('d'), entries);
    EXPECT_EQ(t.dir("/d").head()->base, before);
    EXPECT_EQ(t.dir("/d").node(), made.node);
    EXPECT_EQ(t.dir("/d").head()->mode, old.about.mode);
    EXPECT_EQ(names_in(t.kv, made.node).size(), 500u);
}

TEST(Instantiate, OfWhatIsNotThereAnyMoreIsAConflict) {
    forms t;
    (void)t.finalized();
    const auto old = t.name("/d");
    const auto parent = t.dir();
    must(tree::remove(t.me, any_rev{t.dir()}, t.name("/d")));
    EXPECT_EQ(code_of(instantiate_directory(t.me, any_rev{parent}, old)), errc::conflict);
    EXPECT_TRUE(names_in(t.kv, root).empty());
}

TEST(Rebase, HidesJustTheEntriesThatItTook) {
    forms t;
    t.make("/d/x");
    t.make("/d/y");
    t.mkdir("/d/sub");
    must(rebase(t.me, t.look()));
    EXPECT_EQ(t.rows_of('z'), 1u);
    EXPECT_EQ(t.rows_of('d'), 1u + 3 + 1) << "/d, those to be swept, and sub in the new layer";
    EXPECT_EQ(names_in(t.kv, t.node("/d")), (names{"sub", "x", "y"}));
    EXPECT_EQ(must(sweep_hidden(t.kv)), 3u);
    EXPECT_EQ(must(sweep_hidden(t.kv)), 0u);
    EXPECT_EQ(t.rows_of('z'), 0u);
    EXPECT_EQ(names_in(t.kv, t.node("/d")), (names{"sub", "x", "y"}));
    EXPECT_EQ(faults_in(t.kv), "");
}

TEST(Rebase, LosesNoChange) {
    forms t;
    t.make("/d/x");
    const auto merged = t.look();
    t.make("/d/y");
    EXPECT_EQ(code_of(rebase(t.me, merged)), errc::conflict);
    EXPECT_EQ(names_in(t.kv, t.node("/d")), (names{"x", "y"}));
}

TEST(Rebase, TakesFortyNodes) {
    forms t;
    for (int i = 0; i < 40; ++i) t.mkdir("/d/" + std::to_string(i));
    must(rebase(t.me, t.look()));
    t.mkdir("/d/one more");
    EXPECT_EQ(code_of(rebase(t.me, t.look())), errc::too_big);
}

TEST(FinalizeDirectory, HappensWhereItIsBoundNow) {
    forms t;
    const auto merged = t.look();
    const auto bound = t.bound();
    const auto name = t.name("/d");
    must(rename_directory(t.me, any_rev{t.dir()}, name, any_rev{t.dir()}, t.name("/e"),
                          must(read_ancestry(t.kv, root))));
    EXPECT_EQ(code_of(finalize_directory(t.me, merged, bound, any_rev{t.dir()}, name)),
              errc::conflict);
    must(finalize_directory(t.me, merged, t.bound("/e"), any_rev{t.dir()}, t.name("/e")));
    EXPECT_EQ(names_in(t.kv, root), names{"e"});
    EXPECT_TRUE(is_directory(*t.name("/e")));
    EXPECT_EQ(directory_in(*t.name("/e")), nullptr);
}

TEST(FinalizeDirectory, BringsNothingBack) {
    forms t;
    const auto merged = t.look();
    const auto bound = t.bound();
    const auto name = t.name("/d");
    const auto parent = t.dir();
    t.rmdir("/d");
    EXPECT_EQ(code_of(finalize_directory(t.me, merged, bound, any_rev{parent}, name)),
              errc::conflict);
    EXPECT_TRUE(names_in(t.kv, root).empty());
}

// SPEC F4e, race 8: what is in it and may change is not swallowed.
TEST(FinalizeDirectory, WaitsForItsNodes) {
    forms t;
    must(create_file(t.me, any_rev{t.dir("/d")}, "f", {}));
    EXPECT_EQ(
        code_of(finalize_directory(t.me, t.look(), t.bound(), any_rev{t.dir()}, t.name("/d"))),
        errc::in_use);
    must(tree::remove(t.me, any_rev{t.dir("/d")}, t.name("/d/f")));
    const auto merged = t.look();
    must(create_file(t.me, any_rev{t.dir("/d")}, "g", {}));
    EXPECT_EQ(code_of(finalize_directory(t.me, merged, t.bound(), any_rev{t.dir()}, t.name("/d"))),
              errc::conflict)
        << "one that came after the look";
}

TEST(Create, OverABaseFindsItsNames) {
    forms t;
    t.make("/d/x", file(3));
    must(rebase(t.me, t.look()));
    const auto made = must(create(t.me, any_rev{t.dir("/d")}, "x", file(4), {}));
    const auto* there = std::get_if<already_exists>(&made);
    ASSERT_NE(there, nullptr);
    EXPECT_EQ(*object_in(*there->existing), object(3));
}

TEST(Mounted, RefusesEveryChange) {
    forms t;
    t.make("/d/x", file(3));
    t.mkdir("/e");
    const auto id = t.finalized();
    (void)must(mount(t.me, any_rev{t.dir()}, "m", id, facts{0755, {}, 0}));
    const auto dir = t.dir("/m");
    EXPECT_EQ(names_in(t.kv, dir.node()), names{"x"});
    EXPECT_EQ(code_of(create(t.me, any_rev{dir}, "y", file(), {})), errc::read_only);
    EXPECT_EQ(code_of(create_directory(t.me, any_rev{dir}, "y", {})), errc::read_only);
    EXPECT_EQ(code_of(create_file(t.me, any_rev{dir}, "y", {})), errc::read_only);
    EXPECT_EQ(code_of(tree::remove(t.me, any_rev{dir}, t.name("/m/x"))), errc::read_only);
    EXPECT_EQ(code_of(replace_target(t.me, any_rev{dir}, t.name("/m/x"),
                                     dentry::replace_object{object(5)}, {})),
              errc::read_only);
    EXPECT_EQ(code_of(instantiate_file(t.me, any_rev{dir}, t.name("/m/x"))), errc::read_only);
    EXPECT_EQ(code_of(tree::rename(t.me, any_rev{dir}, t.name("/m/x"), any_rev{t.dir("/e")},
                                   t.name("/e/x"))),
              errc::read_only);
    EXPECT_EQ(code_of(ensure_path(t.me, "/m/new", {})), errc::read_only);
    EXPECT_EQ(names_in(t.kv, dir.node()), names{"x"});
    EXPECT_EQ(faults_in(t.kv), "");
}

}  // namespace
}  // namespace casement::testing::overlay_test
