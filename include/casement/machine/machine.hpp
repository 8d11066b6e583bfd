#pragma once
// A protocol as one overload set: `inode operator()(absent, create) const` is a transition, and
// what is not written is illegal. The compiler lists the legal pairs once, as `edges`; dispatch,
// drawings, proofs and tests iterate that list. Pure; any thread; knows nothing of storage.
//
//     struct door {
//         static constexpr auto states = hana::tuple_t<closed, ajar>;
//         static constexpr auto events = hana::tuple_t<push, pull>;
//         using initial = closed;                                      // else the first state
//         static constexpr auto final_states = hana::tuple_t<closed>;  // where it may rest
//
//         constexpr ajar   operator()(closed, push) const { return {}; }
//         constexpr closed operator()(ajar,   pull) const { return {}; }
//     };
//
// A transition returns a state; or `guarded<state, fields...>`, which compares fields of state and
// event first; or `result<state>`, whose condition only its body knows. Only exact types make an
// edge: neither a conversion nor a template parameter does.

#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include <casement/core/reflect.hpp>
#include <casement/machine/guard.hpp>
#include <casement/machine/types.hpp>

namespace casement {

/// The most (state, event) pairs that a machine may have: its compile time grows with them.
inline constexpr std::size_t pairs_max = 256;

/// REQUIRES (of `states` and `events`): `hana::tuple_t` of distinct, default-constructible types.
template <class M>
concept machine =
    std::is_empty_v<M> && std::default_initializable<M> && !std::is_final_v<M> && requires {
    typename detail::types_in<std::remove_cv_t<decltype(M::states)>>::type;
    typename detail::types_in<std::remove_cv_t<decltype(M::events)>>::type;
};

namespace detail {

template <class M>
using states_of = typename types_in<std::remove_cv_t<decltype(M::states)>>::type;
template <class M>
using events_of = typename types_in<std::remove_cv_t<decltype(M::events)>>::type;

/// Converts to `T` and to nothing else: a call made with it reaches only overloads that name `T`.
template <class T>
struct exactly {
    template <class U>
        requires std::same_as<std::remove_cvref_t<U>, T>
    constexpr operator U() const noexcept;  // never defined: only ever asked about
};

struct stranger {};

template <class M, class S, class E>
concept callable = requires(M m, const S& s, const E& e) {
    m(s, e);
};

template <class M, class S, class E>
concept names_both =
    callable<M, exactly<S>, exactly<E>> && !callable<M, exactly<stranger>, exactly<E>> &&
    !callable<M, exactly<S>, exactly<stranger>>;

}  // namespace detail

/// Whether `M` has a transition from `S` on `E` that is written with these very types.
template <class M, class S, class E>
concept accepts = machine<M> && detail::callable<M, S, E> && detail::names_both<M, S, E>;

/// What the transition is declared to return: `S2`, `guarded<S2, F...>` or `result<S2>`.
template <class M, class S, class E>
    requires accepts<M, S, E>
using answer_of =
    std::remove_cvref_t<decltype(M{}(std::declval<const S&>(), std::declval<const E&>()))>;

/// A legal pair and where it leads.
template <class From, class On, class To>
struct edge {
    using from = From;
    using on = On;
    using to = To;
};

/// The fields that the transition from `S` on `E` compares, as a `hana::tuple_t`; empty for a
/// transition that always succeeds and for a bare `result`.
template <class M, class S, class E>
    requires accepts<M, S, E>
inline constexpr auto guard_fields =
    detail::to_tuple(typename detail::landing<answer_of<M, S, E>>::fields{});

namespace detail {

template <class M>
inline constexpr std::size_t pair_count = std::size_t{states_of<M>::size} * events_of<M>::size;

template <class M, std::size_t I>
using state_of_pair = type_at<I / events_of<M>::size, states_of<M>>;
template <class M, std::size_t I>
using event_of_pair = type_at<I % events_of<M>::size, events_of<M>>;

template <class From, class On>
struct pair {};

template <class M, std::size_t... I>
consteval auto legal_pairs(std::index_sequence<I...>) {
    return detail::kept<accepts<M, state_of_pair<M, I>, event_of_pair<M, I>>...>(
        types<pair<state_of_pair<M, I>, event_of_pair<M, I>>...>{});
}

template <class M, class From, class On>
consteval auto edge_for(pair<From, On>) {
    using to = typename landing<answer_of<M, From, On>>::type;
    static_assert(is_one_of<to, states_of<M>>,
                  "casement: this transition leads to a type that is no state of its machine");
    return edge<From, On, to>{};
}

template <class M, class... P>
consteval auto edges_for(types<P...>) {
    return types<decltype(detail::edge_for<M>(P{}))...>{};
}

template <class M>
consteval auto edges_of() {
    static_assert(pair_count<M> <= pairs_max,
                  "casement: a machine of more than 256 (state, event) pairs wants to be two");
    return detail::edges_for<M>(legal_pairs<M>(std::make_index_sequence<pair_count<M>>{}));
}

template <class M>
using edge_list = decltype(edges_of<M>());

template <class M>
struct initial_of {
    using type = type_at<0, states_of<M>>;
};
template <class M>
    requires requires { typename M::initial; }
struct initial_of<M> {
    using type = typename M::initial;
};

template <class M>
struct finals_of {
    using type = types<>;
};
template <class M>
    requires requires { M::final_states; }
struct finals_of<M> : types_in<std::remove_cv_t<decltype(M::final_states)>> {};

}  // namespace detail

/// Every legal pair, once, as a `hana::tuple_t` of `edge`s in the order of states, then of events.
template <machine M>
inline constexpr auto edges = detail::to_tuple(detail::edge_list<M>{});

/// Any state, any event of `M`; the alternatives stand in the declared order.
template <machine M>
using state = typename detail::poured<std::variant, detail::states_of<M>>::type;
/// Any event of `M`; the alternatives stand in the declared order.
template <machine M>
using event = typename detail::poured<std::variant, detail::events_of<M>>::type;

/// `M::initial` where it is declared, else the first of `M::states`.
template <machine M>
using initial_state = typename detail::initial_of<M>::type;

/// One of the machine's states.
template <class S, class M>
concept state_of = machine<M> && detail::is_one_of<S, detail::states_of<M>>;
/// One of the machine's events.
template <class E, class M>
concept event_of = machine<M> && detail::is_one_of<E, detail::events_of<M>>;

/// How people read a machine: `M::name` where it has one, else its type's name.
template <machine M>
[[nodiscard]] consteval std::string_view machine_name() {
    if constexpr (requires { M::name; })
        return M::name;
    else
        return name_of<M>();
}

/// The machine `M` without its guards on the fields `F`: a mutant made from the table, to show what
/// a guard, or a set of them, is for (SPEC T8).
template <machine M, class... F>
struct without : M {
    using ignored_fields = detail::types<F...>;
    static constexpr std::string_view name = machine_name<M>();
};

}  // namespace casement
