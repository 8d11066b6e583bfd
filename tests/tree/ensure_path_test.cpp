#include <casement/tree/ensure_path.hpp>

#include <gtest/gtest.h>

#include "tree/counting_store.hpp"
#include "tree/hand.hpp"
#include "tree/interrupted_store.hpp"
#include "tree/well_formed.hpp"

namespace casement::testing::ensure_path_test {
namespace {

constexpr facts private_{.mode = 0700};

/// A maker of paths, and somebody else at the same tree.
struct two_makers {
    memory_tree t;
    interrupted_store<memory_store> kv{t.kv};
    id_blocks<interrupted_store<memory_store>> ids{kv};
    recorded<interrupted_store<memory_store>> me{kv, ids};
    two_makers() { must(ids.next()); }
    auto ensure(std::string_view path) { return ensure_path(me, path, private_); }
};

TEST(EnsurePath, MakesWhatIsMissing) {
    memory_tree t;
    t.mkdir("/a");
    const auto a = t.node("/a");
    const auto c = must(ensure_path(t.me, "/a/b//c/", private_));
    EXPECT_EQ(t.node("/a/b/c"), c);
    EXPECT_EQ(t.node("/a"), a) << "what is there stays";
    EXPECT_EQ(t.dir("/a").head()->mode, 0u);
    EXPECT_EQ(t.dir("/a/b").head()->mode, 0700u);
    EXPECT_EQ(faults_in(t.kv), "");
    const auto before = t.kv;
    EXPECT_EQ(must(ensure_path(t.me, "/a/b/c", private_)), c);
    EXPECT_EQ(must(ensure_path(t.me, "/", private_)), root);
    EXPECT_EQ(t.kv, before);
}

TEST(EnsurePath, IsOneCommitAName) {
    memory_tree t;
    counting_store counted{t.kv};
    id_blocks ids{counted};
    must(ids.next());
    counted.forget();
    must(ensure_path(unrecorded{counted, ids}, "/a/b/c", private_));
    EXPECT_EQ(counted.counts().commits, 3u);
    EXPECT_EQ(counted.counts().scans, 0u);
}

TEST(EnsurePath, FollowsLinksAndMakesWhereTheyLead) {
    memory_tree t;
    t.mkdir("/a");
    t.make("/l", link("a"));
    t.make("/m", link("a/new"));
    must(ensure_path(t.me, "/l/b", private_));
    EXPECT_EQ(names_in(t.kv, t.node("/a")), std::vector<std::string>{"b"});
    const auto made = must(ensure_path(t.me, "/m/c", private_));
    EXPECT_EQ(t.node("/a/new/c"), made);
    EXPECT_EQ(faults_in(t.kv), "");
}

TEST(EnsurePath, RefusesFilesInTheWay) {
    memory_tree t;
    t.mkdir("/a");
    t.make("/a/x");
    t.make("/l", link("a/x"));
    for (const auto* path : {"/a/x", "/a/x/b", "/l", "/l/b"})
        EXPECT_EQ(code_of(ensure_path(t.me, path, private_)), errc::not_a_directory) << path;
}

TEST(EnsurePath, RefusesLinksThatLeadNowhere) {
    memory_tree t;
    t.make("/l", link("no/where"));
    t.make("/self", link("self"));
    EXPECT_EQ(code_of(ensure_path(t.me, "/l", private_)), errc::not_found);
    EXPECT_EQ(code_of(ensure_path(t.me, "/self/x", private_)), errc::loop);
}

TEST(EnsurePath, KeepsWhatWasMadeBeforeItFailed) {
    memory_tree t;
    const std::string path = "/a/b/" + std::string(256, 'n');
    EXPECT_EQ(code_of(ensure_path(t.me, path, private_)), errc::bad_name);
    EXPECT_TRUE(names_in(t.kv, root).empty()) << "a bad path is refused before anything is made";

    std::string deep;
    for (int i = 0; i < depth_max; ++i) deep += "/d";
    EXPECT_EQ(code_of(ensure_path(t.me, deep, private_)), errc::too_deep);
    EXPECT_EQ(must(read_ancestry(t.kv, t.node(deep.substr(2)))).depth(), depth_max - 1);
    EXPECT_EQ(faults_in(t.kv), "");
}

TEST(EnsurePath, MeetsWhoMakesTheSameName) {
    two_makers both;
    both.kv.before_commit = [&] { both.t.mkdir("/a"); };
    const auto b = must(both.ensure("/a/b"));
    EXPECT_EQ(both.t.node("/a/b"), b);
    EXPECT_EQ(names_in(both.t.kv, root), std::vector<std::string>{"a"});
    EXPECT_EQ(faults_in(both.t.kv), "");
}

TEST(EnsurePath, MeetsWhoPutsALinkOrAFileThere) {
    {
        two_makers both;
        both.t.mkdir("/real");
        both.kv.before_commit = [&] { both.t.make("/a", link("real")); };
        const auto b = must(both.ensure("/a/b"));
        EXPECT_EQ(both.t.node("/real/b"), b);
    }
    {
        two_makers both;
        both.kv.before_commit = [&] { both.t.make("/a", file()); };
        EXPECT_EQ(code_of(both.ensure("/a/b")), errc::not_a_directory);
    }
}

TEST(EnsurePath, MeetsWhoChangesTheParent) {
    two_makers both;
    both.kv.before_commit = [&] { must(set_directory_facts(both.t.me, both.t.dir(), 0755, {})); };
    const auto a = must(both.ensure("/a"));
    EXPECT_EQ(both.t.node("/a"), a);
}

// What was on the way is gone when the next name is made: all of it is made again.
TEST(EnsurePath, MeetsWhoRemovesTheParent) {
    two_makers both;
    both.t.mkdir("/a");
    both.kv.before_commit = [&] { both.t.rmdir("/a"); };
    const auto b = must(both.ensure("/a/b"));
    EXPECT_EQ(both.t.node("/a/b"), b);
    EXPECT_EQ(faults_in(both.t.kv), "");
}

// Whatever it had made when it died is whole, and who comes next makes the rest.
TEST(EnsurePath, StoppedAfterAnyCommitIsGoneOnWith) {
    const std::string path = "/a/b/c/d";
    for (std::size_t commits = 0; commits <= 4; ++commits) {
        two_makers both;
        both.kv.commits_left = commits;
        EXPECT_EQ(both.ensure(path).has_value(), commits == 4);
        EXPECT_EQ(faults_in(both.t.kv), "");
        const auto made = path.substr(0, 2 * commits);
        const auto node = both.t.node(made);
        EXPECT_EQ(names_in(both.t.kv, node).size(), 0u) << "and nothing below it";
        const auto d = must(ensure_path(both.t.me, path, private_));
        EXPECT_EQ(both.t.node(path), d);
        EXPECT_EQ(both.t.node(made), node) << "what was made is not made again";
        EXPECT_EQ(faults_in(both.t.kv), "");
    }
}

TEST(EnsurePath, GivesUpOnWhoNeverLetsItPass) {
    two_makers both;
    int times = 0;
    std::function<void()> meddle = [&] {
        ++times;
        must(set_directory_facts(both.t.me, both.t.dir(), static_cast<std::uint32_t>(times), {}));
        both.kv.before_commit = meddle;
    };
    both.kv.before_commit = meddle;
    retry_count retries;
    EXPECT_EQ(code_of(ensure_path(both.me, "/a", private_, retries)), errc::conflict);
    EXPECT_EQ(times, decisions_max);
    EXPECT_EQ(retries.retries, static_cast<std::uint64_t>(decisions_max - 1))
        << "all of it is told";
}

TEST(EnsurePath, GivesUpOnWhoAlwaysRemovesTheParent) {
    two_makers both;
    both.t.mkdir("/a");
    int times = 0;
    std::function<void()> meddle = [&] {
        // Every other commit is the one that makes /a again.
        if (must(resolve(both.t.kv, "/a")).exists()) both.t.rmdir("/a"), ++times;
        both.kv.before_commit = meddle;
    };
    both.kv.before_commit = meddle;
    EXPECT_EQ(code_of(both.ensure("/a/b")), errc::conflict);
    EXPECT_EQ(times, decisions_max + 2) << "as often as there are names, and that often again";
    EXPECT_EQ(faults_in(both.t.kv), "");
}

}  // namespace
}  // namespace casement::testing::ensure_path_test
