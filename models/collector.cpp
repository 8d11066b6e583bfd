// A collector among those who name things (SPEC F21, F4g; race 12 as far as rows go): contents that
// are stored once more while they are condemned, directories that are copied and kept while what
// leads there is removed, and two collectors at once.

#include <string>
#include <utility>

#include <casement/blob/files.hpp>
#include <casement/tree/collect.hpp>
#include <casement/tree/contents.hpp>
#include <casement/tree/overlay.hpp>
#include <casement/tree/snapshot.hpp>

#include "bytes_story.hpp"
#include "file_story.hpp"
#include "stories.hpp"

namespace casement::models::collector_story {
namespace {

using disk = check::simulated_files<check::shared_disk_calls>;

constexpr std::string_view song = "la la la";

blob::options inline_only() {
    blob::options o;
    o.magic = [] { return std::uint64_t{0x5ca1ab1e}; };
    return o;
}

/// The contents of a store whose blobs all lie in rows: its disk is never asked.
template <store S>
tree::contents<S, disk> contents_in(S& kv, std::function<result<blob::blob_id>()> ids) {
    const check::shared_disk_calls calls;
    disk fs{calls};
    for (const auto* path : {"/store", "/store/blobs", "/store/packs"})
        require(fs.make_directory(path).has_value(), "a directory");
    auto files =
        blob::files<disk>::open(disk{calls}, "/store", {std::move(ids), {}}, inline_only());
    require(files.has_value(), "blob files");
    return {kv, *std::move(files)};
}

// --- what must hold ------------------------------------------------------------------------------

/// Whatever leads to a file's object finds its object, its content and its bytes.
[[nodiscard]] bool is_stored(const rows& now, const obj_id& id) {
    const auto object = read<object_row>(now, id);
    if (!object->exists()) return false;
    const auto file = object::file_object_from_bytes((*object)->bytes);
    return read<tree::content>(now, file->content)->exists() &&
           read<tree::inline_bytes>(now, file->content)->exists();
}

[[nodiscard]] bool is_whole(const rows& now, const obj_id& id) {
    if (id.kind == obj_id::file) return is_stored(now, id);
    if (!object::dirobj_check(blocks_in(now), id)) return false;
    for (const auto& e : object::dir_view{blocks_in(now), id})
        if (const auto* below = std::get_if<obj_id>(&e->target))
            if (!is_whole(now, *below)) return false;
    return true;
}

template <row R>
bool all_whole(const rows& now, const auto& object_of) {
    const std::string table{R::table};
    for (auto r = now.scan(table, after_prefix(table)); r.valid(); r.next()) {
        const auto value = decode<R>(r.value());
        if (const auto id = object_of(*value); id && !is_whole(now, *id)) return false;
    }
    return true;
}

[[nodiscard]] complaint what_is_named_is_stored(const rows& now) {
    const auto in_entry = [](const entry& e) {
        const auto* id = object_in(e);
        return id ? std::optional{*id} : std::nullopt;
    };
    if (!all_whole<entry>(now, in_entry)) return "a name leads to what was collected";
    if (!all_whole<head>(now, [](const head& h) { return h.base; })) return "a base was collected";
    if (!all_whole<tree::snapshot>(now, [](const auto& s) { return std::optional{s.root}; }))
        return "a snapshot leads to what was collected";
    return "";
}

/// Who is condemned is there: nobody revives, or erases, what is not.
[[nodiscard]] complaint the_condemned_are_stored(const rows& now) {
    const std::string table{condemned::table};
    for (auto r = now.scan(table, after_prefix(table)); r.valid(); r.next()) {
        const auto which = *parse_row_key<condemned>(r.key());
        const bool there = which.what == static_cast<std::uint8_t>(tree::content::table)
                               ? read<tree::content>(now, which.of)->exists()
                               : read<object_row>(now, {obj_id::directory, which.of})->exists();
        if (!there) return "what is condemned is not there";
    }
    return "";
}

/// Its bytes are where they were until it is erased: a second place would be lost space.
[[nodiscard]] complaint stored_once(const check::change& c) {
    const std::string table{tree::content::table};
    for (auto r = c.before.scan(table, after_prefix(table)); r.valid(); r.next())
        if (const auto now = c.after.get(r.key()); now->value && *now->value != r.value())
            return "a content is stored a second time";
    return "";
}

[[nodiscard]] bool nothing_unnamed(const auto& now) {
    bool none = true;
    const auto seen =
        survey(now, {}, [&](const surveyed&) { return none = false, result<void>{}; });
    return seen && none;
}

/// Where nobody `collects`, something is.
story& nothing_need_be_left_over(story& s, bool collects) {
    const auto tidy = [=](unrecorded<memory_store> me) {
        if (!collects) return;
        (void)collect(me, {.now = {}});
        (void)sweep_hidden(me.rows());
    };
    return s.always("nothing need be left over",
                    can_be_tidied(tidy, [](const auto& kv) { return nothing_unnamed(kv); }));
}

story& with_laws(story& s) {
    with_file_rows(s);
    s.canonical(
        check::canonical_rows<head, rev, binding, entry, hidden, condemned, tree::content>());
    s.spells(check::spelled_rows<head, rev, binding, entry, hidden, allocator, file_row, lease_row,
                                 tree::snapshot, condemned, collection>());
    s.covers([](std::string_view, std::string_view) { return std::nullopt; });
    s.always("what is named is stored", what_is_named_is_stored);
    s.always("what is condemned is there", the_condemned_are_stored);
    s.sometimes("nothing is left over", [](const rows& now) { return nothing_unnamed(now); });
    return nothing_need_be_left_over(s, true);
}

// --- who acts ------------------------------------------------------------------------------------

void gather(actor& me) {
    me.doing("collect");
    const auto done = collect(by(me), {.now = {}});
    me.answer(!done ? "not done" : done->erased > 0 ? "erased" : "nothing to erase");
}

void publish(actor& me) {
    static const std::vector<std::string> ways{"create /a", "create /b"};
    const auto which = me.choose(ways);
    auto c = contents_in(me.store(), [&] { return me.ids().next<blob::blob_id>(); });
    me.answer(settle(by(me), me.store(), c, song, which == 0 ? "/a" : "/b") ? "stored"
                                                                            : "not stored");
}

/// A second name for a directory's object, as `vault::copy` makes it.
void copy_directory(actor& me) {
    me.doing("create");
    const auto since = kept_since::now(me.store());
    if (!since) return me.answer("not copied");
    const auto from = resolve(me.store(), "/d", last_link::keep);
    const auto to = resolve(me.store(), "/e", last_link::keep);
    if (!from || !from->exists() || !to || to->exists()) return me.answer("nothing there");
    const auto* id = object_in(**from->found);
    const auto made = create(by(me), any_rev{to->parent}, "e", protocol::dentry::create_object{*id},
                             (*from->found)->about, [&](auto& t) { (*since)(t); });
    me.answer(made ? "copied" : "not copied");
}

/// Makes an object of what a directory shows, and names it in one of three ways.
void objectify(actor& me) {
    static const std::vector<std::string> ways{"keep_snapshot", "finalize_directory", "rebase"};
    const auto way = me.choose(ways);
    if (way == 0) {
        const auto image = read_tree(me.store(), root);
        const bool kept = image && keep_snapshot(by(me), "s", *image, "/", {});
        return me.answer(kept ? "kept" : "not kept");
    }
    const auto at = resolve(me.store(), "/n");
    if (!at || at->node() == nullptr) return me.answer("no node");
    const auto merged = read_image(me.store(), *at->node());
    if (!merged) return me.answer("gone");
    if (way == 2) return me.answer(tree::rebase(by(me), *merged) ? "rebased" : "not rebased");
    const auto bound = read<binding>(me.store(), *at->node());
    const bool made =
        bound && bound->exists() &&
        tree::finalize_directory(by(me), *merged, *bound, any_rev{at->parent}, *at->found);
    me.answer(made ? "finalized" : "not finalized");
}

void remove_d(actor& me) { remove_file<any_rev>(me, "/d"); }

/// /n has the song in it, as a node, and /d, as an object.
void plant_tree(memory_store& kv) {
    plot tree{kv};
    auto c = contents_in(kv, [] { return blob::blob_id{9}; });
    (void)tree.mkdir("/n");
    require(settle(tree.by(), kv, c, song, "/n/x").has_value(), "a file");
    const auto node = tree.mkdir("/d");
    require(settle(tree.by(), kv, c, song, "/d/y").has_value(), "a file");
    const auto merged = read_image(kv, node);
    const auto at = *resolve(kv, "/d");
    require(tree::finalize_directory(tree.by(), *merged, *read<binding>(kv, node),
                                     any_rev{at.parent}, *at.found)
                .has_value(),
            "an object");
    require(sweep_hidden(kv).has_value(), "and nothing else");
}

story tale_of(std::string name) {
    story tale{std::move(name)};
    tale.begins(plant_tree);
    return tale;
}

/// The same, after a collector has condemned /d, before it was named, and crashed.
story tale_of_a_crash(std::string name) {
    story tale{std::move(name)};
    tale.begins([](memory_store& kv) {
        plant_tree(kv);
        const auto d = *resolve(kv, "/d");
        const condemned sentence{{{15}}, {}};
        (void)transaction{kv}
            .put<condemned>(block(object_in(**d.found)->digest), sentence)
            .put<condemned>(whole(sha256_of(song)), sentence)
            .commit();
    });
    return tale;
}

/// Nothing but the song, that nothing leads to; perhaps the block of an empty directory too.
story tale_of_leftovers(std::string name, bool and_a_block) {
    story tale{std::move(name)};
    tale.begins([=](memory_store& kv) {
        plot tree{kv};
        auto c = contents_in(kv, [] { return blob::blob_id{9}; });
        require(settle(tree.by(), kv, c, song, "/x").has_value(), "a file");
        const auto x = *resolve(kv, "/x");
        require(remove(tree.by(), any_rev{x.parent}, *x.found).has_value(), "a leftover");
        const auto block = object::to_bytes(object::dir_block{});
        block_writer blocks{kv};
        if (and_a_block)
            require(blocks(sha256_of(block), block) && blocks.finish(), "another leftover");
    });
    return tale;
}

[[nodiscard]] auto answered(std::size_t who, std::string what) {
    return [=](const check::moment& m) { return m.answer(who) == what; };
}

story stored_again() {
    auto tale = tale_of_leftovers("a collector, and who stores the same bytes", false);
    tale.acts("collector", gather);
    tale.actors(2, "writer", 1, publish);
    tale.strikes({.crashes = 1, .lost_replies = 1});
    with_laws(tale);
    tale.every_change("a content is stored once", stored_once);
    tale.sometimes("it is stored once more", there("/a"));
    tale.sometimes("it is erased", answered(0, "erased"));
    return tale;
}

story copied() {
    auto tale = tale_of("a collector, and who names what they have seen");
    tale.acts("collector", gather);
    tale.acts("copier", copy_directory);
    tale.acts("remover", remove_d);
    tale.strikes({.crashes = 1, .lost_replies = 1});
    with_laws(tale);
    tale.sometimes("it is copied", there("/e"));
    tale.sometimes("it is erased", answered(0, "erased"));
    return tale;
}

/// Who is in a hurry ends a collector's look; what they reach and name then, it must see.
story hurried() {
    auto tale = tale_of_a_crash("a collector after another's crash, and who is in a hurry");
    tale.acts("collector", gather);
    tale.acts("copier", copy_directory, 2);
    tale.acts("remover", remove_d);
    with_laws(tale);
    tale.sometimes("it is copied", there("/e"));
    tale.sometimes("it is erased", answered(0, "erased"));
    return tale;
}

story objectified() {
    auto tale = tale_of("a collector, and who makes an object of a directory");
    tale.acts("collector", gather);
    tale.acts("keeper", objectify);
    tale.acts("remover", remove_d);
    tale.strikes({.crashes = 1});
    with_laws(tale);
    for (const auto* what : {"kept", "finalized", "rebased"})
        tale.sometimes("it is " + std::string{what}, answered(1, what));
    tale.sometimes("it is erased", answered(0, "erased"));
    return tale;
}

story two_collectors(size s) {
    auto tale = tale_of_leftovers("two collectors at once", true);
    tale.actors(2, "collector", 1, gather);
    if (s.actors > 2) tale.acts("writer", publish);
    tale.strikes({.crashes = 1});
    return with_laws(tale);
}

story left_alone() {
    auto tale = tale_of_leftovers("a leftover, and nobody collects", false);
    tale.acts("other", remove_d);
    with_file_rows(tale);
    return nothing_need_be_left_over(tale, false);
}

}  // namespace

std::vector<situation> situations() {
    return {
        {"collect-stored-again", "bytes that are stored once more are collected", 12,
         [](size) { return stored_again(); }},
        {"collect-copied", "a copy leads to what is collected", 12, [](size) { return copied(); }},
        {"collect-hurried", "what is reached while a collector looks is collected", 12,
         [](size) { return hurried(); }},
        {"collect-made", "what was made of a directory is collected before it is named", 12,
         [](size) { return objectified(); }},
        {"two-collectors", "two collectors take what one has spared", 12,
         [](size s) { return two_collectors(s); }},
        {"leftover-alone", "what nothing leads to stays for ever", 12,
         [](size) { return left_alone(); }, true},
    };
}

}  // namespace casement::models::collector_story
