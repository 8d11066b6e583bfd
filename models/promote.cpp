// A link is taken in (SPEC B1; race 16 for bytes that come from elsewhere): beside a collector,
// beside who stores the same bytes, and by somebody who deletes the file behind it as soon as he is
// told, when the power is lost in any gap. Whatever a content's row says is there.

#include <string>
#include <utility>

#include <casement/tree/promote.hpp>

#include "content_story.hpp"
#include "stories.hpp"

namespace casement::models::promote_story {
namespace {

constexpr auto source = "/songs/x";

/// A name for a link to a file beside the store.
story tale_of(std::string name, const blob::options& how, const check::disk_rules& rules = {}) {
    story tale{std::move(name)};
    const check::shared_disk_calls calls{disk_under(rules, "/songs")};
    check::simulated_files fs{calls};
    auto file = fs.create(source);
    require(file && file->write_at(0, kept) && file->sync(), "a file");
    tale.begins([&](memory_store& kv) {
        plot tree{kv};
        auto c = contents_on(kv, calls, how,
                             {[n = 8u]() mutable { return result<blob::blob_id>{{++n}}; },
                              [] { return result<blob::pack_id>{{8}}; }});
        auto link = c->store_link(blob::file_uri(source));
        require(link.has_value(), "a link");
        require(name_bytes(tree.by(), kv, *c, *std::move(link), "/x").has_value(), "its name");
    });
    tale.has(calls.disk().settled());
    return tale;
}

[[nodiscard]] bool is_taken_in(const rows& now) {
    for (const auto& [_, where] : contents_of(now))
        if (where.kind != blob::placement::external) return true;
    return false;
}

[[nodiscard]] bool source_is_there(const check::moment& m) {
    auto fs = files_on(m.disk());
    return fs.look(source).has_value();
}

// --- who acts ------------------------------------------------------------------------------------

template <class Ask = disk_calls>
[[nodiscard]] bool takes_in(actor& me, const blob::options& how) {
    me.doing("promote");
    auto c = contents_on(me.store(), Ask{me.disk().ask()}, how, ids_of(me));
    if (!c) return false;
    pace<> speed{0};
    auto done = promote(*c, sha256_of(kept), speed);
    const bool lost = !done && done.error().code() == errc::unknown_outcome;
    me.answer(!done                            ? lost ? "lost" : "not done"
              : *done == tree::promotion::made ? "promoted"
                                               : "not needed");
    return done && *done == tree::promotion::made;
}

void promoter(actor& me) { (void)takes_in(me, packed_blobs()); }

/// Has its own copy of the same bytes, as an import of the file has.
void storer(actor& me) {
    me.doing("store");
    auto c = contents_on(me.store(), disk_calls{me.disk().ask()}, packed_blobs(), ids_of(me));
    if (!c) return me.answer("not opened");
    auto stored = store_bytes(*c, kept);
    if (!stored) return me.answer("not stored");
    const bool fresh = !stored->deduplicated();
    const bool settled = c->settle(*stored).has_value();
    me.answer(!settled ? "not stored" : fresh ? "stored" : "was there");
}

template <class Ask>
void promote_and_delete(actor& me) {
    if (!takes_in<Ask>(me, dedicated_blobs())) return;
    me.doing("delete");
    auto fs = check::simulated_files{disk_calls{me.disk().ask()}};
    (void)fs.remove(source);
}

story beside_a_collector() {
    auto tale = tale_of("a promotion, and a collector", packed_blobs());
    tale.acts("promoter", promoter);
    tale.acts("collector", remove_and_collect);
    tale.strikes({.crashes = 1});
    with_laws(tale);
    tale.sometimes("it is taken in", is_taken_in);
    tale.sometimes("it is erased", answered(1, "erased"));
    return tale;
}

story beside_who_stores_it() {
    auto tale = tale_of("a promotion, and who stores the same bytes", packed_blobs());
    tale.acts("promoter", promoter);
    tale.acts("storer", storer);
    tale.strikes({.crashes = 1, .lost_replies = 1});
    with_laws(tale);
    tale.sometimes("the promoter takes it in", answered(0, "promoted"));
    tale.sometimes("who stores it takes it in", answered(1, "stored"));
    tale.sometimes("the promoter is not needed any more", answered(0, "not needed"));
    return tale;
}

template <class Ask>
story without_power(std::string name, const check::disk_rules& rules = {}) {
    auto tale = tale_of(std::move(name), dedicated_blobs(), rules);
    tale.acts("promoter", promote_and_delete<Ask>, 2);
    tale.strikes({.lost_replies = 1, .power_losses = 1});
    with_laws(tale);
    tale.sometimes("it is taken in, and the file is gone", [](const check::moment& m) {
        return is_taken_in(m.store()) && !source_is_there(m);
    });
    return tale;
}

}  // namespace

std::vector<situation> situations() {
    return {
        {"promote-collect", "a link that is taken in comes back after it was collected", 16,
         [](size) { return beside_a_collector(); }},
        {"promote-stored", "a link is taken in twice, and one of the two is lost", 12,
         [](size) { return beside_who_stores_it(); }},
        {"promote-crash", "a loss of power after a promotion, and the file is deleted by then", 16,
         [](size) { return without_power<disk_calls>("a promotion, and the power is lost"); }},
        {"promote-crash-unsynced", "a file is deleted whose copy was not synced", 16,
         [](size) {
             return without_power<forgets<file_call::sync>>(
                 "a promotion on a disk that forgets bytes");
         },
         true},
        {"promote-crash-unnamed", "a file is deleted whose copy has no name that lasts", 16,
         [](size) {
             return without_power<forgets<file_call::sync_directory>>(
                 "a promotion on a disk that forgets names");
         },
         true},
        {"promote-crash-drvfs", "a promotion on a Windows disk loses what was linked", 16,
         [](size) {
             return without_power<disk_calls>("a promotion on a Windows disk", check::a_drvfs_disk);
         }},
    };
}

}  // namespace casement::models::promote_story
