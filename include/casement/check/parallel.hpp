#pragma once
// Scripts of several clients, held against a sequential model (SPEC T6): a story in which each
// client carries out its script, and in every order of their steps the history is linearizable. The
// scripts may come from anywhere; rapidcheck.hpp draws them. Unlike a test with threads, it never
// depends on luck: a script is good in every schedule, or the schedule is shown.
//
//     struct deposit {                                      // one call, with its arguments
//         std::uint64_t cents;
//         std::optional<std::string> on(check::actor&) const;   // as the code does it
//         std::string on(account_model&) const;                 // as it shall be
//     };
//     using call = check::one_of<deposit, withdraw>;            // what scripts are made of
//
// The code answers none where it cannot know whether it has done it (`unknown_outcome`).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <casement/check/explore.hpp>
#include <casement/check/linearizable.hpp>
#include <casement/check/rows.hpp>
#include <casement/check/spelled.hpp>
#include <casement/check/story.hpp>
#include <casement/core/error.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/transaction.hpp>

namespace casement::check {

/// What a call has come to, for who compares codes alone: "ok", the code's name, or none where
/// nobody knows.
template <class T>
[[nodiscard]] std::optional<std::string> answer_of(const result<T>& r) {
    if (r) return "ok";
    if (r.error().code() == errc::unknown_outcome) return std::nullopt;
    return std::string{name_of(r.error().code())};
}

/// One of several kinds of calls: what scripts are made of.
template <class... Calls>
struct one_of : std::variant<Calls...> {
    using std::variant<Calls...>::variant;

    template <class On>
    [[nodiscard]] auto on(On& world) const {
        return std::visit([&](const auto& call) { return call.on(world); }, base());
    }
    /// As schedules call it: "deposit 5".
    [[nodiscard]] std::string name() const { return detail::spelled(base()); }
    [[nodiscard]] const std::variant<Calls...>& base() const { return *this; }
};

namespace detail {

/// A call that has returned. Nobody's code sees these rows.
struct returned {
    static constexpr char table = '~';
    struct key {
        std::uint64_t client, call;
    };
    std::optional<std::string> answer;
    std::vector<std::uint64_t> after;  // of each client, how many had returned when it was made
};

/// How many calls of each client have returned by now.
template <readable S>
std::vector<std::uint64_t> returned_by_now(const S& kv, std::size_t clients) {
    std::vector<std::uint64_t> all(clients, 0);
    const std::string first{returned::table};
    for (auto r = kv.scan(first, after_prefix(first)); r.valid(); r.next())
        if (const auto key = parse_row_key<returned>(r.key()))
            all[key->client] = std::max(all[key->client], key->call + 1);
    return all;
}

template <class Op>
using scripts = std::vector<std::vector<Op>>;

/// The calls that have returned, and those that may have happened: of a turn that a crash has
/// ended, and of one for which a fault has struck the row that says so.
template <class Op>
std::vector<past_call<Op, std::string>> history_of(const moment& m, const scripts<Op>& all) {
    std::vector<past_call<Op, std::string>> history;
    std::vector<std::vector<std::size_t>> place(all.size());
    std::vector<std::vector<std::uint64_t>> after;
    for (std::uint64_t client = 0; client < all.size(); ++client) {
        if (m.answer(client).empty()) continue;  // its turn is still to come
        for (std::uint64_t call = 0; call < all[client].size(); ++call) {
            const auto row = read<returned>(m.store(), {client, call});
            const bool ended = row && row->exists();
            place[client].push_back(history.size());
            history.push_back({all[client][call], ended ? (*row)->answer : std::nullopt, {}});
            after.push_back(ended ? (*row)->after : std::vector<std::uint64_t>(all.size(), 0));
        }
    }
    for (std::size_t i = 0; i < history.size(); ++i)
        for (std::size_t client = 0; client < all.size(); ++client)
            for (std::uint64_t call = 0; call < after[i][client]; ++call)
                history[i].after.push_back(place[client][call]);
    return history;
}

}  // namespace detail

/// At most 6 clients; each script is one turn. `agrees(rows, model)` says whether the rows may be
/// what the model is when all is over.
template <class Model, class Op, class Agrees>
[[nodiscard]] story in_parallel(std::string name, const std::vector<std::vector<Op>>& scripts,
                                const Model& beginning, Agrees agrees) {
    story s{std::move(name)};
    for (std::uint64_t client = 0; client < scripts.size(); ++client)
        s.acts("client " + std::to_string(client + 1), [=](actor& me) {
            const auto& mine = scripts[client];
            for (std::uint64_t call = 0; call < mine.size(); ++call) {
                me.doing(std::to_string(call + 1) + ": " + mine[call].name());
                auto before = detail::returned_by_now(me.store(), scripts.size());
                auto answer = mine[call].on(me);
                (void)transaction{me.store()}
                    .template put<detail::returned>({client, call},
                                                    {std::move(answer), std::move(before)})
                    .commit();
            }
            me.answer("done");
        });
    s.always("every history is linearizable", [=](const moment& m) -> complaint {
        if (!m.at_rest()) return "";
        const auto history = detail::history_of(m, scripts);
        const auto ends = [&](const Model& now) { return agrees(m.store(), now); };
        return linearizable(beginning, history, ends) ? "" : "no order of the calls explains it";
    });
    return s;
}
template <class Model, class Op>
[[nodiscard]] story in_parallel(std::string name, const std::vector<std::vector<Op>>& scripts,
                                const Model& beginning) {
    return in_parallel(std::move(name), scripts, beginning,
                       [](const rows&, const Model&) { return true; });
}

/// How such a story is explored: its own rows are not part of any operation, so none is one step.
[[nodiscard]] inline scope step_by_step(std::vector<left_out> without = {}) {
    scope s;
    s.whole_operations = false;
    s.without = std::move(without);
    return s;
}

}  // namespace casement::check
