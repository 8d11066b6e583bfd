#pragma once
// Canonical names by type (SPEC T4b): ids that offer nothing but equality may be renamed, and
// counters whose old values nobody holds may be forgotten, so that states which differ only in such
// names are one. What may be renamed is read from the types of the rows, and nothing is renamed
// that a type does not give free. Pure.
//
//     story.canonical(check::canonical_rows<tree::head, tree::rev, tree::binding, tree::entry>());

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <casement/check/story.hpp>
#include <casement/core/codec.hpp>
#include <casement/core/reflect.hpp>
#include <casement/core/strong.hpp>
#include <casement/kv/row.hpp>

namespace casement::check {

/// Ids below it have a meaning of their own, like the root's, and keep it.
inline constexpr std::uint64_t free_names = 16;

namespace detail {

/// One use of an id in a row.
struct name_use {
    std::string_view kind;  // the id type's own name
    bool counts = false;    // it has a successor: its order is kept
    auto operator<=>(const name_use&) const = default;
};

/// Calls `f(use, number&)` for every strong id in `part`, in order of declaration.
template <class T, class F>
void each_name(T& part, F&& f) {
    using bare = std::remove_cv_t<T>;
    if constexpr (is_strong<bare> && !requires { bare::tag::is_quantity; }) {
        constexpr bool counts = requires(bare id) { next(id); };
        f(name_use{bare::name, counts}, part.value);
    } else if constexpr (std::same_as<bare, count>) {
        part.value = 1;  // moved by bumps only, compared for equality only
    } else if constexpr (requires { std::variant_size<bare>::value; }) {
        std::visit([&](auto& alternative) { each_name(alternative, f); }, part);
    } else if constexpr (requires {
                             part.has_value();
                             *part;
                         }) {
        if (part) each_name(*part, f);
    } else if constexpr (is_strong<bare> || std::is_arithmetic_v<bare> || std::is_enum_v<bare> ||
                         std::convertible_to<const bare&, std::string_view>) {
        // Plain data means what it says.
    } else if constexpr (requires {
                             part.begin();
                             part.end();
                         }) {
        for (auto& p : part) each_name(p, f);
    } else if constexpr (std::is_aggregate_v<bare>) {
        std::apply([&](auto&... p) { (each_name(p, f), ...); }, members(part));
    }
}

using row_bytes = std::pair<std::string, std::string>;

/// The row with its names passed through `in_key` and `in_value`; nothing if it is no `R`.
template <row R, class K, class V>
std::optional<row_bytes> renamed(std::string_view key, std::string_view value, K&& in_key,
                                 V&& in_value) {
    auto k = parse_row_key<R>(key);
    auto v = decode<R>(value);
    if (!k || !v) return std::nullopt;
    each_name(*k, in_key);
    each_name(*v, in_value);
    row_bytes out{row_key<R>(*k), {}};
    encode_to(out.second, *v);
    return out;
}

/// The names given so far, by kind.
class new_names {
public:
    using use = std::pair<std::string_view, std::uint64_t>;

    [[nodiscard]] bool has(const name_use& n, std::uint64_t number) const {
        return n.counts || number < free_names || given_.contains({n.kind, number});
    }
    void give(const name_use& n, std::uint64_t number) {
        if (has(n, number)) return;
        given_.emplace(use{n.kind, number}, free_names + counts_[n.kind]++);
    }
    void order(std::string_view kind, const std::set<std::uint64_t>& numbers) {
        std::uint64_t rank = 1;
        for (const auto n : numbers) ranks_.emplace(use{kind, n}, rank++);
    }
    [[nodiscard]] std::uint64_t of(const name_use& n, std::uint64_t number) const {
        if (n.counts) return ranks_.at({n.kind, number});
        return number < free_names ? number : given_.at({n.kind, number});
    }

private:
    std::map<use, std::uint64_t> given_, ranks_;
    std::map<std::string_view, std::uint64_t> counts_;
};

/// Renames the rows in an order that depends on nothing but what is named already: a row's names
/// are given once those in its key are. What no row leads to is named last, in the order it has.
template <row... Rs>
class renaming {
public:
    std::vector<row_bytes> operator()(const rows& of) {
        std::vector<row_bytes> left, out;
        std::map<std::string_view, std::set<std::uint64_t>> counters;
        for (std::size_t i = 0; i < of.size(); ++i) {
            left.emplace_back(of.key(i), of.value(i));
            const auto note = [&](const name_use& n, std::uint64_t number) {
                if (n.counts) counters[n.kind].insert(number);
            };
            (void)pass(left.back(), note, note);
        }
        for (const auto& [kind, numbers] : counters) names_.order(kind, numbers);
        while (!left.empty()) {
            auto next = left.end();
            row_bytes best;
            for (auto r = left.begin(); r != left.end(); ++r) {
                bool named = true;
                const auto ask = [&](const name_use& n, std::uint64_t number) {
                    named = named && names_.has(n, number);
                };
                (void)pass(*r, ask, [](auto&&...) {});
                if (!named) continue;
                auto key = pass(*r, as_named(), [](auto&&...) {});
                if (next == left.end() || key.first < best.first) {
                    next = r;
                    best = std::move(key);
                }
            }
            if (next == left.end()) next = left.begin();
            const auto give = [&](const name_use& n, std::uint64_t number) {
                names_.give(n, number);
            };
            (void)pass(*next, give, give);
            out.push_back(pass(*next, as_named(), as_named()));
            left.erase(next);
        }
        std::ranges::sort(out);
        return out;
    }

private:
    [[nodiscard]] auto as_named() const {
        return [this](const name_use& n, std::uint64_t& number) { number = names_.of(n, number); };
    }
    // Rows of no type that was named stay as they are.
    template <class K, class V>
    row_bytes pass(const row_bytes& r, K in_key, V in_value) const {
        std::optional<row_bytes> out;
        ((r.first.front() == Rs::table &&
          (out = renamed<Rs>(r.first, r.second, in_key, in_value))) ||
         ...);
        return out ? *std::move(out) : r;
    }

    new_names names_;
};

}  // namespace detail

/// REQUIRES: every row type that carries an id of the others' is among `Rs`.
template <row... Rs>
[[nodiscard]] canonical_form canonical_rows() {
    return [](const rows& of) { return detail::renaming<Rs...>{}(of); };
}

}  // namespace casement::check
