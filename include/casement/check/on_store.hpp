#pragma once
// A schedule on another store: each commit that it makes is made there, in its order, with every
// guard that the code has. So what a model has shown of the engine that it runs on is held against
// the engine that ships. One thread.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/check/explore.hpp>
#include <casement/check/story.hpp>
#include <casement/core/error.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/store.hpp>

namespace casement::check {

/// How far a schedule went on another store.
struct taken_on_store {
    std::size_t commits = 0;             // that were made there, too
    std::optional<std::string> refused;  // the guard that ended it: a mutant had left it out
    std::optional<error> by;             // what the loser was told
    std::string differs;                 // from what the schedule says, first; "" if nothing does
};

namespace detail {

template <store S>
result<receipt> commit_there(S& kv, const told_commit& c) {
    std::vector<guard> guards;
    std::vector<write> writes;
    for (const auto& g : c.guards)
        guards.push_back({g.key,
                          g.expected ? std::optional<std::string_view>{*g.expected} : std::nullopt,
                          version{}, g.name});
    for (const auto& w : c.writes) writes.push_back({w.what, w.key, w.value, w.amount});
    return kv.commit({guards, writes});
}

/// Which guard the store says does not hold.
inline std::string named_by(const error& e) {
    constexpr std::string_view front = "no longer holds: ";
    const auto& said = e.causes().back().detail;
    return said.starts_with(front) ? said.substr(front.size()) : said;
}

}  // namespace detail

/// Makes the story's beginning in `kv`, which is empty, and then the schedule's commits. Ends at
/// the first that only a mutant could make.
template <store S>
[[nodiscard]] taken_on_store take_on(S& kv, const story& of, const replayed& schedule) {
    taken_on_store t;
    for (auto row = all_rows(of.beginning()); row.valid(); row.next()) {
        const write w{write::kind::put, row.key(), row.value()};
        if (auto put = kv.commit({{}, {&w, 1}}); !put) return t.differs = put.error().message(), t;
    }
    for (const auto& step : schedule.schedule) {
        if (!step.commit || step.commit->what == told_commit::fate::unsent) continue;
        const auto made = detail::commit_there(kv, *step.commit);
        if (step.forgotten) {
            if (made || made.error().code() != errc::conflict)
                t.differs =
                    "the store makes a commit whose guard does not hold: " + *step.forgotten;
            else
                t.refused = detail::named_by(made.error()), t.by = made.error();
            return t;
        }
        if (made.has_value() != (step.commit->what == told_commit::fate::made)) {
            t.differs = step.operation + ": " +
                        (made ? "the store makes a commit that is refused in the schedule"
                              : made.error().message());
            return t;
        }
        if (made) ++t.commits;
    }
    auto rows = schedule.rows.begin();
    for (auto row = all_rows(kv); row.valid(); row.next(), ++rows)
        if (rows == schedule.rows.end() || row.key() != rows->first || row.value() != rows->second)
            return t.differs = "the rows differ at " + of.spelled(row.key()), t;
    if (rows != schedule.rows.end()) t.differs = "a row is missing: " + of.spelled(rows->first);
    return t;
}

}  // namespace casement::check
