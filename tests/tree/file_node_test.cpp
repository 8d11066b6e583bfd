#include <casement/tree/file_node.hpp>

#include <gtest/gtest.h>

#include <casement/tree/writer.hpp>

#include "tree/counting_store.hpp"
#include "tree/hand.hpp"
#include "tree/well_formed.hpp"

namespace casement::testing::file_node_test {
namespace {

using file_state = state<protocol::file>;

created make_file(memory_tree& t, std::string_view path, facts about = {}) {
    const auto cut = path.rfind('/');
    return std::get<created>(
        must(create_file(t.me, any_rev{t.dir(path.substr(0, cut))}, path.substr(cut + 1), about)));
}

TEST(FileNode, IsEmptyAndClosedInTheBeginning) {
    memory_tree t;
    const auto made = make_file(t, "/x", {.mode = 0640, .mtime = {7}});
    const auto name = t.name("/x");
    ASSERT_NE(file_in(*name), nullptr);
    EXPECT_EQ(*file_in(*name), made.node);
    EXPECT_EQ(directory_in(*name), nullptr);
    EXPECT_EQ(name->about.mode, 0640u);
    const auto node = must(read_file_node(t.kv, made.node));
    EXPECT_EQ(node.file()->now, (file_state{protocol::file::cooling{}}));
    EXPECT_TRUE(std::holds_alternative<protocol::lease::free>(node.lease()->now));
    EXPECT_EQ(faults_in(t.kv), "");
}

TEST(FileNode, ItsNameIsTakenLikeAnyOther) {
    memory_tree t;
    make_file(t, "/x");
    const auto again = must(create_file(t.me, at_rev{t.dir()}, "x", {}));
    EXPECT_EQ(std::get<already_exists>(again).existing->target, t.name("/x")->target);
    t.make("/y");
    EXPECT_TRUE(
        std::holds_alternative<already_exists>(must(create_file(t.me, any_rev{t.dir()}, "y", {}))));
    EXPECT_EQ(code_of(create_file(t.me, any_rev{t.dir()}, "a/b", {})), errc::bad_name);
    t.mkdir("/s");
    t.seal("/s");
    EXPECT_EQ(code_of(create_file(t.me, any_rev{t.dir("/s")}, "x", {})), errc::illegal);
}

TEST(FileNode, NoPathLeadsThroughIt) {
    memory_tree t;
    make_file(t, "/x");
    const auto at = must(resolve(t.kv, "/x"));
    EXPECT_TRUE(at.exists());
    EXPECT_EQ(at.node(), nullptr) << "it is no directory";
    EXPECT_EQ(code_of(resolve(t.kv, "/x/y")), errc::not_a_directory);
}

TEST(FileNode, ComesFromTheObjectThatWasSeen) {
    memory_tree t;
    t.make("/x", file(1), {.mode = 0600, .size = 9});
    const auto made = must(instantiate_file(t.me, at_rev{t.dir()}, t.name("/x")));
    EXPECT_EQ(must(read_file_node(t.kv, made.node)).file()->now,
              (file_state{protocol::file::finalized{{}, object(1)}}));
    EXPECT_EQ(t.name("/x")->about.size, 9u);
    EXPECT_EQ(t.name("/x")->written, made.written);
    EXPECT_EQ(faults_in(t.kv), "");
}

TEST(FileNode, ComesFromNothingElse) {
    memory_tree t;
    t.make("/link", link("x"));
    t.mkdir("/dir");
    t.make("/tree", dentry::create_object{object(1, obj_id::directory)});
    make_file(t, "/open");
    const auto before = t.kv;
    const auto tried = [&](std::string_view path) {
        return code_of(instantiate_file(t.me, any_rev{t.dir()}, t.name(path)));
    };
    EXPECT_EQ(tried("/link"), errc::illegal);
    EXPECT_EQ(tried("/dir"), errc::illegal);
    EXPECT_EQ(tried("/open"), errc::illegal);
    EXPECT_EQ(tried("/none"), errc::illegal);
    EXPECT_EQ(tried("/tree"), errc::is_a_directory);
    EXPECT_EQ(t.kv, before);
}

// Race 7: who decides again must look again; an equal object that was written since is another.
TEST(FileNode, AnEqualObjectWrittenSinceIsAnother) {
    memory_tree t;
    t.make("/x", file(1));
    const auto seen = t.name("/x");
    must(tree::remove(t.me, any_rev{t.dir()}, seen));
    EXPECT_EQ(code_of(instantiate_file(t.me, any_rev{t.dir()}, seen)), errc::conflict);
    t.make("/x", file(1));
    EXPECT_EQ(code_of(instantiate_file(t.me, any_rev{t.dir()}, seen)), errc::conflict);
    EXPECT_TRUE(instantiate_file(t.me, any_rev{t.dir()}, t.name("/x")));
}

TEST(FileNode, GoesWithItsName) {
    memory_tree t;
    const auto made = make_file(t, "/x");
    must(tree::remove(t.me, at_rev{t.dir()}, t.name("/x")));
    EXPECT_EQ(code_of(read_file_node(t.kv, made.node)), errc::not_found);
    EXPECT_FALSE(must(read<lease_row>(t.kv, made.node)).exists());
    EXPECT_FALSE(must(read<binding>(t.kv, made.node)).exists());
    EXPECT_EQ(faults_in(t.kv), "");
}

TEST(FileNode, TakesItsBindingAlong) {
    memory_tree t;
    t.mkdir("/d");
    const auto made = make_file(t, "/x");
    must(tree::rename(t.me, any_rev{t.dir()}, t.name("/x"), any_rev{t.dir("/d")}, t.name("/d/y")));
    EXPECT_EQ(*must(read<binding>(t.kv, made.node)), (binding{t.node("/d"), "y"}));
    EXPECT_EQ(faults_in(t.kv), "");
}

TEST(FileNode, IsReplacedByARename) {
    memory_tree t;
    const auto lost = make_file(t, "/x"), kept = make_file(t, "/y");
    must(tree::rename(t.me, any_rev{t.dir()}, t.name("/y"), any_rev{t.dir()}, t.name("/x")));
    EXPECT_EQ(code_of(read_file_node(t.kv, lost.node)), errc::not_found);
    EXPECT_EQ(*file_in(*t.name("/x")), kept.node);
    t.make("/z");
    must(tree::rename(t.me, any_rev{t.dir()}, t.name("/z"), any_rev{t.dir()}, t.name("/x")));
    EXPECT_EQ(code_of(read_file_node(t.kv, kept.node)), errc::not_found);
    EXPECT_EQ(faults_in(t.kv), "");
}

TEST(FileNode, ItsFactsAreItsNames) {
    memory_tree t;
    make_file(t, "/x");
    must(set_facts(t.me, at_rev{t.dir()}, t.name("/x"), 0600, {2}));
    EXPECT_EQ(t.name("/x")->about.mode, 0600u);
    EXPECT_EQ(faults_in(t.kv), "");
}

TEST(FileNode, CostsWhatItSays) {
    memory_tree t;
    t.make("/o", file(1));
    const any_rev dir{t.dir()};
    const auto o = t.name("/o");
    counting_store counted{t.kv};
    id_blocks ids{counted};
    must(ids.next());
    const unrecorded me{counted, ids};
    counted.forget();
    must(create_file(me, dir, "x", {}));
    EXPECT_EQ(counted.counts(), (store_counts{.commits = 1, .guards = 2, .writes = 5}));
    counted.forget();
    must(instantiate_file(me, dir, o));
    EXPECT_EQ(counted.counts(), (store_counts{.commits = 1, .guards = 2, .writes = 5}));
}

}  // namespace
}  // namespace casement::testing::file_node_test
