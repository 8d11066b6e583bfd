#pragma once
// Canonical names by type (SPEC T4b): ids that offer nothing but equality may be renamed, and a
// counter that nobody remembers may be forgotten, so that states which differ only in such names
// are one. What may be renamed is read from the types of the rows; nothing is renamed that a type
// does not give free, and nothing that an actor in mid-turn has seen. Pure.
//
//     story.canonical(check::canonical_rows<tree::head, tree::rev, tree::binding, tree::entry>());

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <casement/check/rows.hpp>
#include <casement/core/codec.hpp>
#include <casement/core/reflect.hpp>
#include <casement/core/strong.hpp>
#include <casement/kv/row.hpp>

namespace casement::check {

/// Ids below it have a meaning of their own, like the root's, and keep it.
inline constexpr std::uint64_t free_names = 16;

/// What actors in mid-turn know by name, so that it keeps its name.
struct pinned {
    using id = std::pair<std::string_view, std::uint64_t>;  // of a kind
    using block = std::pair<std::uint64_t, std::uint64_t>;  // begin <= id < end, of any kind

    std::set<id> ids;
    std::vector<block> blocks;
    std::map<std::string, std::set<std::uint64_t>, std::less<>> counts;  // by the row's key

    [[nodiscard]] bool has(std::string_view kind, std::uint64_t number) const {
        return ids.contains({kind, number}) || std::ranges::any_of(blocks, [&](const block& b) {
                   return number >= b.first && number < b.second;
               });
    }
    void merge(const pinned& other) {
        ids.insert(other.ids.begin(), other.ids.end());
        blocks.insert(blocks.end(), other.blocks.begin(), other.blocks.end());
        for (const auto& [key, numbers] : other.counts)
            counts[key].insert(numbers.begin(), numbers.end());
    }
};

/// A row as the store has it: its key, and its value.
using row_bytes = std::pair<std::string, std::string>;

/// How states come by canonical names.
struct canonical_form {
    /// The rows under their canonical names, in byte order.
    std::function<std::vector<row_bytes>(const rows&, const pinned&)> rename;
    /// Pins every name in a row that an actor has read; no value: the row was not there.
    std::function<void(std::string_view key, std::optional<std::string_view> value, pinned&)> pin;

    explicit operator bool() const { return static_cast<bool>(rename); }
};

namespace detail {

/// One use of an id in a row.
struct name_use {
    std::string_view kind;  // the id type's own name
    bool counts = false;    // it has a successor: its order is kept
};

/// Calls `name(use, number&)` for every strong id in `part` and `count(number&)` for every counter,
/// in order of declaration.
template <class T, class N, class C>
void each_name(T& part, N&& name, C&& count) {
    using bare = std::remove_cv_t<T>;
    if constexpr (is_strong<bare> && !requires { bare::tag::is_quantity; }) {
        constexpr bool counts = requires(bare id) { next(id); };
        name(name_use{bare::name, counts}, part.value);
    } else if constexpr (std::same_as<bare, casement::count>) {
        count(part.value);
    } else if constexpr (requires { std::variant_size<bare>::value; }) {
        std::visit([&](auto& alternative) { each_name(alternative, name, count); }, part);
    } else if constexpr (requires {
                             part.has_value();
                             *part;
                         }) {
        if (part) each_name(*part, name, count);
    } else if constexpr (is_strong<bare> || std::is_arithmetic_v<bare> || std::is_enum_v<bare> ||
                         std::convertible_to<const bare&, std::string_view>) {
        // Plain data means what it says.
    } else if constexpr (requires {
                             part.begin();
                             part.end();
                         }) {
        for (auto& p : part) each_name(p, name, count);
    } else if constexpr (std::is_aggregate_v<bare>) {
        std::apply([&](auto&... p) { (each_name(p, name, count), ...); }, members(part));
    }
}

/// The row with its names passed through `in_key` and `in_value`, its counters through `count`;
/// nothing if it is no `R`.
template <row R, class K, class V, class C>
std::optional<row_bytes> renamed(std::string_view key, std::string_view value, K&& in_key,
                                 V&& in_value, C&& count) {
    auto k = parse_row_key<R>(key);
    auto v = decode<R>(value);
    if (!k || !v) return std::nullopt;
    each_name(*k, in_key, count);
    each_name(*v, in_value, count);
    row_bytes out{row_key<R>(*k), {}};
    encode_to(out.second, *v);
    return out;
}

/// The names given so far, by kind.
class new_names {
public:
    explicit new_names(const pinned& keep) : keep_{keep} {}

