#pragma once
// One transition, checked by the compiler: a pair that the machine does not have does not compile,
// and the message says what would be legal instead. Pure; constexpr; any thread.

#include <string>
#include <type_traits>
#include <utility>

#include <casement/core/error.hpp>
#include <casement/machine/machine.hpp>

namespace casement {

// Words of the diagnostics.
template <class S>
struct from {};
template <class E>
struct on {};
template <class... E>
struct legal_events_here {};
template <class... S>
struct its_states {};
template <class... E>
struct its_events {};

template <class M, class From, class On, class Legal>
struct illegal_transition {
    static_assert(!std::is_same_v<M, M>,
                  "casement: this machine has no transition from this state on this event");
};

template <class M, class S, class States>
struct foreign_state {
    static_assert(!std::is_same_v<M, M>, "casement: this type is no state of this machine");
};

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

template <class M, class F, class S, class E>
error refused(const S& state, const E& event) {
    return error{refusal<F>,
                 std::string{machine_name<M>()},
                 {},
                 std::string{name_of<E>()} +
                     " refused: " + difference(member_of_type<F>(state), member_of_type<F>(event))};
}

template <class M, class To, class... F, class S, class E>
constexpr result<To> guarded_step(const S& state, const E& event,
                                  std::type_identity<guarded<To, F...>>) {
    result<To> next{To{}};
    const bool agree = ((agrees<M, F>(state, event) ||
                         (next = std::unexpected{refused<M, F>(state, event)}, false)) &&
                        ...);
    if (agree) next = M{}(state, event).then;
    return next;
}

}  // namespace detail

/// The state after `event`: `S2` where the transition always succeeds, `result<S2>` where it has a
/// guard (errors: `refusal<F>` of the first field that differs). An illegal pair does not compile.
template <machine M, class S, class E>
[[nodiscard]] constexpr auto step(const S& state, const E& event) {
    if constexpr (!state_of<S, M> || !event_of<E, M> || !accepts<M, S, E>) {
        static_assert(detail::explain_refusal<M, S, E>());
        return state;
    } else if constexpr (detail::landing<answer_of<M, S, E>>::fields::size > 0) {
        return detail::guarded_step<M>(state, event, std::type_identity<answer_of<M, S, E>>{});
    } else {
        return M{}(state, event);
    }
}

}  // namespace casement
