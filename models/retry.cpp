// Race 9: the reply to a commit is lost, and its client makes the same call again, with what it has
// seen (SPEC F22). Generations tell two equal targets apart (F4h): so a client knows its own file
// in AlreadyExists, and a removal does not take what another has made since. An exact rev keeps a
// create from happening twice; at any rev it takes a record of the operation, and this breaks.

#include "stories.hpp"
#include "tree_story.hpp"

namespace casement::models::retry_story {
namespace {

constexpr int tries_max = 2;

/// How often the client's create has been committed.
struct tally {
    static constexpr char table = 't';
    using key = std::uint64_t;
    count n;
};

bool is_unknown(const auto& done) { return !done && done.error().code() == errc::unknown_outcome; }

/// Makes /x, once. Its own are the generations that it has drawn meanwhile.
template <class P>
void create_for_sure(actor& me) {
    me.doing("create");
    auto& kv = me.store();
    const auto first_own = me.ids().next();
    const auto counted = [](auto& t) { t.template bump<tally>(0); };
    const P parent{*read_directory(kv.snapshot(), root)};
    for (int tries = 0; tries < tries_max; ++tries) {
        const auto made = create(by(me), parent, "x", content('a'), {}, counted);
        if (is_unknown(made)) continue;
        if (!made) return me.answer("not as seen");
        const auto* other = std::get_if<already_exists>(&*made);
        if (other == nullptr) return me.answer("made");
        const auto written = other->existing->written.value;
        const bool own = written >= *first_own && written < *me.ids().next();
        return me.answer(own ? "made before" : "another's");
    }
    me.answer("unknown");
}

/// Another who makes the same: equal content, another generation.
template <class P>
void create_once(actor& me) {
    me.doing("create");
    auto& kv = me.store();
    const auto parent = read_directory(kv.snapshot(), root);
    const auto made = create(by(me), P{*parent}, "x", content('a'), {});
    me.answer(made && std::holds_alternative<created>(*made) ? "made" : "not made");
}

/// Removes /x as it was seen at first, however often it has to be tried.
template <class P>
void remove_for_sure(actor& me) {
    me.doing("remove");
    auto& kv = me.store();
    const auto saw = see(kv.snapshot(), root, "x");
    if (!saw || !saw->name.exists()) return me.answer("nothing there");
    for (int tries = 0; tries < tries_max; ++tries) {
        const auto gone = remove(by(me), P{saw->parent}, saw->name);
        if (is_unknown(gone)) continue;
        return me.answer(gone ? "removed" : "not as seen");
    }
    me.answer("unknown");
}

check::faults lost() { return {.lost_replies = 1, .zombies = 1}; }

template <class P>
story create_again(std::string name) {
    story tale{std::move(name)};
    tale.begins([](memory_store& kv) { plot{kv}; });
    tale.acts("maker", create_for_sure<P>);
    tale.acts("other", create_once<P>);
    tale.acts("remover", remove_for_sure<P>);
    tale.strikes(lost());
    const auto made = [](const rows& now) {
        const auto n = read<tally>(now, 0);
        return n->exists() ? (*n)->n.value : 0;
    };
    tale.always("what was asked for once is made at most once",
                [=](const rows& now) { return made(now) <= 1; });
    tale.sometimes("a retry finds its own",
                   [](const check::moment& m) { return m.answer(0) == "made before"; });
    tale.sometimes("a retry finds another's",
                   [](const check::moment& m) { return m.answer(0) == "another's"; });
    return with_tree_rows(tale);
}

template <class P>
story remove_again(std::string name) {
    story tale{std::move(name)};
    tale.begins([](memory_store& kv) { plot{kv}.make("/x"); });
    tale.acts("remover", remove_for_sure<P>);
    tale.acts("other", create_once<P>);
    tale.strikes(lost());
    // It can be made only when the first is gone, and nobody was asked to remove a second.
    tale.always("a removal does not take an equal that was made since", [](const check::moment& m) {
        return m.answer(1) != "made" || there("/x")(m.store());
    });
    tale.sometimes("a retry is told that it is another", [](const check::moment& m) {
        return m.answer(0) == "not as seen" && m.answer(1) == "made";
    });
    return with_tree_rows(tale);
}

}  // namespace

std::vector<situation> situations() {
    return {
        {"retry-create", "a create whose reply was lost is made twice by its retry", 9,
         [](size) { return create_again<at_rev>("a lost create is tried again, at exact revs"); }},
        {"retry-create-any-rev", "a create is made twice, for its first was removed meanwhile", 9,
         [](size) { return create_again<any_rev>("a lost create is tried again, at any rev"); },
         true},
        {"retry-remove", "a removal that is tried again takes an equal that was made since", 9,
         [](size) { return remove_again<any_rev>("a lost removal is tried again, at any rev"); }},
        {"retry-remove-at-rev", "the same, at the rev that it saw", 9, [](size) {
             return remove_again<at_rev>("a lost removal is tried again, at exact revs");
         }}};
}

}  // namespace casement::models::retry_story
