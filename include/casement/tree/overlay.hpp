#pragma once
// A directory between its two forms (SPEC F13, F16, F18): a node comes to be over an object, for
// one level only; it takes what it shows by now as a new base; it becomes an object itself. Each is
// one commit, however many names there are, and what it made invisible is swept later, by anyone.
// Any thread.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <casement/core/error.hpp>
#include <casement/kv/client.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/machine/apply.hpp>
#include <casement/object/dir_builder.hpp>
#include <casement/tree/change.hpp>
#include <casement/tree/create.hpp>
#include <casement/tree/file_node.hpp>
#include <casement/tree/names.hpp>
#include <casement/tree/objects.hpp>
#include <casement/tree/rows.hpp>
#include <casement/tree/tokens.hpp>

namespace casement::tree {

/// Turns the directory object that a name points to into a node whose base it is: what was in it is
/// in it still, and may change now. `conflict` if the name does not point to just that object,
/// written just then; `too_deep`. Reads a row for each directory above; the object itself is not
/// read.
template <client C, class P, class More = nothing_more>
[[nodiscard]] result<created> instantiate_directory(C&& me, const P& parent, const seen_name& old,
                                                    const More& more = {}) {
    static_assert(contract_1_a_directory_change_names_its_expected_parent_rev<P>::kept);
    const std::string name{old.key().name};
    const node_id above = parent.parent().node();
    if (auto fits = detail::check_depth(me.rows(), above, "instantiate", name); !fits)
        return passed(fits);
    return detail::instantiate(
        me, parent, old, obj_id::directory, change_kind::instantiate_directory, facts{},
        [&](auto& t, node_id node, const obj_id& object) {
            detail::put_directory(
                t, node,
                {protocol::directory::alive{}, {}, old->about.mode, old->about.mtime, object},
                above, name);
        },
        more);
}

/// All that a directory showed at one instant, as an object whose blocks are stored. Comes only
/// from `read_image`.
class image {
public:
    [[nodiscard]] const directory& of() const { return of_; }
    [[nodiscard]] const obj_id& object() const { return made_.id; }
    /// Names in the object.
    [[nodiscard]] std::uint64_t entries() const { return made_.entries; }
    /// Names that point to nodes: what is below them may change, and is in no object.
    [[nodiscard]] const std::vector<seen_name>& nodes() const { return nodes_; }
    /// What it leads to is stored.
    [[nodiscard]] const kept_since& kept() const { return kept_; }

private:
    template <store S>
    friend result<image> read_image(S& kv, node_id node);
    image(directory of, object::dir_summary made, std::vector<seen_name> nodes, kept_since kept)
        : of_{std::move(of)}, made_{made}, nodes_{std::move(nodes)}, kept_{std::move(kept)} {}

