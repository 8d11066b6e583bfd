#include <casement/tree/create.hpp>

#include <gtest/gtest.h>

#include "support/scale.hpp"
#include "tree/counting_store.hpp"
#include "tree/hand.hpp"
#include "tree/interrupted_store.hpp"
#include "tree/well_formed.hpp"

namespace casement::testing::create_test {
namespace {

TEST(Create, PointsANewNameToAnObjectOrALink) {
    memory_tree t;
    const facts about{.mode = 0640, .mtime = {5}, .size = 9};
    const auto x = t.make("/x", file(7), about);
    t.make("/l", link("x"));
    EXPECT_EQ(*t.name("/x"), (entry{dentry::object{object(7)}, x.written, about}));
    EXPECT_EQ(t.name("/l")->target, state<dentry>{dentry::symlink{"x"}});
    EXPECT_EQ(t.rev(), 3u) << "one more for each name";
    EXPECT_EQ(faults_in(t.kv), "");
}

TEST(Create, MakesADirectoryWithAllItsRows) {
    memory_tree t;
    const auto d = std::get<created>(
        must(create_directory(t.me, at_rev{t.dir()}, "d", {.mode = 0750, .mtime = {3}})));
    const auto dir = t.dir("/d");
    EXPECT_EQ(dir.node(), d.node);
    EXPECT_EQ(dir.head()->mode, 0750u);
    EXPECT_EQ(dir.head()->mtime, timestamp{3});
    EXPECT_EQ(dir.rev()->n.value, 1u) << "absent is never rev 0";
    EXPECT_EQ(*must(read<binding>(t.kv, d.node)), (binding{root, "d"}));
    EXPECT_EQ(faults_in(t.kv), "");
}

TEST(Create, TheRootIsMadeOnce) {
    memory_store kv;
    EXPECT_TRUE(create_root(kv, {.mode = 0755}));
    EXPECT_EQ(code_of(create_root(kv, {})), errc::exists);
    EXPECT_EQ(must(read_directory(kv, root)).head()->mode, 0755u);
    EXPECT_EQ(faults_in(kv), "");
}

TEST(Create, ATakenNameSaysByWhat) {
    memory_tree t;
    const auto first = t.make("/x", file(1));
    const auto before = t.kv;
    for (int n = 0; n < 4; ++n) {
        const auto again = n == 0   ? create(t.me, at_rev{t.dir()}, "x", file(2), {})
                           : n == 1 ? create(t.me, any_rev{t.dir()}, "x", link("y"), {})
                           : n == 2 ? create_directory(t.me, at_rev{t.dir()}, "x", {})
                                    : create_directory(t.me, any_rev{t.dir()}, "x", {});
        const auto taken = std::get<already_exists>(must(again));
        EXPECT_EQ(taken.existing->target, state<dentry>{dentry::object{object(1)}});
        EXPECT_EQ(taken.existing->written, first.written);
        EXPECT_EQ(taken.parent.rev()->n.value, 2u);
    }
    EXPECT_EQ(t.kv, before) << "a taken name changes nothing";
}

// The directory that a refusal reports is good enough to decide again with.
TEST(Create, WhatARefusalReportsCanBeExpected) {
    memory_tree t;
    const auto stale = t.dir();
    t.make("/x", file(1));
    const auto taken =
        std::get<already_exists>(must(create(t.me, at_rev{stale}, "x", file(2), {})));
    EXPECT_TRUE(replace_target(t.me, at_rev{taken.parent}, taken.existing,
                               dentry::replace_object{object(2)}, {}));
}

TEST(Create, AtRevConflictsWithAnyChangeOfTheDirectory) {
    const auto conflicts_with = [](auto&& change) {
        memory_tree t;
        t.make("/old");
        t.mkdir("/dir");
        const auto seen_dir = t.dir();
        change(t);
        return code_of(create(t.me, at_rev{seen_dir}, "x", file(), {})) == errc::conflict;
    };
    EXPECT_TRUE(conflicts_with([](auto& t) { t.make("/other"); }));
    EXPECT_TRUE(conflicts_with([](auto& t) { t.mkdir("/other"); }));
    EXPECT_TRUE(conflicts_with([](auto& t) { t.replace("/old", 9); }));
    EXPECT_TRUE(conflicts_with([](auto& t) { t.rmdir("/dir"); }));
    EXPECT_TRUE(conflicts_with(
        [](auto& t) { must(tree::remove(t.me, any_rev{t.dir()}, t.name("/old"))); }));
    EXPECT_TRUE(conflicts_with(
        [](auto& t) { must(set_facts(t.me, any_rev{t.dir()}, t.name("/old"), 0600, {})); }));
    EXPECT_TRUE(conflicts_with([](auto& t) {
        must(
            tree::rename(t.me, any_rev{t.dir()}, t.name("/old"), any_rev{t.dir()}, t.name("/new")));
    }));
    EXPECT_TRUE(conflicts_with([](auto& t) { must(set_directory_facts(t.me, t.dir(), 1, {})); }));
    EXPECT_THROW(conflicts_with([](auto& t) { t.make("/dir/below"); }), std::runtime_error)
        << "what is in a directory below does not concern it";
}

TEST(Create, DifferentNamesCommuteAtAnyRev) {
    memory_tree t;
    const auto seen_dir = t.dir();
    for (const auto* name : {"x", "y", "z"})
        EXPECT_TRUE(std::holds_alternative<created>(
            must(create(t.me, any_rev{seen_dir}, name, file(), {}))));
    EXPECT_EQ(names_in(t.kv, root), (std::vector<std::string>{"x", "y", "z"}));
    EXPECT_EQ(t.rev(), 4u);
}

TEST(Create, ARemovedDirectoryTakesNoChild) {
    memory_tree t;
    t.mkdir("/d");
    const auto d = t.dir("/d");
    t.rmdir("/d");
    EXPECT_EQ(code_of(create(t.me, at_rev{d}, "x", file(), {})), errc::not_found);
    EXPECT_EQ(code_of(create(t.me, any_rev{d}, "x", file(), {})), errc::not_found);
    EXPECT_EQ(code_of(create_directory(t.me, at_rev{d}, "x", {})), errc::not_found);
    EXPECT_EQ(code_of(create_directory(t.me, any_rev{d}, "x", {})), errc::not_found);
    t.mkdir("/d");  // another directory of the same name
    EXPECT_EQ(code_of(create(t.me, any_rev{d}, "x", file(), {})), errc::not_found);
    EXPECT_EQ(faults_in(t.kv), "");
    EXPECT_TRUE(names_in(t.kv, t.node("/d")).empty());
}

// Between the maker's look at the depth and its commit the parent goes.
TEST(Create, ADirectoryIsNotMadeInOneThatIsRemovedMeanwhile) {
    memory_tree t;
    t.mkdir("/d");
    interrupted_store kv{t.kv};
    id_blocks ids{kv};
    must(ids.next());
    kv.before_commit = [&] { t.rmdir("/d"); };
    EXPECT_EQ(code_of(create_directory(unrecorded{kv, ids}, any_rev{t.dir("/d")}, "x", {})),
              errc::not_found);
    EXPECT_EQ(faults_in(t.kv), "");
}

TEST(Create, ASealedDirectoryTakesNoChild) {
    memory_tree t;
    t.mkdir("/d");
    const auto alive = t.dir("/d");
    t.seal("/d");
    const auto sealed = t.dir("/d");
    const auto before = t.kv;
    EXPECT_EQ(code_of(create(t.me, at_rev{sealed}, "x", file(), {})), errc::illegal);
    EXPECT_EQ(code_of(create(t.me, any_rev{sealed}, "x", file(), {})), errc::illegal);
    EXPECT_EQ(code_of(create_directory(t.me, any_rev{sealed}, "x", {})), errc::illegal);
    EXPECT_EQ(code_of(create(t.me, any_rev{alive}, "x", file(), {})), errc::conflict);
    EXPECT_EQ(t.kv, before);
}

TEST(Create, BadNamesAreRefusedBeforeAnythingIsAsked) {
    memory_tree t;
    const auto dir = t.dir();
    counting_store counted{t.kv};
    id_blocks ids{counted};
    for (const auto& name : {std::string{}, std::string{"."}, std::string{".."}, std::string{"a/b"},
                             std::string("a\0b", 3), std::string(256, 'n')}) {
        EXPECT_EQ(code_of(create(unrecorded{counted, ids}, any_rev{dir}, name, file(), {})),
                  errc::bad_name);
        EXPECT_EQ(code_of(create_directory(unrecorded{counted, ids}, any_rev{dir}, name, {})),
                  errc::bad_name);
    }
    EXPECT_EQ(counted.counts(), store_counts{});
}

TEST(Create, ABadLinkIsRefused) {
    memory_tree t;
    for (const auto& to : {std::string{}, std::string("a\0b", 3), std::string(4097, 'n')})
        EXPECT_EQ(code_of(create(t.me, any_rev{t.dir()}, "l", link(to), {})), errc::bad_name);
    EXPECT_TRUE(names_in(t.kv, root).empty());
}

TEST(Create, NamesAreBytes) {
    memory_tree t;
    const std::vector<std::string> names{
        "\x01", "A", "a", "e\xcc\x81", "\xc3\xa9", "\xff\xfe", std::string(255, '\xff')};
    for (const auto& name : names) t.make("/" + name, file());
    EXPECT_EQ(names_in(t.kv, root), names) << "byte for byte, nothing folded or normalised";
}

TEST(Create, DirectoriesNestSixtyFourDeepAndNoDeeper) {
    memory_tree t;
    std::string path;
    for (int depth = 1; depth < depth_max; ++depth) t.mkdir(path += "/d");
    EXPECT_EQ(must(read_ancestry(t.kv, t.node(path))).depth(), depth_max - 1);
    EXPECT_EQ(code_of(create_directory(t.me, any_rev{t.dir(path)}, "d", {})), errc::too_deep);
    EXPECT_TRUE(create(t.me, any_rev{t.dir(path)}, "f", file(), {}))
        << "a file in the deepest directory is no directory";
    EXPECT_EQ(faults_in(t.kv), "");
}

store_counts cost_among(int names, auto&& one_more) {
    memory_tree t;
    for (int i = 0; i < names; ++i)
        must(create(t.me, any_rev{t.dir()}, "n" + std::to_string(i), file(), {}));
    const auto dir = t.dir();
    counting_store counted{t.kv};
    id_blocks ids{counted};
    must(ids.next());
    counted.forget();
    must(one_more(unrecorded{counted, ids}, dir));
    return counted.counts();
}

// F5: neither a list nor a read; the row's own guard makes the name unique.
TEST(Create, CostsTheSameInADirectoryOfAnySize) {
    const auto exact = [](auto&& me, const auto& dir) {
        return create(me, at_rev{dir}, "x", file(), {});
    };
    const auto loose = [](auto&& me, const auto& dir) {
        return create(me, any_rev{dir}, "x", file(), {});
    };
    const auto made = [](auto&& me, const auto& dir) {
        return create_directory(me, at_rev{dir}, "x", {});
    };
    const auto taken = [](auto&& me, const auto& dir) {
        return create(me, at_rev{dir}, "n0", file(), {});
    };
    for (const int names : {1, 1000, scaled(100000)}) {
        EXPECT_EQ(cost_among(names, exact), (store_counts{.commits = 1, .guards = 3, .writes = 2}));
        if (names > 1000) continue;  // the same once more would tell no more
        EXPECT_EQ(cost_among(names, loose), (store_counts{.commits = 1, .guards = 2, .writes = 2}));
        EXPECT_EQ(cost_among(names, made), (store_counts{.commits = 1, .guards = 3, .writes = 5}));
        EXPECT_EQ(cost_among(names, taken),
                  (store_counts{.gets = 3, .commits = 1, .guards = 3, .writes = 2}));
    }
}

TEST(Create, CarriesMoreInTheSameCommit) {
    memory_tree t;
    const auto first = t.make("/x", file(1));
    const auto also = [&](auto& commit) {
        commit.template expect_absent<binding>(node_id{first.node}, "nothing is bound");
        commit.template put<binding>(node_id{77}, {root, "more"});
    };
    must(create(t.me, any_rev{t.dir()}, "y", file(2), {}, also));
    EXPECT_TRUE(must(read<binding>(t.kv, node_id{77})).exists());
    const auto before = t.kv;
    const auto never = [&](auto& commit) {
        commit.template expect_absent<binding>(node_id{77}, "it is not there");
    };
    const auto refused = create(t.me, any_rev{t.dir()}, "z", file(2), {}, never);
    EXPECT_EQ(code_of(refused), errc::conflict);
    EXPECT_EQ(t.kv, before);
}

}  // namespace
}  // namespace casement::testing::create_test
