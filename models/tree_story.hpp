#pragma once
// What the stories of the tree share: a beginning, the ways in which actors look before they act,
// and what must be true of a tree at every moment.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <casement/check/canonical.hpp>
#include <casement/check/spelled.hpp>
#include <casement/check/story.hpp>
#include <casement/core/hash.hpp>
#include <casement/kv/client.hpp>
#include <casement/tree/change.hpp>
#include <casement/tree/create.hpp>
#include <casement/tree/ensure_path.hpp>
#include <casement/tree/list.hpp>
#include <casement/tree/look_up.hpp>
#include <casement/tree/rename.hpp>

#include "tree/well_formed.hpp"

namespace casement::models {

using check::actor;
using check::complaint;
using check::rows;
using check::stage;
using check::story;
using namespace tree;

/// A file of one of a few contents.
[[nodiscard]] inline leaf content(char which) {
    obj_id id{obj_id::file, {}};
    id.digest.fill(static_cast<std::byte>(which));
    return protocol::dentry::create_object{id};
}

/// An empty tree with its root, and every id below the allocator. Gives what makes it.
class plot {
public:
    explicit plot(memory_store& kv) : kv_{kv}, ids_{kv, free_begin, free_begin + 1024} {
        (void)transaction{kv_}.put<allocator>({}, {std::uint64_t{1} << 30}).commit();
        require(create_root(kv_, {}).has_value(), "a root");
    }
    node_id mkdir(std::string_view path) {
        auto made = ensure_path(by(), path, {});
        require(made.has_value(), "a directory");
        return *made;
    }
    void make(std::string_view path, char which = 'a') {
        auto at = resolve(kv_, path);
        require(at.has_value() && !at->exists(), "a free place");
        require(create(by(), any_rev{at->parent}, at->found->key().name, content(which), {})
                    .has_value(),
                "a file");
    }

    [[nodiscard]] unrecorded<memory_store> by() { return {kv_, ids_}; }

private:
    static constexpr std::uint64_t free_begin = 16;
    memory_store& kv_;
    id_blocks<memory_store> ids_;
};

/// What is wrong with the tree, as the oracle of the tests sees it; "" where nothing is.
[[nodiscard]] inline complaint tree_is_whole(const rows& now) { return testing::faults_in(now); }

/// The rows of the tree are named by their types; a directory's rev moves with its entries.
inline story& with_tree_rows(story& s) {
    s.canonical(check::canonical_rows<head, rev, binding, entry>());
    s.spells(check::spelled_rows<head, rev, binding, entry, allocator, operation, retention>());
    s.covers([](std::string_view first, std::string_view) -> std::optional<std::string> {
        constexpr std::size_t node_bytes = 8;
        if (first.size() < 1 + node_bytes || first.front() != entry::table) return std::nullopt;
        return std::string(1, rev::table) + std::string{first.substr(1, node_bytes)};
    });
    s.always("the tree is whole", tree_is_whole);
    return s;
}

/// The actor as a client that keeps no record of its operations.
[[nodiscard]] inline unrecorded<stage> by(actor& me) { return {me.store(), me.ids()}; }

/// All that a change of one name in a directory must have seen, at one moment.
struct sight {
    directory parent;
    seen_name name;
};

[[nodiscard]] inline std::optional<sight> see(const auto& at, node_id parent,
                                              std::string_view name) {
    auto dir = read_directory(at, parent);
    if (!dir) return std::nullopt;
    auto found = see_name(at, *dir, name);
    if (!found) return std::nullopt;
    return sight{*std::move(dir), *std::move(found)};
}

/// The same of the name that a node is bound to, and the binding.
struct bound_sight {
    seen<binding> bound;
    directory parent;
    seen_name name;
};

[[nodiscard]] inline std::optional<bound_sight> see_bound(const auto& at, node_id node) {
    auto bound = read<binding>(at, node);
    if (!bound || !bound->exists()) return std::nullopt;
    auto there = see(at, (*bound)->parent, (*bound)->name);
    if (!there || !there->name.exists()) return std::nullopt;
    return bound_sight{*std::move(bound), std::move(there->parent), std::move(there->name)};
}

/// What a user's code would do to move `from` to `to`, whatever it is. `P` is what it expects of
/// the two parents.
template <class P>
void move_to(actor& me, const std::string& from, const std::string& to) {
    me.doing("rename");
    auto& kv = me.store();
    const auto source = resolve(kv, from), target = resolve(kv, to);
    if (!source || !source->exists() || !target || target->exists()) return;
    if (source->node() == nullptr) {
        (void)tree::rename(by(me), P{source->parent}, *source->found, P{target->parent},
                           *target->found);
    } else if (const auto line = read_ancestry(kv, target->parent.node())) {
        (void)rename_directory(by(me), P{source->parent}, *source->found, P{target->parent},
                               *target->found, *line);
    }
}

/// What a user's code would do to remove the directory at `path`, if it is empty.
template <class P>
void remove_at(actor& me, const std::string& path) {
    me.doing("remove_directory");
    const auto at = resolve(me.store(), path);
    if (!at || at->is_root() || at->node() == nullptr) return;
    if (const auto empty = see_empty(me.store(), *at->node()))
        (void)remove_directory(by(me), P{at->parent}, *at->found, *empty);
}

/// That a clean state can be reached from here, and by whom: on a copy of the rows, `tidy` is done
/// by one who comes after whatever has happened by now, crashes and work half-way included, and
/// `clean` is asked of what is left. As a law of every state it says "always, in the end" (AG EF)
/// with the way there shown: the janitor that ships.
template <class Tidy, class Clean>
[[nodiscard]] auto can_be_tidied(Tidy tidy, Clean clean) {
    return [=](const rows& now) {
        memory_store kv;
        for (auto r = all_rows(now); r.valid(); r.next()) {
            const write row{write::kind::put, r.key(), r.value()};
            require(kv.commit({{}, {&row, 1}}).has_value(), "a copy");
        }
        id_blocks<memory_store> ids{kv, std::uint64_t{1} << 20, std::uint64_t{1} << 21};
        tidy(unrecorded<memory_store>{kv, ids});
        return clean(kv);
    };
}

/// Whether something is at `path`.
[[nodiscard]] inline auto there(std::string path) {
    return [path = std::move(path)](const rows& now) {
        const auto at = resolve(now, path);
        return at && at->exists();
    };
}
[[nodiscard]] inline auto not_there(std::string path) {
    return [is = there(std::move(path))](const rows& now) { return !is(now); };
}

}  // namespace casement::models
