#pragma once
// One transition, checked by the compiler: a pair that the machine does not have does not compile,
// and the message says what would be legal instead. Pure; constexpr; any thread.

#include <string_view>
#include <type_traits>
#include <utility>

#include <casement/core/error.hpp>
#include <casement/machine/machine.hpp>

namespace casement {

// Words of the diagnostics.
/// The state in question.
template <class S>
struct from {};
/// The event in question.
template <class E>
struct on {};
/// What that state accepts instead.
template <class... E>
struct legal_events_here {};
/// The states of the machine in question.
template <class... S>
struct its_states {};
/// The events of the machine in question.
template <class... E>
struct its_events {};

/// Why a step does not compile: the table has no line for the pair.
template <class M, class From, class On, class Legal>
struct illegal_transition {
    static_assert(!std::is_same_v<M, M>,
                  "casement: this machine has no transition from this state on this event");
};

/// Why a step does not compile: it begins in a type that is no state of the machine.
template <class M, class S, class States>
struct foreign_state {
    static_assert(!std::is_same_v<M, M>, "casement: this type is no state of this machine");
};

/// Why a step does not compile: it is asked for by a type that is no event of the machine.
template <class M, class E, class Events>
struct foreign_event {
    static_assert(!std::is_same_v<M, M>, "casement: this type is no event of this machine");
};

namespace detail {

template <class M, class S, class... E>
consteval auto legal_events(types<E...> all) {
    return detail::kept<accepts<M, S, E>...>(all);
}

template <class M, class S, class E>
consteval bool explain_refusal() {
    if constexpr (!state_of<S, M>)
        return sizeof(foreign_state<M, S, typename poured<its_states, states_of<M>>::type>) == 1;
    else if constexpr (!event_of<E, M>)
        return sizeof(foreign_event<M, E, typename poured<its_events, events_of<M>>::type>) == 1;
    else
        return sizeof(illegal_transition<
                      M, from<S>, on<E>,
                      typename poured<legal_events_here,
                                      decltype(legal_events<M, S>(events_of<M>{}))>::type>) == 1;
}

template <class M, class E, class F>
inline constexpr refusal_words words_of{refusal<F>, machine_name<M>(), name_of<E>(),
                                        field_name<F>()};

/// The transition of guards on `F...`, as the `Result` that its caller wants.
template <class Result, class M, class S, class E, class F, class... Rest>
[[gnu::always_inline]] constexpr Result guarded_step(const S& state, const E& event,
                                                     types<F, Rest...>) {
    if (!agrees<M, F>(state, event)) [[unlikely]] {
        if constexpr (is_strong<F>)
            return refuse<Result>(words_of<M, E, F>, member_of_type<F>(state).value,
                                  member_of_type<F>(event).value);
        else
            return refuse<Result>(words_of<M, E, F>);
    }
    if constexpr (sizeof...(Rest) > 0)
        return guarded_step<Result, M>(state, event, types<Rest...>{});
    else
        return M{}(state, event).then;
}

/// A legal step, as the `Result` that its caller wants: the state alone, or any state.
template <class Result, class M, class S, class E>
[[gnu::always_inline]] constexpr Result step_as(const S& state, const E& event) {
    using fields = typename landing<answer_of<M, S, E>>::fields;
    if constexpr (fields::size > 0)
        return guarded_step<Result, M>(state, event, fields{});
    else
        return M{}(state, event);
}

}  // namespace detail

/// The state after `event`: `S2` where the transition always succeeds, `result<S2>` where it has a
/// guard (errors: `refusal<F>` of the first field that differs). An illegal pair does not compile.
template <machine M, class S, class E>
[[nodiscard]] constexpr auto step(const S& state, const E& event) {
    if constexpr (!state_of<S, M> || !event_of<E, M> || !accepts<M, S, E>) {
        static_assert(detail::explain_refusal<M, S, E>());
        return state;
    } else if constexpr (detail::landing<answer_of<M, S, E>>::is_conditional) {
        using to = typename detail::landing<answer_of<M, S, E>>::type;
        return detail::step_as<result<to>, M>(state, event);
    } else {
        return M{}(state, event);
    }
}

}  // namespace casement
