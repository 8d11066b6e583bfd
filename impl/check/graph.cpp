// The states of a story, for people who walk through them by hand.

#include <memory>
#include <utility>

#include "search.hpp"

namespace casement::check {

namespace detail {

std::string search::place(std::uint32_t word) {
    const auto node = node_of(word);
    const auto turns = turns_of(word);
    if (script_.rests(node)) {
        const auto answer = script_.last_answer(node);
        const auto came = answer.empty() ? "" : "'" + printable(answer) + "', ";
        if (turns == 0) return came + "done";
        const auto again = script_.chosen(node).empty() ? "" : "begins again, ";
        return came + again + std::to_string(turns) + (turns == 1 ? " turn left" : " turns left");
    }
    const auto way = way_of(node);
    return (way.empty() ? "" : way + ": ") + "next " + in_words(script_.asks(node));
}

shown_state search::shown(std::span<const std::uint32_t> words, std::uint32_t number) {
    shown_state s;
    const auto now = worlds_[words[0]];
    s.rows = spelled(now.rows);
    for (std::size_t i = 0; i < story_.roles().size(); ++i) s.places.push_back(place(words[i + 1]));
    const auto also = [&](std::uint64_t n, const std::string& what) {
        if (n > 0) s.outside += (s.outside.empty() ? "" : ", ") + what;
    };
    const auto count = [&](std::uint64_t n, const std::string& what) {
        also(n, std::to_string(n) + " " + what);
    };
    also(now.ticks,
         "the clock at " +
             std::to_string(static_cast<std::int64_t>(now.ticks) * story_.tick().count()) + " ns");
    count(now.zombies.size(), "commits may still happen");
    const auto left = [&](fault f) { return words.back() >> shift(f) & 15u; };
    count(left(fault::crash), "crashes left");
    count(left(fault::lost_reply), "lost replies left");
    count(left(fault::zombie), "zombies left");
    count(left(fault::spurious), "spurious conflicts left");
    count(left(fault::tick), "ticks left");
    count(left(fault::power_loss), "power losses left");
    // Each state is asked anew what is wrong with it, however often that was said of others.
    violated_.clear();
    judged_rows_.clear();
    found_.clear();
    (void)judge(words, number);
    for (auto& f : found_) s.wrong.push_back(f.property + ": " + f.words);
    found_.clear();
    return s;
}

std::vector<shown_state> search::graph(std::size_t states_max) {
    scope_.stop_at_violation = false;
    std::vector<shown_state> out;
    std::vector<std::vector<std::uint32_t>> ahead{first()};
    canonicalise(ahead.front());
    states_.add(states_.folded(ahead.front()));
    std::size_t steps = 0;
    for (std::size_t at = 0; at < ahead.size() && steps < steps_shown_max; ++at) {
        const auto words = ahead[at];
        out.push_back(shown(words, static_cast<std::uint32_t>(at)));
        // Code may rely on what no longer holds: nothing goes on from there.
        if (!out.back().wrong.empty()) continue;
        for (std::size_t actor = 0; actor <= story_.roles().size(); ++actor) {
            const auto span = outcomes(words, actor);
            if (!steps_.lost().empty() || (steps_.uses_blocks() && !blocks_)) return out;
            const std::vector<outcome> ways{span.begin(), span.end()};
            for (const auto& o : ways) {
                if (!affords(words, o)) continue;
                ++steps;
                shown_step s;
                s.told = told(words, actor, o);
                if (o.complaint != no_complaint) {
                    const auto& [property, why] = steps_.complaints()[o.complaint];
                    s.wrong = property + ": " + why;
                    out[at].steps.push_back(std::move(s));
                    continue;
                }
                auto after = words;
                apply(after, actor, o);
                canonicalise(after);
                const auto root = states_.folded(after);
                auto to = states_.find(root);
                if (to == index::none && ahead.size() < states_max) {
                    to = states_.add(root);
                    ahead.push_back(std::move(after));
                }
                if (to != index::none) s.to = to;
                out[at].steps.push_back(std::move(s));
            }
        }
    }
    (void)steps_.believes_still();
    for (auto& state : out)
        for (auto& s : state.steps)
            if (s.to && *s.to >= out.size()) s.to.reset();
    return out;
}

}  // namespace detail

using detail::search;

std::vector<shown_state> graph(const story& of, const scope& in, std::size_t states_max) {
    if (!of.unfit().empty()) return {};
    for (search::lessons known;;) {
        search s{of, in, known};
        auto states = s.graph(states_max);
        if (s.learnt() == known) return states;
        known = s.learnt();
    }
}

}  // namespace casement::check
