#pragma once
// The states that a search has met, numbered in the order of meeting. They are kept exactly, and
// folded: a state is a tree of pairs, each kept once, so that 8 bytes are its own and the rest is
// shared with others (Laarman, van de Pol, Weber, "Parallel Recursive State Compression for Free",
// SPIN 2011). One thread.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include <casement/check/story.hpp>

#include "index.hpp"

namespace casement::check::detail {

class states {
public:
    /// World, actors, faults.
    static constexpr std::size_t width_max = story::actors_max + 2;
    struct root {
        std::uint32_t left, right;
    };

    /// REQUIRES: 2 to `width_max` words a state
    explicit states(std::size_t width) : width_{width} {
        require(width >= 2 && width <= width_max, "a state of 2 to 8 words");
        (void)plan(0, width);
        last_.fill(index::none);
    }

    /// The root of the state's tree. Fast where it differs in a few words from the one before.
    [[nodiscard]] root folded(std::span<const std::uint32_t> words) {
        nodes now{};
        std::ranges::copy(words, now.begin());
        auto to = width_;
        for (; to + 2 < 2 * width_; ++to) {
            const auto [a, b] = plan_[to];
            const auto same = now[a] == last_[a] && now[b] == last_[b];
            now[to] = same ? last_[to] : inner_.number(now[a], now[b]);
        }
        last_ = now;
        const auto [a, b] = plan_[to];
        roots_.prefetch(now[a], now[b]);
        return {now[a], now[b]};
    }

    /// The number that the state has most likely, or `index::none`: for `find`, after some others
    /// were asked for, so that memory answers in between.
    [[nodiscard]] std::uint32_t guess(root r) const { return roots_.guess(r.left, r.right); }
    /// The state's number, or `index::none`.
    [[nodiscard]] std::uint32_t find(root r, std::uint32_t guess = index::none) const {
        if (guess != index::none && roots_.is(guess, r.left, r.right)) return guess;
        return roots_.find(r.left, r.right);
    }
    /// REQUIRES: it is not there
    std::uint32_t add(root r) { return roots_.add(r.left, r.right); }

    void words(std::uint32_t number, std::span<std::uint32_t> out) const {
        nodes all;
        auto from = 2 * width_ - 2;
        all[plan_[from].a] = roots_.first(number);
        all[plan_[from].b] = roots_.second(number);
        while (from-- > width_) {
            all[plan_[from].a] = inner_.first(all[from]);
            all[plan_[from].b] = inner_.second(all[from]);
        }
        std::copy_n(all.begin(), width_, out.begin());
    }
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(roots_.size()); }

private:
    // The words, then the pairs of them and of pairs, each after its two halves, the root last.
    using nodes = std::array<std::uint32_t, 2 * width_max>;
    struct halves {
        std::size_t a = 0, b = 0;
    };

    // The node that stands for the words from the one to before the other. Halves are of the same
    // size, so that there are about as many of the left as of the right, and few of both.
    std::size_t plan(std::size_t begin, std::size_t end) {
        if (end - begin == 1) return begin;
        const auto a = plan(begin, begin + (end - begin) / 2);
        const auto b = plan(begin + (end - begin) / 2, end);
        plan_[planned_] = {a, b};
        return planned_++;
    }

    std::size_t width_, planned_ = width_;
    std::array<halves, 2 * width_max> plan_;
    pairs roots_, inner_;
    nodes last_;  // the tree that was folded last; in the beginning one that no state has
};

/// From which state each was first reached. They are numbered in that order and are gone on from in
/// that order, so one bit a state and one bit a step on say it all. State 0 has no parent.
class lineage {
public:
    /// The next number is reached from `from`. REQUIRES: it is not less than the one before
    void child(std::uint32_t from) {
        for (; from_ < from; ++from_) steps_.push_back(false);
        steps_.push_back(true);
    }

    /// The state, its parent, and so on to 0.
    [[nodiscard]] std::vector<std::uint32_t> of(std::uint32_t state) const {
        std::vector<std::uint32_t> all{state};
        auto number = static_cast<std::uint32_t>(std::ranges::count(steps_, true));
        auto from = static_cast<std::uint32_t>(steps_.size()) - number;
        for (auto bit = steps_.rbegin(); all.back() != 0; ++bit) {
            if (!*bit) {
                --from;
            } else if (number-- == all.back()) {
                all.push_back(from);
            }
        }
        return all;
    }

private:
    std::vector<bool> steps_;
    std::uint32_t from_ = 0;
};

}  // namespace casement::check::detail
