#pragma once
// Guards of a transition: which fields of the state must equal the fields of the event. They stand
// in the transition's return type, so the compiler, the drawings and the mutants know them as well
// as the run time does. Pure; never reads a clock and never compares by order.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <casement/core/error.hpp>
#include <casement/core/reflect.hpp>
#include <casement/core/strong.hpp>
#include <casement/machine/types.hpp>

namespace casement {

/// What a guarded transition returns: the state `S`, on condition that for each `F` the one member
/// of type `F` in the old state equals the one in the event. `step` and `apply` compare; the
/// transition's body needs not. A field is named by its type, hence the strong ids.
///
///     constexpr guarded<cooling, lease_seq> operator()(working s, close) const { ... }
template <class S, class... F>
struct guarded {
    static_assert(sizeof...(F) > 0, "casement: a guarded transition names the fields it compares");

    S then;
};

/// How people read a field: `F::name` where it has one, else its type's name.
template <class F>
[[nodiscard]] consteval std::string_view field_name() {
    if constexpr (requires { F::name; })
        return F::name;
    else
        return name_of<F>();
}

/// How a caller must react when the guard on `F` fails: `F::tag::refusal` where it is declared
/// (a lease's number is `fenced`), else `conflict`.
template <class F>
inline constexpr errc refusal = errc::conflict;
template <class F>
    requires requires { F::tag::refusal; }
inline constexpr errc refusal<F> = F::tag::refusal;

namespace detail {

/// Where an answer leads, whether it may refuse, and the fields that it says it compares.
template <class R>
struct landing {
    using type = R;
    using fields = types<>;
    static constexpr bool is_conditional = false;
};
template <class S>
struct landing<result<S>> {
    using type = S;
    using fields = types<>;
    static constexpr bool is_conditional = true;
};
template <class S, class... F>
struct landing<guarded<S, F...>> {
    using type = S;
    using fields = types<F...>;
    static constexpr bool is_conditional = true;
};

template <class F, class References>
inline constexpr std::size_t count_of = 0;
template <class F, class... X>
inline constexpr std::size_t count_of<F, std::tuple<X...>> =
    (std::size_t{std::is_same_v<std::remove_cvref_t<X>, F>} + ... + 0);

template <class F, class T>
inline constexpr std::size_t members_of_type = count_of<F, decltype(members(std::declval<T&>()))>;

template <class F, class T>
constexpr const F& member_of_type(const T& object) {
    static_assert(members_of_type<F, T> == 1,
                  "casement: a guard compares one member of this type in the state with one in the "
                  "event; here are none or several");
    return std::get<const F&>(members(object));
}

template <class M, class F>
inline constexpr bool ignores = false;
template <class M, class F>
    requires requires { typename M::ignored_fields; }
inline constexpr bool ignores<M, F> = is_one_of<F, typename M::ignored_fields>;

template <class M, class F, class S, class E>
constexpr bool agrees(const S& state, const E& event) {
    if constexpr (ignores<M, F>)
        return true;
    else
        return member_of_type<F>(state) == member_of_type<F>(event);
}

/// What a refusal says of its machine, event and field. The sentence is made out of line, and only
/// when it is wanted: a guard that holds costs its comparison and a jump that is not taken.
struct refusal_words {
    errc code;
    std::string_view machine, event, field;
};

[[gnu::cold, gnu::noinline]] inline error refused(const refusal_words& words,
                                                  const std::string& instead = "another") {
    return {words.code,
            std::string{words.machine},
            {},
            std::string{words.event} + " refused: " + std::string{words.field} + " is " + instead};
}
[[gnu::cold, gnu::noinline]] inline error refused(const refusal_words& words, std::uint64_t is,
                                                  std::uint64_t expected) {
    return refused(words, std::to_string(is) + ", not " + std::to_string(expected));
}
template <class Result, class... N>
[[gnu::cold, gnu::noinline]] Result refuse(const refusal_words& words, N... numbers) {
    return std::unexpected{refused(words, numbers...)};
}

}  // namespace detail
}  // namespace casement
