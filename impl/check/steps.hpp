#pragma once
// What can happen next: from a world and an actor's node to every world and node after one step,
// faults included. Each pair is worked out once. One thread.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <casement/check/explore.hpp>
#include <casement/check/story.hpp>

#include "call.hpp"
#include "contents.hpp"
#include "index.hpp"
#include "script.hpp"

namespace casement::check::detail {

enum class fault : std::uint8_t { none, crash, lost_reply, zombie, spurious, tick, power_loss };

/// The world outside the actors: its rows, how often the clock has ticked, its disk, the commits
/// whose replies were lost and that may still happen.
struct world {
    std::uint32_t rows = 0;
    std::uint32_t ticks = 0;
    std::uint32_t disk = 0;              // a text
    std::vector<std::uint32_t> zombies;  // calls, ascending
};

class worlds {
public:
    [[nodiscard]] std::uint32_t number(const world& w) {
        words_.assign({w.rows, w.ticks, w.disk});
        words_.insert(words_.end(), w.zombies.begin(), w.zombies.end());
        return all_.number(words_);
    }
    [[nodiscard]] world operator[](std::uint32_t n) const {
        const auto words = all_[n];
        return {words[0], words[1], words[2], {words.begin() + 3, words.end()}};
    }
    [[nodiscard]] std::uint32_t rows(std::uint32_t n) const { return all_[n][0]; }
    [[nodiscard]] bool has_zombies(std::uint32_t n) const { return all_[n].size() > 3; }
    [[nodiscard]] std::size_t size() const { return all_.size(); }

private:
    tuples all_;
    std::vector<std::uint32_t> words_;
};

inline constexpr std::uint32_t no_complaint = index::none;

/// One way to go on.
struct outcome {
    std::uint32_t world = 0, node = 0;
    fault struck = fault::none;
    bool ends_turn = false;
    std::uint32_t at = index::none;          // the node that took the step, after its choices
    std::uint32_t complaint = no_complaint;  // of a property of changes, or of the actor
};

// Numbers that actors are given as their own come in blocks, far above those that canonical forms
// give. Blocks below `first_own_block` are given anew once nobody knows an id of them; above it,
// each turn of each actor has its own.
inline constexpr std::uint32_t blocks_begin = 1u << 20, first_own_block = 64;

[[nodiscard]] constexpr std::uint32_t own_block(std::size_t actor, std::uint32_t turns_left) {
    return first_own_block + static_cast<std::uint32_t>(actor) * (story::turns_max + 1) +
           turns_left;
}

/// The block that the id is of, if it is of any.
[[nodiscard]] constexpr std::optional<std::uint32_t> block_of(std::uint64_t id) {
    if (id < blocks_begin || id >= std::uint64_t{1} << 31) return std::nullopt;
    return static_cast<std::uint32_t>((id - blocks_begin) / id_blocks<stage>::block_ids);
}

/// What was found of a guard of an operation.
struct guard_outcome {
    std::string operation, guard;
    bool held = false;
};

class steps {
public:
    using reads = std::set<std::pair<std::string, std::string>>;  // operation, key

    /// `distrusted`: reads that are known to make a difference.
    steps(const story& of, const scope& in, texts& text, contents& rows, script& actors,
          worlds& all, reads distrusted);

    /// Whether all that was believed about reads that no guard covers is true of every value that
    /// was met since; if not, `distrusted` has more in it, and the search must begin again.
    [[nodiscard]] bool believes_still();
    [[nodiscard]] const reads& distrusted() const { return distrusted_; }

    /// One call of the actor, and what belongs to it.
    [[nodiscard]] std::span<const outcome> single(std::uint32_t world, std::uint32_t node);

    /// A whole operation up to its commit, where its guards cover all that it has read, so that
    /// nothing which comes between can make a difference (Lipton, CACM 1975); else a single call.
    [[nodiscard]] std::span<const outcome> whole(std::uint32_t world, std::uint32_t node);

    /// What happens without an actor.
    [[nodiscard]] std::span<const outcome> of_world(std::uint32_t world);

    /// What a clock may show at so many ticks, as texts.
    [[nodiscard]] std::vector<std::uint32_t> clocks(std::uint32_t ticks);

