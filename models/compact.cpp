// A compaction moves what is live of a pack and takes the pack away (SPEC B4, B6; race 16 for
// compaction): beside a collector, beside who names the same bytes once more, and when the power is
// lost in any gap. Whatever a content's row says lies where it says.

#include <functional>
#include <string>
#include <utility>

#include <casement/tree/collect.hpp>
#include <casement/tree/compact.hpp>

#include "content_story.hpp"
#include "stories.hpp"

namespace casement::models::compact_story {
namespace {

constexpr std::string_view dropped = "na na na";

/// One pack with two songs in it; nothing leads to one of them any more, and its rows are gone.
story tale_of(std::string name, const check::disk_rules& rules = {},
              std::string_view goes = dropped) {
    story tale{std::move(name)};
    const check::shared_disk_calls calls{disk_under(rules)};
    tale.begins([&](memory_store& kv) {
        plot tree{kv};
        auto c = contents_on(kv, calls, packed_blobs(),
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

[[nodiscard]] bool is_moved(const rows& now) {
    for (const auto& [_, where] : contents_of(now))
        return blob::to_pack_position(where.position).pack != blob::pack_id{8};
    return false;
}

[[nodiscard]] bool pack_is_gone(const check::moment& m) {
    auto fs = files_on(m.disk());
    return !fs.look("/store/packs/00000008.pack");
}

// --- who acts ------------------------------------------------------------------------------------

template <class Ask = disk_calls>
void compact_packs(actor& me, double dead_share_max) {
    me.doing("compact");
    auto c = contents_on(me.store(), Ask{me.disk().ask()}, packed_blobs(), ids_of(me));
    if (!c) return me.answer("not opened");
    const auto done = compact(*c, {.dead_share_max = dead_share_max});
    me.answer(done && done->removed > 0 ? "compacted" : "not done");
}
template <class Ask = disk_calls>
void move_all(actor& me) {
    compact_packs<Ask>(me, 0);
}

/// Another name for the same content, as `vault::copy` makes it.
void name_again(actor& me) {
    me.doing("create");
    auto c = contents_on(me.store(), disk_calls{me.disk().ask()}, packed_blobs(), ids_of(me));
    if (!c) return me.answer("not opened");
    auto found = c->find({sha256_of(kept), kept.size()});
    const bool named =
        found && name_bytes(by(me), me.store(), *c, *std::move(found), "/z").has_value();
    me.answer(named ? "named" : "not named");
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
