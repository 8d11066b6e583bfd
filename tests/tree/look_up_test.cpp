#include <casement/tree/look_up.hpp>

#include <gtest/gtest.h>

#include <casement/engine/any_store.hpp>

#include "kv/lent_store.hpp"
#include "tree/counting_store.hpp"
#include "tree/hand.hpp"

namespace casement::testing::look_up_test {
namespace {

TEST(LookUp, FindsANameOrThatItIsFree) {
    memory_tree t;
    t.make("/x", file(3));
    EXPECT_EQ(must(look_up(t.kv, t.dir(), "x"))->target, state<dentry>{dentry::object{object(3)}});
    EXPECT_FALSE(must(look_up(t.kv, t.dir(), "y")).exists());
}

TEST(LookUp, ReadsOneRowWhileTheHeadIsUnchanged) {
    memory_tree t;
    t.make("/x");
    const auto dir = t.dir();
    t.make("/y");  // moves the rev, and not the head
    counting_store counted{t.kv};
    EXPECT_TRUE(must(look_up(counted, dir, "x")).exists());
    EXPECT_TRUE(must(look_up(counted, dir, "y")).exists());
    EXPECT_EQ(counted.counts(), (store_counts{.gets = 2}));
}

TEST(LookUp, CostsTheSameWhereTheEngineIsChosenLater) {
    memory_tree t;
    t.make("/x");
    counting_store counted{t.kv};
    engine::any_store kv{lent_store{&counted}};
    const auto dir = must(read_directory(kv, root));
    EXPECT_EQ(counted.counts(), (store_counts{.gets = 2}));
    counted.forget();
    EXPECT_TRUE(must(look_up(kv, dir, "x")).exists());
    EXPECT_EQ(counted.counts(), (store_counts{.gets = 1}));
}

TEST(LookUp, OfADirectoryWithOtherFactsStillAnswers) {
    memory_tree t;
    t.make("/x");
    const auto dir = t.dir();
    must(set_directory_facts(t.me, dir, 0700, {}));
    counting_store counted{t.kv};
    EXPECT_TRUE(must(look_up(counted, dir, "x")).exists());
    EXPECT_EQ(counted.counts(), (store_counts{.gets = 4}));
}

// Race 13: after a snapshot the old layer's rows are no answer any more.
TEST(LookUp, NoticesANewLayer) {
    memory_tree t;
    t.make("/x");
    const auto dir = t.dir();
    head h = *dir.head();
    h.layer = {1};
    t.plant<head>(root, h);
    EXPECT_EQ(code_of(look_up(t.kv, dir, "x")), errc::conflict);
    EXPECT_FALSE(must(look_up(t.kv, t.dir(), "x")).exists());
}

TEST(LookUp, NoticesARemovedDirectory) {
    memory_tree t;
    t.mkdir("/d");
    const auto dir = t.dir("/d");
    t.rmdir("/d");
    EXPECT_EQ(code_of(look_up(t.kv, dir, "x")), errc::not_found);
}

TEST(Resolve, TheRootIsWhereTheEmptyPathLeads) {
    memory_tree t;
    for (const auto* path : {"", "/", "//"}) {
        const auto at = must(resolve(t.kv, path));
        EXPECT_TRUE(at.is_root());
        EXPECT_TRUE(at.exists());
        EXPECT_EQ(*at.node(), root);
    }
}

TEST(Resolve, WalksToFilesAndDirectories) {
    memory_tree t;
    t.mkdir("/a");
    const auto b = t.mkdir("/a/b");
    t.make("/a/b/x", file(3));
    const auto at_b = must(resolve(t.kv, "/a//b/"));
    EXPECT_EQ(*at_b.node(), b.node);
    EXPECT_EQ(at_b.parent.node(), t.node("/a"));
    EXPECT_EQ(at_b.found->key().name, "b");

    const auto at_x = must(resolve(t.kv, "a/b/x"));
    EXPECT_EQ(at_x.node(), nullptr);
    EXPECT_EQ(at_x.parent.node(), b.node);
    EXPECT_EQ((*at_x.found)->target, state<dentry>{dentry::object{object(3)}});
    EXPECT_EQ(at_x.inner, "");
}

TEST(Resolve, AFreeLastNameIsAnAnswerAndOneOnTheWayIsNot) {
    memory_tree t;
    t.mkdir("/a");
    const auto free = must(resolve(t.kv, "/a/x"));
    EXPECT_FALSE(free.exists());
    EXPECT_EQ(free.node(), nullptr);
    EXPECT_EQ(free.parent.node(), t.node("/a"));
    EXPECT_EQ(free.found->key().name, "x");
    EXPECT_EQ(code_of(resolve(t.kv, "/a/x/y")), errc::not_found);
    t.plant<entry>({root, {}, "dead"}, {dentry::tombstone{}, generation{1}, {}});
    EXPECT_EQ(code_of(resolve(t.kv, "/dead/y")), errc::not_found);
}

TEST(Resolve, NothingLiesInAFile) {
    memory_tree t;
    t.make("/x");
    EXPECT_EQ(code_of(resolve(t.kv, "/x/y")), errc::not_a_directory);
}

TEST(Resolve, BadPathsAreRefused) {
    memory_tree t;
    t.mkdir("/a");
    EXPECT_EQ(code_of(resolve(t.kv, "/a/../a")), errc::bad_name);
    EXPECT_EQ(code_of(resolve(t.kv, "/a/.")), errc::bad_name);
    EXPECT_EQ(code_of(resolve(t.kv, std::string("/a\0b", 4))), errc::bad_name);
    EXPECT_EQ(code_of(resolve(t.kv, std::string(256, 'n'))), errc::bad_name);
    std::string longest;
    while (longest.size() < path_bytes_max) longest += "/a";
    EXPECT_EQ(code_of(resolve(t.kv, longest + "/a")), errc::bad_name);
}

TEST(Resolve, FollowsLinksFromWhereTheyAre) {
    memory_tree t;
    t.mkdir("/a");
    t.mkdir("/a/b");
    t.make("/a/b/x", file(1));
    t.make("/x", file(2));
    const auto leads = [&](std::string to, std::string path) {
        memory_store branch = t.kv;
        hand at{branch};
        at.make("/a/l", link(std::move(to)));
        const auto end = must(resolve(branch, path));
        if (end.is_root()) return std::string{"root"};
        if (!end.exists()) return "free " + std::string{end.found->key().name};
        if (end.node() != nullptr) return "node " + std::to_string(end.node()->value);
        const auto& id = std::get<dentry::object>((*end.found)->target).id;
        return "file " + std::to_string(static_cast<int>(id.digest.back()));
    };
    const auto a = "node " + std::to_string(t.node("/a").value);
    const auto b = "node " + std::to_string(t.node("/a/b").value);
    EXPECT_EQ(leads("b/x", "/a/l"), "file 1");
    EXPECT_EQ(leads("b", "/a/l"), b);
    EXPECT_EQ(leads("b", "/a/l/x"), "file 1");
    EXPECT_EQ(leads("b/", "/a/l/x"), "file 1");
    EXPECT_EQ(leads("/x", "/a/l"), "file 2");
    EXPECT_EQ(leads("/a/b", "/a/l/x"), "file 1");
    EXPECT_EQ(leads("../x", "/a/l"), "file 2");
    EXPECT_EQ(leads("./b/../b/./x", "/a/l"), "file 1");
    EXPECT_EQ(leads("..", "/a/l"), "root");
    EXPECT_EQ(leads("../..", "/a/l/a"), a) << "above the root is the root";
    EXPECT_EQ(leads("b/..", "/a/l"), a);
    EXPECT_EQ(leads(".", "/a/l"), a);
    EXPECT_EQ(leads("/", "/a/l/x"), "file 2");
    EXPECT_EQ(leads("nowhere", "/a/l"), "free nowhere");
    EXPECT_EQ(leads("../nowhere", "/a/l"), "free nowhere");
}

TEST(Resolve, DotsInALinkGoUpFromWhereTheLinkLeads) {
    memory_tree t;
    t.mkdir("/a");
    t.mkdir("/b");
    t.mkdir("/b/c");
    t.make("/a/to", link("/b/c"));
    t.make("/l", link("a/to/.."));
    EXPECT_EQ(*must(resolve(t.kv, "/l")).node(), t.node("/b")) << "and not /a";
}

TEST(Resolve, ADirectoryBehindALinkIsFoundAtItsOwnName) {
    memory_tree t;
    t.mkdir("/a");
    t.mkdir("/a/b");
    t.make("/l", link("a/b"));
    const auto at = must(resolve(t.kv, "/l"));
    EXPECT_EQ(at.parent.node(), t.node("/a"));
    EXPECT_EQ(at.found->key().name, "b");
}

TEST(Resolve, LinksThatLeadNowhereOnTheWay) {
    memory_tree t;
    t.make("/l", link("no/where"));
    t.make("/f", file());
    t.make("/m", link("f/x"));
    t.make("/dots", link("f/.."));
    t.make("/long", link(std::string(300, 'n')));
    EXPECT_EQ(code_of(resolve(t.kv, "/l")), errc::not_found);
    EXPECT_EQ(code_of(resolve(t.kv, "/m")), errc::not_a_directory);
    EXPECT_EQ(code_of(resolve(t.kv, "/dots")), errc::not_a_directory);
    EXPECT_EQ(code_of(resolve(t.kv, "/long")), errc::bad_name);
}

TEST(Resolve, KeepsOrFollowsTheLastLink) {
    memory_tree t;
    t.mkdir("/a");
    t.make("/a/x", file(1));
    t.make("/to_a", link("a"));
    t.make("/a/to_x", link("x"));
    const auto kept = must(resolve(t.kv, "/to_a/to_x", last_link::keep));
    EXPECT_EQ((*kept.found)->target, state<dentry>{dentry::symlink{"x"}});
    EXPECT_EQ(kept.parent.node(), t.node("/a")) << "a link on the way is followed all the same";
    const auto followed = must(resolve(t.kv, "/to_a/to_x"));
    EXPECT_EQ((*followed.found)->target, state<dentry>{dentry::object{object(1)}});
}

TEST(Resolve, LinksInACircleAreALoop) {
    memory_tree t;
    t.make("/a", link("b"));
    t.make("/b", link("a"));
    t.make("/self", link("self"));
    t.mkdir("/d");
    t.make("/d/grows", link("../d/grows/x"));
    for (const auto* path : {"/a", "/b", "/self", "/a/x", "/d/grows"})
        EXPECT_EQ(code_of(resolve(t.kv, path)), errc::loop) << path;
    EXPECT_TRUE(must(resolve(t.kv, "/self", last_link::keep)).exists());
}

TEST(Resolve, FortyLinksAreFollowedAndNoMore) {
    memory_tree t;
    t.make("/0", file(1));
    for (int n = 1; n <= links_max + 1; ++n)
        t.make("/" + std::to_string(n), link(std::to_string(n - 1)));
    EXPECT_TRUE(must(resolve(t.kv, "/40")).exists());
    EXPECT_EQ(code_of(resolve(t.kv, "/41")), errc::loop);
}

TEST(Resolve, AWalkHasSoManySteps) {
    memory_tree t;
    std::string dots;
    while (dots.size() + 2 <= path_bytes_max) dots += "./";
    t.make("/once", link(dots));
    t.make("/twice", link(dots.substr(2 * 5) + "once"));
    t.make("/thrice", link(dots.substr(2 * 6) + "twice"));
    EXPECT_TRUE(must(resolve(t.kv, "/twice")).is_root());
    EXPECT_EQ(code_of(resolve(t.kv, "/thrice")), errc::too_deep);
}

TEST(Resolve, StopsAtADirectoryObjectWithThePathInsideIt) {
    memory_tree t;
    t.mkdir("/a");
    t.make("/a/o", {dentry::create_object{object(1, obj_id::directory)}});
    t.make("/l", link("a/o/in"));
    const auto whole = must(resolve(t.kv, "/a/o"));
    EXPECT_EQ((*whole.found)->target, state<dentry>{dentry::object{object(1, obj_id::directory)}});
    EXPECT_EQ(whole.inner, "");
    EXPECT_EQ(must(resolve(t.kv, "/a/o/in/it")).inner, "in/it");
    EXPECT_EQ(must(resolve(t.kv, "/a/o/in/it")).parent.node(), t.node("/a"));
    EXPECT_EQ(must(resolve(t.kv, "/l/deep")).inner, "in/deep");
}

TEST(Resolve, EqualsTheTreeAtOneInstant) {
    memory_tree t;
    t.mkdir("/a");
    t.mkdir("/a/b");
    t.make("/a/b/x", file(1));
    counting_store counted{t.kv};
    must(resolve(counted, "/a/b/x"));
    EXPECT_EQ(counted.counts(), (store_counts{.gets = 9})) << "a name and a directory each";
}

TEST(Resolve, DamageIsNoAnswer) {
    memory_tree t;
    const auto d = t.mkdir("/d").node;
    memory_store headless = t.kv, unbound = t.kv, garbled = t.kv;
    must(transaction{headless}.erase<head>(d).commit());
    EXPECT_EQ(code_of(resolve(headless, "/d/x")), errc::not_found);
    must(transaction{unbound}.erase<binding>(d).commit());
    EXPECT_EQ(code_of(resolve(unbound, "/d")), errc::corrupt);
    const auto key = row_key<entry>({root, {}, "d"});
    const write junk{write::kind::put, key, "\x09", 0};
    must(garbled.commit({{}, {&junk, 1}}));
    EXPECT_EQ(code_of(resolve(garbled, "/d")), errc::corrupt);
}

}  // namespace
}  // namespace casement::testing::look_up_test
