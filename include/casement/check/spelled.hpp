#pragma once
// Rows as people read them: keys and values in the words of their types, by reflection, so that
// `d\0\0...` reads "entry 1/'x'" and what is there "inode 16, written 17". Pure; any thread.
//
//     story.spells(check::spelled_rows<tree::head, tree::rev, tree::binding, tree::entry>());

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <casement/check/story.hpp>
#include <casement/core/clock.hpp>
#include <casement/core/codec.hpp>
#include <casement/core/error.hpp>
#include <casement/core/reflect.hpp>
#include <casement/core/strong.hpp>
#include <casement/kv/row.hpp>

namespace casement::check {

namespace detail {

// The name of a member is read off a pointer to it, in an object that need not be (Boost.PFR).

template <class T>
struct holder {
    T value;
};
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif
template <class T>
extern const holder<T> nowhere;

template <class T, std::size_t I>
inline constexpr const auto* member_at = &std::get<I>(members(nowhere<T>.value));
#ifdef __clang__
#pragma clang diagnostic pop
#endif

template <const auto* P>
consteval std::string_view raw_member() {
    return __PRETTY_FUNCTION__;
}

/// The name of a member as it is declared.
template <class T, std::size_t I>
[[nodiscard]] consteval std::string_view member_name() {
    std::string_view text = raw_member<member_at<T, I>>();
    const auto begin = text.find("P = ");
    text = text.substr(begin, text.find_first_of(";]", begin) - begin);
    while (text.ends_with(')')) text.remove_suffix(1);
    return text.substr(text.find_last_of(":.") + 1);
}

inline constexpr std::size_t hex_digits_shown = 4;

template <class B>
std::string spelled_bytes(const B& bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const auto b : bytes) {
        if (out.size() == hex_digits_shown) return out + "...";
        const auto n = static_cast<unsigned>(b);
        out += {digits[n >> 4 & 15], digits[n & 15]};
    }
    return out;
}

template <class T>
inline constexpr bool is_bytes = false;
template <std::size_t N>
inline constexpr bool is_bytes<std::array<std::byte, N>> = true;

template <class T>
std::string spelled(const T& part);

/// "name value", of all members that say something: what is as it always begins is left out.
template <class T>
std::string spelled_members(const T& of) {
    std::string out;
    const auto say = [&]<std::size_t I>(const auto& part) {
        using member = std::remove_cvref_t<decltype(part)>;
        constexpr bool is_variant = requires { std::variant_size<member>::value; };
        if constexpr (!is_variant && std::equality_comparable<member>)
            if (part == member{}) return;
        if (!out.empty()) out += ", ";
        if constexpr (!is_variant) out.append(member_name<T, I>()) += ' ';
        out += spelled(part);
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        [[maybe_unused]] const auto parts = members(of);
        (say.template operator()<I>(std::get<I>(parts)), ...);
    }
    (std::make_index_sequence<member_count<T>>{});
    return out;
}

template <class T>
std::string spelled(const T& part) {
    if constexpr (is_strong<T> || std::same_as<T, casement::count>) {
        return std::to_string(part.value);
    } else if constexpr (std::same_as<T, timestamp>) {
        return std::to_string(part.ns) + " ns";
    } else if constexpr (std::same_as<T, bool>) {
        return part ? "yes" : "no";
    } else if constexpr (std::is_enum_v<T>) {
        return std::to_string(static_cast<std::int64_t>(part));
    } else if constexpr (std::is_arithmetic_v<T>) {
        return std::to_string(part);
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
        return '\'' + printable(part) + '\'';
    } else if constexpr (is_bytes<T>) {
        return spelled_bytes(part);
    } else if constexpr (requires { std::variant_size<T>::value; }) {
        return std::visit(
            []<class A>(const A& is) {
                std::string out{name_of<A>()};
                if constexpr (member_count < A >> 0) out += ' ' + spelled(is);
                return out;
            },
            part);
    } else if constexpr (requires {
                             part.has_value();
                             *part;
                         }) {
        return part ? spelled(*part) : "none";
    } else if constexpr (requires {
                             part.begin();
                             part.end();
                         }) {
        std::string out;
        for (const auto& p : part) out += (out.empty() ? "" : ", ") + spelled(p);
        return '[' + out + ']';
    } else if constexpr (member_count<T> == 1) {
        return spelled(std::get<0>(members(part)));
    } else {
        return '(' + spelled_members(part) + ')';
    }
}

/// "1/'x'": the parts of a key. But for the first, ids have their names, and are left out if zero.
template <class K>
std::string spelled_key(const K& key) {
    if constexpr (is_strong<K> || !std::is_aggregate_v<K> || is_bytes<K>) {
        return spelled(key);
    } else {
        std::string out;
        const auto say = [&](const auto& part) {
            using bare = std::remove_cvref_t<decltype(part)>;
            if constexpr (is_strong<bare>) {
                if (!out.empty() && part.value == 0) return;
                if (!out.empty()) out.append("/").append(bare::name) += ' ';
            } else if (!out.empty()) {
                out += '/';
            }
            out += spelled(part);
        };
        std::apply([&](const auto&... p) { (say(p), ...); }, members(key));
        return out;
    }
}

template <row R>
std::optional<std::string> spelled_row(std::string_view key,
                                       std::optional<std::string_view> value) {
    if (value) {
        const auto row = decode<R>(*value);
        if (!row) return std::nullopt;
        if constexpr (member_count<R> == 1) return spelled(std::get<0>(members(*row)));
        auto out = spelled_members(*row);
        return out.empty() ? "as it begins" : out;
    }
    const auto k = parse_row_key<R>(key);
    if (!k) return std::nullopt;
    std::string out{name_of<R>()};
    if (const auto parts = spelled_key(*k); !parts.empty()) out += ' ' + parts;
    return out;
}

}  // namespace detail

/// Spells rows of the types `Rs`, known by their table letters; the bytes of any other as they are.
/// Byte arrays of more than two bytes are cut short: such values may read alike.
template <row... Rs>
[[nodiscard]] spelling spelled_rows() {
    return [](std::string_view key, std::optional<std::string_view> value) {
        std::optional<std::string> out;
        (void)((!key.empty() && key.front() == Rs::table &&
                (out = detail::spelled_row<Rs>(key, value), true)) ||
               ...);
        return out ? *std::move(out) : printable(value.value_or(key));
    };
}

}  // namespace casement::check
