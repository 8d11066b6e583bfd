// A compaction moves what is live of a pack and takes the pack away (SPEC B4, B6; race 16 for
// compaction): beside a collector, beside who names the same bytes once more, and when the power is
// lost in any gap. Whatever a content's row says lies where it says.

#include <functional>
#include <map>
#include <string>
#include <utility>

#include <casement/tree/collect.hpp>
#include <casement/tree/compact.hpp>

#include "bytes_story.hpp"
#include "disk_story.hpp"
#include "file_story.hpp"
#include "stories.hpp"

namespace casement::models::compact_story {
namespace {

constexpr std::string_view kept = "la la la", dropped = "na na na";

/// Blobs of two bytes and more lie in packs.
blob::options packed_blobs() {
    auto o = dedicated_blobs();
    o.sizes.dedicated_min = 1 << 20;
    return o;
}

template <store S, class Ask>
auto contents_on(S& kv, Ask disk, blob::id_source ids) {
    using files_of = check::simulated_files<Ask>;
    auto files = blob::files<files_of>::open(files_of{std::move(disk)}, "/store", std::move(ids),
                                             packed_blobs());
    using contents_of = tree::contents<S, files_of>;
    if (!files) return result<contents_of>{passed(files)};
    return result<contents_of>{std::in_place, kv, *std::move(files)};
}

/// One pack with two songs in it; nothing leads to one of them any more, and its rows are gone.
story tale_of(std::string name, const check::disk_rules& rules = {},
              std::string_view goes = dropped) {
    story tale{std::move(name)};
    const check::shared_disk_calls calls{disk_under(rules)};
    tale.begins([&](memory_store& kv) {
        plot tree{kv};
        auto c = contents_on(kv, calls,
                             {[n = 8u]() mutable { return result<blob::blob_id>{{++n}}; },
                              [] { return result<blob::pack_id>{{8}}; }});
        require(settle(tree.by(), kv, *c, goes, "/y").has_value(), "a file");
        require(settle(tree.by(), kv, *c, kept, "/x").has_value(), "a file");
        const auto y = *resolve(kv, "/y");
        require(remove(tree.by(), any_rev{y.parent}, *y.found).has_value(), "it goes");
        require(collect(tree.by(), {.now = {}})->erased == 1, "its rows go");
    });
    tale.has(calls.disk());
    return tale;
}

// --- what must hold ------------------------------------------------------------------------------

[[nodiscard]] std::map<std::string, blob::descriptor> contents_of(const rows& now) {
    std::map<std::string, blob::descriptor> all;
    const std::string table{tree::content::table};
    for (auto r = now.scan(table, after_prefix(table)); r.valid(); r.next())
        all.emplace(r.key(), decode<tree::content>(r.value())->where);
    return all;
}

[[nodiscard]] complaint the_bytes_are_there(const check::moment& m) {
    for (const auto& [_, where] : contents_of(m.store())) {
        const auto bytes = bytes_on(m.disk(), where);
        if (!bytes) return bytes.error().message();
        if (sha256_of(*bytes) != where.content) return "a content has other bytes";
    }
    return "";
}

/// A pack knows its frames: else it would be taken away under them, or kept for ever.
[[nodiscard]] complaint frames_and_contents_agree(const rows& now) {
    const auto contents = contents_of(now);
    std::size_t frames = 0;
    bool known = true;
    const auto all = each_frame(now, [&](blob::pack_position at, const packed_frame& f) {
        ++frames;
        const auto of = contents.find(row_key<tree::content>(f.of));
        known = known && of != contents.end() && of->second.position == blob::to_number(at);
        return result<void>{};
    });
    if (!all) return all.error().message();
    return known && frames == contents.size() ? "" : "the rows of frames are not the contents'";
}

[[nodiscard]] complaint what_is_named_is_stored(const rows& now) {
    const auto seen = survey_of(now, [] { return false; });
    if (!seen) return seen.error().message();
    const auto x = resolve(now, "/x"), z = resolve(now, "/z");
    return (x->exists() || z->exists()) && contents_of(now).empty() ? "a name has no content" : "";
}

[[nodiscard]] complaint what_was_collected_stays_away(const check::change& c) {
    const auto before = contents_of(c.before);
    for (const auto& [key, _] : contents_of(c.after))
        if (!before.contains(key)) return "a content comes back by " + std::string{c.operation};
    return "";
}

[[nodiscard]] bool is_moved(const rows& now) {
    for (const auto& [_, where] : contents_of(now))
        return blob::to_pack_position(where.position).pack != blob::pack_id{8};
    return false;
}

[[nodiscard]] bool pack_is_gone(const check::moment& m) {
    auto fs = files_on(m.disk());
    return !fs.look("/store/packs/00000008.pack");
}

story& with_laws(story& s) {
    s.spells(check::spelled_rows<head, rev, binding, entry, allocator, condemned, collection,
                                 tree::content, packed_frame>());
    s.always("the tree is whole", tree_is_whole);
    s.always("a content's bytes are where its row says", the_bytes_are_there);
    s.always("a pack knows its frames", frames_and_contents_agree);
    s.always("what is named is stored", what_is_named_is_stored);
    s.every_change("what was collected stays away", what_was_collected_stays_away);
    return s;
}

// --- who acts ------------------------------------------------------------------------------------

template <class Ask = disk_calls>
void compact_packs(actor& me, double dead_share_max) {
    me.doing("compact");
    auto c = contents_on(me.store(), Ask{me.disk().ask()}, ids_of(me));
    if (!c) return me.answer("not opened");
    const auto done = compact(*c, {.dead_share_max = dead_share_max});
    me.answer(done && done->removed > 0 ? "compacted" : "not done");
}
template <class Ask = disk_calls>
void move_all(actor& me) {
    compact_packs<Ask>(me, 0);
}

void remove_and_collect(actor& me) {
    me.doing("remove");
    const auto x = resolve(me.store(), "/x");
    if (x && x->exists()) (void)remove(by(me), any_rev{x->parent}, *x->found);
    me.doing("collect");
    const auto done = collect(by(me), {.now = {}});
    me.answer(done && done->erased > 0 ? "erased" : "nothing to erase");
}

/// Another name for the same content, as `vault::copy` makes it.
void name_again(actor& me) {
    me.doing("create");
    auto c = contents_on(me.store(), disk_calls{me.disk().ask()}, ids_of(me));
    if (!c) return me.answer("not opened");
    auto found = c->find({sha256_of(kept), kept.size()});
    const bool named =
        found && name_bytes(by(me), me.store(), *c, *std::move(found), "/z").has_value();
    me.answer(named ? "named" : "not named");
}

[[nodiscard]] auto answered(std::size_t who, std::string what) {
    return [=](const check::moment& m) { return m.answer(who) == what; };
}

story beside_a_collector() {
    auto tale = tale_of("a compaction, and a collector");
    tale.acts("compactor", move_all<>);
    tale.acts("collector", remove_and_collect);
    tale.strikes({.crashes = 1});
    with_laws(tale);
    tale.sometimes("it is moved", is_moved);
    tale.sometimes("it is erased", answered(1, "erased"));
    tale.sometimes("its old pack goes", pack_is_gone);
    return tale;
}

story beside_a_namer() {
    auto tale = tale_of("a compaction, and who names the same bytes");
    tale.acts("compactor", move_all<>);
    tale.acts("namer", name_again);
    tale.strikes({.crashes = 1, .lost_replies = 1});
    with_laws(tale);
    tale.sometimes("it is named where it has moved to", [](const check::moment& m) {
        return m.answer(0) == "compacted" && m.answer(1) == "named";
    });
    return tale;
}

template <class Ask>
story without_power(std::string name, const check::disk_rules& rules = {}) {
    auto tale = tale_of(std::move(name), rules);
    tale.acts("compactor", move_all<Ask>, 2);
    tale.strikes({.lost_replies = 1, .power_losses = 1});
    with_laws(tale);
    tale.sometimes("the next one goes on", [](const check::moment& m) {
        return m.answer(0) == "compacted" && is_moved(m.store()) && pack_is_gone(m);
    });
    return tale;
}

/// What is dead becomes a hole, where it lies.
story holes(std::string name, const check::disk_rules& rules) {
    static const std::string blocks(80 << 10, 'n');  // whole ones of the pack's are among it
    auto tale = tale_of(std::move(name), rules, blocks);
    tale.acts(
        "compactor", [](actor& me) { compact_packs(me, 1); }, 2);
    tale.strikes({.lost_replies = 1, .power_losses = 1});
    with_laws(tale);
    tale.sometimes("a hole is made", [](const check::moment& m) {
        auto fs = files_on(m.disk());
        const std::string pack = "/store/packs/00000008.pack";
        return fs.allocated(pack).value_or(0) < fs.look(pack).value_or(blob::entry{}).size;
    });
    return tale;
}

}  // namespace

std::vector<situation> situations() {
    return {
        {"compact-collect", "a compaction brings back what is collected, or loses its place", 16,
         [](size) { return beside_a_collector(); }},
        {"compact-named", "a name is given to bytes that move at that moment", 12,
         [](size) { return beside_a_namer(); }},
        {"compact-crash", "a loss of power in a compaction loses bytes", 16,
         [](size) { return without_power<disk_calls>("a compaction, and the power is lost"); }},
        {"compact-crash-unsynced", "a pack is taken away whose frames' copies were not synced", 16,
         [](size) {
             return without_power<forgets<file_call::sync>>(
                 "a compaction on a disk that forgets bytes");
         },
         true},
        {"compact-crash-unnamed", "a pack is taken away whose frames lie in one without a name", 16,
         [](size) {
             return without_power<forgets<file_call::sync_directory>>(
                 "a compaction on a disk that forgets names");
         },
         true},
        {"compact-crash-drvfs", "a loss of power on a Windows disk loses bytes that were moved", 16,
         [](size) {
             return without_power<disk_calls>("a compaction on a Windows disk",
                                              check::a_drvfs_disk);
         }},
        {"compact-crash-holes", "a hole takes bytes that a row names, or power loses more", 16,
         [](size) {
             return holes("a compaction makes holes, and the power is lost", {.punches = true});
         }},
    };
}

}  // namespace casement::models::compact_story
