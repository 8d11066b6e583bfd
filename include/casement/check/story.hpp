#pragma once
// A story: who acts, from what beginning, what may go wrong, and what must hold (SPEC T4, T4c). It
// says nothing of how it is explored. A value, built by one thread.
//
//     check::story s{"two transfers out of one account"};
//     s.begins([](auto& kv) { ... });
//     s.actors(2, "payer", 1, [](check::actor& me) { pay(me.store(), from, to, 60); });
//     s.always("no money is made", [](const check::rows& now) { return sum(now) == 100; });
//     std::cout << explore(s);

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/check/canonical.hpp>
#include <casement/check/rows.hpp>
#include <casement/check/stage.hpp>
#include <casement/core/clock.hpp>
#include <casement/kv/id_blocks.hpp>
#include <casement/kv/memory.hpp>

namespace casement::check {

/// Who acts, during one turn. What a turn keeps in variables of its own is forgotten at its end;
/// everything that it knows of the world, it has asked for here.
class actor {
public:
    explicit actor(detail::turn& of) : of_{of}, kv_{of} {}
    actor(const actor&) = delete;
    actor& operator=(const actor&) = delete;

    [[nodiscard]] stage& store() { return kv_; }

    /// The story's disk, as a file system whose calls are steps. A crash runs no destructor, and so
    /// removes nothing. REQUIRES: the story has one
    [[nodiscard]] staged_disk disk() { return staged_disk{disk_calls{of_}}; }

    /// One of several ways to go on; each of them is explored. The words are what schedules and
    /// coverage call it, and the first of them names the operation from here on.
    /// REQUIRES: 1 to 65,535 ways
    [[nodiscard]] std::size_t choose(std::span<const std::string> ways);

    /// Names the operation from here on, where nothing is to be chosen. What an earlier one carries
    /// is not held against it. A turn that goes on after a commit under the same name, with the
    /// call that it began with, is taken to begin anew and to remember nothing but what it has
    /// chosen.
    void doing(std::string_view operation);

    /// Numbers that nobody else is given.
    [[nodiscard]] id_blocks<stage>& ids();

    /// The clock as this actor reads it. A step.
    [[nodiscard]] timestamp now();

    /// No commit of this operation may happen from here on unless that row still is as it was seen:
    /// what a call was given as expected, it must hold its commit to (SPEC F1, F2, F4a).
    template <row R>
    void carries(const seen<R>& token) {
        const auto g = token.unchanged("");
        carries(g.key, g.expected);
    }
    void carries(std::string_view key, std::optional<std::string_view> expected);

    /// What the turn has come to; `moment::answer` shows it until the actor's next turn ends.
    void answer(std::string what);

    /// The story is broken here, and why: a property that only an actor can see.
    void broken(std::string_view why);

private:
    detail::turn& of_;
    stage kv_;
    std::optional<id_blocks<stage>> ids_;
};

/// How often each fault may strike in one run of a story.
struct faults {
    int crashes = 0;       // an actor's turn ends anywhere, also between a commit and its answer
    int lost_replies = 0;  // a commit happens, or not, and its actor does not learn which
    int zombies = 0;       // such a commit happens later, at any time, if its guards hold then
    int spurious = 0;      // a commit conflicts though its guards hold
    int ticks = 0;         // the clock moves on by `tick`
    int power_losses = 0;  // every turn ends, and of the disk only what was synced is sure to stay

    bool operator==(const faults&) const = default;
};

/// What a property may look at.
class moment {
public:
    moment(rows now, timestamp clock, std::span<const std::string_view> answers, bool at_rest,
           std::string_view disk = {})
        : rows_{now}, clock_{clock}, answers_{answers}, at_rest_{at_rest}, disk_{disk} {}

