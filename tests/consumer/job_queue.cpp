// A protocol that is not Casement's: workers take jobs under a lease that runs out, and a late one
// must not finish what another has taken since. All of it is here: rows, code, story and mutant.

#include <iostream>

#include <casement/check/explore.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/transaction.hpp>

using namespace casement;

struct job {  // one row a job; `taken` counts its workers, so that each has a number of its own
    static constexpr char table = 'J';
    using key = std::uint64_t;
    std::uint64_t taken = 0;
    std::uint64_t until_s = 0;
    std::uint64_t finished_by = 0;
};

std::uint64_t seconds(timestamp t) { return static_cast<std::uint64_t>(t.ns / 1'000'000'000); }

/// Takes the job if it is open and nobody's lease runs; gives the row as it is then.
template <store S>
result<seen<job>> take(S& kv, std::uint64_t which, timestamp now) {
    auto row = read<job>(kv, which);
    if (!row) return row;
    if ((*row)->finished_by != 0) return fail(errc::exists, "take", "job", "is done");
    if ((*row)->until_s > seconds(now)) return fail(errc::conflict, "take", "job", "is taken");
    const job mine{(*row)->taken + 1, seconds(now) + 10, 0};
    auto done = transaction{kv}.replace(*row, mine, "the job as it was seen").commit();
    if (!done) return passed(done);
    auto held = read<job>(kv, which);
    if (held && (*held)->taken != mine.taken) return fail(errc::fenced, "take", "job");
    return held;
}

/// Finishes the job, if the lease is still the one that `mine` saw.
template <store S>
result<receipt> finish(S& kv, const seen<job>& mine) {
    job done = *mine;
    done.finished_by = done.taken;
    return transaction{kv}.replace(mine, done, "the lease is still mine").commit();
}

check::story queue(std::size_t workers) {
    check::story s{"a queue of one job"};
    s.begins([](memory_store& kv) { (void)transaction{kv}.put<job>(1, {}).commit(); });
    s.actors(workers, "worker", 1, [](check::actor& me) {
        const auto mine = take(me.store(), 1, me.now());
        if (!mine) return;
        me.doing("finish");
        if (finish(me.store(), *mine)) me.answer("finished");
    });
    s.ticks_by(std::chrono::seconds{10}).strikes({.crashes = 1, .ticks = 2});
    s.every_change("a job is finished by its last worker", [](const check::change& c) {
        const auto before = read<job>(c.before, 1), after = read<job>(c.after, 1);
        return (*after)->finished_by == 0 || (*after)->finished_by == (*before)->taken;
    });
    s.sometimes("finished",
                [](const check::rows& now) { return (*read<job>(now, 1))->finished_by != 0; });
    return s;
}

int main() {
    const auto holds = explore(queue(3));
    check::scope without;
    without.without = {{"finish", "the lease is still mine"}};
    const auto breaks = explore(queue(3), without);
    std::cout << holds << breaks;
    return holds.holds() && !breaks.violations.empty() ? 0 : 1;
}
