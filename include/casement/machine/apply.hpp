#pragma once
// The run-time face of a machine: any state, any event, and an error value where the table has no
// line. Its switch is made of the pairs that compile, so it cannot differ from them; what it costs
// is what one written by hand does (tests/machine/peers). Pure; any thread.

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
consteval std::array<std::string_view, sizeof...(T)> names_of(types<T...>) {
    return {name_of<T>()...};
}
template <class List>
inline constexpr auto names = names_of(List{});

template <class M>
constexpr void require_values(const state<M>& state, const event<M>& event) {
    require(!state.valueless_by_exception() && !event.valueless_by_exception(),
            "a state and an event with a value");
}

[[gnu::cold, gnu::noinline]] inline error illegal(std::string_view machine, std::string_view state,
                                                  std::string_view event) {
    return {errc::illegal,
            std::string{machine},
            {},
            "no transition from " + std::string{state} + " on " + std::string{event}};
}

template <class M>
[[gnu::cold, gnu::noinline]] constexpr result<state<M>> no_transition(const state<M>& s,
                                                                      const event<M>& e) {
    constexpr auto& states = names<states_of<M>>;
    constexpr auto& events = names<events_of<M>>;
    require_values<M>(s, e);
    return std::unexpected{illegal(machine_name<M>(), states[s.index()], events[e.index()])};
}

/// The case of the place `I`, where there is one; else a number that no index is.
template <bool IsThere, std::size_t I>
inline constexpr std::size_t label = IsThere ? I : pairs_max + I;

template <class M, class S, std::size_t I>
inline constexpr bool has_line = false;
template <class M, class S, std::size_t I>
    requires(I < events_of<M>::size)
inline constexpr bool has_line<M, S, I> = accepts<M, S, type_at<I, events_of<M>>>;

template <class M, class S, std::size_t I>
[[gnu::always_inline]] constexpr result<state<M>> take(const S& from, const event<M>& e) {
    if constexpr (has_line<M, S, I>)
        return step_as<result<state<M>>, M>(from, *std::get_if<I>(&e));
    else
        std::unreachable();
}

// The switch that one would write by hand, eight cases at a time: over the states, and in each over
// the events that it accepts. A table of functions would keep them from being inlined, and gcc does
// not make a switch of every chain of comparisons.

template <class M, class S, std::size_t First = 0>
[[gnu::always_inline]] constexpr result<state<M>> on_event(const S& from, const state<M>& s,
                                                           const event<M>& e) {
    switch (e.index()) {
        case label<has_line<M, S, First + 0>, First + 0>: return take<M, S, First + 0>(from, e);
        case label<has_line<M, S, First + 1>, First + 1>: return take<M, S, First + 1>(from, e);
        case label<has_line<M, S, First + 2>, First + 2>: return take<M, S, First + 2>(from, e);
        case label<has_line<M, S, First + 3>, First + 3>: return take<M, S, First + 3>(from, e);
        case label<has_line<M, S, First + 4>, First + 4>: return take<M, S, First + 4>(from, e);
        case label<has_line<M, S, First + 5>, First + 5>: return take<M, S, First + 5>(from, e);
        case label<has_line<M, S, First + 6>, First + 6>: return take<M, S, First + 6>(from, e);
        case label<has_line<M, S, First + 7>, First + 7>: return take<M, S, First + 7>(from, e);
    }
    if constexpr (First + 8 < events_of<M>::size)
        return on_event<M, S, First + 8>(from, s, e);
    else
        return no_transition<M>(s, e);
}

template <class M, std::size_t I>
[[gnu::always_inline]] constexpr result<state<M>> leave(const state<M>& s, const event<M>& e) {
    if constexpr (I < states_of<M>::size)
        return on_event<M>(*std::get_if<I>(&s), s, e);
    else
        std::unreachable();
}

template <class M, std::size_t First = 0>
[[gnu::always_inline]] constexpr result<state<M>> on_state(const state<M>& s, const event<M>& e) {
    switch (s.index()) {
        case label<First + 0 < states_of<M>::size, First + 0>: return leave<M, First + 0>(s, e);
        case label<First + 1 < states_of<M>::size, First + 1>: return leave<M, First + 1>(s, e);
        case label<First + 2 < states_of<M>::size, First + 2>: return leave<M, First + 2>(s, e);
        case label<First + 3 < states_of<M>::size, First + 3>: return leave<M, First + 3>(s, e);
        case label<First + 4 < states_of<M>::size, First + 4>: return leave<M, First + 4>(s, e);
        case label<First + 5 < states_of<M>::size, First + 5>: return leave<M, First + 5>(s, e);
        case label<First + 6 < states_of<M>::size, First + 6>: return leave<M, First + 6>(s, e);
        case label<First + 7 < states_of<M>::size, First + 7>: return leave<M, First + 7>(s, e);
    }
    if constexpr (First + 8 < states_of<M>::size)
        return on_state<M, First + 8>(s, e);
    else
        return no_transition<M>(s, e);
}

template <class M, class... Edge>
consteval auto legal_places(types<Edge...>) {
    std::array<bool, pair_count<M>> legal{};
    ((legal[place_of<typename Edge::from, states_of<M>> * events_of<M>::size +
            place_of<typename Edge::on, events_of<M>>] = true),
     ...);
    return legal;
}

}  // namespace detail

/// The state after `event`. `illegal` where the machine has no such transition ("dentry: no
/// transition from tombstone on finalize"), and a guard's refusal as `step` gives it.
template <machine M>
[[nodiscard]] constexpr result<state<M>> apply(const state<M>& state, const event<M>& event) {
    return detail::on_state<M>(state, event);
}

/// Whether the table has a line for what the two hold; says nothing of the line's guards.
template <machine M>
[[nodiscard]] constexpr bool is_legal(const state<M>& state, const event<M>& event) {
    constexpr auto legal = detail::legal_places<M>(detail::edge_list<M>{});
    detail::require_values<M>(state, event);
    return legal[state.index() * detail::events_of<M>::size + event.index()];
}

}  // namespace casement
