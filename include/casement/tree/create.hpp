#pragma once
// New names in a directory (SPEC F5): one commit, whatever the directory's size, for the row's own
// guard makes the name unique. Any thread.

#include <optional>
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
    seen_name existing;
    directory parent;
};

/// A taken name is an answer and no error: it says what is there (SPEC F5).
using create_outcome = std::variant<created, already_exists>;

/// A file whose content is stored, or a link: what `create` may point a new name to.
using leaf = std::variant<protocol::dentry::create_object, protocol::dentry::create_symlink>;

namespace detail {

/// A name that is free, in whichever way: no row, or a tombstone over a base.
class free_name {
public:
    /// `conflict` if it is taken, by the base or above it. Over a base it reads the row and the
    /// base; else nothing, for the guard of absence is enough.
    template <readable R>
    [[nodiscard]] static result<free_name> find(const R& at, const directory& dir,
                                                std::string_view name) {
        if (!dir.base()) return free_name{dir.key(name), std::nullopt};
        auto seen = see_name(at, dir, name);
        if (!seen) return passed(seen);
        if (seen->exists())
            return fail(errc::conflict, "check name", std::string{name}, "the name is taken");
        return free_name{dir.key(name), *std::move(seen)};
    }

    [[nodiscard]] state<protocol::dentry> target() const {
        return seen_ ? seen_->target() : state<protocol::dentry>{};
    }
    template <store S>
    void guard(transaction<S>& t) const {
        if (seen_)
            t.expect(seen_->row(), "the name is free");
        else
            t.template expect_absent<entry>(key_, "the name is free");
    }

private:
    free_name(const entry::key& key, std::optional<seen_name> seen)
        : key_{key}, seen_{std::move(seen)} {}

    entry::key key_;
    std::optional<seen_name> seen_;
};

/// Why a new name did not commit: it is taken, or the directory has moved on.
template <store S>
result<create_outcome> taken_or(const S& kv, const directory& parent, std::string_view name,
                                error conflict) {
    if (conflict.code() == errc::conflict) {
        const auto now =
            snapshot_with<head, rev, entry>(kv, parent.node(), parent.node(), parent.key(name));
        auto dir = read_directory(now, parent.node());
        if (!dir) return passed(dir);
        auto existing = see_name(now, *dir, name);
        if (!existing) return passed(existing);
        if (existing->exists()) return already_exists{*std::move(existing), *std::move(dir)};
    }
    return std::unexpected{std::move(conflict).within("create", std::string{name})};
}

}  // namespace detail

/// Points the new `name` to a stored object or a link's path. Reads no row, but over a base what
/// `look_up` reads; when the name is taken it reads three to say by what. `bad_name`, `conflict`
/// when the parent is not as expected, `need_pull` where the base is not here.
template <client C, class P, class More = nothing_more>
[[nodiscard]] result<create_outcome> create(C&& me, const P& parent, std::string_view name,
                                            const leaf& what, const facts& about,
                                            const More& more = {}) {
    static_assert(contract_1_a_directory_change_names_its_expected_parent_rev<P>::kept);
    if (auto good = check_name(name); !good) return passed(good);
    if (auto open = takes(parent.parent(), protocol::directory::put_child{}, "create", name); !open)
        return passed(open);
    const directory& dir = parent.parent();
    const auto free = detail::free_name::find(me.rows(), dir, name);
    if (!free) return detail::taken_or(me.rows(), dir, name, free.error());
    const auto written = me.template next<generation>();
    if (!written) return std::unexpected{written.error()};
    auto target = std::visit(
        [&](const auto& e) {
            return casement::apply<protocol::dentry>(free->target(), event<protocol::dentry>{e});
        },
        what);
    if (!target) return passed(target);
    if (auto good = check_target(*target); !good) return passed(good);

    transaction t{me.rows()};
    parent.guard(t);
    free->guard(t);
    more(t);
    t.template put<entry>(dir.key(name), {*std::move(target), *written, about});
    t.template bump<rev>(dir.node());
    auto made = me.commit(t, change_kind::create, created{*written, {}});
    if (!made) return detail::taken_or(me.rows(), dir, name, std::move(made).error());
    return *made;
}

