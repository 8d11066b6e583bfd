#pragma once
// What is true of every tree, whoever has changed it and in whatever order (SPEC F17, F23): the
// small oracle of the tests and the models. It reads every row and believes none. Pure.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <casement/core/name.hpp>
#include <casement/kv/id_blocks.hpp>
#include <casement/kv/row.hpp>
#include <casement/object/dir_object.hpp>
#include <casement/tree/objects.hpp>
#include <casement/tree/rows.hpp>
#include <casement/tree/snapshot.hpp>

namespace casement::testing {

/// The rows of a tree, and what is wrong with them.
template <readable R>
class census {
public:
    explicit census(const R& at) {
        each<tree::head>(at, [&](auto node, auto h) { heads_.emplace(node.value, std::move(h)); });
        each<tree::rev>(at, [&](auto node, auto) { revs_.insert(node.value); });
        each<tree::binding>(
            at, [&](auto node, auto b) { bindings_.emplace(node.value, std::move(b)); });
        each<tree::file_row>(
            at, [&](auto node, auto f) { files_.emplace(node.value, std::move(f.now)); });
        each<tree::lease_row>(
            at, [&](auto node, auto l) { leases_.emplace(node.value, std::move(l.now)); });
        each<tree::entry>(at, [&](auto key, auto e) {
            entries_.emplace(place{key.parent.value, key.layer.value, std::string{key.name}},
                             std::move(e));
        });
        each<tree::hidden>(at, [&](auto key, auto) {
            hidden_.emplace(key.node.value, key.layer.value);
            if (const auto dir = heads_.find(key.node.value);
                dir != heads_.end() && key.layer.value >= dir->second.layer.value)
                fault("a layer to be swept that is shown", key.node.value);
        });
        for (const auto& [node, h] : heads_)
            if (h.base && !read<tree::object_row>(at, *h.base)->exists())
                fault("a base that is not stored", node);
        each<tree::snapshot>(at, [&](auto key, auto s) {
            if (!object::dirobj_check(tree::blocks_in(at), s.root))
                fault("a snapshot that is not stored", 0, key.name);
        });
        if (const auto row = read<allocator>(at, {}); row && row->exists()) below_ = (*row)->next;
        check_root();
        for (const auto& [where, e] : entries_) check_entry(where, e);
        for (const auto& [node, b] : bindings_) check_binding(node, b);
        for (const auto& [node, h] : heads_) check_node(node);
        for (const auto& [node, f] : files_) check_file(node, f);
        for (const auto& [node, l] : leases_)
            if (!files_.contains(node)) fault("a lease without a file", node);
        for (const auto node : revs_)
            if (!heads_.contains(node)) fault("a rev without a head", node);
    }

    [[nodiscard]] const std::string& faults() const { return faults_; }

private:
    struct place {
        std::uint64_t parent, layer;
        std::string name;
        auto operator<=>(const place&) const = default;
    };

    template <row T, class F>
    void each(const R& at, F&& take) {
        const std::string table(1, T::table);
        auto rows = at.scan(table, after_prefix(table));
        for (; rows.valid(); rows.next()) {
            const auto key = parse_row_key<T>(rows.key());
            auto value = decode<T>(rows.value());
            if (key && value)
                take(*key, *std::move(value));
            else
                faults_ += "no row: " + printable(rows.key()) + '\n';
        }
        if (auto s = rows.status(); !s) faults_ += s.error().message() + '\n';
    }

    void fault(std::string_view what, std::uint64_t node, std::string_view name = {}) {
        faults_ += std::string{what} + ": " + std::to_string(node);
        if (!name.empty()) faults_ += " '" + printable(name) + "'";
        faults_ += '\n';
    }

    void check_root() {
        if (!heads_.contains(tree::root.value)) fault("no root", tree::root.value);
        if (bindings_.contains(tree::root.value)) fault("a bound root", tree::root.value);
    }

