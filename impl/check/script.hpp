#pragma once
// What the actors' code does, learnt by running it: a tree from the answers that a turn has had to
// what it asks next. An operation is deterministic between its calls, so the log of its answers is
// its local state (DESIGN D11), and a state of an actor is a node here. Each log is run once, and
// once more to see that the code is deterministic. One thread.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <casement/check/story.hpp>

#include "call.hpp"
#include "index.hpp"
#include "turn.hpp"

namespace casement::check::detail {

class script {
public:
    static constexpr std::uint32_t nodes_max = 1u << 28;

    script(const story& of, texts& text) : story_{of}, text_{text} {}

    /// The node of an actor between two turns; `answer` is what the last has come to. It asks
    /// nothing.
    [[nodiscard]] std::uint32_t at_rest(std::uint32_t body, std::string_view answer) {
        const auto text = text_.number(answer);
        const auto found = rests_.find(body, text);
        if (found != index::none) return rest_nodes_[found];
        rests_.add(body, text);
        rest_nodes_.push_back(add({body, no_parent, text}));
        return rest_nodes_.back();
    }

    /// The node at which a turn of the body begins, whatever came of the one before; the numbers
    /// that it is given as its own are block `block` of all numbers.
    [[nodiscard]] std::uint32_t beginning(std::uint32_t body, std::uint32_t block) {
        const auto found = beginnings_.find(body, block);
        if (found != index::none) return beginning_nodes_[found];
        beginnings_.add(body, block);
        beginning_nodes_.push_back(add({body, no_parent, block}));
        return beginning_nodes_.back();
    }

    /// No call has been answered yet in this turn.
    [[nodiscard]] bool rests(std::uint32_t node) const { return nodes_[node].parent == no_parent; }
    [[nodiscard]] std::uint32_t body_of(std::uint32_t node) const { return nodes_[node].body; }
    /// A turn that asks, after a commit, just what it asked first, begins again: of all that it has
    /// seen, only the ways that it chose at first are left. The node of an actor who waits to do
    /// so; or nothing.
    [[nodiscard]] std::optional<std::uint32_t> again(std::uint32_t node);

    /// Whether it is the node of one who waits to begin again.
    [[nodiscard]] bool waits(std::uint32_t node) const { return chosen_.contains(node); }

    /// The ways that were chosen already in the turn that a resting actor is to begin.
    [[nodiscard]] std::span<const std::uint32_t> chosen(std::uint32_t node) const {
        const auto ways = chosen_.find(node);
        return ways == chosen_.end() ? std::span<const std::uint32_t>{} : ways->second;
    }

    /// The same beginning of a turn, with the same ways chosen, but other numbers of its own. Once
    /// a step was taken, the node itself.
    [[nodiscard]] std::uint32_t with_block(std::uint32_t node, std::uint32_t block);

    /// What the turn before has come to. REQUIRES: the node is one of `at_rest`
    [[nodiscard]] std::string_view last_answer(std::uint32_t node) const {
        return text_[nodes_[node].answer];
    }
    [[nodiscard]] std::uint32_t parent(std::uint32_t node) const { return nodes_[node].parent; }
    [[nodiscard]] std::uint32_t answer_at(std::uint32_t node) const { return nodes_[node].answer; }

    /// What the actor asks next. Until the next call of this class.
    [[nodiscard]] const call& asks(std::uint32_t node) { return calls_[call_number(node)]; }
    [[nodiscard]] std::uint32_t call_number(std::uint32_t node) {
        if (nodes_[node].asks == index::none) learn(node);
        return nodes_[node].asks;
    }
    /// The block of numbers that the turn is given as its own.
    [[nodiscard]] std::uint32_t block(std::uint32_t node) const {
        while (!rests(node)) node = nodes_[node].parent;
        return nodes_[node].answer;
    }
    [[nodiscard]] const call& call_at(std::uint32_t number) const { return calls_[number]; }

    /// The node after the answer.
    [[nodiscard]] std::uint32_t after(std::uint32_t node, std::uint32_t answer) {
        const auto found = children_.find(node, answer);
        if (found != index::none) return child_nodes_[found];
        const auto child = add({nodes_[node].body, node, answer});
        children_.add(node, answer);
        child_nodes_.push_back(child);
        return child;
    }

    /// How often code has been run along a log, and how many calls it was answered from logs.
    [[nodiscard]] std::uint64_t runs() const { return runs_; }
    [[nodiscard]] std::uint64_t replayed() const { return replayed_; }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    /// A second run asked for something else: what it asked; "" while that has not happened.
    [[nodiscard]] const std::string& nondeterministic() const { return nondeterministic_; }

private:
    static constexpr std::uint32_t no_parent = index::none;

    struct log_node {
        std::uint32_t body;
        std::uint32_t parent;
        // After which the parent leads here. At rest: what the turn came to; at a beginning: its
        // block.
        std::uint32_t answer;
        std::uint32_t asks = index::none;
    };

    std::uint32_t add(log_node n) {
        require(nodes_.size() < nodes_max, "fewer than 2^28 logs");
        nodes_.push_back(n);
        return static_cast<std::uint32_t>(nodes_.size() - 1);
    }

    void learn(std::uint32_t node);
    [[nodiscard]] std::vector<std::uint32_t> log_of(std::uint32_t node) const;
    [[nodiscard]] std::uint32_t call_kept(const call& c);

    const story& story_;
    texts& text_;
    std::vector<log_node> nodes_;
    pairs rests_, beginnings_;
    std::vector<std::uint32_t> rest_nodes_, beginning_nodes_;
    std::map<std::vector<std::uint32_t>, std::uint32_t> agains_;  // body and ways
    std::map<std::uint32_t, std::vector<std::uint32_t>> chosen_;
    pairs children_;
    std::vector<std::uint32_t> child_nodes_;
    std::deque<call> calls_;
    texts call_bytes_;

    // The turn that ran last is kept where it stands: the next log mostly goes on from it.
    std::unique_ptr<turn> warm_;
    std::uint32_t warm_at_ = index::none;
    std::uint64_t runs_ = 0, replayed_ = 0;
    std::string nondeterministic_;
};

}  // namespace casement::check::detail