    directory of_;
    object::dir_summary made_;
    std::vector<seen_name> nodes_;
    kept_since kept_;
};

/// Stores what the directory shows as an object, with nothing held. Reads the directory at one
/// instant, writes the blocks that are not there yet; memory of a block a level, and the nodes.
template <store S>
[[nodiscard]] result<image> read_image(S& kv, node_id node) {
    auto kept = kept_since::now(kv);
    if (!kept) return passed(kept);
    const auto now = kv.snapshot();
    auto dir = read_directory(now, node);
    if (!dir) return passed(dir);
    block_writer<S> blocks{kv};
    object::dir_builder builder{
        [&](const digest& name, std::string_view bytes) { return blocks(name, bytes); }};
    std::vector<seen_name> nodes;
    names_cursor names{now, *dir, ""};
    for (; names.valid(); names.next()) {
        auto token = names.token();
        if (!token) return passed(token);
        if (std::holds_alternative<protocol::dentry::inode>((*token)->target))
            nodes.push_back(*std::move(token));
        else if (auto in = builder.push(as_dir_entry(names.name(), **token)); !in)
            return passed(in);
    }
    if (auto whole = names.status(); !whole) return passed(whole);
    auto made = builder.finish();
    if (!made) return passed(made);
    if (auto stored = blocks.finish(); !stored) return passed(stored);
    return image{*std::move(dir), *made, std::move(nodes), *std::move(kept)};
}

namespace detail {

/// The image is still what the directory shows, and its object is still stored.
template <store S>
void guard_image(transaction<S>& t, const image& seen) {
    t.expect(seen.of().head(), "the directory is as it was merged");
    t.expect(seen.of().rev(), "its names are as they were merged");
    seen.kept()(t);
}

}  // namespace detail

/// The directory takes its image as its base: exactly the entries that are in it become invisible
/// at once (SPEC F18). Nodes keep entries of their own, so there may be 40 of them at most
/// (`too_big`). No name points to something else than before, so no rev moves. `conflict` if a name
/// has changed since: read another image, nothing is lost. Reads no row.
template <client C>
[[nodiscard]] result<void> rebase(C&& me, const image& merged) {
    const directory& dir = merged.of();
    const std::string which = std::to_string(dir.node().value);
    if (auto may = takes(dir, protocol::directory::rebase{}, "rebase", which); !may) return may;
    constexpr std::size_t nodes_max = 40;
    if (merged.nodes().size() > nodes_max)
        return fail(errc::too_big, "rebase", which, "more than 40 names point to nodes");
    head h = *dir.head();
    h.base = merged.object();
    h.layer = protocol::layer_after(h.layer);
    transaction t{me.rows()};
    detail::guard_image(t, merged);
    t.template put<head>(dir.node(), h);
    for (const auto& n : merged.nodes())
        t.template put<entry>({dir.node(), h.layer, n.key().name}, *n);
    t.template put<hidden>({dir.node(), dir.layer()}, {});
    auto made = me.commit(t, change_kind::rebase, done{});
    if (!made) return within(std::move(made), "rebase", which);
    return {};
}

/// Points the directory's name to its object, and ends the node. `name` and `bound` are what was
/// seen where it is now: one that was removed is not brought back, and one that was renamed is
/// finalized in its new place or, with `conflict`, not at all. `in_use` while a name in it points
/// to a node; so whatever is made or opened in it meanwhile moves its rev, and is not swallowed
/// (SPEC F4e). Reads no row.
template <client C, class P>
[[nodiscard]] result<generation> finalize_directory(C&& me, const image& merged,
                                                    const seen<binding>& bound, const P& parent,
                                                    const seen_name& name) {
    static_assert(contract_1_a_directory_change_names_its_expected_parent_rev<P>::kept);
    if (auto may = detail::changes(parent.parent(), name, detail::put_child{}, "finalize"); !may)
        return passed(may);
    const directory& dir = merged.of();
    const std::string which{name.key().name};
    if (!bound.exists() || bound.key() != dir.node() || bound->parent != name.key().parent ||
        bound->name != which)
        return fail(errc::conflict, "finalize", which,
                    "is not the name that the directory is bound to");
    if (!merged.nodes().empty())
        return fail(
            errc::in_use, "finalize", which,
            "'" + printable(merged.nodes().front().key().name) + "' in it may still change");
    if (auto may = takes(dir, protocol::directory::seal{}, "finalize", which); !may)
        return passed(may);
    auto target = casement::apply<protocol::dentry>(
        name.target(), protocol::dentry::finalize{dir.node(), merged.object()});
    if (!target) return std::unexpected{detail::named(target.error(), "finalize", name)};
    const auto written = me.template next<generation>();
    if (!written) return std::unexpected{written.error()};

    transaction t{me.rows()};
    parent.guard(t);
    detail::guard_image(t, merged);
    t.expect(bound, "the directory is bound here");
    t.replace(name.row(),
              entry{*std::move(target), *written, {dir.head()->mode, dir.head()->mtime, 0}},
              "the name points to what was seen");
    detail::erase_directory(t, dir, true);
    t.template bump<rev>(parent.parent().node());
    auto made = me.commit(t, change_kind::finalize_directory, *written);
    if (!made) return std::unexpected{detail::named(std::move(made).error(), "finalize", name)};
    return made;
}

/// Erases entries that nobody sees any more, a few to a commit, and the intents to do so. Whoever
/// comes may do it, also beside others; stopped anywhere, the next call goes on. Answers the
/// entries erased.
template <store S>
[[nodiscard]] result<std::uint64_t> sweep_hidden(S& kv) {
    std::uint64_t erased = 0;
    const std::string intents{hidden::table};
    auto all = kv.scan(intents, after_prefix(intents));
    for (; all.valid(); all.next()) {
        const auto which = parse_row_key<hidden>(all.key());
        if (!which) return fail(errc::corrupt, "sweep", std::string{all.key()}, "no key");
        const std::string prefix = row_key<entry>({which->node, which->layer, ""});
        for (bool more = true; more;) {
            auto rows = kv.scan(prefix, after_prefix(prefix));
            transaction t{kv};
            for (; rows.valid() && t.size() + 1 < commit_rows_max; rows.next())
                t.template erase<entry>(*parse_row_key<entry>(rows.key()));
            if (auto s = rows.status(); !s) return passed(s);
            erased += t.size();
            more = rows.valid();
            // No guard: nobody writes into a layer that is hidden.
            if (!more) t.template erase<hidden>(*which);
            if (auto gone = t.commit(); !gone) return within(std::move(gone), "sweep", "");
        }
    }
    if (auto s = all.status(); !s) return passed(s);
    return erased;
}

// Calls that leave out what they expect: each ends in the message of its contract.

template <client C, class... Given>
    requires(!passes<seen_name, Given...>)
result<created> instantiate_directory(C&&, const Given&...) {
    static_assert(contract_2_a_change_of_a_name_carries_what_was_seen_there<Given...>::kept);
    std::unreachable();
}

/// The compiler's message for an end of a directory that nobody has merged.
template <class... Given>
struct contract_of_life_a_directory_becomes_the_object_that_it_was_seen_to_be {
    static constexpr bool kept = true;
    static_assert(passes<image, Given...>,
                  "casement: contract of life: pass the image that read_image gave for the "
                  "directory; the commit guards that it is still what the directory shows");
};

template <client C, class... Given>
    requires(!passes<image, Given...> || !passes<seen_name, Given...>)
result<generation> finalize_directory(C&&, const Given&...) {
    static_assert(contract_2_a_change_of_a_name_carries_what_was_seen_there<Given...>::kept);
    static_assert(
        contract_of_life_a_directory_becomes_the_object_that_it_was_seen_to_be<Given...>::kept);
    std::unreachable();
}

template <client C, class... Given>
    requires(!passes<image, Given...>)
result<void> rebase(C&&, const Given&...) {
    static_assert(
        contract_of_life_a_directory_becomes_the_object_that_it_was_seen_to_be<Given...>::kept);
    std::unreachable();
}

}  // namespace casement::tree
