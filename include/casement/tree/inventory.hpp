#pragma once
// All rows of a tree at one instant, by node and by place: what fsck looks at. It believes none of
// them. Plain values; memory: the rows of the tree.

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <casement/core/error.hpp>
#include <casement/core/name.hpp>
#include <casement/kv/row.hpp>
#include <casement/tree/rows.hpp>

namespace casement::tree {

struct inventory {
    struct place {
        std::uint64_t parent, layer;
        std::string name;
        auto operator<=>(const place&) const = default;
    };

    std::map<std::uint64_t, seen<head>> heads;
    std::map<std::uint64_t, seen<rev>> revs;
    std::map<std::uint64_t, seen<binding>> bindings;
    std::map<std::uint64_t, seen<file_row>> files;
    std::map<std::uint64_t, seen<lease_row>> leases;
    std::map<place, seen<entry>> entries;
    std::set<std::pair<std::uint64_t, std::uint64_t>> hidden;  // layers of nodes, to be swept
    std::set<std::uint64_t> named;                             // nodes that an entry points to
    std::vector<std::string> strange;                          // keys of rows that are none

    [[nodiscard]] bool has_entries(std::uint64_t node) const { return layer_of(node).has_value(); }
    /// The newest layer that has entries.
    [[nodiscard]] std::optional<std::uint64_t> layer_of(std::uint64_t node) const {
        std::optional<std::uint64_t> last;
        for (auto e = entries.lower_bound({node, 0, ""});
             e != entries.end() && e->first.parent == node; ++e)
            last = e->first.layer;
        return last;
    }

    [[nodiscard]] bool is_bound_to(std::uint64_t node, const place& at) const {
        const auto b = bindings.find(node);
        return b != bindings.end() && b->second->parent.value == at.parent &&
               b->second->name == at.name;
    }
    /// Is there a name that points to it, and that it knows?
    [[nodiscard]] bool is_bound_well(std::uint64_t node) const {
        const auto b = bindings.find(node);
        if (b == bindings.end()) return false;
        const auto dir = heads.find(b->second->parent.value);
        if (dir == heads.end()) return false;
        const auto e = entries.find({dir->first, dir->second->layer.value, b->second->name});
        if (e == entries.end()) return false;
        const auto* to = std::get_if<protocol::dentry::inode>(&e->second->target);
        return to != nullptr && to->node.value == node;
    }

    /// The lowest node of the loop that it lies in; none if it lies in none.
    [[nodiscard]] std::optional<std::uint64_t> lowest_of_loop(std::uint64_t node) const {
        auto lowest = node, up = node;
        for (std::size_t steps = 0; steps <= bindings.size(); ++steps) {
            if (!is_bound_well(up)) return std::nullopt;
            up = bindings.at(up)->parent.value;
            if (up == node) return lowest;
            lowest = std::min(lowest, up);
        }
        return std::nullopt;
    }
};

/// Calls `take` with the token of each row of a table; a row that is none goes to `strange`.
template <row R, readable S, class Take>
[[nodiscard]] result<void> each_row(const S& at, std::vector<std::string>& strange, Take take) {
    const std::string table(1, R::table);
    auto rows = at.scan(table, after_prefix(table));
    for (; rows.valid(); rows.next()) {
        auto token = seen_in_scan<R>(rows.key(), rows.value(), version{});
        if (token)
            take(*std::move(token));
        else
            strange.emplace_back(rows.key());
    }
    return rows.status();
}

/// Reads them all. Ends with the first error of the store.
template <readable S>
[[nodiscard]] result<inventory> read_inventory(const S& at) {
    inventory all;
    const auto by_node = [](auto& into) {
        return [&into](auto token) {
            const auto node = token.key().value;
            into.emplace(node, std::move(token));
        };
    };
    auto s = each_row<head>(at, all.strange, by_node(all.heads));
    if (s) s = each_row<rev>(at, all.strange, by_node(all.revs));
    if (s) s = each_row<binding>(at, all.strange, by_node(all.bindings));
    if (s) s = each_row<file_row>(at, all.strange, by_node(all.files));
    if (s) s = each_row<lease_row>(at, all.strange, by_node(all.leases));
    if (s)
        s = each_row<hidden>(at, all.strange, [&](auto token) {
            all.hidden.emplace(token.key().node.value, token.key().layer.value);
        });
    if (s)
        s = each_row<entry>(at, all.strange, [&](auto token) {
            const auto key = token.key();
            inventory::place where{key.parent.value, key.layer.value, std::string{key.name}};
            if (const auto* inode = std::get_if<protocol::dentry::inode>(&token->target))
                all.named.insert(inode->node.value);
            all.entries.emplace(std::move(where), std::move(token));
        });
    if (!s) return passed(s);
    return all;
}

}  // namespace casement::tree