    [[nodiscard]] const check::rows& store() const { return rows_; }
    [[nodiscard]] timestamp clock() const { return clock_; }
    /// What the actor's last turn came to: "" before the first, "crashed" after a crash.
    [[nodiscard]] std::string_view answer(std::size_t actor) const { return answers_[actor]; }
    /// Nobody is in the middle of a turn.
    [[nodiscard]] bool at_rest() const { return at_rest_; }
    /// REQUIRES: the story has one
    [[nodiscard]] simulated_disk disk() const { return simulated_disk::decoded(disk_); }

private:
    check::rows rows_;
    timestamp clock_;
    std::span<const std::string_view> answers_;
    bool at_rest_;
    std::string_view disk_;
};

/// One change of the rows: what an action property judges.
struct change {
    check::rows before, after;
    std::string_view operation;  // as `choose` or `doing` has named it
};

/// The property that `actor::carries` makes of a turn's commits.
inline constexpr std::string_view contract = "a change keeps to what its call expects";

/// Why a property does not hold, or "".
using complaint = std::string;

/// A row for people: its key, or, where a value is given, that.
using spelling =
    std::function<std::string(std::string_view key, std::optional<std::string_view> value)>;

/// What must be true in a story's states, or of its steps (SPEC T4c).
struct property {
    enum class kind : std::uint8_t {
        always,        // in every state
        sometimes,     // in some state: else the story is too small to show anything
        every_change,  // of every change of the rows
        recoverable,   // from every state such a state can be reached (AG EF)
    };
    std::string name;
    kind what;
    bool rows_only = true;  // looks at no more than the rows
    std::function<complaint(const moment&)> of_moment;
    std::function<complaint(const change&)> of_change;
};

class story {
public:
    struct role {
        std::string name;
        std::size_t body;  // actors with the same one are identical
        int turns;
    };
    // A scope is small or it is not explored: `unfit` says so.
    static constexpr int turns_max = 15;  // of one actor
    static constexpr std::size_t actors_max = 6;
    static constexpr int strikes_max = 15;  // of one fault

    explicit story(std::string name) : name_{std::move(name)} {}

    /// The rows at the beginning.
    template <class F>
    requires std::invocable<F, memory_store&> story& begins(F write) {
        write(beginning_);
        return *this;
    }
    /// An actor takes `turns` turns, each of which calls `act` anew.
    template <std::invocable<actor&> F>
    story& actors(std::size_t how_many, std::string name, int turns, F act) {
        limit(roles_.size() + how_many <= actors_max, "it has more than 6 actors");
        limit(turns >= 1 && turns <= turns_max, "an actor has not 1 to 15 turns");
        bodies_.emplace_back(std::move(act));
        for (std::size_t i = 0; i < how_many; ++i)
            roles_.push_back({how_many == 1 ? name : name + " " + std::to_string(i + 1),
                              bodies_.size() - 1, turns});
        return *this;
    }
    template <std::invocable<actor&> F>
    story& acts(std::string name, F act, int turns = 1) {
        return actors(1, std::move(name), turns, std::move(act));
    }

    /// `f` takes `const rows&` or `const moment&` and answers whether it holds, or what is wrong.
    template <class F>
    story& always(std::string name, F f) {
        return states(std::move(name), property::kind::always, std::move(f));
    }
    template <class F>
    story& sometimes(std::string name, F f) {
        return states(std::move(name), property::kind::sometimes, std::move(f));
    }
    template <class F>
    story& recoverable(std::string name, F f) {
        return states(std::move(name), property::kind::recoverable, std::move(f));
    }
    /// `f` takes `const change&`.
    template <std::invocable<const change&> F>
    story& every_change(std::string name, F f) {
        properties_.push_back({std::move(name), property::kind::every_change, true, nullptr,
                               [f](const change& c) { return in_words(f(c)); }});
        return *this;
    }

    story& strikes(faults f) {
        for (const int n :
             {f.crashes, f.lost_replies, f.zombies, f.spurious, f.ticks, f.power_losses})
            limit(n >= 0 && n <= strikes_max, "a fault strikes not 0 to 15 times");
        faults_ = f;
        return *this;
    }
    /// What is on the disk in the beginning, all of it durable. Ids in names of files are not
    /// renamed with those in rows: such a story has no canonical form.
    story& has(const simulated_disk& d) {
        disk_ = d.settled().encoded();
        limit(!canonical_, "it has a disk, and so no canonical form");
        return *this;
    }
    /// How far one tick moves the clock.
    story& ticks_by(std::chrono::nanoseconds d) {
        tick_ = d;
        return *this;
    }

