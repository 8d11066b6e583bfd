#include <casement/tree/rename.hpp>

#include <gtest/gtest.h>

#include <casement/tree/file_node.hpp>

#include "tree/counting_store.hpp"
#include "tree/hand.hpp"
#include "tree/interrupted_store.hpp"
#include "tree/well_formed.hpp"

namespace casement::testing::rename_test {
namespace {

/// All that a rename is told, as it was seen at one time.
template <class P = any_rev>
struct move {
    move(memory_tree& t, std::string_view from, std::string_view to)
        : source_dir{t.dir(from.substr(0, from.rfind('/')))},
          source{t.name(from)},
          target_dir{t.dir(to.substr(0, to.rfind('/')))},
          target{t.name(to)},
          line{must(read_ancestry(t.kv, target_dir.parent().node()))} {}

    result<generation> of_file(client auto&& me) const {
        return tree::rename(me, source_dir, source, target_dir, target);
    }
    result<generation> of_directory(client auto&& me) const {
        return rename_directory(me, source_dir, source, target_dir, target, line);
    }

    P source_dir;
    seen_name source;
    P target_dir;
    seen_name target;
    ancestry line;
};

template <class P>
void moves_within_and_across() {
    memory_tree t;
    t.mkdir("/d");
    t.make("/x", file(5), {.mode = 0640, .mtime = {1}, .size = 2});
    const auto entry_before = *t.name("/x");
    auto rev = t.rev();
    const auto first = must(move<P>(t, "/x", "/y").of_file(t.me));
    EXPECT_EQ(t.rev(), rev + 1) << "one directory, one change";
    EXPECT_FALSE(t.name("/x").exists());
    auto expected = entry_before;
    expected.written = first;
    EXPECT_EQ(*t.name("/y"), expected);
    EXPECT_NE(first, entry_before.written);

    rev = t.rev();
    const auto rev_d = t.rev("/d");
    must(move<P>(t, "/y", "/d/y").of_file(t.me));
    EXPECT_EQ(t.rev(), rev + 1);
    EXPECT_EQ(t.rev("/d"), rev_d + 1);
    EXPECT_EQ(t.name("/d/y")->about, entry_before.about);
    EXPECT_EQ(faults_in(t.kv), "");
}

TEST(Rename, MovesAFileWithinAndAcrossDirectories) {
    moves_within_and_across<at_rev>();
    moves_within_and_across<any_rev>();
}

TEST(Rename, MovesALink) {
    memory_tree t;
    t.make("/l", link("x"));
    must(move(t, "/l", "/m").of_file(t.me));
    EXPECT_EQ(t.name("/m")->target, state<dentry>{dentry::symlink{"x"}});
}

TEST(Rename, ReplacesAFileOrALinkAsItWasSeen) {
    memory_tree t;
    t.make("/x", file(1));
    t.make("/y", file(2));
    t.make("/l", link("y"));
    const move stale{t, "/x", "/y"};
    t.replace("/y", 3);
    EXPECT_EQ(code_of(stale.of_file(t.me)), errc::conflict);
    must(move(t, "/x", "/y").of_file(t.me));
    EXPECT_EQ(t.name("/y")->target, state<dentry>{dentry::object{object(1)}});
    must(move(t, "/y", "/l").of_file(t.me));
    EXPECT_EQ(names_in(t.kv, root), std::vector<std::string>{"l"});
    EXPECT_EQ(faults_in(t.kv), "");
}

TEST(Rename, TheSourceIsWhatWasSeen) {
    memory_tree t;
    t.make("/x", file(1));
    const move stale{t, "/x", "/y"};
    t.replace("/x", 2);
    EXPECT_EQ(code_of(stale.of_file(t.me)), errc::conflict);
    const move gone{t, "/x", "/y"};
    must(tree::remove(t.me, any_rev{t.dir()}, t.name("/x")));
    EXPECT_EQ(code_of(gone.of_file(t.me)), errc::conflict);
    EXPECT_EQ(code_of(move(t, "/x", "/y").of_file(t.me)), errc::not_found);
}

TEST(Rename, TheDestinationIsFreeAsItWasSeen) {
    memory_tree t;
    t.make("/x", file(1));
    const move stale{t, "/x", "/y"};
    t.make("/y", file(2));
    EXPECT_EQ(code_of(stale.of_file(t.me)), errc::conflict);
}

TEST(Rename, RefusesWhatIsNoMove) {
    memory_tree t;
    t.mkdir("/d");
    t.mkdir("/e");
    t.make("/x");
    const auto before = t.kv;
    const auto file_code = [&](auto from, auto to) {
        return code_of(move(t, from, to).of_file(t.me));
    };
    const auto dir_code = [&](auto from, auto to) {
        return code_of(move(t, from, to).of_directory(t.me));
    };
    EXPECT_EQ(file_code("/x", "/x"), errc::exists);
    EXPECT_EQ(file_code("/x", "/d"), errc::exists);
    EXPECT_EQ(file_code("/d", "/y"), errc::is_a_directory);
    EXPECT_EQ(dir_code("/x", "/y"), errc::not_a_directory);
    EXPECT_EQ(dir_code("/d", "/e"), errc::exists);
    EXPECT_EQ(dir_code("/d", "/x"), errc::exists);
    EXPECT_EQ(dir_code("/none", "/y"), errc::not_found);
    EXPECT_EQ(t.kv, before);
}

TEST(Rename, ToABadNameIsRefused) {
    memory_tree t;
    t.make("/x");
    const auto odd = must(look_up(t.kv, t.dir(), ".."));
    EXPECT_EQ(code_of(tree::rename(t.me, any_rev{t.dir()}, t.name("/x"), any_rev{t.dir()}, odd)),
              errc::bad_name);
}

TEST(Rename, TokensOfOtherDirectoriesAreRefused) {
    memory_tree t;
    t.mkdir("/a");
    t.mkdir("/b");
    t.make("/a/x");
    t.mkdir("/a/d");
    const auto before = t.kv;
    const any_rev a{t.dir("/a")}, b{t.dir("/b")};
    const auto x = t.name("/a/x"), y = t.name("/b/y");
    EXPECT_EQ(code_of(tree::rename(t.me, b, x, b, y)), errc::conflict);
    EXPECT_EQ(code_of(tree::rename(t.me, a, x, a, y)), errc::conflict);
    EXPECT_EQ(code_of(rename_directory(t.me, a, t.name("/a/d"), b, y,
                                       must(read_ancestry(t.kv, t.node("/a"))))),
              errc::conflict);
    EXPECT_EQ(t.kv, before);
}

TEST(Rename, NeitherFromNorToASealedDirectory) {
    memory_tree t;
    t.mkdir("/s");
    t.make("/s/x");
    t.make("/y");
    t.seal("/s");
    EXPECT_EQ(code_of(move(t, "/s/x", "/x").of_file(t.me)), errc::illegal);
    EXPECT_EQ(code_of(move(t, "/y", "/s/y").of_file(t.me)), errc::illegal);
}

// Two expectations of one directory are one guard; the stricter must not get lost in it.
TEST(Rename, WithinOneDirectoryTheStricterExpectationCounts) {
    memory_tree t;
    t.make("/x");
    const auto dir = t.dir();
    const auto x = t.name("/x"), y = t.name("/y");
    t.make("/z");
    const auto now = t.dir();
    EXPECT_EQ(code_of(tree::rename(t.me, any_rev{dir}, x, at_rev{dir}, y)), errc::conflict);
    EXPECT_EQ(code_of(tree::rename(t.me, at_rev{dir}, x, any_rev{dir}, y)), errc::conflict);
    EXPECT_EQ(code_of(tree::rename(t.me, at_rev{now}, x, at_rev{dir}, y)), errc::conflict);
    EXPECT_EQ(code_of(tree::rename(t.me, at_rev{dir}, x, at_rev{now}, y)), errc::conflict);
    must(set_directory_facts(t.me, now, 0700, {}));
    EXPECT_EQ(code_of(tree::rename(t.me, any_rev{t.dir()}, x, any_rev{dir}, y)), errc::conflict);
    EXPECT_TRUE(tree::rename(t.me, any_rev{t.dir()}, x, at_rev{t.dir()}, y));
}

TEST(RenameDirectory, MovesAllThatIsBelow) {
    memory_tree t;
    t.mkdir("/a");
    t.mkdir("/a/b");
    t.make("/a/b/x", file(4));
    t.mkdir("/to");
    const auto node = t.node("/a");
    must(move<at_rev>(t, "/a", "/to/a2").of_directory(t.me));
    EXPECT_EQ(t.node("/to/a2"), node);
    EXPECT_EQ(*must(read<binding>(t.kv, node)), (binding{t.node("/to"), "a2"}));
    EXPECT_EQ(t.name("/to/a2/b/x")->target, state<dentry>{dentry::object{object(4)}});
    EXPECT_EQ(names_in(t.kv, root), std::vector<std::string>{"to"});
    EXPECT_EQ(faults_in(t.kv), "");

    must(move<at_rev>(t, "/to/a2", "/to/a3").of_directory(t.me));
    EXPECT_EQ(*must(read<binding>(t.kv, node)), (binding{t.node("/to"), "a3"}));
    EXPECT_EQ(faults_in(t.kv), "");
}

TEST(RenameDirectory, NeverIntoItself) {
    memory_tree t;
    t.mkdir("/a");
    t.mkdir("/a/b");
    t.mkdir("/a/b/c");
    const auto before = t.kv;
    for (const auto* to : {"/a/x", "/a/b/x", "/a/b/c/x"})
        EXPECT_EQ(code_of(move(t, "/a", to).of_directory(t.me)), errc::loop) << to;
    EXPECT_EQ(t.kv, before);
}

TEST(RenameDirectory, NeverTooDeep) {
    memory_tree t;
    std::string path;
    for (int depth = 1; depth < depth_max; ++depth) t.mkdir(path += "/d");
    t.mkdir("/x");
    EXPECT_EQ(code_of(move(t, "/x", path + "/x").of_directory(t.me)), errc::too_deep);
    const auto above = path.substr(0, path.size() - 2);
    EXPECT_TRUE(move(t, "/x", above + "/x").of_directory(t.me))
        << "and the deepest that may be fits one commit";
    EXPECT_EQ(faults_in(t.kv), "");
}

// Race 5: each alone is right, both together cut a loop off the root.
TEST(RenameDirectory, TwoAtOnceMakeNoLoop) {
    const auto tree = [](memory_tree& t) {
        for (const auto* path : {"/a", "/a/c", "/b", "/b/d", "/b/d/e"}) t.mkdir(path);
    };
    for (const bool first : {true, false}) {
        memory_tree t;
        tree(t);
        const move<at_rev> down{t, "/a", "/b/d/e/a"}, up{t, "/b/d", "/a/c/d"};
        must((first ? down : up).of_directory(t.me));
        const auto late = (first ? up : down).of_directory(t.me);
        EXPECT_EQ(code_of(late), errc::conflict);
        EXPECT_TRUE(late.error().message().ends_with("the destination's ancestors are in place"))
            << late.error().message();
        EXPECT_EQ(faults_in(t.kv), "");
    }
}

TEST(RenameDirectory, ThreeAtOnceMakeNoLoop) {
    std::array order{0, 1, 2};
    do {
        memory_tree t;
        for (const auto* path : {"/a", "/b", "/c"}) t.mkdir(path);
        const std::array moves{move{t, "/a", "/b/a"}, move{t, "/b", "/c/b"}, move{t, "/c", "/a/c"}};
        int done = 0;
        for (const int each : order)
            done += moves[static_cast<std::size_t>(each)].of_directory(t.me).has_value();
        EXPECT_GE(done, 1);
        EXPECT_LE(done, 2);
        EXPECT_EQ(faults_in(t.kv), "");
    } while (std::ranges::next_permutation(order).found);
}

// Read from the store itself, and not at one instant, a line may come to a directory that it has
// passed; as a guard that would be twice in one commit.
TEST(RenameDirectory, ALineThatMovesWhileItIsReadIsNone) {
    memory_tree t;
    t.mkdir("/a");
    t.mkdir("/a/b");
    const auto b = t.node("/a/b");
    interrupted_store kv{t.kv};
    kv.after_get = [&] {
        must(move{t, "/a/b", "/b"}.of_directory(t.me));
        must(move{t, "/a", "/b/a"}.of_directory(t.me));
    };
    EXPECT_EQ(code_of(read_ancestry(kv, b)), errc::conflict);
    EXPECT_EQ(must(read_ancestry(kv, b)).depth(), 1);
}

TEST(RenameDirectory, NotIntoADirectoryThatIsGone) {
    memory_tree t;
    t.mkdir("/a");
    t.mkdir("/b");
    const move late{t, "/a", "/b/a"};
    t.rmdir("/b");
    EXPECT_EQ(code_of(late.of_directory(t.me)), errc::conflict);
    EXPECT_EQ(faults_in(t.kv), "");
}

// F8: the subtree's size costs nothing; its rows stay where they are.
TEST(RenameDirectory, CostsTheSameHoweverMuchIsInIt) {
    for (const int names : {1, 10000}) {
        memory_tree t;
        t.mkdir("/a");
        t.mkdir("/b");
        t.mkdir("/b/c");
        const any_rev a{t.dir("/a")};
        for (int i = 0; i < names; ++i) must(create(t.me, a, "n" + std::to_string(i), file(), {}));
        const move<at_rev> it{t, "/a", "/b/c/a"};
        counting_store counted{t.kv};
        id_blocks ids{counted};
        must(ids.next());
        counted.forget();
        must(it.of_directory(unrecorded{counted, ids}));
        // Guards: head and rev of both parents, both names, b and c; writes: both names, both revs,
        // the binding.
        EXPECT_EQ(counted.counts(), (store_counts{.commits = 1, .guards = 8, .writes = 5}));
        EXPECT_EQ(faults_in(t.kv), "");
    }
}

// Its names were seen one after the other, and it moved in between: the node was put and erased in
// one commit.
TEST(Rename, OfAFileToWhereItIsByNow) {
    memory_tree t;
    must(create_file(t.me, any_rev{t.dir()}, "x", {}));
    const any_rev dir{t.dir()};
    const auto x = t.name("/x");
    must(tree::rename(t.me, dir, x, dir, t.name("/y")));
    EXPECT_EQ(code_of(tree::rename(t.me, dir, x, dir, t.name("/y"))), errc::conflict);
    EXPECT_EQ(names_in(t.kv, root), std::vector<std::string>{"y"});
    EXPECT_EQ(faults_in(t.kv), "");
}

TEST(Rename, OfAFileGuardsNoAncestor) {
    memory_tree t;
    t.mkdir("/a");
    t.mkdir("/a/b");
    t.make("/x");
    const move it{t, "/x", "/a/b/x"};
    t.mkdir("/c");
    must(move(t, "/a", "/c/a").of_directory(t.me));
    EXPECT_TRUE(it.of_file(t.me)) << "a file makes no loop: the line above may move";
    EXPECT_EQ(faults_in(t.kv), "");
}

}  // namespace
}  // namespace casement::testing::rename_test
