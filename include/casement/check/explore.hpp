#pragma once
// The search: every interleaving of a story's steps and faults on the code that ships, each state
// visited once (SPEC T4, T4a, DESIGN D11). One thread; deterministic: the same story in the same
// scope gives the same report.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <casement/check/story.hpp>

namespace casement::check {

/// A guard left out of every commit of an operation: a mutant of the code that ships, made without
/// touching it.
struct left_out {
    std::string operation;  // as the actor named it; "" is every one
    std::string guard;      // by the name that its commit gives it

    bool operator==(const left_out&) const = default;
    auto operator<=>(const left_out&) const = default;
};

/// How far a search has come.
struct so_far {
    std::uint64_t states = 0, transitions = 0, depth = 0;
    /// A guess at all states, from how the numbers of states at each depth grow and fall; or 0,
    /// while they do not grow more slowly from depth to depth.
    double states_expected = 0;
};

/// How far a search goes, and by which short cuts. Sleep sets are none of them: they leave out
/// steps and no states, and it is steps that contracts, changes and ways back are judged by.
struct scope {
    bool whole_operations = true;  // an operation whose guards cover its reads is one step
    bool canonical_names = true;   // states that differ only in ids and counters are one
    bool symmetric_actors = true;  // states that differ only in who of equals did what are one
    std::vector<left_out> without;
    std::uint64_t states_max = 200'000'000;
    bool stop_at_violation = true;
    /// Keeps what the audit compares: the rows of every state in which nobody is in mid-turn.
    bool keep_restful = false;
    /// Keeps of each guard a way to see it hold and one to see it fail: `guard_count`'s tokens.
    bool keep_witnesses = false;
    std::function<void(const so_far&)> progress;  // called now and then

    /// No short cut: each call a step, each name as it is.
    [[nodiscard]] static scope raw(std::vector<left_out> without = {}) {
        scope s;
        s.whole_operations = s.canonical_names = s.symmetric_actors = false;
        s.without = std::move(without);
        return s;
    }
};

/// How often a guard was seen to hold and to fail, and tokens that replay a schedule which ends
/// with that, if its scope keeps witnesses. "" where it was never seen, or where no single steps
/// were found that lead there: explore it raw.
struct guard_count {
    std::uint64_t held = 0, failed = 0;
    std::string held_by = {}, failed_by = {};
};

/// One way that actors may choose: at how many states it could be begun, and how many of its
/// commits change the store.
struct way_count {
    std::uint64_t tried = 0, changes = 0;
};

/// A commit of a schedule, with all that it guards, also what a mutant leaves out.
struct told_commit {
    struct row_guard {
        std::string key;
        std::optional<std::string> expected;
        std::string name;
    };
    struct row_write {
        write::kind what{};
        std::string key, value;
        std::uint64_t amount = 0;
    };
    enum class fate : std::uint8_t {
        made,     // also where nobody learns of it
        refused,  // a guard does not hold
        unsent,   // a fault strikes before it is made
    };
    std::vector<row_guard> guards;
    std::vector<row_write> writes;
    fate what = fate::unsent;
};

/// One step of a schedule, for people.
struct told_step {
    std::size_t actor = 0;  // roles().size() is the world
    std::string what;       // the call, or the fault
    std::string operation;
    std::string way = {};                   // the operation in full, as the actor chose it
    std::vector<std::string> changed = {};  // what it did to the rows
    std::optional<std::string> forgotten;   // the guard that would have stopped it
    bool begins = false;                    // the actor's turn
    bool commits = false;                   // or tries to
    bool struck = false;                    // by a fault, or in vain
    std::vector<std::pair<std::string, std::string>> rows;  // after it, as the story spells them
    std::optional<told_commit> commit;
};

/// A property that does not hold, and how to see it.
struct violation {
    std::string property;
    std::string words;
    std::vector<told_step> schedule;  // a shortest one
    std::string token;                // replays it
};

/// What a search has seen. It holds if it went through all and no property was violated.
struct report {
    std::string story;
    std::vector<std::string> actors;  // by name
    std::uint64_t states = 0, transitions = 0, depth = 0;
    std::uint64_t worlds = 0, logs = 0, runs = 0, replayed = 0;
    std::uint64_t walks = 0;  // of a story that was not searched, see walk.hpp
    double seconds = 0;
    bool complete = false;  // every state within the scope was visited
    std::string failed;     // why the story could not be explored; "" if it could
    std::vector<violation> violations;
    std::vector<std::string> never;  // `sometimes` properties that no state had
    std::set<std::pair<std::string, std::string>> unvalidated;  // operation, key
    std::map<std::string, std::string> spelled;  // those keys, as the story spells them
    std::map<std::pair<std::string, std::string>, guard_count> guards;  // operation, guard
    std::map<std::string, way_count> ways;                              // all that were offered
    std::set<std::vector<std::pair<std::string, std::string>>> restful;

    /// Complete, nothing violated, everything seen that must be seen.
    [[nodiscard]] bool holds() const {
        return complete && failed.empty() && violations.empty() && never.empty();
    }
};

/// Searches breadth first, so that what it finds is shortest.
[[nodiscard]] report explore(const story& of, const scope& in = {});

/// One schedule, taken again.
struct replayed {
    std::vector<told_step> schedule;
    std::vector<violation> violations;                      // in the order in which they show
    std::vector<std::pair<std::string, std::string>> rows;  // at its end
};

/// Takes the steps of a token again, under a debugger or in a test. What was left out when it was
/// made, the token says itself; `without` is left out as well. `illegal` if the token is of another
/// story, or the code has changed so that it goes another way.
[[nodiscard]] result<replayed> replay(const story& of, std::string_view token,
                                      const std::vector<left_out>& without = {});

/// Whether the token was made of this story, in this size.
[[nodiscard]] bool fits(const story& of, std::string_view token);

/// What was left out when the token was made. `illegal` if it is no token.
[[nodiscard]] result<std::vector<left_out>> left_out_of(std::string_view token);

/// Whether the short cuts of `in` reach the same contents of the store at rest as the raw search:
/// "" if they do, else what differs (SPEC T4b).
[[nodiscard]] std::string audit(const story& of, const scope& in = {});

/// The report as people read it.
std::ostream& operator<<(std::ostream& out, const report& r);

}  // namespace casement::check
