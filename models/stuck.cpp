// Race 17 in small: work of two commits leaves an intent between them, and a crash there leaves it
// for ever, unless there is somebody who may finish it. The story without that one is told to
// break; it is what `recoverable` is for.

#include <casement/kv/transaction.hpp>

#include "stories.hpp"

namespace casement::models::stuck_story {
namespace {

using check::actor;
using check::rows;
using check::story;

/// Work that has been begun: what is to be done is in the row, so that anyone can do it.
struct intent {
    static constexpr char table = 'i';
    using key = std::uint64_t;
    std::uint64_t amount = 0;
};

/// How much was begun, and how much was done.
struct tally {
    static constexpr char table = 't';
    using key = std::uint64_t;
    count n;
};
constexpr std::uint64_t begun_so_far = 1, done_so_far = 2;

bool is_clean(const rows& now) { return !read<intent>(now, 0)->exists(); }

void finish(actor& me, const seen<intent>& begun) {
    const bool done = transaction{me.store()}
                          .expect(begun, "the intent is as it was seen")
                          .erase<intent>(0)
                          .bump<tally>(done_so_far, begun->amount)
                          .commit()
                          .has_value();
    me.answer(done ? "done" : "somebody else's");
}

void work(actor& me) {
    me.doing("begin");
    const auto begun = transaction{me.store()}
                           .expect_absent<intent>(0, "nothing is under way")
                           .put<intent>(0, {1})
                           .bump<tally>(begun_so_far)
                           .commit();
    if (!begun) return me.answer("not begun");
    me.doing("finish");
    if (const auto mine = read<intent>(me.store(), 0); mine && mine->exists()) finish(me, *mine);
}

void clean_up(actor& me) {
    me.doing("clean up");
    const auto left = read<intent>(me.store(), 0);
    if (!left || !left->exists()) return me.answer("nothing to do");
    finish(me, *left);
}

story workers(std::string name) {
    story tale{std::move(name)};
    tale.actors(2, "worker", 1, work);
    tale.strikes({.crashes = 1});
    tale.always("what is begun is done once, or under way", [](const rows& now) {
        const auto n = [&](std::uint64_t of) {
            const auto row = read<tally>(now, of);
            return row->exists() ? (*row)->n.value : 0;
        };
        return n(begun_so_far) == n(done_so_far) + (is_clean(now) ? 0 : 1);
    });
    tale.sometimes("the work is under way", [](const rows& now) { return !is_clean(now); });
    return tale;
}

story nobody_cleans_up() {
    auto tale = workers("a crash between two commits, and nobody cleans up");
    tale.recoverable("no work is left half-way", is_clean);
    return tale;
}

story somebody_cleans_up() {
    auto tale = workers("a crash between two commits, and somebody cleans up");
    tale.acts("cleaner", clean_up);
    // Who has come too early, or too late, would come again: this story ends before that.
    tale.recoverable("no work is left half-way", [](const check::moment& m) {
        return is_clean(m.store()) || !m.answer(2).empty();
    });
    tale.sometimes("the cleaner has finished it", [](const check::moment& m) {
        return m.answer(0) == "crashed" && m.answer(2) == "done";
    });
    return tale;
}

}  // namespace

std::vector<situation> situations() {
    return {{"stuck", "a crash leaves work half-way, and nobody can finish it", 0,
             [](size) { return nobody_cleans_up(); }, true},
            {"unstuck", "the same, where a cleaner finishes it", 0,
             [](size) { return somebody_cleans_up(); }}};
}

}  // namespace casement::models::stuck_story
