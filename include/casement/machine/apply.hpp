#pragma once
// The run-time face of a machine: any state, any event, and an error value where the table has no
// line. The dispatch table is made from `edges`, so it cannot differ from what compiles. Pure; any
// thread.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <casement/core/assert.hpp>
#include <casement/core/error.hpp>
#include <casement/machine/machine.hpp>
#include <casement/machine/step.hpp>

namespace casement {

namespace detail {

template <class... T>
constexpr std::array<std::string_view, sizeof...(T)> names_of(types<T...>) {
    return {name_of<T>()...};
}

template <class M>
using transition_function = result<state<M>> (*)(const state<M>&, const event<M>&);

template <class M>
result<state<M>> no_transition(const state<M>& s, const event<M>& e) {
    static constexpr auto states = names_of(states_of<M>{});
    static constexpr auto events = names_of(events_of<M>{});
    return fail(errc::illegal, std::string{machine_name<M>()}, {},
                "no transition from " + std::string{states[s.index()]} + " on " +
                    std::string{events[e.index()]});
}

template <class M, class Edge>
constexpr result<state<M>> take_edge(const state<M>& s, const event<M>& e) {
    using from = typename Edge::from;
    using on = typename Edge::on;
    auto next = step<M>(*std::get_if<from>(&s), *std::get_if<on>(&e));
    if constexpr (landing<answer_of<M, from, on>>::is_conditional) {
        if (!next) return passed(next);
        return state<M>{*std::move(next)};
    } else {
        return state<M>{std::move(next)};
    }
}

template <class M, class... Edge>
consteval auto dispatch_table(types<Edge...>) {
    std::array<transition_function<M>, pair_count<M>> table{};
    table.fill(&no_transition<M>);
    ((table[place_of<typename Edge::from, states_of<M>> * events_of<M>::size +
            place_of<typename Edge::on, events_of<M>>] = &take_edge<M, Edge>),
     ...);
    return table;
}

template <class M>
inline constexpr auto transitions = dispatch_table<M>(edge_list<M>{});

template <class M>
constexpr std::size_t place_of_pair(const state<M>& state, const event<M>& event) {
    require(!state.valueless_by_exception() && !event.valueless_by_exception(),
            "a state and an event with a value");
    return state.index() * events_of<M>::size + event.index();
}

}  // namespace detail

/// The state after `event`. `illegal` where the machine has no such transition ("dentry: no
/// transition from tombstone on finalize"), and a guard's refusal as `step` gives it.
template <machine M>
[[nodiscard]] constexpr result<state<M>> apply(const state<M>& state, const event<M>& event) {
    return detail::transitions<M>[detail::place_of_pair<M>(state, event)](state, event);
}

/// Whether the table has a line for what the two hold; says nothing of the line's guards.
template <machine M>
[[nodiscard]] constexpr bool is_legal(const state<M>& state, const event<M>& event) {
    return detail::transitions<M>[detail::place_of_pair<M>(state, event)] !=
           &detail::no_transition<M>;
}

}  // namespace casement