    void check_entry(const place& at, const tree::entry& e) {
        const auto dir = heads_.find(at.parent);
        if (hidden_.contains({at.parent, at.layer})) return;  // and soon swept
        if (dir == heads_.end()) return fault("an entry in no directory", at.parent, at.name);
        if (at.layer < dir->second.layer.value)
            fault("an entry that nobody sees or sweeps", at.parent, at.name);
        if (at.layer > dir->second.layer.value)
            fault("an entry of a layer to come", at.parent, at.name);
        if (!check_name(at.name)) fault("a bad name", at.parent, at.name);
        if (!tree::check_target(e.target)) fault("a bad link", at.parent, at.name);
        if (e.written.value >= below_) fault("a generation not given", at.parent, at.name);
        if (!generations_.insert(e.written.value).second)
            fault("a generation used twice", at.parent, at.name);
        if (const auto* node = tree::directory_in(e)) {
            check_child(at, node->value);
            if (!heads_.contains(node->value)) fault("an entry of no head", node->value, at.name);
            if (!revs_.contains(node->value)) fault("an entry of no rev", node->value, at.name);
        }
        if (const auto* node = tree::file_in(e)) {
            check_child(at, node->value);
            if (!files_.contains(node->value)) fault("an entry of no file", node->value, at.name);
        }
    }

    void check_child(const place& at, std::uint64_t node) {
        if (node >= below_) fault("a node not given", node, at.name);
        const auto b = bindings_.find(node);
        if (b == bindings_.end())
            fault("an entry of no binding", node, at.name);
        else if (b->second != tree::binding{{at.parent}, at.name})
            fault("an entry bound elsewhere", node, at.name);
    }

    void check_binding(std::uint64_t node, const tree::binding& b) {
        if (!heads_.contains(node) && !files_.contains(node))
            fault("a binding of no node", node, b.name);
        const auto dir = heads_.find(b.parent.value);
        if (dir == heads_.end()) return fault("a binding to no directory", node, b.name);
        const auto e =
            entries_.find(place{b.parent.value, dir->second.layer.value, std::string{b.name}});
        const auto* child =
            e == entries_.end() ? nullptr : std::get_if<protocol::dentry::inode>(&e->second.target);
        if (child == nullptr || child->node.value != node)
            fault("a binding to another's name", node, b.name);
    }

    /// It has a name and a lease, and the two agree on who may write.
    void check_file(std::uint64_t node, const state<protocol::file>& f) {
        using file = protocol::file;
        using lease = protocol::lease;
        if (!bindings_.contains(node)) fault("a file bound nowhere", node);
        const auto l = leases_.find(node);
        if (l == leases_.end()) return fault("a file without a lease", node);
        const auto seq = [](const auto& s) { return s.seq; };
        if (std::visit(seq, f) != std::visit(seq, l->second))
            fault("a lease of another number", node);
        if (std::holds_alternative<file::working>(f) !=
            std::holds_alternative<lease::held>(l->second))
            fault("a writer without a lease, or the other way round", node);
    }

    /// It has its rows, and whoever goes up from it comes to the root.
    void check_node(std::uint64_t node) {
        if (!revs_.contains(node)) fault("a head without a rev", node);
        std::set<std::uint64_t> line;
        for (auto here = node; here != tree::root.value;) {
            if (!line.insert(here).second) return fault("a loop", node);
            const auto b = bindings_.find(here);
            if (b == bindings_.end()) return fault("an orphan", node);
            here = b->second.parent.value;
        }
    }

    std::map<std::uint64_t, tree::head> heads_;
    std::set<std::uint64_t> revs_;
    std::set<std::pair<std::uint64_t, std::uint64_t>> hidden_;
    std::map<std::uint64_t, tree::binding> bindings_;
    std::map<place, tree::entry> entries_;
    std::map<std::uint64_t, state<protocol::file>> files_;
    std::map<std::uint64_t, state<protocol::lease>> leases_;
    std::set<std::uint64_t> generations_;
    std::uint64_t below_ = 0;  // every id given is below it
    std::string faults_;
};

/// What is wrong with the tree in a store or snapshot, a line each; "" where it is well formed.
template <readable R>
[[nodiscard]] std::string faults_in(const R& at) {
    return census<R>{at}.faults();
}

template <readable R>
[[nodiscard]] bool well_formed(const R& at) {
    return faults_in(at).empty();
}

}  // namespace casement::testing
