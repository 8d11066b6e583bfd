#pragma once
// New names in a directory (SPEC F5): one commit, whatever the directory's size, for the row's own
// guard makes the name unique. Any thread.

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <casement/core/error.hpp>
#include <casement/core/name.hpp>
#include <casement/kv/client.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/machine/apply.hpp>
#include <casement/tree/rows.hpp>
#include <casement/tree/tokens.hpp>

namespace casement::tree {

/// The name is there now, because of this call.
struct created {
    generation written;
    node_id node;  // of a directory; else 0

    bool operator==(const created&) const = default;
};

/// The name was taken: what it points to, and the directory as that was read.
struct already_exists {
    seen<entry> existing;
    directory parent;
};

using create_outcome = std::variant<created, already_exists>;

/// A file whose content is stored, or a link: what `create` may point a new name to.
using leaf = std::variant<protocol::dentry::create_object, protocol::dentry::create_symlink>;

namespace detail {

/// Why a new name did not commit: it is taken, or the directory has moved on.
template <store S>
result<create_outcome> taken_or(const S& kv, const directory& parent, std::string_view name,
                                error conflict) {
    if (conflict.code() == errc::conflict) {
        const auto now = kv.snapshot();
        auto dir = read_directory(now, parent.node());
        if (!dir) return passed(dir);
        auto existing = read<entry>(now, dir->key(name));
        if (!existing) return passed(existing);
        if (existing->exists()) return already_exists{*std::move(existing), *std::move(dir)};
    }
    return std::unexpected{std::move(conflict).within("create", std::string{name})};
}

}  // namespace detail

/// Points the new `name` to a stored object or a link's path. Reads no row; when the name is taken
/// it reads three to say by what. `bad_name`, `conflict` when the parent is not as expected.
template <client C, class P, class More = nothing_more>
[[nodiscard]] result<create_outcome> create(C&& me, const P& parent, std::string_view name,
                                            const leaf& what, const facts& about,
                                            const More& more = {}) {
    static_assert(contract_1_a_directory_change_names_its_expected_parent_rev<P>::kept);
    if (auto good = check_name(name); !good) return passed(good);
    if (auto open = takes(parent.parent(), protocol::directory::put_child{}, "create", name); !open)
        return passed(open);
    const auto written = me.template next<generation>();
    if (!written) return std::unexpected{written.error()};
    auto target = std::visit(
        [](const auto& e) {
            return casement::apply<protocol::dentry>({}, event<protocol::dentry>{e});
        },
        what);
    if (!target) return passed(target);
    if (auto good = check_target(*target); !good) return passed(good);

    const directory& dir = parent.parent();
    transaction t{me.rows()};
    parent.guard(t);
    t.template expect_absent<entry>(dir.key(name), "the name is free");
    more(t);
    t.template put<entry>(dir.key(name), {*std::move(target), *written, about});
    t.template bump<rev>(dir.node());
    auto made = me.commit(t, change_kind::create, created{*written, {}});
    if (!made) return detail::taken_or(me.rows(), dir, name, std::move(made).error());
    return *made;
}

/// Makes a directory. `too_deep` below 64 levels. Reads a row for each directory above, and what
/// `create` reads.
template <client C, class P, class More = nothing_more>
[[nodiscard]] result<create_outcome> create_directory(C&& me, const P& parent,
                                                      std::string_view name, const facts& about,
                                                      const More& more = {}) {
    static_assert(contract_1_a_directory_change_names_its_expected_parent_rev<P>::kept);
    if (auto good = check_name(name); !good) return passed(good);
    const directory& dir = parent.parent();
    if (auto open = takes(dir, protocol::directory::put_child{}, "create", name); !open)
        return passed(open);
    const auto above = read_ancestry(me.rows(), dir.node());
    if (!above) return std::unexpected{above.error()};
    if (above->depth() + 1 >= depth_max)
        return fail(errc::too_deep, "create directory", std::string{name},
                    "more than 64 directories deep");
    const auto node = me.template next<node_id>();
    if (!node) return std::unexpected{node.error()};
    const auto written = me.template next<generation>();
    if (!written) return std::unexpected{written.error()};

    transaction t{me.rows()};
    parent.guard(t);
    t.template expect_absent<entry>(dir.key(name), "the name is free");
    t.template put<entry>(dir.key(name), {protocol::dentry::inode{*node}, *written, {}});
    t.template put<head>(*node, {protocol::directory::alive{}, {}, about.mode, about.mtime});
    t.template put<rev>(*node, {{1}});
    t.template put<binding>(*node, {dir.node(), std::string{name}});
    more(t);
    t.template bump<rev>(dir.node());
    auto made = me.commit(t, change_kind::create_directory, created{*written, *node});
    if (!made) return detail::taken_or(me.rows(), dir, name, std::move(made).error());
    return *made;
}

/// Makes the root where there is none yet. `exists` if there is.
template <store S>
[[nodiscard]] result<void> create_root(S& kv, const facts& about) {
    auto made =
        transaction{kv}
            .template expect_absent<head>(root, "there is no root yet")
            .template put<head>(root, {protocol::directory::alive{}, {}, about.mode, about.mtime})
            .template put<rev>(root, {{1}})
            .commit();
    if (made) return {};
    auto e = std::move(made).error();
    const bool there = e.code() == errc::conflict;
    return std::unexpected{there ? std::move(e).as(errc::exists) : std::move(e)};
}

}  // namespace casement::tree
