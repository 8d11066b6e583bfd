#pragma once
// A protocol that is not Casement's: workers take a job under a lease that runs out, and a late one
// must not finish what another has taken since. Table, row, operation, story and mutant.

#include <casement/check/explore.hpp>
#include <casement/check/spelled.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/machine/apply.hpp>
#include <casement/machine/check.hpp>

namespace job_queue {
using namespace casement;

struct lease_tag {
    static constexpr std::string_view name = "lease";
    static constexpr errc refusal = errc::fenced;  // what a wrong one is answered
};
using lease = strong<lease_tag>;

// clang-format off
struct open   { static constexpr std::uint8_t tag = 0; };
struct taken  { static constexpr std::uint8_t tag = 1; lease held; std::uint64_t until_s = 0; };
struct done   { static constexpr std::uint8_t tag = 2; lease by; };
struct take   { std::uint64_t now_s = 0; };
struct finish { lease held; };
// clang-format on

struct life {  // the table
    static constexpr auto states = hana::tuple_t<open, taken, done>;
    static constexpr auto events = hana::tuple_t<take, finish>;
    static constexpr auto final_states = hana::tuple_t<done>;
    constexpr taken operator()(open, take e) const { return {{1}, e.now_s + 10}; }
    result<taken> operator()(taken t, take e) const {
        if (e.now_s < t.until_s) return fail(errc::in_use, "take", "job", "its lease runs");
        return taken{{t.held.value + 1}, e.now_s + 10};
    }
    constexpr guarded<done, lease> operator()(taken t, finish) const { return {{t.held}}; }
};

struct job {  // the row
    static constexpr char table = 'J';
    using key = std::uint64_t;
    state<life> now;
};

/// The operation: takes the table's step, if the job still is as it was seen.
template <store S>
result<job> advance(S& kv, const event<life>& by) {
    for (;;) {
        const auto row = read<job>(kv, 1);
        if (!row) return std::unexpected{row.error()};
        auto next = apply<life>((*row)->now, by);
        if (!next) return passed(next);
        auto made = transaction{kv}.replace(*row, {*next}, "the job is as it was seen").commit();
        if (made) return job{*next};
        if (made.error().code() != errc::conflict) return passed(made);
    }
}

inline check::story& with_job(check::story& s) {
    s.spells(check::spelled_rows<job>());
    return s.begins([](memory_store& kv) { (void)transaction{kv}.put<job>(1, {}).commit(); });
}

inline check::story workers(std::size_t how_many) {  // the story
    check::story s{"workers and one job"};
    with_job(s).actors(how_many, "worker", 1, [](check::actor& me) {
        const auto now_s = static_cast<std::uint64_t>(me.now().ns / 1'000'000'000);
        const auto mine = advance(me.store(), take{now_s});
        if (!mine) return;
        me.doing("finish");
        (void)advance(me.store(), finish{std::get<taken>(mine->now).held});
    });
    s.ticks_by(std::chrono::seconds{10}).strikes({.crashes = 1, .ticks = 2});
    s.every_change("a job is done by its last lease", [](const check::change& c) {
        const auto before = read<job>(c.before, 1), after = read<job>(c.after, 1);
        const auto* had = std::get_if<taken>(&(*before)->now);
        const auto* is = std::get_if<done>(&(*after)->now);
        return is == nullptr || (had != nullptr && had->held == is->by);
    });
    return s.sometimes("done", [](const check::rows& now) {
        return std::holds_alternative<done>((*read<job>(now, 1))->now);
    });
}
inline const check::left_out no_fence{"finish", "the job is as it was seen"};  // the mutant

}  // namespace job_queue
