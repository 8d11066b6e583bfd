#pragma once
// What the stories of contents whose bytes move share: contents on a disk that is lost in any gap,
// and what must hold of them, wherever they lie.

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <casement/tree/collect.hpp>

#include "bytes_story.hpp"
#include "disk_story.hpp"
#include "file_story.hpp"

namespace casement::models {

inline constexpr std::string_view kept = "la la la";

/// Blobs of two bytes and more lie in packs.
[[nodiscard]] inline blob::options packed_blobs() {
    auto o = dedicated_blobs();
    o.sizes.dedicated_min = 1 << 20;
    return o;
}

template <store S, class Ask>
[[nodiscard]] auto contents_on(S& kv, Ask disk, blob::options how, blob::id_source ids) {
    using files_of = check::simulated_files<Ask>;
    auto files = blob::files<files_of>::open(files_of{std::move(disk)}, "/store", std::move(ids),
                                             std::move(how));
    using contents_of = tree::contents<S, files_of>;
    if (!files) return result<contents_of>{passed(files)};
    return result<contents_of>{std::in_place, kv, *std::move(files)};
}

// --- what must hold ------------------------------------------------------------------------------

[[nodiscard]] inline std::map<std::string, blob::descriptor> contents_of(const rows& now) {
    std::map<std::string, blob::descriptor> all;
    const std::string table{tree::content::table};
    for (auto r = now.scan(table, after_prefix(table)); r.valid(); r.next())
        all.emplace(r.key(), decode<tree::content>(r.value())->where);
    return all;
}

[[nodiscard]] inline complaint the_bytes_are_there(const check::moment& m) {
    for (const auto& [_, where] : contents_of(m.store())) {
        const auto bytes = bytes_on(m.disk(), where);
        if (!bytes) return bytes.error().message();
        if (sha256_of(*bytes) != where.content) return "a content has other bytes";
    }
    return "";
}

/// A pack knows its frames: else it would be taken away under them, or kept for ever.
[[nodiscard]] inline complaint frames_and_contents_agree(const rows& now) {
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
    const auto packed = std::ranges::count(contents, blob::placement::packed,
                                           [](const auto& c) { return c.second.kind; });
    return known && frames == static_cast<std::size_t>(packed)
               ? ""
               : "the rows of frames are not the contents'";
}

[[nodiscard]] inline complaint what_is_named_is_stored(const rows& now) {
    const auto seen = survey(now, {}, [](const tree::surveyed&) { return result<void>{}; });
    if (!seen) return seen.error().message();
    const auto x = resolve(now, "/x"), z = resolve(now, "/z");
    return (x->exists() || z->exists()) && contents_of(now).empty() ? "a name has no content" : "";
}

[[nodiscard]] inline complaint what_was_collected_stays_away(const check::change& c) {
    const auto before = contents_of(c.before);
    for (const auto& [key, _] : contents_of(c.after))
        if (!before.contains(key)) return "a content comes back by " + std::string{c.operation};
    return "";
}

inline story& with_laws_of_rows(story& s) {
    s.spells(check::spelled_rows<head, rev, binding, entry, allocator, condemned, collection,
                                 tree::content, packed_frame>());
    s.always("the tree is whole", tree_is_whole);
    s.always("a pack knows its frames", frames_and_contents_agree);
    s.always("what is named is stored", what_is_named_is_stored);
    s.every_change("what was collected stays away", what_was_collected_stays_away);
    return s;
}

inline story& with_laws(story& s) {
    s.always("a content's bytes are where its row says", the_bytes_are_there);
    return with_laws_of_rows(s);
}

// --- who acts ------------------------------------------------------------------------------------

inline void remove_and_collect(actor& me) {
    me.doing("remove");
    const auto x = resolve(me.store(), "/x");
    if (x && x->exists()) (void)remove(by(me), any_rev{x->parent}, *x->found);
    me.doing("collect");
    const auto done = collect(by(me), {.now = {}});
    me.answer(done && done->erased > 0 ? "erased" : "nothing to erase");
}

[[nodiscard]] inline auto answered(std::size_t who, std::string what) {
    return [=](const check::moment& m) { return m.answer(who) == what; };
}

}  // namespace casement::models
