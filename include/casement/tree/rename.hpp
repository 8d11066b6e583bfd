#pragma once
// Renames (SPEC F8): one commit, however large the subtree. The source is still what was seen, the
// destination is free or what was seen, and a directory never comes to lie under itself, also not
// by two renames at once, because the line from the destination to the root is guarded (F4c). Any
// thread.

#include <concepts>
#include <string>
#include <utility>
#include <variant>

#include <casement/core/error.hpp>
#include <casement/core/name.hpp>
#include <casement/kv/client.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/machine/apply.hpp>
#include <casement/tree/change.hpp>
#include <casement/tree/rows.hpp>
#include <casement/tree/tokens.hpp>

namespace casement::tree {

namespace detail {

/// The event that the destination's machine takes: arrive where no name is, displace where one is.
[[nodiscard]] inline event<protocol::dentry> arrival(const state<protocol::dentry>& what,
                                                     bool displaces) {
    using d = protocol::dentry;
    if (const auto* o = std::get_if<d::object>(&what))
        return displaces ? event<d>{d::displace_by_object{o->id}} : d::arrive_object{o->id};
    if (const auto* l = std::get_if<d::symlink>(&what))
        return displaces ? event<d>{d::displace_by_symlink{l->path}} : d::arrive_symlink{l->path};
    const auto& i = std::get<d::inode>(what);
    return displaces ? event<d>{d::displace_by_node{i}} : d::arrive_node{i};
}

/// Two expectations of one directory are one guard, so they must be of one state of it.
template <class P, class Q>
bool agree(const P& from, const Q& to) {
    const directory &a = from.parent(), &b = to.parent();
    if (a.node() != b.node()) return true;
    if (*a.head() != *b.head()) return false;
    return !(std::same_as<P, at_rev> && std::same_as<Q, at_rev>) || *a.rev() == *b.rev();
}

template <class P, class Q>
result<void> check_rename(const P& from, const seen_name& source, const Q& to,
                          const seen_name& destination) {
    const auto name = std::string{source.key().name};
    if (auto may = changes(from.parent(), source, drop_child{}, "rename"); !may) return may;
    if (auto may = changes(to.parent(), destination, put_child{}, "rename"); !may) return may;
    if (!agree(from, to))
        return fail(errc::conflict, "rename", name, "its directory was seen in two states");
    if (auto good = check_name(destination.key().name); !good) return good;
    if (!source.exists()) return fail(errc::not_found, "rename", name);
    if (source.key_bytes() == destination.key_bytes())
        return fail(errc::exists, "rename", name, "source and destination are one name");
    if (destination.exists() && (is_directory(*source) || is_directory(*destination)))
        return fail(errc::exists, "rename", std::string{destination.key().name},
                    "a directory replaces nothing and is not replaced");
    return {};
}

template <client C, class P, class Q>
result<generation> commit_rename(C& me, const P& from, const seen_name& source, const Q& to,
                                 const seen_name& destination, const ancestry* line) {
    const auto gone = departure::of(me, from.parent(), source, protocol::dentry::move_away{});
    if (!gone) return std::unexpected{named(gone.error(), "rename", source)};
    auto there = casement::apply<protocol::dentry>(destination.target(),
                                                   arrival(source->target, destination.exists()));
    if (!there) return std::unexpected{named(there.error(), "rename", destination)};
    const auto written = me.template next<generation>();
    if (!written) return std::unexpected{written.error()};

    const bool within_one = from.parent().node() == to.parent().node();
    transaction t{me.rows()};
    // Of two expectations of one directory the stricter is guarded.
    const bool by_to = within_one && std::same_as<Q, at_rev>;
    if (!by_to) from.guard(t);
    if (!within_one || by_to) to.guard(t);
    t.expect(source.row(), "the source is what was seen");
    t.replace(destination.row(), entry{*std::move(there), *written, source->about},
              "the destination is what was seen");
    gone->write(t, source.key());
    t.template bump<rev>(from.parent().node());
    if (!within_one) t.template bump<rev>(to.parent().node());
    if (const auto* node = std::get_if<protocol::dentry::inode>(&source->target))
        t.template put<binding>(node->node,
                                {to.parent().node(), std::string{destination.key().name}});
    if (const auto* lost = destination.exists() ? file_in(*destination) : nullptr)
        erase_file(t, *lost);
    if (line != nullptr)
        for (const auto& b : line->line()) t.expect(b, "the destination's ancestors are in place");
    const auto kind = line == nullptr ? change_kind::rename : change_kind::rename_directory;
    auto made = me.commit(t, kind, *written);
    if (!made) return std::unexpected{named(std::move(made).error(), "rename", source)};
    return *made;
}

}  // namespace detail

/// Moves a file's or a link's name, or a directory object's. The destination is free, or a file or
/// link that is replaced, as it was seen. `is_a_directory` if the source is one: that takes the
/// ancestry too. Reads no row.
template <client C, class P, class Q>
[[nodiscard]] result<generation> rename(C&& me, const P& from, const seen_name& source, const Q& to,
                                        const seen_name& destination) {
    static_assert(contract_1_a_directory_change_names_its_expected_parent_rev<P>::kept);
    static_assert(contract_1_a_directory_change_names_its_expected_parent_rev<Q>::kept);
    if (auto good = detail::check_rename(from, source, to, destination); !good) return passed(good);
    if (directory_in(*source) != nullptr)
        return fail(errc::is_a_directory, "rename", std::string{source.key().name});
    // A node has one name at a time: one of the two is of an earlier moment.
    const auto* moved = file_in(*source);
    const auto* there = destination.exists() ? file_in(*destination) : nullptr;
    if (moved != nullptr && there != nullptr && *moved == *there)
        return fail(errc::conflict, "rename", std::string{source.key().name},
                    "its file is at the destination already");
    return detail::commit_rename(me, from, source, to, destination, nullptr);
}

/// Moves a directory with all that is below it, to a free name. `loop` if the destination lies in
/// it; `too_deep` if it would come to lie below 64 directories. Reads no row; guards a row for each
/// directory above the destination.
template <client C, class P, class Q>
[[nodiscard]] result<generation> rename_directory(C&& me, const P& from, const seen_name& source,
                                                  const Q& to, const seen_name& destination,
                                                  const ancestry& line) {
    static_assert(contract_1_a_directory_change_names_its_expected_parent_rev<P>::kept);
    static_assert(contract_1_a_directory_change_names_its_expected_parent_rev<Q>::kept);
    if (auto good = detail::check_rename(from, source, to, destination); !good) return passed(good);
    const auto name = std::string{source.key().name};
    const node_id* moved = directory_in(*source);
    if (moved == nullptr) return fail(errc::not_a_directory, "rename", name);
    if (line.of() != to.parent().node())
        return fail(errc::conflict, "rename", name, "the ancestry is of another directory");
    if (line.contains(*moved))
        return fail(errc::loop, "rename", name, "the directory would come to lie in itself");
    if (line.depth() + 1 >= depth_max)
        return fail(errc::too_deep, "rename", name, "more than 64 directories deep");
    return detail::commit_rename(me, from, source, to, destination, &line);
}

/// Points a name to something else, and another in the same directory, which is free, to what it
/// pointed to until then: how one goes back without losing what was there. One commit; `more` adds
/// what makes the new target known. Reads no row.
template <client C, class P, class More = nothing_more>
[[nodiscard]] result<generation> set_aside(C&& me, const P& parent, const seen_name& old,
                                           const seen_name& aside,
                                           const protocol::dentry::create_object& by,
                                           const facts& about, const More& more = {}) {
    static_assert(contract_1_a_directory_change_names_its_expected_parent_rev<P>::kept);
    if (auto good = detail::check_rename(parent, old, parent, aside); !good) return passed(good);
    const std::string which{old.key().name};
    if (aside.exists()) return fail(errc::exists, "set aside", std::string{aside.key().name});
    using d = protocol::dentry;
    auto there = casement::apply<d>(aside.target(), detail::arrival(old->target, false));
    if (!there) return std::unexpected{detail::named(there.error(), "set aside", aside)};
    auto gone = casement::apply<d>(old.target(), d::bury{});
    if (!gone) return std::unexpected{detail::named(gone.error(), "set aside", old)};
    auto here = casement::apply<d>(*gone, by);
    if (!here) return std::unexpected{detail::named(here.error(), "set aside", old)};
    const auto moved = me.template next<generation>();
    if (!moved) return std::unexpected{moved.error()};
    const auto written = me.template next<generation>();
    if (!written) return std::unexpected{written.error()};

    transaction t{me.rows()};
    parent.guard(t);
    t.replace(old.row(), entry{*std::move(here), *written, about},
              "the name points to what was seen");
    t.replace(aside.row(), entry{*std::move(there), *moved, old->about},
              "the destination is what was seen");
    more(t);
    if (const auto* node = std::get_if<d::inode>(&old->target))
        t.template put<binding>(node->node,
                                {parent.parent().node(), std::string{aside.key().name}});
    t.template bump<rev>(parent.parent().node());
    auto made = me.commit(t, change_kind::set_aside, *written);
    if (!made) return std::unexpected{detail::named(std::move(made).error(), "set aside", old)};
    return *made;
}

// Calls that leave out what they expect: each ends in the message of its contract.

template <client C, class... Given>
    requires((std::same_as<Given, seen_name> + ...) != 2)
result<generation> rename(C&&, const Given&...) {
    static_assert(contract_2_a_rename_carries_what_was_seen_at_both_names<Given...>::kept);
    std::unreachable();
}

template <client C, class... Given>
    requires((std::same_as<Given, seen_name> + ...) != 2)
result<generation> set_aside(C&&, const Given&...) {
    static_assert(contract_2_a_rename_carries_what_was_seen_at_both_names<Given...>::kept);
    std::unreachable();
}

template <client C, class... Given>
    requires((std::same_as<Given, seen_name> + ...) != 2 || !passes<ancestry, Given...>)
result<generation> rename_directory(C&&, const Given&...) {
    static_assert(contract_2_a_rename_carries_what_was_seen_at_both_names<Given...>::kept);
    static_assert(contract_of_shape_a_directory_rename_guards_what_lies_above<Given...>::kept);
    std::unreachable();
}

}  // namespace casement::tree
