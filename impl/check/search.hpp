#pragma once
// The breadth-first search of a story. A state is a tuple of small numbers: the world, each actor's
// node and turns left, the faults left. One thread.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <casement/check/explore.hpp>
#include <casement/check/show.hpp>
#include <casement/check/story.hpp>
#include <casement/check/walk.hpp>

#include "contents.hpp"
#include "index.hpp"
#include "script.hpp"
#include "states.hpp"
#include "steps.hpp"

namespace casement::check::detail {

inline constexpr std::string_view token_version = "cm2.";

/// One step of a schedule, in words that no name has a part in.
struct choice {
    std::size_t actor = 0;              // roles().size() is the world
    std::vector<std::uint32_t> chosen;  // answers to what it asks to choose before its next call
    std::size_t way = 0;                // of those that this call can go
};

/// What a token says; views into it.
struct token_parts {
    std::string_view mark, choices;
    std::vector<left_out> without;
};
[[nodiscard]] result<token_parts> parts_of(std::string_view token);

/// What is said of a story that is not explored.
[[nodiscard]] report refused(const story& of, std::string why);

/// How many states there are at each depth, and what that makes one expect.
class growth {
public:
    void level(std::uint32_t states) { levels_.push_back(states); }
    /// All states, those that are known among them; or 0, where nothing can be expected yet.
    [[nodiscard]] double expected() const;

private:
    std::vector<double> levels_{1};
};

class search {
public:
    /// What a search may learn only while it runs, so that it must begin again.
    struct lessons {
        bool blocks = false;      // the actors number things themselves, see `start`
        steps::reads distrusted;  // reads that no guard covers and that make a difference

        bool operator==(const lessons&) const = default;
    };
    search(const story& of, const scope& in, lessons known);

    void run();
    [[nodiscard]] report told();
    /// Takes the steps of a token again, judging each state. REQUIRES: nothing was run before
    [[nodiscard]] result<replayed> replay(std::string_view token);
    /// The mark that the story's tokens carry.
    [[nodiscard]] std::string story_mark();
    /// The first `states_max` states, breadth first (graph.cpp). REQUIRES: nothing was run before
    [[nodiscard]] std::vector<shown_state> graph(std::size_t states_max);
    /// What is known where each call is a step, from the beginning.
    [[nodiscard]] static lessons each_call() { return {.blocks = true, .distrusted = {}}; }

    // walk.cpp. REQUIRES: a raw scope, `each_call`, nothing was run before

    [[nodiscard]] report walk(const walking& how);
    [[nodiscard]] report steer(std::string_view bytes);
    [[nodiscard]] result<std::string> steering(std::string_view token);
    [[nodiscard]] std::string steered(std::string_view bytes);

    /// More than was known at the beginning: then what it found does not count.
    [[nodiscard]] lessons learnt() const {
        return {blocks_ || steps_.uses_blocks(), steps_.distrusted()};
    }

private:
    static constexpr std::uint32_t no_step = index::none;

    struct finding {
        std::string property, words;
        std::uint32_t state;  // where it shows
        std::uint32_t from;   // a step leads there that it blames; or `no_step`
    };

    struct sight {  // of what a guard came to, by a step from a state
        guard_outcome what;
        std::uint32_t from;
        std::size_t actor;
    };

    // The words of a state: world, an actor's node and turns, ..., faults left, four bits each.
    static std::uint32_t actor_word(std::uint32_t node, std::uint32_t turns) {
        return node << 4 | turns;
    }
    static std::uint32_t node_of(std::uint32_t word) { return word >> 4; }
    static std::uint32_t turns_of(std::uint32_t word) { return word & 15u; }
    static unsigned shift(fault f) { return (static_cast<unsigned>(f) - 1) * 4; }

    [[nodiscard]] bool renames() const {
        return scope_.canonical_names && static_cast<bool>(story_.canonical());
    }
    [[nodiscard]] std::vector<std::uint32_t> first();
    [[nodiscard]] bool at_rest(std::span<const std::uint32_t> words) const;
    [[nodiscard]] bool waits(std::span<const std::uint32_t> words) const;
    [[nodiscard]] std::uint32_t start(std::span<const std::uint32_t> words, std::size_t actor);
    [[nodiscard]] std::span<const outcome> outcomes(std::span<const std::uint32_t> words,
                                                    std::size_t actor);
    [[nodiscard]] bool affords(std::span<const std::uint32_t> words, const outcome& o) const;
    void apply(std::span<std::uint32_t> words, std::size_t actor, const outcome& o);
    /// `who`, if given, has its actors change places as the words do.
    void canonicalise(std::span<std::uint32_t> words, std::vector<std::size_t>* who = nullptr);
    [[nodiscard]] std::uint32_t canonical(std::uint32_t world, std::uint32_t crew);
    [[nodiscard]] std::uint32_t crew_of(std::span<const std::uint32_t> words);
    [[nodiscard]] const pinned& pins_of(std::uint32_t node);
    [[nodiscard]] std::uint32_t free_block(std::span<const std::uint32_t> words);
    [[nodiscard]] std::uint32_t again(std::uint32_t node);
    [[nodiscard]] bool judge(std::span<const std::uint32_t> words, std::uint32_t number);
    [[nodiscard]] bool complain(std::uint32_t complaint, std::uint32_t from, std::uint32_t to);
    void recover();