    /// How far a clock that an actor reads may be ahead or behind, in ticks; never before 0. Each
    /// reading is off by an amount of its own: clocks that keep their distance are among them.
    story& skews_by(int ticks) {
        limit(ticks >= 0 && ticks <= strikes_max, "a clock is off by not 0 to 15 ticks");
        skew_ = ticks;
        return *this;
    }

    /// What makes states equal that differ only in ids and counters; see canonical.hpp.
    story& canonical(canonical_form f) {
        canonical_ = std::move(f);
        limit(disk_.empty(), "it has a disk, and so no canonical form");
        return *this;
    }
    /// `f(first, last)` names the row that changes with every row of that range, or none: a guard
    /// of it covers a scan. Every change that is explored is held against this promise.
    story& covers(std::function<std::optional<std::string>(std::string_view, std::string_view)> f) {
        cover_ = std::move(f);
        return *this;
    }

    /// How rows are told to people; see spelled.hpp. Without it: their bytes.
    story& spells(spelling f) {
        spelling_ = std::move(f);
        return *this;
    }

    [[nodiscard]] const std::string& name() const { return name_; }
    /// Why it cannot be explored as it is told: the first limit that it passes; or "".
    [[nodiscard]] const std::string& unfit() const { return unfit_; }
    [[nodiscard]] const memory_store& beginning() const { return beginning_; }
    [[nodiscard]] std::span<const role> roles() const { return roles_; }
    [[nodiscard]] const std::function<void(actor&)>& body(std::size_t which) const {
        return bodies_[which];
    }
    [[nodiscard]] std::size_t bodies() const { return bodies_.size(); }
    [[nodiscard]] std::span<const property> properties() const { return properties_; }
    [[nodiscard]] const check::faults& may_strike() const { return faults_; }
    [[nodiscard]] std::chrono::nanoseconds tick() const { return tick_; }
    [[nodiscard]] int skew() const { return skew_; }
    [[nodiscard]] const std::string& disk() const { return disk_; }  // encoded; "": none
    [[nodiscard]] const canonical_form& canonical() const { return canonical_; }
    [[nodiscard]] const auto& covers() const { return cover_; }
    [[nodiscard]] std::string spelled(std::string_view key) const {
        return spelling_ ? spelling_(key, std::nullopt) : printable(key);
    }
    [[nodiscard]] std::string spelled(std::string_view key, std::string_view value) const {
        return spelling_ ? spelling_(key, value) : printable(value);
    }

private:
    void limit(bool holds, std::string_view otherwise) {
        if (!holds && unfit_.empty()) unfit_ = otherwise;
    }
    static complaint in_words(bool holds) { return holds ? "" : "does not hold"; }
    static complaint in_words(complaint c) { return c; }
    // Without it, a literal would be a bool, and true.
    static complaint in_words(const char* c) { return c; }

    template <class F>
    story& states(std::string name, property::kind what, F f) {
        if constexpr (std::invocable<F, const rows&>)
            properties_.push_back({std::move(name), what, true,
                                   [f](const moment& m) { return in_words(f(m.store())); },
                                   nullptr});
        else
            properties_.push_back({std::move(name), what, false,
                                   [f](const moment& m) { return in_words(f(m)); }, nullptr});
        return *this;
    }

    std::string name_, unfit_;
    memory_store beginning_;
    std::vector<role> roles_;
    std::vector<std::function<void(actor&)>> bodies_;
    std::vector<property> properties_;
    check::faults faults_;
    std::chrono::nanoseconds tick_{};
    int skew_ = 0;
    std::string disk_;
    canonical_form canonical_;
    std::function<std::optional<std::string>(std::string_view, std::string_view)> cover_;
    spelling spelling_;
};

}  // namespace casement::check
