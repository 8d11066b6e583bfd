#pragma once
// What the stories of files share: what a writer, a finalizer and those who meddle would do, on one
// name or two. A file's bytes are a row here: which letter its staging file holds.

#include <limits>
#include <map>
#include <string>
#include <string_view>

#include <casement/tree/file_node.hpp>
#include <casement/tree/finalize.hpp>
#include <casement/tree/writer.hpp>

#include "tree_story.hpp"

namespace casement::models {

/// What a staging file holds.
struct staged_letter {
    static constexpr char table = 'B';
    using key = staging_id;
    std::uint8_t letter = 0;
};

inline constexpr std::int64_t term_ns = 10;

inline story& with_file_rows(story& s) {
    with_tree_rows(s);
    s.canonical(
        check::canonical_rows<head, rev, binding, entry, file_row, lease_row, staged_letter>());
    s.spells(check::spelled_rows<head, rev, binding, entry, allocator, file_row, lease_row,
                                 staged_letter>());
    s.ticks_by(std::chrono::nanoseconds{term_ns});
    return s;
}

/// A place and the file's node there.
struct file_sight {
    place at;
    file_node file;
};

[[nodiscard]] inline std::optional<file_sight> see_file(const auto& now, std::string_view path) {
    auto at = tree::detail::walk{now, last_link::keep}.along(path);
    if (!at || at->is_root() || !at->exists()) return std::nullopt;
    const auto* node = file_in(**at->found);
    if (node == nullptr) return std::nullopt;
    auto file = read_file_node(now, *node);
    if (!file) return std::nullopt;
    return file_sight{*std::move(at), *std::move(file)};
}

template <class P>
void carries(actor& me, const directory& parent) {
    me.carries(parent.head());
    if constexpr (std::same_as<P, at_rev>) me.carries(parent.rev());
}

template <class P>
void make_file(actor& me, const std::string& path) {
    me.doing("create_file");
    const auto at = resolve(me.store(), path, last_link::keep);
    if (!at || at->exists()) return;
    carries<P>(me, at->parent);
    (void)create_file(by(me), P{at->parent}, at->found->key().name, {});
}

template <class P>
void make_object(actor& me, const std::string& path) {
    me.doing("create");
    const auto at = resolve(me.store(), path, last_link::keep);
    if (!at || at->exists()) return;
    (void)create(by(me), P{at->parent}, at->found->key().name, content('o'), {});
}

template <class P>
void instantiate(actor& me, const std::string& path) {
    me.doing("instantiate_file");
    const auto at = resolve(me.store(), path, last_link::keep);
    if (!at || !at->exists() || at->node() != nullptr) return;
    carries<P>(me, at->parent);
    me.carries(at->found->row());
    (void)instantiate_file(by(me), P{at->parent}, *at->found);
}

/// Writes the letter into the grant's own staging file, while the lease is the writer's.
inline bool write_letter(actor& me, const writer& w, char letter) {
    me.doing("write");
    const auto lease = read<lease_row>(me.store(), w.node());
    if (!lease || !check_writer(me.store(), w)) return false;
    transaction t{me.store()};
    t.expect(*lease, "the lease is still the writer's");
    t.template put<staged_letter>(w.staging(), {static_cast<std::uint8_t>(letter)});
    return t.commit().has_value();
}

/// Opens, writes, perhaps renews, and closes.
inline void write_file(actor& me, const std::string& path, char letter, bool renews) {
    me.doing("open_writer");
    const auto now = me.now();
    const auto seen = see_file(me.store().snapshot(), path);
    if (!seen) return me.answer("no file");
    const auto mine = open_writer(by(me), seen->file, {now.ns + term_ns});
    if (!mine) return me.answer("not opened");
    if (!write_letter(me, *mine, letter)) return me.answer("fenced");
    if (renews) {
        me.doing("renew");
        if (!renew(by(me), *mine, {now.ns + 2 * term_ns})) return me.answer("fenced");
    }
    me.doing("close_writer");
    me.answer(close_writer(by(me), *mine) ? "closed" : "fenced");
}

inline void take_back(actor& me, const std::string& path) {
    me.doing("reclaim");
    const auto now = me.now();
    const auto seen = see_file(me.store().snapshot(), path);
    if (!seen) return me.answer("no file");
    me.answer(reclaim(by(me), seen->file, now) ? "reclaimed" : "not reclaimed");
}

inline void take_preparation_back(actor& me, const std::string& path) {
    me.doing("abort");
    const auto seen = see_file(me.store().snapshot(), path);
    if (!seen) return me.answer("no file");
    me.answer(tree::abort(by(me), seen->file) ? "aborted" : "not aborted");
}

/// Prepares, reads the bytes with nothing held, and commits where the file's name is by then.
template <class P>
void make_final(actor& me, const std::string& path) {
    using file = protocol::file;
    me.doing("prepare");
    auto seen = see_file(me.store().snapshot(), path);
    if (!seen) return me.answer("no file");
    const auto node = seen->file.node();
    if (!std::holds_alternative<file::finalizing>(seen->file.file()->now) &&
        !prepare(by(me), seen->file))
        return me.answer("not prepared");
    me.doing("finalize");
    const auto prepared = read_file_node(me.store().snapshot(), node);
    if (!prepared) return me.answer("gone");
    const auto* now = std::get_if<file::finalizing>(&prepared->file()->now);
    if (now == nullptr) return me.answer("taken back");
    const auto bytes = read<staged_letter>(me.store(), now->staging);
    const auto letter = bytes && bytes->exists() ? (*bytes)->letter : std::uint8_t{'0'};

    for (int n = 0; n < 2; ++n) {
        me.doing("finalize");
        const auto here = see_bound(me.store().snapshot(), node);
        if (!here) return me.answer("gone");
        carries<P>(me, here->parent);
        me.carries(prepared->file());
        const auto object =
            std::get<protocol::dentry::create_object>(content(static_cast<char>(letter)));
        const auto made = finalize(by(me), *prepared, here->bound, P{here->parent}, here->name,
                                   object.id, here->name->about);
        if (made) return me.answer("finalized");
        if (made.error().code() != errc::conflict) break;
    }
    me.answer("not finalized");
}

template <class P>
void remove_file(actor& me, const std::string& path) {
    me.doing("remove");
    const auto at = resolve(me.store(), path, last_link::keep);
    if (!at || !at->exists() || at->node() != nullptr) return me.answer("nothing there");
    me.answer(remove(by(me), P{at->parent}, *at->found) ? "removed" : "not removed");
}

// --- what must hold ------------------------------------------------------------------------------

/// The file's row of each node.
[[nodiscard]] inline std::map<std::uint64_t, state<protocol::file>> files_in(const auto& now) {
    std::map<std::uint64_t, state<protocol::file>> all;
    const std::string first{file_row::table};
    for (auto r = now.scan(first, after_prefix(first)); r.valid(); r.next())
        all.emplace(parse_row_key<file_row>(r.key())->value, decode<file_row>(r.value())->now);
    return all;
}

/// A lease's number only grows: who has an old one never has the newest again.
[[nodiscard]] inline complaint numbers_grow(const check::change& c) {
    const auto seq = [](const auto& s) { return s.seq.value; };
    const auto after = files_in(c.after);
    for (const auto& [node, was] : files_in(c.before))
        if (const auto is = after.find(node);
            is != after.end() && std::visit(seq, is->second) < std::visit(seq, was))
            return "the number of node " + std::to_string(node) + " falls";
    return "";
}

/// Only a file that nobody writes becomes an object, and one of the bytes that it has.
[[nodiscard]] inline complaint finalized_as_it_is(const check::change& c) {
    if (c.operation != "finalize") return "";
    const auto after = files_in(c.after);
    for (const auto& [node, was] : files_in(c.before)) {
        if (after.contains(node)) continue;
        const auto* prepared = std::get_if<protocol::file::finalizing>(&was);
        if (prepared == nullptr) return "a file that is not prepared is finalized";
        const auto bound = read<binding>(c.before, node_id{node});
        const auto dir = read_directory(c.after, (*bound)->parent);
        const auto name = read<entry>(c.after, dir->key((*bound)->name));
        const auto bytes = read<staged_letter>(c.before, prepared->staging);
        const auto letter = bytes->exists() ? (*bytes)->letter : std::uint8_t{'0'};
        const auto object =
            std::get<protocol::dentry::create_object>(content(static_cast<char>(letter)));
        if (!name->exists() ||
            (*name)->target != state<protocol::dentry>{protocol::dentry::object{object.id}})
            return "its name does not point to an object of its bytes";
        return "";
    }
    return "a file that is gone is finalized";
}

/// A name that was deleted comes back by a creation or a rename alone.
[[nodiscard]] inline complaint no_resurrection(const check::change& c) {
    if (c.operation.starts_with("create") || c.operation == "rename") return "";
    const std::string first{entry::table};
    for (auto r = c.after.scan(first, after_prefix(first)); r.valid(); r.next())
        if (!c.before.get(r.key())->value)
            return "a name comes back by " + std::string{c.operation};
    return "";
}

inline story& with_file_laws(story& s) {
    with_file_rows(s);
    s.every_change("the number of a lease only grows", numbers_grow);
    s.every_change("a file is finalized as it is", finalized_as_it_is);
    s.every_change("a deleted name is not brought back", no_resurrection);
    return s;
}

/// No lease is held and nothing is prepared: nobody is half-way.
[[nodiscard]] inline bool nobody_half_way(const auto& now) {
    for (const auto& [node, f] : files_in(now))
        if (std::holds_alternative<protocol::file::working>(f) ||
            std::holds_alternative<protocol::file::finalizing>(f))
            return false;
    return true;
}

/// Takes back every lease, as when all have run out, and every preparation.
inline void take_all_back(unrecorded<memory_store> me) {
    for (const auto& [node, _] : files_in(me.rows())) {
        const auto file = read_file_node(me.rows(), node_id{node});
        if (!file) continue;
        (void)reclaim(me, *file, {std::numeric_limits<std::int64_t>::max()});
        (void)tree::abort(me, *file);
    }
}

/// Where nobody `helps`, somebody does.
inline story& nobody_need_stay_half_way(story& s, bool helps = true) {
    const auto tidy = [=](unrecorded<memory_store> me) {
        if (helps) take_all_back(me);
    };
    return s.always("nobody need stay half-way",
                    can_be_tidied(tidy, [](const auto& kv) { return nobody_half_way(kv); }));
}

}  // namespace casement::models
