#pragma once
// Scopes that two explorers count: small enough for Spin, and of every kind of step that there is.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <casement/check/story.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/transaction.hpp>

#include "check/small_stories.hpp"
#include "file_story.hpp"

namespace casement::testing {

using check::actor;
using check::rows;
using check::story;
using models::by;
using tree::node_id;
using tree::root;

// A row that counts what was done: it is bumped with every one.

struct tally {
    static constexpr char table = 't';
    using key = std::uint64_t;
    count n;
};

// A lease: who finds it free or expired takes it, under the next number, and writes while it is
// his.

struct lease {
    static constexpr char table = 'l';
    using key = std::uint64_t;
    std::uint64_t seq = 0;
    std::uint64_t until = 0;
};

inline void write_under_lease(actor& me) {
    constexpr std::uint64_t term = 10;
    auto& kv = me.store();
    me.doing("grant");
    const auto now = static_cast<std::uint64_t>(me.now().ns);
    const auto free = read<lease>(kv, 1);
    if (!free || (*free)->until > now) return me.answer("not mine");
    const lease mine{(*free)->seq + 1, now + term};
    if (!transaction{kv}.replace(*free, mine, "the lease as seen").template bump<tally>(1).commit())
        return me.answer("not mine");
    me.doing("write");
    const auto held = read<lease>(kv, 1);
    if (!held || (*held)->seq != mine.seq) return me.answer("lost");
    me.carries(*held);
    if (!transaction{kv}.expect(*held, "the lease is still mine").template bump<tally>(2).commit())
        return me.answer("lost");
    me.answer("written");
}

[[nodiscard]] inline story writers(std::size_t how_many, check::faults may = {}) {
    story s{"a lease and its writers"};
    s.begins([](memory_store& kv) { (void)transaction{kv}.put<lease>(1, {0, 0}).commit(); });
    s.actors(how_many, "writer", 1, [](actor& me) { write_under_lease(me); });
    s.ticks_by(std::chrono::nanoseconds{10});
    s.always("each grant has its own number", [](const rows& now) {
        const auto grants = read<tally>(now, 1);
        return (*read<lease>(now, 1))->seq == (grants->exists() ? (*grants)->n.value : 0);
    });
    return s.strikes(may);
}

// A queue: who takes a job does it, and no job is done twice.

struct job {
    static constexpr char table = 'j';
    using key = std::uint64_t;
    std::uint64_t payload = 0;
};

inline void work(actor& me) {
    auto& kv = me.store();
    const std::string first = row_key<job>(0), last = row_key<job>(99);
    const auto jobs = kv.scan(first, last);
    if (!jobs.valid()) return me.answer("idle");
    const auto number = parse_row_key<job>(jobs.key());
    const auto next = read<job>(kv, *number);
    if (!next || !next->exists()) return me.answer("taken");
    if (!transaction{kv}
             .expect(*next, "the job is open")
             .template erase<job>(*number)
             .template bump<tally>(1)
             .commit())
        me.answer("taken");
}

[[nodiscard]] inline story workers(std::size_t how_many, int turns, std::uint64_t jobs,
                                   check::faults may = {}) {
    story s{"a queue and its workers"};
    s.begins([=](memory_store& kv) {
        for (std::uint64_t n = 1; n <= jobs; ++n) (void)transaction{kv}.put<job>(n, {n}).commit();
    });
    s.actors(how_many, "worker", turns, [](actor& me) { work(me); });
    s.always("each job is done once", [=](const rows& now) {
        const auto done = read<tally>(now, 1);
        std::uint64_t open = 0;
        for (std::uint64_t n = 1; n <= jobs; ++n) open += read<job>(now, n)->exists() ? 1 : 0;
        return open + (done->exists() ? (*done)->n.value : 0) == jobs;
    });
    return s.strikes(may);
}

// The tree.

/// What is wrong with the tree is for models/ to ask; here it is counted.
template <class P>
void rename_one(actor& me, node_id a, std::string_view x, node_id b, std::string_view y) {
    me.doing("rename");
    const auto now = me.store().snapshot();
    const auto from = models::see(now, a, x), to = models::see(now, b, y);
    const auto line = tree::read_ancestry(now, b);
    if (!from || !to || !line || !from->name.exists()) return;
    (void)tree::rename_directory(by(me), P{from->parent}, from->name, P{to->parent}, to->name,
                                 *line);
}

/// Two directories are moved, each below the other.
template <class P>
[[nodiscard]] story renames(check::faults may = {}) {
    story s{"two renames"};
    const auto a = std::make_shared<node_id>(), b = std::make_shared<node_id>();
    s.begins([=](memory_store& kv) {
        models::plot tree{kv};
        *a = tree.mkdir("/a");
        *b = tree.mkdir("/b");
    });
    s.acts("first", [=](actor& me) { rename_one<P>(me, root, "a", *b, "a"); });
    s.acts("second", [=](actor& me) { rename_one<P>(me, root, "b", *a, "b"); });
    s.always("the tree is whole", models::tree_is_whole);
    return s.strikes(may);
}

/// Files are made, removed and renamed in one directory, and under two names.
template <class P>
[[nodiscard]] story names(std::size_t actors, int turns, check::faults may = {}) {
    story s{"two names"};
    s.begins([](memory_store& kv) { models::plot{kv}.make("/x"); });
    s.actors(actors, "client", turns, [](actor& me) {
        static const std::vector<std::string> ways{"create /y", "remove /x", "rename /x to /y"};
        const auto way = me.choose(ways);
        auto& kv = me.store();
        const auto now = kv.snapshot();
        const auto x = models::see(now, root, "x"), y = models::see(now, root, "y");
        if (!x || !y) return;
        if (way == 0)
            (void)tree::create(by(me), P{y->parent}, "y", models::content('b'), {});
        else if (way == 1)
            (void)tree::remove(by(me), P{x->parent}, x->name);
        else
            (void)tree::rename(by(me), P{x->parent}, x->name, P{y->parent}, y->name);
    });
    return s.strikes(may);
}

/// A file is opened, prepared and taken back, by its node: who gets it first.
[[nodiscard]] inline story lives(std::size_t clients, check::faults may = {}) {
    story s{"a file's life"};
    const auto node = std::make_shared<node_id>();
    s.begins([=](memory_store& kv) {
        models::plot tree{kv};
        const auto at = *tree::resolve(kv, "/x");
        const auto made =
            *tree::create_file(tree.by(), tree::any_rev{at.parent}, "x", tree::facts{});
        *node = std::get<tree::created>(made).node;
    });
    s.actors(clients, "client", 1, [=](actor& me) {
        static const std::vector<std::string> ways{"write", "prepare", "abort"};
        const auto way = me.choose(ways);
        const auto file = tree::read_file_node(me.store(), *node);
        if (!file) return;
        if (way == 1) return void(tree::prepare(by(me), *file));
        if (way == 2) return void(tree::abort(by(me), *file));
        const auto mine = tree::open_writer(by(me), *file, {models::term_ns});
        if (mine) me.answer(tree::close_writer(by(me), *mine) ? "closed" : "fenced");
    });
    s.always("the tree is whole", models::tree_is_whole);
    return s.strikes(may);
}

}  // namespace casement::testing