    struct step {
        std::uint32_t from;
        states::root to;
        std::uint32_t complaint;
        std::uint32_t guess = index::none;  // at the number that `to` has
    };
    struct edge {
        std::uint32_t from, to;
    };
    [[nodiscard]] bool look_ahead(std::uint32_t from);
    [[nodiscard]] bool take(const step& s);
    [[nodiscard]] so_far come_so_far() const;

    // What was found, as a schedule (schedule.cpp).

    [[nodiscard]] violation tell(const finding& f);
    [[nodiscard]] std::string witness(const sight& of);
    [[nodiscard]] bool shows(const std::vector<std::uint32_t>& words, std::size_t actor,
                             const guard_outcome& what, std::vector<choice>& by,
                             std::size_t& steps_left);
    [[nodiscard]] violation violated(std::string property, std::string words,
                                     const std::vector<choice>& by);
    [[nodiscard]] result<std::vector<choice>> choices_of(std::string_view token);
    /// The node at which the actor makes its next call, `pick` having answered what it asks to
    /// choose; nothing where `pick` answers nothing.
    template <class Pick>
    [[nodiscard]] std::optional<std::uint32_t> call_after(std::span<const std::uint32_t> words,
                                                          std::size_t actor, Pick pick);
    /// The ways of that call; of the world, where `at` is nothing.
    [[nodiscard]] std::span<const outcome> ways_of(std::span<const std::uint32_t> words,
                                                   std::optional<std::uint32_t> at);
    /// What the step comes to, if it can be taken.
    [[nodiscard]] std::optional<outcome> outcome_of(std::span<const std::uint32_t> words,
                                                    const choice& c);
    [[nodiscard]] choice choice_of(std::span<const std::uint32_t> words, std::size_t actor,
                                   std::size_t single);

    template <class Next>
    [[nodiscard]] std::vector<choice> go(Next& next, std::uint64_t steps_max);
    [[nodiscard]] std::vector<choice> without_idle_turns(std::vector<choice> all,
                                                         const std::string& property);
    [[nodiscard]] report walked(std::uint64_t walks, const std::vector<choice>& path);
    [[nodiscard]] std::optional<std::vector<choice>> concrete(
        const std::vector<std::uint32_t>& path);
    [[nodiscard]] std::optional<std::vector<choice>> unfolded(std::vector<std::uint32_t>& words,
                                                              std::size_t actor, const outcome& o);
    [[nodiscard]] std::string in_words(const call& c) const;
    [[nodiscard]] told_step told(std::span<const std::uint32_t> words, std::size_t actor,
                                 const outcome& o);
    [[nodiscard]] told_step take(std::vector<std::uint32_t>& words, const choice& c);
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> spelled(std::uint32_t rows);
    [[nodiscard]] std::string way_of(std::uint32_t node);
    [[nodiscard]] std::string place(std::uint32_t word);
    [[nodiscard]] shown_state shown(std::span<const std::uint32_t> words, std::uint32_t number);
    [[nodiscard]] std::string token_of(const std::vector<choice>& choices);

    const story& story_;
    scope scope_;
    texts text_;
    contents rows_;
    script script_;
    worlds worlds_;
    steps steps_;
    bool blocks_;
    std::size_t width_;
    bool keeps_edges_ = false;

    states states_;
    lineage lineage_;
    growth growth_;
    pairs canonical_;  // world, crew
    tuples crews_;     // the nodes of the actors that are in mid-turn
    std::vector<pinned> crew_pins_;
    std::unordered_map<std::uint32_t, pinned> pins_;              // of a node's log
    std::unordered_map<std::uint32_t, std::uint64_t> blocks_in_;  // rows: a bit a block
    std::unordered_map<std::uint32_t, std::uint32_t> again_;
    std::vector<std::uint32_t> canonical_worlds_;
    std::vector<bool> judged_rows_, restful_, seen_;
    flat<edge> edges_;  // if `keeps_edges_`
    std::vector<step> ahead_;
    std::map<std::string, std::vector<std::uint32_t>> clean_;  // by property
    std::set<std::string> violated_;
    std::vector<finding> found_;
    std::vector<sight> sights_;
    std::uint64_t transitions_ = 0, depth_ = 0;
    bool complete_ = false;
};

template <class Pick>
std::optional<std::uint32_t> search::call_after(std::span<const std::uint32_t> words,
                                                std::size_t actor, Pick pick) {
    for (auto node = start(words, actor);;) {
        const call& c = script_.asks(node);
        if (c.what == call::kind::fresh) {
            node = script_.after(node, steps_.own_numbers(node));
        } else if (c.what == call::kind::choose) {
            const std::optional<std::uint32_t> way = pick(c);
            if (!way || *way >= c.ways.size()) return std::nullopt;
            node = script_.after(node, *way);
        } else {
            return node;
        }
    }
}

}  // namespace casement::check::detail