    [[nodiscard]] bool has(const name_use& n, std::uint64_t number) const {
        return n.counts || number < free_names || keep_.has(n.kind, number) ||
               given_.contains({n.kind, number});
    }
    void give(const name_use& n, std::uint64_t number) {
        if (has(n, number)) return;
        auto& next = next_.try_emplace(n.kind, free_names).first->second;
        while (keep_.has(n.kind, next)) ++next;
        given_.emplace(pinned::id{n.kind, number}, next++);
    }
    /// Numbers that have successors are compared with those beside them: in rows of the same key.
    /// So the counters of two files do not wait for each other.
    void order(std::string_view kind, std::string_view group,
               const std::set<std::uint64_t>& numbers) {
        const bool kept =
            std::ranges::any_of(keep_.ids, [&](const pinned::id& id) { return id.first == kind; });
        std::uint64_t rank = 1;
        auto& ranks = ranks_[{kind, std::string{group}}];
        for (const auto n : numbers) ranks.emplace(n, kept ? n : rank++);
    }
    [[nodiscard]] std::uint64_t of(const name_use& n, std::string_view group,
                                   std::uint64_t number) const {
        if (n.counts) return ranks_.at({n.kind, std::string{group}}).at(number);
        if (number < free_names || keep_.has(n.kind, number)) return number;
        return given_.at({n.kind, number});
    }
    /// What a counter may be called: as it is where somebody has seen it so; else past all that
    /// anybody has seen, for it only moves up.
    [[nodiscard]] std::uint64_t of_count(std::string_view key, std::uint64_t number) const {
        const auto seen = keep_.counts.find(key);
        if (seen == keep_.counts.end()) return 1;
        return seen->second.contains(number) ? number : *seen->second.rbegin() + 1;
    }

private:
    const pinned& keep_;
    std::map<pinned::id, std::uint64_t> given_;
    std::map<std::pair<std::string_view, std::string>, std::map<std::uint64_t, std::uint64_t>>
        ranks_;
    std::map<std::string_view, std::uint64_t> next_;
};

inline constexpr auto as_it_is = [](auto&&...) {};

/// Renames the rows in an order that depends on nothing but what is named already: a row's names
/// are given once those in its key are. What no row leads to is named last, by what else is known
/// of it.
template <row... Rs>
class renaming {
public:
    explicit renaming(const pinned& keep) : names_{keep} {}

    std::vector<row_bytes> operator()(const rows& of) {
        std::vector<row_bytes> left, out;
        std::map<std::pair<std::string_view, std::string>, std::set<std::uint64_t>> ordered;
        for (std::size_t i = 0; i < of.size(); ++i) {
            left.emplace_back(of.key(i), of.value(i));
            const auto note = [&](const name_use& n, std::uint64_t number) {
                if (n.counts) ordered[{n.kind, group_of(left.back())}].insert(number);
            };
            (void)pass(left.back(), note, note, as_it_is);
        }
        for (const auto& [where, numbers] : ordered)
            names_.order(where.first, where.second, numbers);
        while (!left.empty()) {
            const auto next = first_named(left);
            const auto give = [&](const name_use& n, std::uint64_t number) {
                names_.give(n, number);
            };
            (void)pass(*next, give, give, as_it_is);
            const auto named = as_named(group_of(*next));
            out.push_back(pass(*next, named, named,
                               [&](std::uint64_t& n) { n = names_.of_count(next->first, n); }));
            left.erase(next);
        }
        std::ranges::sort(out);
        return out;
    }

private:
    // Of the rows whose keys are named, the one whose new key is least. Where there is none: the
    // one that is least with its nameless ids left out.
    auto first_named(std::vector<row_bytes>& left) {
        auto least = left.end();
        bool least_named = false;
        row_bytes form;
        for (auto r = left.begin(); r != left.end(); ++r) {
            bool named = true;
            const auto ask = [&](const name_use& n, std::uint64_t number) {
                named = named && names_.has(n, number);
            };
            (void)pass(*r, ask, as_it_is, as_it_is);
            if (least_named && !named) continue;
            const auto known = if_named(group_of(*r));
            auto now = pass(*r, known, known, as_it_is);
            if (named) now.second.clear();
            if (least != left.end() && least_named == named && now >= form) continue;
            least = r;
            least_named = named;
            form = std::move(now);
        }
        return least;
    }
    [[nodiscard]] auto if_named(std::string group) const {
        return [this, group](const name_use& n, std::uint64_t& number) {
            number = names_.has(n, number) ? names_.of(n, group, number) : ~std::uint64_t{};
        };
    }
    [[nodiscard]] auto as_named(std::string group) const {
        return [this, group](const name_use& n, std::uint64_t& number) {
            number = names_.of(n, group, number);
        };
    }
    static std::string group_of(const row_bytes& r) { return r.first.substr(1); }
    // Rows of no type that was named stay as they are.
    template <class K, class V, class C>
    row_bytes pass(const row_bytes& r, K in_key, V in_value, C count) const {
        std::optional<row_bytes> out;
        ((r.first.front() == Rs::table &&
          (out = renamed<Rs>(r.first, r.second, in_key, in_value, count))) ||
         ...);
        return out ? *std::move(out) : r;
    }

    new_names names_;
};

template <row R>
void pin_row(std::string_view key, std::optional<std::string_view> value, pinned& names) {
    const auto id = [&](const name_use& n, std::uint64_t number) {
        names.ids.insert({n.kind, number});
    };
    const auto count = [&](std::uint64_t n) { names.counts[std::string{key}].insert(n); };
    if (auto k = parse_row_key<R>(key)) each_name(*k, id, count);
    if (!value) return;
    if (auto v = decode<R>(*value)) each_name(*v, id, count);
}

}  // namespace detail

/// REQUIRES: every row type that carries an id of the others' is among `Rs`.
template <row... Rs>
[[nodiscard]] canonical_form canonical_rows() {
    return {[](const rows& of, const pinned& keep) { return detail::renaming<Rs...>{keep}(of); },
            [](std::string_view key, std::optional<std::string_view> value, pinned& names) {
                const auto pin = [&]<class R>() {
                    if (key.front() == R::table) detail::pin_row<R>(key, value, names);
                };
                (pin.template operator()<Rs>(), ...);
            }};
}

}  // namespace casement::check
