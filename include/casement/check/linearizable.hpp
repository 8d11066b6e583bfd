#pragma once
// Whether a history of calls by several clients could have come from one client that made them one
// after the other, each at some moment between its call and its return (Herlihy, Wing,
// "Linearizability", TOPLAS 1990). The search is Wing and Gong's, and Lowe's: states of the model
// that were met with the same calls done are not tried again. Pure; any thread.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <casement/core/codec.hpp>

namespace casement::check {

/// One call of a history.
template <class Op, class Answer>
struct past_call {
    Op what;
    /// None: it has not returned, or its client was not told; it has happened, happens later, or
    /// never.
    std::optional<Answer> answer;
    /// The calls, by their place in the history, that had returned when it was made.
    std::vector<std::size_t> after;
};

namespace detail {

template <class Model, class Op, class Answer, class Ends>
class linearizer {
public:
    linearizer(std::span<const past_call<Op, Answer>> history, const Ends& ends)
        : history_{history},
          ends_{ends},
          done_(history.size(), '0'),
          waits_for_(history.size()),
          followers_(history.size()) {
        for (std::size_t i = 0; i < history.size(); ++i) {
            returned_ += history[i].answer.has_value();
            for (const auto before : history[i].after) {
                if (!history[before].answer) continue;  // it need not have happened
                ++waits_for_[i];
                followers_[before].push_back(i);
            }
        }
    }

    [[nodiscard]] bool from(const Model& now) {
        if (returned_ == 0 && ends_(now)) return true;
        if (!met_.insert(done_ + encode(now)).second) return false;
        for (std::size_t i = 0; i < history_.size(); ++i) {
            if (done_[i] == '1' || waits_for_[i] > 0) continue;
            const auto& call = history_[i];
            auto next = now;
            const Answer answer = call.what.on(next);
            if (call.answer && *call.answer != answer) continue;
            take(i, '1');
            if (from(next)) return true;
            take(i, '0');
        }
        return false;
    }

private:
    void take(std::size_t i, char done) {
        done_[i] = done;
        if (!history_[i].answer) return;
        const int by = done == '1' ? -1 : 1;
        returned_ += by;
        for (const auto f : followers_[i]) waits_for_[f] += by;
    }

    std::span<const past_call<Op, Answer>> history_;
    const Ends& ends_;
    std::string done_;
    std::vector<int> waits_for_;  // calls that had returned before it was made, and are not done
    std::vector<std::vector<std::size_t>> followers_;
    std::ptrdiff_t returned_ = 0;  // that are still to be done
    std::unordered_set<std::string> met_;
};

}  // namespace detail

/// `what.on(model)` does a call to the model and answers; the model is a value that `encode` takes.
/// `ends(model)` says whether the model may be so in the end. Memory and time grow with the number
/// of calls that overlap, in the worst case exponentially.
template <class Model, class Op, class Answer, class Ends>
[[nodiscard]] bool linearizable(const Model& beginning,
                                const std::vector<past_call<Op, Answer>>& history,
                                const Ends& ends) {
    return detail::linearizer<Model, Op, Answer, Ends>{history, ends}.from(beginning);
}
template <class Model, class Op, class Answer>
[[nodiscard]] bool linearizable(const Model& beginning,
                                const std::vector<past_call<Op, Answer>>& history) {
    return linearizable(beginning, history, [](const Model&) { return true; });
}

}  // namespace casement::check
