#pragma once
// What the compiler proves about a machine (SPEC T2): it is deterministic, every state is reachable
// and none a dead end, no conversion adds an edge, every guard names its fields, every tag is one
// state's. Compile time only.
//
//     static_assert(prove<dentry>());   // a defect is an error that names machine, state and event

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <casement/machine/machine.hpp>
#include <casement/machine/step.hpp>

namespace casement {

// The defects. Naming one is harmless; completing it fails with its reason.
/// Two transitions match a pair alike: the machine is not deterministic.
template <class M, class From, class On>
struct ambiguous_transition {
    static_assert(!std::is_same_v<M, M>,
                  "casement: more than one transition matches this state and this event");
};
/// A conversion would add an edge that nobody wrote.
template <class M, class From, class On>
struct inexact_transition {
    static_assert(!std::is_same_v<M, M>,
                  "casement: this transition is reached through a conversion or a template "
                  "parameter; write it with the exact types");
};
/// A refusal that no drawing and no mutant would know of.
template <class M, class From, class On>
struct unnamed_guard {
    static_assert(!std::is_same_v<M, M>,
                  "casement: this transition may fail and names no field; return guarded<state, "
                  "fields...>");
};
/// A guard with nothing, or with more than one thing, to compare.
template <class M, class From, class On>
struct guard_without_field {
    static_assert(!std::is_same_v<M, M>,
                  "casement: this transition compares a field that its state or its event does not "
                  "have exactly once");
};
/// A state that no way leads to.
template <class M, class S>
struct unreachable_state {
    static_assert(!std::is_same_v<M, M>, "casement: no event leads from the initial state here");
};
/// A state that no way leads out of, and that was not meant to be the last.
template <class M, class S>
struct dead_end {
    static_assert(!std::is_same_v<M, M>,
                  "casement: nothing leads out of this state, and it is not declared final");
};
/// An event that no state takes.
template <class M, class E>
struct unused_event {
    static_assert(!std::is_same_v<M, M>, "casement: no state accepts this event");
};
/// Two states, one encoding.
template <class M, class S>
struct shared_tag {
    static_assert(
        !std::is_same_v<M, M>,
        "casement: this state has no tag of its own, and others of its machine have tags");
};
/// A first or a last state of another machine.
template <class M, class S>
struct foreign_declaration {
    static_assert(!std::is_same_v<M, M>,
                  "casement: `initial` or `final_states` names a type that is no state");
};

namespace detail {

/// Takes what no transition takes: worse than any exact one, so a call stays ambiguous only where
/// the transitions themselves are.
struct anything {
    template <class T>
    anything(const T&);  // never defined: only ever asked about
};

template <class M>
struct with_fallback : M {
    using M::operator();
    void operator()(anything, anything) const;  // never defined, either
};

template <class M, class S, class E>
inline constexpr bool is_ambiguous = !callable<M, S, E> && !callable<with_fallback<M>, S, E>;

template <class M, class S, class E>
inline constexpr bool is_inexact = callable<M, S, E> && !names_both<M, S, E>;

template <class M, class S, class E>
inline constexpr bool has_unnamed_guard = false;
template <class M, class S, class E>
    requires accepts<M, S, E>
inline constexpr bool has_unnamed_guard<M, S, E> =
    landing<answer_of<M, S, E>>::is_conditional && landing<answer_of<M, S, E>>::fields::size == 0;

template <class S, class E, class... F>
consteval bool lacks_field(types<F...>) {
    return ((members_of_type<F, const S> != 1 || members_of_type<F, const E> != 1) || ...);
}

template <class M, class S, class E>
inline constexpr bool has_guard_without_field = false;
template <class M, class S, class E>
    requires accepts<M, S, E>
inline constexpr bool has_guard_without_field<M, S, E> =
    lacks_field<S, E>(typename landing<answer_of<M, S, E>>::fields{});

/// Places of the states an edge joins.
struct joined {
    std::size_t from, to;
};

template <class M, class... Edge>
consteval auto joined_by(types<Edge...>) {
    return std::array<joined, sizeof...(Edge)>{joined{
        place_of<typename Edge::from, states_of<M>>, place_of<typename Edge::to, states_of<M>>}...};
}

template <class M>
consteval auto reached_states() {
    constexpr auto joins = joined_by<M>(edge_list<M>{});
    std::array<bool, states_of<M>::size> reached{};
    if constexpr (is_one_of<initial_state<M>, states_of<M>>)
        reached[place_of<initial_state<M>, states_of<M>>] = true;
    for (std::size_t round = 0; round < reached.size(); ++round)
        for (const auto& j : joins)
            if (reached[j.from]) reached[j.to] = true;
    return reached;
}

template <class M, class S>
consteval bool is_reached() {
    return reached_states<M>()[place_of<S, states_of<M>>];
}

/// A loop back to the same state is no way out.
template <class M, class S>
consteval bool is_dead_end() {
    if (is_one_of<S, typename finals_of<M>::type>) return false;
    for (const auto& j : joined_by<M>(edge_list<M>{}))
        if (j.from == place_of<S, states_of<M>> && j.to != j.from) return false;
    return true;
}

template <class S>
concept tagged = requires {
    { S::tag } -> std::convertible_to<std::uint8_t>;
};

template <class S, class Other>
consteval bool takes_tag_of() {
    if constexpr (std::is_same_v<S, Other>)
        return false;
    else if constexpr (tagged<S> && tagged<Other>)
        return S::tag == Other::tag;
    else
        return !tagged<S> && tagged<Other>;
}

template <class M, class S, class... Other>
consteval bool has_shared_tag(types<Other...>) {
    return (takes_tag_of<S, Other>() || ...);
}

template <class M, class E, class... S>
consteval bool is_unused(types<S...>) {
    return !(accepts<M, S, E> || ...);
}

/// `Defect<M, from<S>, on<E>>` for each pair whose flag is set; where none is, none is named.
template <template <class...> class Defect, class M, bool... Found, std::size_t... I>
consteval auto defects_of_pairs(std::index_sequence<I...>) {
    if constexpr ((Found || ...))
        return detail::kept<Found...>(
            types<Defect<M, from<state_of_pair<M, I>>, on<event_of_pair<M, I>>>...>{});
    else
        return types<>{};
}

template <class M, class Pairs = std::make_index_sequence<pair_count<M>>>
struct pair_defects;
template <class M, std::size_t... I>
struct pair_defects<M, std::index_sequence<I...>> {
    template <std::size_t P>
    using s = state_of_pair<M, P>;
    template <std::size_t P>
    using e = event_of_pair<M, P>;
    using pairs = std::index_sequence<I...>;

