#pragma once
// Reflection of small aggregates: the name of a type and its members in order of declaration.
// Pure and constexpr. The codec, the printers and the drawings read types through this header only.

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace casement {

namespace detail {

struct any_member {
    // Only ever asked about; defined all the same, or clang warns of types without linkage.
    template <class T>
    operator T() const noexcept {
        std::unreachable();
    }
};

template <class T, std::size_t... I>
consteval bool takes(std::index_sequence<I...>) {
    return requires { T{(void(I), any_member{})...}; };
}

template <class T, std::size_t N = 10>
consteval std::size_t count_members() {
    if constexpr (N == 0)
        return 0;
    else if constexpr (takes<T>(std::make_index_sequence<N>{}))
        return N;
    else
        return count_members<T, N - 1>();
}

template <class T>
consteval std::string_view raw_name() {
    return __PRETTY_FUNCTION__;
}

}  // namespace detail

/// How many members the aggregate `T` has (at most 10; bases and arrays are not supported).
template <class T>
    requires std::is_aggregate_v<T>
inline constexpr std::size_t member_count = detail::count_members<T>();

/// The members of an aggregate as a tuple of references, in order of declaration.
template <class T>
    requires std::is_aggregate_v<std::remove_cvref_t<T>>
[[nodiscard]] constexpr auto members(T& object) {
    constexpr std::size_t n = member_count<std::remove_cv_t<T>>;
    static_assert(n <= 10, "casement: an aggregate of more than 10 members wants to be two");
    if constexpr (n == 0) {
        return std::tie();
    } else if constexpr (n == 1) {
        auto& [a] = object;
        return std::tie(a);
    } else if constexpr (n == 2) {
        auto& [a, b] = object;
        return std::tie(a, b);
    } else if constexpr (n == 3) {
        auto& [a, b, c] = object;
        return std::tie(a, b, c);
    } else if constexpr (n == 4) {
        auto& [a, b, c, d] = object;
        return std::tie(a, b, c, d);
    } else if constexpr (n == 5) {
        auto& [a, b, c, d, e] = object;
        return std::tie(a, b, c, d, e);
    } else if constexpr (n == 6) {
        auto& [a, b, c, d, e, f] = object;
        return std::tie(a, b, c, d, e, f);
    } else if constexpr (n == 7) {
        auto& [a, b, c, d, e, f, g] = object;
        return std::tie(a, b, c, d, e, f, g);
    } else if constexpr (n == 8) {
        auto& [a, b, c, d, e, f, g, h] = object;
        return std::tie(a, b, c, d, e, f, g, h);
    } else if constexpr (n == 9) {
        auto& [a, b, c, d, e, f, g, h, i] = object;
        return std::tie(a, b, c, d, e, f, g, h, i);
    } else {
        auto& [a, b, c, d, e, f, g, h, i, j] = object;
        return std::tie(a, b, c, d, e, f, g, h, i, j);
    }
}

/// The unqualified name of a type as it is written: `name_of<protocol::dentry>() == "dentry"`.
/// REQUIRES: `T` is no template instance.
template <class T>
[[nodiscard]] consteval std::string_view name_of() {
    std::string_view text = detail::raw_name<T>();
    const auto begin = text.find("T = ") + 4;
    const auto end = text.find_first_of(";]", begin);
    text = text.substr(begin, end - begin);
    const auto colon = text.rfind("::");
    return colon == std::string_view::npos ? text : text.substr(colon + 2);
}

}  // namespace casement
