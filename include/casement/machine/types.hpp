#pragma once
// Lists of types for the machine headers: one by its place, and those that a condition keeps. Packs
// are expanded here so that Hana's algorithms never run over all pairs of a machine. Compile time
// only; names in `detail` are nobody's but the machine headers'.

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>

namespace casement {

namespace hana = boost::hana;

namespace detail {

template <class... T>
struct types {
    static constexpr std::size_t size = sizeof...(T);
};

template <class Tuple>
struct types_in;
template <class... X>
struct types_in<hana::tuple<X...>> {
    using type = types<typename X::type...>;
};

template <std::size_t I, class T>
struct slot {
    using type = T;
};
template <class Places, class... T>
struct slots;
template <std::size_t... I, class... T>
struct slots<std::index_sequence<I...>, T...> : slot<I, T>... {};
template <std::size_t I, class T>
slot<I, T> slot_at(const slot<I, T>&);

template <class List>
struct slots_of;
template <class... T>
struct slots_of<types<T...>> {
    using type = slots<std::index_sequence_for<T...>, T...>;
};

/// The type at place `I`, found by one base conversion instead of a recursion.
template <std::size_t I, class List>
using type_at =
    typename decltype(detail::slot_at<I>(std::declval<typename slots_of<List>::type>()))::type;

template <class T, class List>
inline constexpr bool is_one_of = false;
template <class T, class... U>
inline constexpr bool is_one_of<T, types<U...>> = (std::is_same_v<T, U> || ...);

template <class T, class... U>
consteval std::size_t place_among() {
    std::size_t place = 0;
    (void)((std::is_same_v<T, U> || (++place, false)) || ...);
    return place;
}

/// The place of `T` in the list; the list's size if it is not there.
template <class T, class List>
inline constexpr std::size_t place_of = 0;
template <class T, class... U>
inline constexpr std::size_t place_of<T, types<U...>> = place_among<T, U...>();

/// The places whose flag is set.
template <bool... Keep>
consteval auto kept_places() {
    std::array<std::size_t, (std::size_t{Keep} + ... + 0)> out{};
    [[maybe_unused]] std::size_t next = 0, place = 0;
    ((Keep ? void(out[next++] = place++) : void(++place)), ...);
    return out;
}

template <auto Places, class List, std::size_t... K>
consteval auto at_places(std::index_sequence<K...>) {
    return types<type_at<Places[K], List>...>{};
}

/// The types of the list whose flag is set, in their order. Call it, and all that takes such a
/// list, by its full name: a look-up through the arguments would complete the types in the list.
template <bool... Keep, class... T>
consteval auto kept(types<T...>) {
    constexpr auto places = kept_places<Keep...>();
    return at_places<places, types<T...>>(std::make_index_sequence<places.size()>{});
}

template <template <class...> class To, class List>
struct poured;
template <template <class...> class To, class... T>
struct poured<To, types<T...>> {
    using type = To<T...>;
};

template <class... T>
consteval auto to_tuple(types<T...>) {
    return hana::tuple_t<T...>;
}

template <class... Lists>
struct joined_lists {
    using type = types<>;
};
template <class... A>
struct joined_lists<types<A...>> {
    using type = types<A...>;
};
template <class... A, class... B, class... Rest>
struct joined_lists<types<A...>, types<B...>, Rest...> : joined_lists<types<A..., B...>, Rest...> {
};

}  // namespace detail
}  // namespace casement
