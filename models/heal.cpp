// A pack is lost, and who has its bytes stores them once more: they take the place of the lost ones
// (SPEC B1), beside a collector, beside another who has them too, and when the power is lost.

#include <string>
#include <utility>

#include "content_story.hpp"
#include "stories.hpp"

namespace casement::models::heal_story {
namespace {

constexpr blob::pack_id lost{8};

/// A name for bytes whose pack is gone.
story tale_of(std::string name) {
    story tale{std::move(name)};
    const check::shared_disk_calls calls{disk_under({})};
    tale.begins([&](memory_store& kv) {
        plot tree{kv};
        auto c = contents_on(kv, calls, packed_blobs(),
                             {[n = 8u]() mutable { return result<blob::blob_id>{{++n}}; },
                              [] { return result<blob::pack_id>{lost}; }});
        require(settle(tree.by(), kv, *c, kept, "/x").has_value(), "a file");
        check::simulated_files fs{calls};
        require(fs.remove(c->files().where().file_of(lost)).has_value(), "its pack");
    });
    tale.has(calls.disk().settled());
    return tale;
}

[[nodiscard]] bool is_lost(const blob::descriptor& where) {
    return blob::to_pack_position(where.position).pack == lost;
}

[[nodiscard]] bool is_healed(const rows& now) {
    for (const auto& [_, where] : contents_of(now)) return !is_lost(where);
    return false;
}

/// What is lost is excused until one of so many healers says that it is healed.
[[nodiscard]] auto the_bytes_are_there_or_lost(std::size_t healers) {
    return [=](const check::moment& m) -> complaint {
        bool excused = true;
        for (std::size_t who = 0; who < healers; ++who) excused &= m.answer(who) != "healed";
        for (const auto& [_, where] : contents_of(m.store()))
            if (excused && is_lost(where)) return "";
        return the_bytes_are_there(m);
    };
}

/// As `vault::settle_file`, where the name is as it is wanted.
template <class Ask = disk_calls>
void heal(actor& me) {
    me.doing("heal");
    auto c = contents_on(me.store(), Ask{me.disk().ask()}, packed_blobs(), ids_of(me));
    if (!c) return me.answer("not opened");
    auto stored = store_bytes(*c, kept, stored_before::verified);
    if (!stored) return me.answer("not stored");
    const auto x = resolve(me.store(), "/x");
    if (!x || !x->exists()) return me.answer("no name");
    const auto settled = c->settle(*stored);
    me.answer(!settled ? "not stored" : *settled ? "healed" : "not needed");
}

story& with_laws_of_healing(story& s, std::size_t healers = 1) {
    s.always("a content's bytes are where its row says", the_bytes_are_there_or_lost(healers));
    s.sometimes("it is healed", is_healed);
    return with_laws_of_rows(s);
}

story beside_a_collector() {
    auto tale = tale_of("a healing, and a collector");
    tale.acts("healer", heal<>);
    tale.acts("collector", remove_and_collect);
    tale.strikes({.crashes = 1});
    with_laws_of_healing(tale);
    tale.sometimes("it is erased", answered(1, "erased"));
    return tale;
}

story by_two() {
    auto tale = tale_of("two heal the same bytes");
    tale.acts("one", heal<>);
    tale.acts("another", heal<>);
    tale.strikes({.crashes = 1, .lost_replies = 1});
    with_laws_of_healing(tale, 2);
    return tale;
}

template <class Ask>
story without_power(std::string name) {
    auto tale = tale_of(std::move(name));
    tale.acts("healer", heal<Ask>, 2);
    tale.strikes({.lost_replies = 1, .power_losses = 1});
    with_laws_of_healing(tale);
    return tale;
}

}  // namespace

std::vector<situation> situations() {
    return {
        {"heal-collect", "lost bytes are replaced after their content was collected", 16,
         [](size) { return beside_a_collector(); }},
        {"heal-twice", "lost bytes are replaced twice, and one of the two is lost", 12,
         [](size) { return by_two(); }},
        {"heal-crash", "a loss of power while lost bytes are replaced", 16,
         [](size) { return without_power<disk_calls>("a healing, and the power is lost"); }},
        {"heal-crash-unsynced", "lost bytes are replaced by some that were not synced", 16,
         [](size) {
             return without_power<forgets<file_call::sync>>(
                 "a healing on a disk that forgets bytes");
         },
         true},
    };
}

}  // namespace casement::models::heal_story