    using type = typename joined_lists<
        decltype(defects_of_pairs<ambiguous_transition, M, is_ambiguous<M, s<I>, e<I>>...>(
            pairs{})),
        decltype(defects_of_pairs<inexact_transition, M, is_inexact<M, s<I>, e<I>>...>(pairs{})),
        decltype(defects_of_pairs<unnamed_guard, M, has_unnamed_guard<M, s<I>, e<I>>...>(pairs{})),
        decltype(defects_of_pairs<guard_without_field, M,
                                  has_guard_without_field<M, s<I>, e<I>>...>(pairs{}))>::type;
};

template <class M, class States>
struct state_defects;
template <class M, class... S>
struct state_defects<M, types<S...>>
    : joined_lists<decltype(detail::kept<!is_reached<M, S>()...>(
                       types<unreachable_state<M, S>...>{})),
                   decltype(detail::kept<is_dead_end<M, S>()...>(types<dead_end<M, S>...>{})),
                   decltype(detail::kept<has_shared_tag<M, S>(types<S...>{})...>(
                       types<shared_tag<M, S>...>{}))> {};

template <class M, class Events>
struct event_defects;
template <class M, class... E>
struct event_defects<M, types<E...>> {
    using type =
        decltype(detail::kept<is_unused<M, E>(states_of<M>{})...>(types<unused_event<M, E>...>{}));
};

template <class M, class Declared>
struct declaration_defects;
template <class M, class... S>
struct declaration_defects<M, types<S...>> {
    using type = decltype(detail::kept<!is_one_of<S, states_of<M>>...>(
        types<foreign_declaration<M, S>...>{}));
};

template <class M>
using all_defects = typename joined_lists<
    typename pair_defects<M>::type, typename state_defects<M, states_of<M>>::type,
    typename event_defects<M, events_of<M>>::type,
    typename declaration_defects<
        M, typename joined_lists<types<initial_state<M>>,
                                 typename finals_of<M>::type>::type>::type>::type;

template <class Defect>
struct reason {
    static_assert(sizeof(Defect) > 0);
};

template <class List>
struct reasons;
/// Completes every defect, so that each is explained and not the first alone.
template <class... D>
struct reasons<types<D...>> : reason<D>... {
    static constexpr bool none = sizeof...(D) == 0;
};

}  // namespace detail

/// What is wrong with `M`, as a `hana::tuple_t` of the defects above.
template <machine M>
inline constexpr auto defects = detail::to_tuple(detail::all_defects<M>{});

/// Whether `M` has no defect; for conditions. `prove` says why not.
template <machine M>
inline constexpr bool proven = detail::all_defects<M>::size == 0;

/// True, or a compile error for each defect.
template <machine M>
[[nodiscard]] consteval bool prove() {
    return detail::reasons<detail::all_defects<M>>::none;
}

}  // namespace casement