namespace detail {

/// `too_deep` where no directory may come to lie in `parent`. Reads a row for each one above.
template <readable R>
[[nodiscard]] result<void> check_depth(const R& at, node_id parent, std::string_view operation,
                                       std::string_view name) {
    const auto above = read_ancestry(at, parent);
    if (!above) return std::unexpected{above.error()};
    if (above->depth() + 1 < depth_max) return {};
    return fail(errc::too_deep, std::string{operation}, std::string{name},
                "more than 64 directories deep");
}

/// The rows of a new directory node, but for its name's.
template <store S>
void put_directory(transaction<S>& t, node_id node, head h, node_id parent, std::string_view name) {
    t.template put<head>(node, h);
    t.template put<rev>(node, {{1}});
    t.template put<binding>(node, {parent, std::string{name}});
}

/// One commit that makes a directory with the head given, under a name that is free.
template <client C, class P, class More>
[[nodiscard]] result<create_outcome> new_directory(C& me, const P& parent, std::string_view name,
                                                   head h, change_kind what, const More& more) {
    if (auto good = check_name(name); !good) return passed(good);
    const directory& dir = parent.parent();
    if (auto open = takes(dir, protocol::directory::put_child{}, "create", name); !open)
        return passed(open);
    if (auto fits = check_depth(me.rows(), dir.node(), "create directory", name); !fits)
        return passed(fits);
    const auto free = free_name::find(me.rows(), dir, name);
    if (!free) return taken_or(me.rows(), dir, name, free.error());
    const auto node = me.template next<node_id>();
    if (!node) return std::unexpected{node.error()};
    const auto written = me.template next<generation>();
    if (!written) return std::unexpected{written.error()};
    auto target =
        casement::apply<protocol::dentry>(free->target(), protocol::dentry::create_node{{*node}});
    if (!target) return passed(target);

    transaction t{me.rows()};
    parent.guard(t);
    free->guard(t);
    t.template put<entry>(dir.key(name), {*std::move(target), *written, {}});
    put_directory(t, *node, std::move(h), dir.node(), name);
    more(t);
    t.template bump<rev>(dir.node());
    auto made = me.commit(t, what, created{*written, *node});
    if (!made) return taken_or(me.rows(), dir, name, std::move(made).error());
    return *made;
}

}  // namespace detail

/// Makes a directory. `too_deep` below 64 levels. Reads a row for each directory above, and what
/// `create` reads.
template <client C, class P, class More = nothing_more>
[[nodiscard]] result<create_outcome> create_directory(C&& me, const P& parent,
                                                      std::string_view name, const facts& about,
                                                      const More& more = {}) {
    static_assert(contract_1_a_directory_change_names_its_expected_parent_rev<P>::kept);
    return detail::new_directory(me, parent, name,
                                 {protocol::directory::alive{}, {}, about.mode, about.mtime, {}},
                                 change_kind::create_directory, more);
}

/// Shows a directory object under a new name, and all below it, to readers alone: every change in
/// it is `read_only` (SPEC F20). `more` guards that the object is stored. Removed like an empty
/// directory is, by `unmount`. Reads what `create_directory` reads.
template <client C, class P, class More = nothing_more>
[[nodiscard]] result<create_outcome> mount(C&& me, const P& parent, std::string_view name,
                                           const obj_id& shown, const facts& about,
                                           const More& more = {}) {
    static_assert(contract_1_a_directory_change_names_its_expected_parent_rev<P>::kept);
    if (shown.kind != obj_id::directory)
        return fail(errc::not_a_directory, "mount", std::string{name});
    return detail::new_directory(
        me, parent, name, {protocol::directory::mounted{}, {}, about.mode, about.mtime, shown},
        change_kind::mount, more);
}

/// Makes the root where there is none yet. `exists` if there is.
template <store S>
[[nodiscard]] result<void> create_root(S& kv, const facts& about) {
    auto made = transaction{kv}
                    .template expect_absent<head>(root, "there is no root yet")
                    .template put<head>(
                        root, {protocol::directory::alive{}, {}, about.mode, about.mtime, {}})
                    .template put<rev>(root, {{1}})
                    .commit();
    if (made) return {};
    auto e = std::move(made).error();
    const bool there = e.code() == errc::conflict;
    return std::unexpected{there ? std::move(e).as(errc::exists) : std::move(e)};
}

}  // namespace casement::tree
