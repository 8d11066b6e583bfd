#pragma once
// From a file that may be written to an object that never changes (SPEC F16): prepare, make the
// object with nothing held, commit. Anybody may go on with what somebody else has prepared, or take
// it back. The commit finds the file where its name is now, or not at all. Any thread.

#include <string>
#include <utility>
#include <variant>

#include <casement/core/error.hpp>
#include <casement/kv/client.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/machine/apply.hpp>
#include <casement/tree/change.hpp>
#include <casement/tree/file_node.hpp>
#include <casement/tree/rows.hpp>
#include <casement/tree/tokens.hpp>
#include <casement/tree/writer.hpp>

namespace casement::tree {

namespace detail {

/// One commit that takes the file's row on, and nothing else.
template <client C>
result<void> turn(C& me, const file_node& was, const event<protocol::file>& by, change_kind what,
                  std::string_view operation) {
    auto file = casement::apply<protocol::file>(was.file()->now, by);
    if (!file) return within(std::move(file), std::string{operation}, number_of(was.node()));
    transaction t{me.rows()};
    t.replace(was.file(), file_row{*std::move(file)}, "the file is as it was seen");
    auto made = me.commit(t, what, done{});
    if (!made) return within(std::move(made), std::string{operation}, number_of(was.node()));
    return {};
}

}  // namespace detail

/// From here on nobody writes the file until it is finalized or the preparation is taken back: its
/// staging file may be hashed. `illegal` while it is written. Reads no row.
template <client C>
[[nodiscard]] result<void> prepare(C&& me, const file_node& was) {
    return detail::turn(me, was, protocol::file::prepare{detail::seq_of(was)}, change_kind::prepare,
                        "prepare");
}

/// Takes a preparation back, whoever made it: a crash leaves nothing that stays half-way. Reads no
/// row.
template <client C>
[[nodiscard]] result<void> abort(C&& me, const file_node& was) {
    return detail::turn(me, was, protocol::file::abort{detail::seq_of(was)}, change_kind::abort,
                        "abort");
}

/// Points the file's name to its object, and ends the node. `prepared` was read before the bytes
/// were hashed. `bound` says where its name is, and `parent` and `name` are what was seen there: a
/// file that is deleted is not brought back, and one that is renamed is finalized in its new place
/// or, with `conflict`, not at all. `more` adds what makes the object's bytes known. Reads no row.
template <client C, class P, class More = nothing_more>
[[nodiscard]] result<generation> finalize(C&& me, const file_node& prepared,
                                          const seen<binding>& bound, const P& parent,
                                          const seen_name& name, const obj_id& object,
                                          const facts& about, const More& more = {}) {
    static_assert(contract_1_a_directory_change_names_its_expected_parent_rev<P>::kept);
    if (auto may = detail::changes(parent.parent(), name, detail::put_child{}, "finalize"); !may)
        return passed(may);
    const std::string which{name.key().name};
    if (!bound.exists() || bound.key() != prepared.node() || bound->parent != name.key().parent ||
        bound->name != which)
        return fail(errc::conflict, "finalize", which, "is not the name that the file is bound to");
    if (object.kind != obj_id::file)
        return fail(errc::illegal, "finalize", which, "its object is not a file's");
    auto file = casement::apply<protocol::file>(
        prepared.file()->now, protocol::file::commit{detail::seq_of(prepared), object});
    if (!file) return std::unexpected{detail::named(file.error(), "finalize", name)};
    auto target = casement::apply<protocol::dentry>(
        name.target(), protocol::dentry::finalize{prepared.node(), object});
    if (!target) return std::unexpected{detail::named(target.error(), "finalize", name)};
    const auto written = me.template next<generation>();
    if (!written) return std::unexpected{written.error()};

    transaction t{me.rows()};
    parent.guard(t);
    t.expect(prepared.file(), "the file is as it was prepared");
    t.expect(bound, "the file is bound here");
    t.replace(name.row(), entry{*std::move(target), *written, about},
              "the name points to what was seen");
    more(t);
    detail::erase_file(t, prepared.node());
    t.template bump<rev>(parent.parent().node());
    auto made = me.commit(t, change_kind::finalize, *written);
    if (!made) return std::unexpected{detail::named(std::move(made).error(), "finalize", name)};
    return made;
}

// Calls that leave out what they expect: each ends in the message of its contract.

template <client C, class... Given>
    requires(!passes<file_node, Given...>)
result<void> prepare(C&&, const Given&...) {
    static_assert(contract_3_a_change_of_a_file_carries_its_state_and_lease_seq<Given...>::kept);
    std::unreachable();
}

template <client C, class... Given>
    requires(!passes<file_node, Given...> || !passes<seen_name, Given...>)
result<generation> finalize(C&&, const Given&...) {
    static_assert(contract_3_a_change_of_a_file_carries_its_state_and_lease_seq<Given...>::kept);
    static_assert(contract_2_a_change_of_a_name_carries_what_was_seen_there<Given...>::kept);
    std::unreachable();
}

}  // namespace casement::tree
