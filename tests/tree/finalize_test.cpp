#include <casement/tree/finalize.hpp>

#include <gtest/gtest.h>

#include "tree/counting_store.hpp"
#include "tree/hand.hpp"
#include "tree/interrupted_store.hpp"
#include "tree/well_formed.hpp"

namespace casement::testing::finalize_test {
namespace {

using finalizing = protocol::file::finalizing;
using cooling = protocol::file::cooling;

struct Finalize : ::testing::Test {
    memory_tree t;
    node_id x =
        std::get<created>(must(create_file(t.me, any_rev{t.dir()}, "x", {.mode = 0640}))).node;

    [[nodiscard]] file_node file() const { return must(read_file_node(t.kv, x)); }
    [[nodiscard]] seen<binding> bound() const { return must(read<binding>(t.kv, x)); }
    void write() { must(close_writer(t.me, must(open_writer(t.me, file(), {100})))); }
    file_node prepared() {
        must(prepare(t.me, file()));
        return file();
    }
    result<generation> commit(const file_node& f, std::string_view path = "/x") {
        return finalize(t.me, f, bound(), any_rev{t.dir(path.substr(0, path.rfind('/')))},
                        t.name(path), object(7), {.mode = 0640, .size = 7});
    }
    void TearDown() override { EXPECT_EQ(faults_in(t.kv), ""); }
};

TEST_F(Finalize, EndsTheNodeAndPointsTheNameToTheObject) {
    write();
    const auto p = prepared();
    const auto written = must(commit(p));
    EXPECT_EQ(t.name("/x")->target, (state<dentry>{dentry::object{object(7)}}));
    EXPECT_EQ(t.name("/x")->about, (facts{.mode = 0640, .size = 7}));
    EXPECT_EQ(t.name("/x")->written, written);
    EXPECT_EQ(code_of(read_file_node(t.kv, x)), errc::not_found);
}

TEST_F(Finalize, NothingIsWrittenMeanwhile) {
    const auto p = prepared();
    EXPECT_EQ(code_of(open_writer(t.me, p, {1})), errc::illegal);
    EXPECT_EQ(code_of(prepare(t.me, p)), errc::illegal);
    EXPECT_EQ(code_of(instantiate_file(t.me, any_rev{t.dir()}, t.name("/x"))), errc::illegal);
}

TEST_F(Finalize, IsTakenBackByAnybody) {
    const auto p = prepared();
    must(tree::abort(t.me, file()));
    EXPECT_TRUE(std::holds_alternative<cooling>(file().file()->now));
    EXPECT_EQ(code_of(commit(p)), errc::conflict) << "who had prepared it comes too late";
    EXPECT_EQ(code_of(tree::abort(t.me, p)), errc::conflict);
    EXPECT_EQ(code_of(tree::abort(t.me, file())), errc::illegal);
    write();
    EXPECT_TRUE(commit(prepared()));
}

// Race 1: what was deleted stays deleted, also where an equal name is made since.
TEST_F(Finalize, ADeletedFileIsNotBroughtBack) {
    const auto p = prepared();
    const auto where = bound();
    const auto name = t.name("/x");
    const any_rev dir{t.dir()};
    must(tree::remove(t.me, any_rev{t.dir()}, name));
    const auto late = [&] { return code_of(finalize(t.me, p, where, dir, name, object(7), {})); };
    EXPECT_EQ(late(), errc::conflict);
    t.make("/x", tree::leaf{casement::testing::file(1)});
    EXPECT_EQ(late(), errc::conflict);
    EXPECT_EQ(t.name("/x")->target, (state<dentry>{dentry::object{object(1)}}));
}

// Race 2: in its new place, or not at all.
TEST_F(Finalize, ARenamedFileIsFinalizedWhereItIs) {
    t.mkdir("/d");
    const auto p = prepared();
    const auto where = bound();
    const auto name = t.name("/x");
    must(tree::rename(t.me, any_rev{t.dir()}, name, any_rev{t.dir("/d")}, t.name("/d/y")));
    EXPECT_EQ(code_of(finalize(t.me, p, where, any_rev{t.dir()}, name, object(7), {})),
              errc::conflict);
    EXPECT_EQ(code_of(finalize(t.me, p, bound(), any_rev{t.dir()}, t.name("/x"), object(7), {})),
              errc::conflict)
        << "its old name is not where it is bound";
    must(commit(p, "/d/y"));
    EXPECT_EQ(t.name("/d/y")->target, (state<dentry>{dentry::object{object(7)}}));
}

// Race 3: a preparation of other bytes. The number tells the two apart.
TEST_F(Finalize, WhatWasWrittenSinceIsNotFinalized) {
    write();
    const auto p = prepared();
    must(tree::abort(t.me, file()));
    write();
    must(prepare(t.me, file()));
    EXPECT_EQ(code_of(commit(p)), errc::conflict);
    EXPECT_TRUE(commit(file()));
}

TEST_F(Finalize, OnlyAFilesObjectTakesItsPlace) {
    const auto p = prepared();
    EXPECT_EQ(code_of(finalize(t.me, p, bound(), any_rev{t.dir()}, t.name("/x"),
                               object(7, obj_id::directory), {})),
              errc::illegal);
    EXPECT_EQ(code_of(finalize(t.me, must(read_file_node(t.kv, x)),
                               must(read<binding>(t.kv, node_id{99})), any_rev{t.dir()},
                               t.name("/x"), object(7), {})),
              errc::conflict);
}

TEST_F(Finalize, IsOpenedAndFinalizedAgain) {
    for (int n = 0; n < 3; ++n) {
        write();
        must(commit(prepared()));
        x = must(instantiate_file(t.me, at_rev{t.dir()}, t.name("/x"))).node;
    }
    EXPECT_EQ(must(open_writer(t.me, file(), {1})).seq(), lease_seq{1});
}

/// One commit more on the way to its object, from whatever state the file is in: who dies between
/// any two of them leaves the rest to the next.
result<void> go_on(memory_tree& t, client auto& me) {
    const auto dir = t.dir();
    const auto name = t.name("/x");
    const auto was = read_file_node(t.kv, *file_in(*name));
    if (!was) return std::unexpected{was.error()};
    if (std::holds_alternative<protocol::file::working>(was->file()->now))
        return reclaim(me, *was, {200});
    if (std::holds_alternative<cooling>(was->file()->now)) return prepare(me, *was);
    const auto bound = must(read<binding>(t.kv, was->node()));
    const auto made = finalize(me, *was, bound, any_rev{dir}, name, object(7), {});
    if (!made) return std::unexpected{made.error()};
    return {};
}
bool is_open(const memory_tree& t) { return file_in(*t.name("/x")) != nullptr; }

TEST_F(Finalize, StoppedAfterAnyCommitIsGoneOnWithOrTakenBack) {
    for (std::size_t commits = 0; commits <= 4; ++commits) {
        memory_tree one;
        must(create_file(one.me, any_rev{one.dir()}, "x", {}));
        interrupted_store kv{one.kv};
        id_blocks ids{kv};
        recorded me{kv, ids};
        must(ids.next());
        const auto node = *file_in(*one.name("/x"));
        kv.commits_left = commits;
        // Opened and never closed: the one who writes has died as well.
        result<void> going;
        if (auto w = open_writer(me, must(read_file_node(one.kv, node)), {100}); !w)
            going = passed(w);
        while (going && is_open(one)) going = go_on(one, me);
        EXPECT_EQ(going.has_value(), commits == 4);
        EXPECT_EQ(faults_in(one.kv), "") << commits;

        if (const auto was = read_file_node(one.kv, node);
            was && std::holds_alternative<finalizing>(was->file()->now)) {
            // Taken back, it is written again before the next one goes on.
            must(tree::abort(one.me, *was));
            EXPECT_TRUE(open_writer(one.me, must(read_file_node(one.kv, node)), {200}));
            EXPECT_EQ(faults_in(one.kv), "");
        }
        while (is_open(one)) must(go_on(one, one.me));
        EXPECT_EQ(one.name("/x")->target, (state<dentry>{dentry::object{object(7)}}));
        EXPECT_EQ(faults_in(one.kv), "");
    }
}

TEST_F(Finalize, CostsWhatItSays) {
    counting_store counted{t.kv};
    id_blocks ids{counted};
    must(ids.next());
    const unrecorded me{counted, ids};
    const auto seen = file();
    counted.forget();
    must(prepare(me, seen));
    EXPECT_EQ(counted.counts(), (store_counts{.commits = 1, .guards = 1, .writes = 1}));
    const auto p = file();
    const auto where = bound();
    const auto name = t.name("/x");
    const at_rev dir{t.dir()};
    counted.forget();
    must(finalize(me, p, where, dir, name, object(7), {}));
    // Guards: head and rev of the parent, file, binding, name; writes: name, rev, and the node's
    // three rows.
    EXPECT_EQ(counted.counts(), (store_counts{.commits = 1, .guards = 5, .writes = 5}));
}

}  // namespace
}  // namespace casement::testing::finalize_test