    /// The story cannot be explored, and why; "" if it can.
    [[nodiscard]] const std::string& lost() const { return lost_; }
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& complaints() const {
        return complaints_;  // property and words
    }
    [[nodiscard]] const std::map<std::pair<std::string, std::string>, guard_count>& guards() const {
        return guards_;
    }
    /// What was found of guards for the first time since this was last asked, if witnesses are
    /// kept.
    [[nodiscard]] std::vector<guard_outcome> newly_found() {
        return std::exchange(newly_found_, {});
    }
    [[nodiscard]] const std::map<std::string, way_count>& ways() const { return ways_; }
    void tried(const std::string& way) { ++ways_[way].tried; }
    [[nodiscard]] const reads& unvalidated() const { return unvalidated_; }
    [[nodiscard]] bool uses_blocks() const { return uses_blocks_; }

    /// Whether the mutant leaves the guard out.
    [[nodiscard]] bool forgets(std::string_view operation, std::string_view guard) const;
    /// The first guard that does not hold, but for those that the mutant leaves out.
    [[nodiscard]] std::optional<std::size_t> broken_guard(std::uint32_t rows,
                                                          const call& commit) const;
    /// The first number of the turn's own.
    [[nodiscard]] std::uint32_t own_numbers(std::uint32_t node) const;

private:
    struct memo {
        pairs done;
        flat<outcome> made;
        flat<std::size_t> ends;
    };
    template <class Make>
    std::span<const outcome> known(memo& in, std::uint32_t a, std::uint32_t b, Make make);

    void from(std::uint32_t w, std::uint32_t node);
    void whole_from(std::uint32_t w, std::uint32_t node);
    [[nodiscard]] bool solo(std::uint32_t w, std::uint32_t node);
    [[nodiscard]] bool begins_anew(std::uint32_t node);
    struct retreat {
        std::uint32_t node;
        bool again;  // it begins again there; else it ends there
    };
    [[nodiscard]] std::optional<retreat> after_conflict(std::uint32_t rows, std::uint32_t node,
                                                        std::uint32_t first_call);
    using nodes = std::vector<std::uint32_t>;
    [[nodiscard]] std::optional<std::string> uncovered(const nodes& log, bool& all);
    void believe(std::uint32_t start, std::uint32_t rows, const nodes& log);
    [[nodiscard]] bool would_do(std::uint32_t from, std::uint32_t to, std::uint32_t start,
                                std::uint32_t end);
    void try_between(std::uint32_t start, std::uint32_t from, std::uint32_t to,
                     std::string_view key);
    [[nodiscard]] bool guards(const call& commit, const call& read) const;
    std::uint32_t alone(std::uint32_t rows, std::uint32_t node);
    [[nodiscard]] std::optional<std::uint32_t> foreseen(std::uint32_t rows, std::uint32_t node);
    void commit(std::uint32_t w, std::uint32_t node, const call& c);
    [[nodiscard]] way_count& way_of(std::uint32_t node);
    void crash(std::uint32_t w, std::uint32_t node);
    void on_disk(std::uint32_t w, std::uint32_t node, const call& c);
    void lose_power(const world& now);
    [[nodiscard]] std::uint32_t read(std::uint32_t rows, const call& c);
    void arrive(std::uint32_t w, std::uint32_t node, outcome o);
    [[nodiscard]] std::uint32_t judged(std::uint32_t before, std::uint32_t after,
                                       const std::string& operation);
    [[nodiscard]] std::uint32_t unkept(std::uint32_t before, const call& commit);
    void keep_promise(std::uint32_t before, std::uint32_t after);
    std::uint32_t complain(std::string property, std::string words);

    const story& story_;
    const scope& scope_;
    texts& text_;
    contents& rows_;
    script& script_;
    worlds& worlds_;

    memo single_, whole_, outside_;
    std::vector<outcome> scratch_;

    std::string lost_;
    std::vector<std::pair<std::string, std::string>> complaints_;
    std::map<std::pair<std::string, std::string>, std::uint32_t> complaint_numbers_;
    std::map<std::pair<std::string, std::string>, guard_count> guards_;
    std::vector<guard_outcome> newly_found_;
    std::map<std::string, way_count> ways_;
    way_count no_way_;  // of what nobody chose
    reads unvalidated_, distrusted_;
    // By the node that an operation begins at and the rows on which it was tried alone: the keys
    // that it read, where something is believed of it.
    std::unordered_map<std::uint32_t, std::unordered_map<std::uint32_t, std::uint32_t>> believed_;
    tuples keys_;
    std::set<std::pair<std::uint32_t, std::uint32_t>> edges_;  // rows before and after each change
    bool uses_blocks_ = false;
};

}  // namespace casement::check::detail
