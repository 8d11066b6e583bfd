#include <casement/tree/change.hpp>

#include <gtest/gtest.h>
#include <boost/hana/for_each.hpp>

#include "tree/counting_store.hpp"
#include "tree/hand.hpp"
#include "tree/well_formed.hpp"

namespace casement::testing::change_test {
namespace {

/// Some state of each kind, as a row that was seen; no row for `absent`.
template <class T>
T some() {
    if constexpr (std::same_as<T, dentry::inode>)
        return {node_id{17}};
    else if constexpr (std::same_as<T, dentry::object>)
        return {object(1)};
    else if constexpr (std::same_as<T, dentry::symlink>)
        return {"elsewhere"};
    else
        return {};
}

template <class T, class By>
void replaces_if_legal(const By& by) {
    memory_tree t;
    if (!std::same_as<T, dentry::absent>)
        t.plant<entry>({root, {}, "x"}, {some<T>(), generation{1}, {}});
    const auto old = must(look_up(t.kv, t.dir(), "x"));
    const auto before = t.kv;
    const auto done = replace_target(t.me, at_rev{t.dir()}, old, by, {.mode = 1});
    EXPECT_EQ(done.has_value(), (accepts<dentry, T, By>)) << name_of<T>() << ' ' << name_of<By>();
    if (done) {
        EXPECT_EQ(*t.name("/x"), (entry{*apply<dentry>(old->target, by), *done, {.mode = 1}}));
        EXPECT_NE(*done, old->written);
    } else {
        EXPECT_EQ(done.error().code(), errc::illegal);
        EXPECT_EQ(t.kv, before);
    }
}

template <class By>
void replaces_if_legal_from_each(const By& by) {
    hana::for_each(dentry::states,
                   [&](auto state) { replaces_if_legal<typename decltype(state)::type>(by); });
}

// The table of the dentry machine decides, and nothing beside it.
TEST(Replace, MakesTheLegalPairsAndNoOther) {
    replaces_if_legal_from_each(dentry::replace_object{object(2)});
    replaces_if_legal_from_each(dentry::retarget{"there"});
    static_assert(std::variant_size_v<replacement> == 2, "each way to replace stands above");
}

TEST(Replace, BumpsTheRevForALinkToo) {
    memory_tree t;
    t.make("/l", link("a"));
    const auto before = t.rev();
    must(replace_target(t.me, at_rev{t.dir()}, t.name("/l"), dentry::retarget{"b"}, {}));
    EXPECT_EQ(t.rev(), before + 1);
    EXPECT_EQ(t.name("/l")->target, state<dentry>{dentry::symlink{"b"}});
}

TEST(Replace, ABadLinkIsRefused) {
    memory_tree t;
    t.make("/l", link("a"));
    EXPECT_EQ(
        code_of(replace_target(t.me, any_rev{t.dir()}, t.name("/l"), dentry::retarget{""}, {})),
        errc::bad_name);
}

// F4h: the target is what it was, the writing is not.
TEST(Replace, ATargetThatChangedAndChangedBackIsNotWhatWasSeen) {
    memory_tree t;
    t.make("/x", file(1));
    const auto old = t.name("/x");
    t.replace("/x", 2);
    t.replace("/x", 1);
    ASSERT_EQ(old->target, t.name("/x")->target);
    EXPECT_EQ(
        code_of(replace_target(t.me, any_rev{t.dir()}, old, dentry::replace_object{object(3)}, {})),
        errc::conflict);
    EXPECT_EQ(code_of(tree::remove(t.me, any_rev{t.dir()}, old)), errc::conflict);
    EXPECT_EQ(t.name("/x")->target, state<dentry>{dentry::object{object(1)}});
}

TEST(Replace, ANameThatWentAndCameBackIsNotWhatWasSeen) {
    memory_tree t;
    t.make("/x", file(1));
    const auto old = t.name("/x");
    must(tree::remove(t.me, any_rev{t.dir()}, old));
    EXPECT_EQ(code_of(tree::remove(t.me, any_rev{t.dir()}, old)), errc::conflict);
    t.make("/x", file(1));
    EXPECT_EQ(code_of(tree::remove(t.me, any_rev{t.dir()}, old)), errc::conflict);
}

TEST(Replace, ConflictsTellWhichGuardDidNotHold) {
    memory_tree t;
    t.make("/x", file(1));
    const auto dir = t.dir();
    const auto old = t.name("/x");
    t.make("/y");
    const auto late = tree::remove(t.me, at_rev{dir}, old);
    ASSERT_EQ(code_of(late), errc::conflict);
    EXPECT_TRUE(late.error().message().starts_with("remove 'x': commit")) << late.error().message();
    EXPECT_TRUE(late.error().message().ends_with("the parent's rev is as expected"));
    EXPECT_TRUE(tree::remove(t.me, any_rev{dir}, old)) << "any_rev: only the name itself counts";
}

// A name and a directory that do not belong together are no token of one change.
TEST(Change, TheTokenOfAnotherDirectoryIsRefused) {
    memory_tree t;
    t.mkdir("/a");
    t.mkdir("/b");
    t.mkdir("/a/d");
    t.make("/a/x");
    const auto before = t.kv;
    const auto old = t.name("/a/x");
    const any_rev wrong{t.dir("/b")};
    EXPECT_EQ(code_of(replace_target(t.me, wrong, old, dentry::replace_object{}, {})),
              errc::conflict);
    EXPECT_EQ(code_of(set_facts(t.me, wrong, old, 0, {})), errc::conflict);
    EXPECT_EQ(code_of(tree::remove(t.me, wrong, old)), errc::conflict);
    EXPECT_EQ(code_of(remove_directory(t.me, wrong, t.name("/a/d"),
                                       must(see_empty(t.kv, t.node("/a/d"))))),
              errc::conflict);
    EXPECT_EQ(t.kv, before);
}

TEST(Change, TheTokenOfAnotherLayerIsRefused) {
    memory_tree t;
    t.make("/x");
    const auto old = t.name("/x");
    head h = *t.dir().head();
    h.layer = {1};
    t.plant<head>(root, h);
    EXPECT_EQ(code_of(tree::remove(t.me, any_rev{t.dir()}, old)), errc::conflict);
}

TEST(Change, ASealedDirectoryTakesNone) {
    memory_tree t;
    t.mkdir("/s");
    t.mkdir("/s/d");
    t.make("/s/x");
    t.seal("/s");
    const auto before = t.kv;
    const any_rev s{t.dir("/s")};
    const auto x = t.name("/s/x");
    EXPECT_EQ(code_of(replace_target(t.me, s, x, dentry::replace_object{}, {})), errc::illegal);
    EXPECT_EQ(code_of(set_facts(t.me, s, x, 0, {})), errc::illegal);
    EXPECT_EQ(code_of(tree::remove(t.me, s, x)), errc::illegal);
    EXPECT_EQ(
        code_of(remove_directory(t.me, s, t.name("/s/d"), must(see_empty(t.kv, t.node("/s/d"))))),
        errc::illegal);
    EXPECT_EQ(t.kv, before);
}

TEST(SetFacts, ChangesModeAndTimeAndNothingElse) {
    memory_tree t;
    t.make("/x", file(1), {.mode = 0644, .mtime = {1}, .size = 12});
    entry expected = *t.name("/x");
    must(set_facts(t.me, at_rev{t.dir()}, t.name("/x"), 0600, {2}));
    expected.about = {.mode = 0600, .mtime = {2}, .size = 12};
    EXPECT_EQ(*t.name("/x"), expected);
}

TEST(SetFacts, OfWhatWasSeenOnly) {
    memory_tree t;
    t.make("/x", file(1));
    const auto old = t.name("/x");
    t.replace("/x", 2);
    EXPECT_EQ(code_of(set_facts(t.me, any_rev{t.dir()}, old, 0600, {})), errc::conflict);
    EXPECT_EQ(t.name("/x")->target, state<dentry>{dentry::object{object(2)}});
}

TEST(SetFacts, OfADirectoryAreItsOwn) {
    memory_tree t;
    t.mkdir("/d");
    EXPECT_EQ(code_of(set_facts(t.me, at_rev{t.dir()}, t.name("/d"), 0600, {})), errc::illegal);
    EXPECT_EQ(code_of(set_facts(t.me, at_rev{t.dir()}, t.name("/x"), 0600, {})), errc::not_found);
    const auto root_rev = t.rev(), own_rev = t.rev("/d");
    const auto old = t.dir("/d");
    must(set_directory_facts(t.me, old, 0700, {9}));
    EXPECT_EQ(t.dir("/d").head()->mode, 0700u);
    EXPECT_EQ(t.dir("/d").head()->mtime, timestamp{9});
    EXPECT_EQ(t.rev(), root_rev);
    EXPECT_EQ(t.rev("/d"), own_rev);
    EXPECT_EQ(code_of(set_directory_facts(t.me, old, 0, {})), errc::conflict);
}

TEST(Remove, TakesTheNameAway) {
    memory_tree t;
    t.make("/x");
    t.make("/l", link("x"));
    const auto before = t.rev();
    must(tree::remove(t.me, at_rev{t.dir()}, t.name("/x")));
    must(tree::remove(t.me, at_rev{t.dir()}, t.name("/l")));
    EXPECT_TRUE(names_in(t.kv, root).empty());
    EXPECT_EQ(t.rev(), before + 2);
    EXPECT_EQ(code_of(tree::remove(t.me, at_rev{t.dir()}, t.name("/x"))), errc::not_found);
}

TEST(Remove, ADirectoryTakesMoreThanThat) {
    memory_tree t;
    t.mkdir("/d");
    EXPECT_EQ(code_of(tree::remove(t.me, at_rev{t.dir()}, t.name("/d"))), errc::is_a_directory);
}

TEST(Remove, ATombstoneStays) {
    memory_tree t;
    t.plant<entry>({root, {}, "x"}, {dentry::tombstone{}, generation{1}, {}});
    EXPECT_EQ(code_of(tree::remove(t.me, any_rev{t.dir()}, t.name("/x"))), errc::not_found);
    EXPECT_TRUE(must(read<entry>(t.kv, {root, {}, "x"})).exists())
        << "without it the same name in the base would come back";
}

TEST(RemoveDirectory, TakesAllItsRows) {
    memory_tree t;
    const auto before = t.kv;
    t.mkdir("/d");
    const auto node = t.node("/d");
    t.rmdir("/d");
    EXPECT_FALSE(must(read<head>(t.kv, node)).exists());
    EXPECT_FALSE(must(read<tree::rev>(t.kv, node)).exists());
    EXPECT_FALSE(must(read<binding>(t.kv, node)).exists());
    EXPECT_TRUE(names_in(t.kv, root).empty());
    EXPECT_EQ(faults_in(t.kv), "");
}

TEST(RemoveDirectory, TheEmptinessIsOfThisDirectory) {
    memory_tree t;
    t.mkdir("/a");
    t.mkdir("/b");
    t.make("/a/x");
    const auto b_empty = must(see_empty(t.kv, t.node("/b")));
    EXPECT_EQ(code_of(remove_directory(t.me, at_rev{t.dir()}, t.name("/a"), b_empty)),
              errc::conflict);
    EXPECT_EQ(code_of(remove_directory(t.me, at_rev{t.dir()}, t.name("/none"), b_empty)),
              errc::conflict);
    EXPECT_EQ(code_of(see_empty(t.kv, t.node("/a"))), errc::not_empty);
}

TEST(RemoveDirectory, TheDirectoryIsStillAtItsName) {
    memory_tree t;
    t.mkdir("/d");
    t.mkdir("/to");
    const auto d = t.name("/d");
    const auto empty = must(see_empty(t.kv, t.node("/d")));
    must(rename_directory(t.me, any_rev{t.dir()}, d, any_rev{t.dir("/to")}, t.name("/to/d"),
                          must(read_ancestry(t.kv, t.node("/to")))));
    EXPECT_EQ(code_of(remove_directory(t.me, any_rev{t.dir()}, d, empty)), errc::conflict);
    EXPECT_EQ(names_in(t.kv, t.node("/to")), std::vector<std::string>{"d"});
    EXPECT_EQ(faults_in(t.kv), "");
}

TEST(RemoveDirectory, TheDirectoryItselfIsAsItWasSeen) {
    memory_tree t;
    t.mkdir("/d");
    const auto empty = must(see_empty(t.kv, t.node("/d")));
    must(set_directory_facts(t.me, t.dir("/d"), 0700, {}));
    EXPECT_EQ(code_of(remove_directory(t.me, any_rev{t.dir()}, t.name("/d"), empty)),
              errc::conflict);
}

template <class P>
void rmdir_against_create() {
    {  // the child comes first
        memory_tree t;
        t.mkdir("/d");
        const auto d = t.dir("/d");
        const auto empty = must(see_empty(t.kv, d.node()));
        must(create(t.me, P{d}, "x", file(), {}));
        const auto late = remove_directory(t.me, P{t.dir()}, t.name("/d"), empty);
        EXPECT_EQ(code_of(late), errc::conflict);
        EXPECT_TRUE(late.error().message().ends_with("the directory is still empty"));
        EXPECT_EQ(names_in(t.kv, d.node()), std::vector<std::string>{"x"});
        EXPECT_EQ(faults_in(t.kv), "");
    }
    {  // the removal comes first
        memory_tree t;
        t.mkdir("/d");
        const auto d = t.dir("/d");
        must(remove_directory(t.me, P{t.dir()}, t.name("/d"), must(see_empty(t.kv, d.node()))));
        EXPECT_EQ(code_of(create(t.me, P{d}, "x", file(), {})), errc::not_found);
        EXPECT_EQ(faults_in(t.kv), "");
    }
    {  // the child came and went: it is empty, and not as it was seen
        memory_tree t;
        t.mkdir("/d");
        const auto empty = must(see_empty(t.kv, t.node("/d")));
        t.make("/d/x");
        must(tree::remove(t.me, P{t.dir("/d")}, t.name("/d/x")));
        EXPECT_EQ(code_of(remove_directory(t.me, P{t.dir()}, t.name("/d"), empty)), errc::conflict);
    }
}

TEST(RemoveDirectory, AgainstACreateOneOfTheTwoFails) {
    rmdir_against_create<at_rev>();
    rmdir_against_create<any_rev>();
}

// F4a: what an operation expects it is given; it never reads it for itself.
TEST(Change, ReadsNoRow) {
    memory_tree t;
    t.make("/x", file(1));
    t.make("/y", file(2));
    t.mkdir("/d");
    const auto x = t.name("/x"), d = t.name("/d");
    const any_rev parent{t.dir()};
    const auto empty = must(see_empty(t.kv, t.node("/d")));
    const auto d_seen = t.dir("/d");
    counting_store counted{t.kv};
    id_blocks ids{counted};
    must(ids.next());
    const unrecorded me{counted, ids};
    const auto costs = [&](auto&& r, std::size_t guards, std::size_t writes) {
        must(std::move(r));
        EXPECT_EQ(counted.counts(),
                  (store_counts{.commits = 1, .guards = guards, .writes = writes}));
    };
    counted.forget();
    costs(replace_target(me, parent, x, dentry::replace_object{object(3)}, {}), 2, 2);
    const auto x2 = t.name("/x");
    counted.forget();
    costs(set_facts(me, parent, x2, 0600, {}), 2, 2);
    const auto x3 = t.name("/x");
    counted.forget();
    costs(tree::remove(me, parent, x3), 2, 2);
    counted.forget();
    costs(remove_directory(me, parent, d, empty), 4, 5);
    EXPECT_EQ(counted.guarded(),
              (std::vector<std::string>{"the parent is as it was seen",
                                        "the name points to what was seen",
                                        "the directory is alive", "the directory is still empty"}));
    const auto root_seen = t.dir();
    counted.forget();
    costs(set_directory_facts(me, root_seen, 0700, {}), 1, 1);
}

}  // namespace
}  // namespace casement::testing::change_test
