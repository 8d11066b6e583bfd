#pragma once
// Short stories of actors who change one tree at once: each looks first and acts later, and every
// order of their steps is told on a branch of the same store. One thread; nothing outlives a
// telling.

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/kv/id_blocks.hpp>
#include <casement/kv/memory.hpp>

#include "tree/well_formed.hpp"

namespace casement::models {

/// A memory store that can be made to forget a guard by its name: the mutant that shows what the
/// guard is for. It forgets none unless it is told to.
class stage {
public:
    explicit stage(memory_store rows, std::string_view forgets = {})
        : rows_{std::move(rows)}, forgets_{forgets} {}

    [[nodiscard]] result<found> get(std::string_view key) const { return rows_.get(key); }
    [[nodiscard]] auto scan(std::string_view first, std::string_view last) const {
        return rows_.scan(first, last);
    }
    [[nodiscard]] memory_store snapshot() const { return rows_; }
    [[nodiscard]] bool unchanged(std::string_view key, version at) const {
        return rows_.unchanged(key, at);
    }
    [[nodiscard]] result<receipt> commit(const batch& b) {
        std::vector<guard> kept;
        std::ranges::copy_if(b.guards, std::back_inserter(kept),
                             [&](const guard& g) { return g.name != forgets_; });
        forgotten_ += b.guards.size() - kept.size();
        return rows_.commit({kept, b.writes});
    }

    /// How many guards it has forgotten: a mutant that forgets none proves nothing.
    [[nodiscard]] std::size_t forgotten() const { return forgotten_; }

private:
    memory_store rows_;
    std::string forgets_;
    std::size_t forgotten_ = 0;
};

using numbers = id_blocks<stage>;

/// The next step, and then the one after; it keeps what it has seen. Steps may fail: somebody was
/// quicker, and what the tree looks like then is the point.
using step = std::function<void()>;

/// One who acts, in a few steps: usually a look, and a commit of what was decided there.
using actor = std::vector<step>;

/// Brings the actors on the stage, none of them having seen anything yet.
using cast = std::function<std::vector<actor>(stage&, numbers&)>;

/// What all the tellings of a story come to.
struct telling {
    std::size_t orders = 0;      // that were told
    std::size_t violations = 0;  // orders after which the tree is not well formed
    std::size_t forgotten = 0;   // guards
    std::string first;           // the first violation: the order, and what is wrong then
};

/// Tells the story in every order of its actors' steps, from the same beginning.
[[nodiscard]] inline telling tell(const memory_store& beginning, const cast& enter,
                                  std::string_view forgets = {}) {
    std::vector<std::size_t> order;
    {
        stage rehearsal{beginning};
        numbers ids{rehearsal};
        const auto actors = enter(rehearsal, ids);
        for (std::size_t who = 0; who < actors.size(); ++who)
            order.insert(order.end(), actors[who].size(), who);
    }
    telling all;
    do {
        stage at{beginning, forgets};
        numbers ids{at};
        const auto actors = enter(at, ids);
        std::vector<std::size_t> next(actors.size());
        std::string line;
        bool sound = true;
        for (const auto who : order) {
            actors[who][next[who]++]();
            line += std::string{line.empty() ? "" : " "} + static_cast<char>('A' + who);
            if (const auto faults = testing::faults_in(at); sound && !faults.empty()) {
                sound = false;
                if (all.first.empty()) all.first = "after " + line + ": " + faults;
            }
        }
        ++all.orders;
        all.violations += sound ? 0 : 1;
        all.forgotten += at.forgotten();
    } while (std::ranges::next_permutation(order).found);
    return all;
}

}  // namespace casement::models
