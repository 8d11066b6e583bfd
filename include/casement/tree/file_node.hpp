#pragma once
// A file while it may be written: a node with a state, a lease and a name (SPEC F15, F17). Here it
// comes to be, empty under a new name or out of an object. Each is one commit. Any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <casement/core/error.hpp>
#include <casement/core/name.hpp>
#include <casement/kv/client.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/machine/apply.hpp>
#include <casement/tree/change.hpp>
#include <casement/tree/create.hpp>
#include <casement/tree/rows.hpp>
#include <casement/tree/tokens.hpp>

namespace casement::tree {

/// A file's node as it was at one instant: what everything that changes it must have seen (SPEC
/// F3).
class file_node {
public:
    [[nodiscard]] node_id node() const { return file_.key(); }
    [[nodiscard]] const seen<file_row>& file() const { return file_; }
    [[nodiscard]] const seen<lease_row>& lease() const { return lease_; }

private:
    template <readable R>
    friend result<file_node> read_file_node(const R& at, node_id node);
    file_node(seen<file_row> f, seen<lease_row> l) : file_{std::move(f)}, lease_{std::move(l)} {}

    seen<file_row> file_;
    seen<lease_row> lease_;
};

/// Reads a file's state and lease from one source; from a snapshot they are of one instant.
/// `not_found` if there is no such file, or no more. Reads 2 rows.
template <readable R>
[[nodiscard]] result<file_node> read_file_node(const R& at, node_id node) {
    auto f = read<file_row>(at, node);
    if (!f) return passed(f);
    auto l = read<lease_row>(at, node);
    if (!l) return passed(l);
    const std::string which = std::to_string(node.value);
    if (!f->exists()) return fail(errc::not_found, "read file", which, "no such file");
    if (!l->exists()) return fail(errc::corrupt, "read file", which, "it has no lease");
    return file_node{*std::move(f), *std::move(l)};
}

namespace detail {

/// The rows of a new file node, but for its name's.
template <store S>
void put_file(transaction<S>& t, node_id node, state<protocol::file> now, node_id parent,
              std::string_view name) {
    t.template put<file_row>(node, {std::move(now)});
    t.template put<lease_row>(node, {protocol::lease::free{}});
    t.template put<binding>(node, {parent, std::string{name}});
}

}  // namespace detail

/// Makes an empty file under a new `name`, for a writer to open. Reads what `create` reads.
template <client C, class P, class More = nothing_more>
[[nodiscard]] result<create_outcome> create_file(C&& me, const P& parent, std::string_view name,
                                                 const facts& about, const More& more = {}) {
    static_assert(contract_1_a_directory_change_names_its_expected_parent_rev<P>::kept);
    if (auto good = check_name(name); !good) return passed(good);
    const directory& dir = parent.parent();
    if (auto open = takes(dir, protocol::directory::put_child{}, "create", name); !open)
        return passed(open);
    const auto free = detail::free_name::find(me.rows(), dir, name);
    if (!free) return detail::taken_or(me.rows(), dir, name, free.error());
    const auto node = me.template next<node_id>();
    if (!node) return std::unexpected{node.error()};
    const auto written = me.template next<generation>();
    if (!written) return std::unexpected{written.error()};
    auto target = casement::apply<protocol::dentry>(
        free->target(), protocol::dentry::create_node{{*node, obj_id::file}});
    if (!target) return passed(target);

    transaction t{me.rows()};
    parent.guard(t);
    free->guard(t);
    t.template put<entry>(dir.key(name), {*std::move(target), *written, about});
    detail::put_file(t, *node, protocol::file::cooling{}, dir.node(), name);
    more(t);
    t.template bump<rev>(dir.node());
    auto made = me.commit(t, change_kind::create_file, created{*written, *node});
    if (!made) return detail::taken_or(me.rows(), dir, name, std::move(made).error());
    return *made;
}

namespace detail {

/// One commit that turns the object that a name points to into a node over it (SPEC F13). `kind`
/// says which objects may; `put_node(t, node, object)` writes the rows of the node itself.
template <client C, class P, class Put, class More>
[[nodiscard]] result<created> instantiate(C& me, const P& parent, const seen_name& old,
                                          std::uint8_t kind, change_kind what, const facts& about,
                                          const Put& put_node, const More& more) {
    const std::string name{old.key().name};
    if (auto may = changes(parent.parent(), old, put_child{}, "instantiate"); !may)
        return passed(may);
    const obj_id* object = old.exists() ? object_in(*old) : nullptr;
    if (object != nullptr && object->kind != kind)
        return fail(kind == obj_id::file ? errc::is_a_directory : errc::not_a_directory,
                    "instantiate", name);
    const auto node = me.template next<node_id>();
    if (!node) return std::unexpected{node.error()};
    const auto written = me.template next<generation>();
    if (!written) return std::unexpected{written.error()};
    auto target = casement::apply<protocol::dentry>(
        old.target(), protocol::dentry::instantiate{object ? *object : obj_id{}, *node});
    if (!target) return std::unexpected{named(target.error(), "instantiate", old)};

    transaction t{me.rows()};
    parent.guard(t);
    t.replace(old.row(), entry{*std::move(target), *written, about},
              "the name points to what was seen");
    put_node(t, *node, *object);
    more(t);
    t.template bump<rev>(parent.parent().node());
    auto made = me.commit(t, what, created{*written, *node});
    if (!made) return std::unexpected{named(std::move(made).error(), "instantiate", old)};
    return made;
}

}  // namespace detail

/// Turns the file object that a name points to into a node that may be written (SPEC F13): its
/// state is `finalized`, its bytes are the object's. `conflict` if the name does not point to just
/// that object, written just then. Reads no row.
template <client C, class P>
[[nodiscard]] result<created> instantiate_file(C&& me, const P& parent, const seen_name& old) {
    static_assert(contract_1_a_directory_change_names_its_expected_parent_rev<P>::kept);
    return detail::instantiate(
        me, parent, old, obj_id::file, change_kind::instantiate_file,
        old.exists() ? old->about : facts{},
        [&](auto& t, node_id node, const obj_id& object) {
            detail::put_file(t, node, protocol::file::finalized{{}, object}, parent.parent().node(),
                             old.key().name);
        },
        nothing_more{});
}

// Calls that leave out what they expect: each ends in the message of its contract.

template <client C, class... Given>
    requires(!passes<seen_name, Given...>)
result<created> instantiate_file(C&&, const Given&...) {
    static_assert(contract_2_a_change_of_a_name_carries_what_was_seen_there<Given...>::kept);
    std::unreachable();
}

}  // namespace casement::tree
