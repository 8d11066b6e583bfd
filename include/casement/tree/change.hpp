#pragma once
// Changes of names that are there: another target, other facts, removal (SPEC F6, F7). Each is one
// commit and carries what it expects to change (contract 2). Any thread.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <casement/core/error.hpp>
#include <casement/kv/client.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/machine/apply.hpp>
#include <casement/tree/names.hpp>
#include <casement/tree/rows.hpp>
#include <casement/tree/tokens.hpp>

namespace casement::tree {

/// What `replace_target` may do to a name that is there.
using replacement = std::variant<protocol::dentry::replace_object, protocol::dentry::retarget>;

namespace detail {

[[nodiscard]] inline result<void> is_in(const seen_name& old, const directory& parent) {
    const auto key = old.key();
    if (key.parent == parent.node() && key.layer == parent.layer() && old.base() == parent.base())
        return {};
    return fail(errc::conflict, "check entry", std::string{key.name},
                "was seen in another directory than the parent");
}

using put_child = protocol::directory::put_child;
using drop_child = protocol::directory::drop_child;

/// Whether `parent` is the directory that `old` was seen in, and takes the change.
[[nodiscard]] inline result<void> changes(const directory& parent, const seen_name& old,
                                          const event<protocol::directory>& change,
                                          std::string_view operation) {
    if (auto here = is_in(old, parent); !here) return here;
    return takes(parent, change, operation, old.key().name);
}

[[nodiscard]] inline error named(error e, std::string_view operation, const seen_name& of) {
    return std::move(e).within(std::string{operation}, std::string{of.key().name});
}

/// What a name leaves behind in the upper layer when it goes: nothing, or a tombstone where the
/// base has the name too (SPEC F6).
class departure {
public:
    /// `leaves` is the machine's event where the base does not have it. Over a base it reads that,
    /// and takes a generation.
    template <client C>
    [[nodiscard]] static result<departure> of(C& me, const directory& dir, const seen_name& old,
                                              const event<protocol::dentry>& leaves) {
        bool buries = old.is_of_base();
        if (dir.base() && !buries) {
            const auto below = see_in_base(me.rows(), dir, old.key().name);
            if (!below) return std::unexpected{below.error()};
            buries = below->has_value();
        }
        auto after = casement::apply<protocol::dentry>(
            old.target(), buries ? event<protocol::dentry>{protocol::dentry::bury{}} : leaves);
        if (!after) return passed(after);
        if (!buries) return departure{std::nullopt};
        const auto written = me.template next<generation>();
        if (!written) return std::unexpected{written.error()};
        return departure{entry{*std::move(after), *written, {}}};
    }
    template <store S>
    void write(transaction<S>& t, const entry::key& key) const {
        if (tombstone_)
            t.template put<entry>(key, *tombstone_);
        else
            t.template erase<entry>(key);
    }

private:
    explicit departure(std::optional<entry> tombstone) : tombstone_{std::move(tombstone)} {}
    std::optional<entry> tombstone_;
};

/// The rows of a directory's node go with its name. Entries that are left in it, where there may be
/// some, are swept later.
template <store S>
void erase_directory(transaction<S>& t, const directory& dir, bool leaves_entries) {
    t.template erase<head>(dir.node());
    t.template erase<rev>(dir.node());
    t.template erase<binding>(dir.node());
    if (leaves_entries) t.template put<hidden>({dir.node(), dir.layer()}, {});
}

/// The rows of a file's node go with its name. Whoever writes it or makes its object guards them.
template <store S>
void erase_file(transaction<S>& t, node_id node) {
    t.template erase<file_row>(node);
    t.template erase<lease_row>(node);
    t.template erase<binding>(node);
}

}  // namespace detail

/// Points a name to something else. `illegal` unless the dentry machine has the pair: a file stays
/// a file, a link a link. `conflict` if the name is not what `old` says. Reads no row.
template <client C, class P, class More = nothing_more>
[[nodiscard]] result<generation> replace_target(C&& me, const P& parent, const seen_name& old,
                                                const replacement& by, const facts& about,
                                                const More& more = {}) {
    static_assert(contract_1_a_directory_change_names_its_expected_parent_rev<P>::kept);
    if (auto may = detail::changes(parent.parent(), old, detail::put_child{}, "replace"); !may)
        return passed(may);
    auto target = std::visit(
        [&](const auto& e) {
            return casement::apply<protocol::dentry>(old.target(), event<protocol::dentry>{e});
        },
        by);
    if (!target) return std::unexpected{detail::named(target.error(), "replace", old)};
    if (auto good = check_target(*target); !good) return passed(good);
    if (is_directory(*old) != is_directory({*target, {}, {}}))
        return fail(errc::illegal, "replace", std::string{old.key().name},
                    "a file stays a file, and a directory a directory");
    const auto written = me.template next<generation>();
    if (!written) return std::unexpected{written.error()};

    transaction t{me.rows()};
    parent.guard(t);
    t.replace(old.row(), entry{*std::move(target), *written, about},
              "the name points to what was seen");
    more(t);
    t.template bump<rev>(parent.parent().node());
    auto made = me.commit(t, change_kind::replace_target, *written);
    if (!made) return std::unexpected{detail::named(std::move(made).error(), "replace", old)};
    return *made;
}

/// Changes mode and mtime of a file's or a link's name. `illegal` for a directory: its facts are
/// its own, see `set_directory_facts`. Reads no row.
template <client C, class P>
[[nodiscard]] result<void> set_facts(C&& me, const P& parent, const seen_name& old,
                                     std::uint32_t mode, timestamp mtime) {
    static_assert(contract_1_a_directory_change_names_its_expected_parent_rev<P>::kept);
    if (auto may = detail::changes(parent.parent(), old, detail::put_child{}, "set facts"); !may)
        return passed(may);
    if (!old.exists()) return fail(errc::not_found, "set facts", std::string{old.key().name});
    if (directory_in(*old) != nullptr)
        return fail(errc::illegal, "set facts", std::string{old.key().name}, "is a directory");
    entry now = *old;
    now.about.mode = mode;
    now.about.mtime = mtime;
    if (old.is_of_base()) {  // it becomes a row, which somebody wrote
        const auto written = me.template next<generation>();
        if (!written) return std::unexpected{written.error()};
        now.written = *written;
    }
    transaction t{me.rows()};
    parent.guard(t);
    t.replace(old.row(), now, "the name points to what was seen");
    t.template bump<rev>(parent.parent().node());
    if (auto made = me.commit(t, change_kind::set_facts, done{}); !made)
        return std::unexpected{detail::named(std::move(made).error(), "set facts", old)};
    return {};
}

/// Changes a directory's own mode and mtime. No name changes, so no rev does.
template <client C>
[[nodiscard]] result<void> set_directory_facts(C&& me, const directory& dir, std::uint32_t mode,
                                               timestamp mtime) {
    head now = *dir.head();
    now.mode = mode;
    now.mtime = mtime;
    transaction t{me.rows()};
    t.replace(dir.head(), now, "the directory is as it was seen");
    auto made = me.commit(t, change_kind::set_directory_facts, done{});
    if (!made) return within(std::move(made), "set facts", std::to_string(dir.node().value));
    return {};
}

/// Removes a file's or a link's name; whoever still writes the file is fenced. `is_a_directory` for
/// a directory: that takes `emptiness` too. Reads no row.
template <client C, class P>
[[nodiscard]] result<void> remove(C&& me, const P& parent, const seen_name& old) {
    static_assert(contract_1_a_directory_change_names_its_expected_parent_rev<P>::kept);
    if (auto may = detail::changes(parent.parent(), old, detail::drop_child{}, "remove"); !may)
        return passed(may);
    if (!old.exists()) return fail(errc::not_found, "remove", std::string{old.key().name});
    if (directory_in(*old) != nullptr)
        return fail(errc::is_a_directory, "remove", std::string{old.key().name});
    const auto gone = detail::departure::of(me, parent.parent(), old, protocol::dentry::remove{});
    if (!gone) return std::unexpected{detail::named(gone.error(), "remove", old)};
    transaction t{me.rows()};
    parent.guard(t);
    t.expect(old.row(), "the name points to what was seen");
    gone->write(t, old.key());
    if (const auto* node = file_in(*old)) detail::erase_file(t, *node);
    t.template bump<rev>(parent.parent().node());
    if (auto made = me.commit(t, change_kind::remove, done{}); !made)
        return std::unexpected{detail::named(std::move(made).error(), "remove", old)};
    return {};
}

namespace detail {

/// One commit that takes a directory's name and node away, as both were seen.
template <client C, class P>
[[nodiscard]] result<void> drop_directory(C& me, const P& parent, const seen_name& old,
                                          const directory& dir, std::string_view operation) {
    const auto gone = departure::of(me, parent.parent(), old, protocol::dentry::remove{});
    if (!gone) return std::unexpected{named(gone.error(), operation, old)};
    transaction t{me.rows()};
    parent.guard(t);
    t.expect(old.row(), "the name points to what was seen");
    t.expect(dir.head(), "the directory is alive");
    t.expect(dir.rev(), "the directory is still empty");
    gone->write(t, old.key());
    erase_directory(t, dir, dir.base().has_value());  // tombstones
    t.template bump<rev>(parent.parent().node());
    if (auto made = me.commit(t, change_kind::remove_directory, done{}); !made)
        return std::unexpected{named(std::move(made).error(), operation, old)};
    return {};
}

}  // namespace detail

/// Removes a directory that was seen to be empty, and fails if it is not so any more. Its node is
/// never used again: who still holds it finds no head, and nothing can be put into it. Reads no
/// row.
template <client C, class P>
[[nodiscard]] result<void> remove_directory(C&& me, const P& parent, const seen_name& old,
                                            const emptiness& empty) {
    static_assert(contract_1_a_directory_change_names_its_expected_parent_rev<P>::kept);
    if (auto may = detail::changes(parent.parent(), old, detail::drop_child{}, "remove"); !may)
        return passed(may);
    const node_id* node = old.exists() ? directory_in(*old) : nullptr;
    if (node == nullptr || *node != empty.of().node())
        return fail(errc::conflict, "remove directory", std::string{old.key().name},
                    "is not the directory that was seen empty");
    return detail::drop_directory(me, parent, old, empty.of(), "remove directory");
}

/// Takes a mounted directory away; what it shows stays where it is stored. `illegal` if it is none.
/// Reads no row, but what `remove` reads over a base.
template <client C, class P>
[[nodiscard]] result<void> unmount(C&& me, const P& parent, const seen_name& old,
                                   const directory& mounted) {
    static_assert(contract_1_a_directory_change_names_its_expected_parent_rev<P>::kept);
    if (auto may = detail::changes(parent.parent(), old, detail::drop_child{}, "unmount"); !may)
        return passed(may);
    const node_id* node = old.exists() ? directory_in(*old) : nullptr;
    if (node == nullptr || *node != mounted.node())
        return fail(errc::conflict, "unmount", std::string{old.key().name},
                    "is not the directory that was seen");
    if (!std::holds_alternative<protocol::directory::mounted>(mounted.head()->life))
        return fail(errc::illegal, "unmount", std::string{old.key().name}, "is not mounted");
    return detail::drop_directory(me, parent, old, mounted, "unmount");
}

// Calls that leave out what they expect: each ends in the message of its contract.

template <client C, class... Given>
    requires(!passes<seen_name, Given...>)
result<generation> replace_target(C&&, const Given&...) {
    static_assert(contract_2_a_change_of_a_name_carries_what_was_seen_there<Given...>::kept);
    std::unreachable();
}

template <client C, class... Given>
    requires(!passes<seen_name, Given...>)
result<void> set_facts(C&&, const Given&...) {
    static_assert(contract_2_a_change_of_a_name_carries_what_was_seen_there<Given...>::kept);
    std::unreachable();
}

template <client C, class... Given>
    requires(!passes<seen_name, Given...>)
result<void> remove(C&&, const Given&...) {
    static_assert(contract_2_a_change_of_a_name_carries_what_was_seen_there<Given...>::kept);
    std::unreachable();
}

template <client C, class... Given>
    requires(!passes<seen_name, Given...> || !passes<emptiness, Given...>)
result<void> remove_directory(C&&, const Given&...) {
    static_assert(contract_2_a_change_of_a_name_carries_what_was_seen_there<Given...>::kept);
    static_assert(contract_of_life_a_removed_directory_was_seen_empty<Given...>::kept);
    std::unreachable();
}

}  // namespace casement::tree
