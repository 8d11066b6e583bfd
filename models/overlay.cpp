// A directory between its two forms (SPEC F13, F16, F18): it becomes an object while others change
// what is in it, a node again while it is deleted, and takes a new base between the two reads of a
// look-up. Races 6, 7, 8, 13 and 15 as far as directories go; and all of it freely chosen.

#include "overlay_story.hpp"
#include "stories.hpp"

namespace casement::models::overlay_story {
namespace {

/// Whatever one may do to the names of /d, and to itself.
template <class P>
void meddle(actor& me) {
    static const std::vector<std::string> ways{
        "create /d/new",    "instantiate_file /d/x", "remove /d/x",       "rename /d to /e",
        "ensure_path /d/s", "rename /o to /d/new",   "rename /d/x to /y", "remove_directory /d"};
    switch (me.choose(ways)) {
        case 0: return make_object<P>(me, "/d/new");
        case 1: return instantiate<P>(me, "/d/x");
        case 2: return remove_file<P>(me, "/d/x");
        case 3: return move_to<P>(me, "/d", "/e");
        case 4: return me.doing("ensure_path"), (void)ensure_path(by(me), "/d/s", {});
        case 5: return move_to<P>(me, "/o", "/d/new");
        case 6: return move_to<P>(me, "/d/x", "/y");
        default: return remove_at<P>(me, "/d");
    }
}

/// /d with x in it, and an object at /o.
story tale_of(std::string name, bool as_object = false, bool removed = false) {
    story tale{std::move(name)};
    tale.begins([=](memory_store& kv) {
        plot tree{kv};
        const auto node = tree.mkdir("/d");
        tree.make("/d/x", 'x');
        tree.make("/o", 'o');
        if (!as_object) return;
        const auto merged = read_image(kv, node);
        if (removed) {
            require(tree::rebase(tree.by(), *merged).has_value(), "a base");
            require(sweep_hidden(kv).has_value(), "and nothing else");
            const auto x = *resolve(kv, "/d/x");
            require(remove(tree.by(), any_rev{x.parent}, *x.found).has_value(), "a tombstone");
            return;
        }
        const auto at = *resolve(kv, "/d");
        require(tree::finalize_directory(tree.by(), *merged, *read<binding>(kv, node),
                                         any_rev{at.parent}, *at.found)
                    .has_value(),
                "an object");
        require(sweep_hidden(kv).has_value(), "and nothing else");
    });
    return tale;
}

// --- the stories ---------------------------------------------------------------------------------

template <class P>
story late_directory(std::string name) {
    auto tale = tale_of(std::move(name));
    tale.acts("finalizer", [](actor& me) { finalize_dir<P>(me, "/d"); });
    tale.acts("other", meddle<P>, 2);
    tale.strikes({.crashes = 1});
    with_overlay_laws(tale);
    tale.sometimes("it becomes an object", [](const check::moment& m) {
        return m.answer(0) == "finalized" && there("/d")(m.store());
    });
    tale.sometimes("it is finalized in its new place", [](const check::moment& m) {
        return m.answer(0) == "finalized" && there("/e")(m.store());
    });
    return tale;
}

/// Race 7: the directory is made anew by another while two look at its object.
template <class P>
story two_openers(std::string name) {
    static const std::vector<std::string> ways{"instantiate_directory /d", "ensure_path /d/s"};
    static const std::vector<std::string> others{"remove /d", "set_directory_facts /",
                                                 "rename /o to /p"};
    auto tale = tale_of(std::move(name), true);
    tale.actors(2, "opener", 1, [](actor& me) {
        if (me.choose(ways) == 1)
            return me.doing("ensure_path"), (void)ensure_path(by(me), "/d/s", {});
        instantiate_dir<P>(me, "/d");
        make_object<P>(me, "/d/new");
    });
    tale.acts("other", [](actor& me) {
        const auto way = me.choose(others);
        if (way == 1) return change_root(me);
        if (way == 2) return move_to<P>(me, "/o", "/p");
        remove_file<P>(me, "/d");
        move_to<P>(me, "/o", "/d");
    });
    with_overlay_laws(tale);
    for (const auto* name_in_it : {"/d/new", "/d/s"})
        tale.sometimes(std::string{name_in_it} + " is made", there(name_in_it));
    return tale;
}

/// Race 13: x was removed before; the tombstone goes with the layer, and so does what it hid. Who
/// does not look whether the directory is as it was sees the one without the other.
story stale_base(std::string name, bool looks_again) {
    auto tale = tale_of(std::move(name), true, true);
    tale.acts("folder", [](actor& me) { rebase_dir(me, "/d"); });
    tale.acts("reader", [=](actor& me) {
        me.doing("look_up");
        const auto at = resolve(me.store(), "/d");
        if (!at || at->node() == nullptr) return;
        const auto dir = read_directory(me.store(), *at->node());
        if (!dir) return me.answer("no directory");
        const auto found =
            looks_again ? look_up(me.store(), *dir, "x") : see_name(me.store(), *dir, "x");
        me.answer(!found ? "look again" : found->exists() ? "x is there" : "no x");
    });
    tale.acts("other", [](actor& me) { make_object<any_rev>(me, "/d/y"); });
    with_overlay_laws(tale);
    tale.always("what was deleted is not seen",
                [](const check::moment& m) { return m.answer(1) != "x is there"; });
    tale.sometimes("it is seen to be gone",
                   [](const check::moment& m) { return m.answer(1) == "no x"; });
    if (looks_again)
        tale.sometimes("the base is swapped under the look-up",
                       [](const check::moment& m) { return m.answer(1) == "look again"; });
    return tale;
}

/// Race 16: a crash anywhere in a snapshot, while the tree is changed.
story crashed_snapshot() {
    auto tale = tale_of("a snapshot, and a crash");
    tale.actors(2, "keeper", 1, keep);
    tale.acts("other", meddle<any_rev>);
    tale.strikes({.crashes = 1, .lost_replies = 1});
    with_overlay_laws(tale);
    tale.every_change("a snapshot stays as it is", [](const check::change& c) {
        const auto was = read<tree::snapshot>(c.before, {"s"});
        const auto is = read<tree::snapshot>(c.after, {"s"});
        return !was->exists() || (is->exists() && **was == **is) ? "" : "another has its name";
    });
    tale.sometimes("it is kept",
                   [](const rows& now) { return read<tree::snapshot>(now, {"s"})->exists(); });
    return tale;
}

template <class P>
void any_overlay_operation(actor& me) {
    static const std::vector<std::string> ways{"finalize_directory /d",
                                               "instantiate_directory /d",
                                               "rebase /d",
                                               "set_directory_facts /",
                                               "create /d/x",
                                               "remove /d/x",
                                               "rename /d/x to /d/y",
                                               "rename /d to /e",
                                               "rename /e to /d",
                                               "instantiate_file /d/x",
                                               "ensure_path /d/s",
                                               "remove_directory /d",
                                               "keep_snapshot"};
    switch (me.choose(ways)) {
        case 0: return finalize_dir<P>(me, "/d");
        case 1: return instantiate_dir<P>(me, "/d");
        case 2: return rebase_dir(me, "/d");
        case 3: return change_root(me);
        case 4: return make_object<P>(me, "/d/x");
        case 5: return remove_file<P>(me, "/d/x");
        case 6: return move_to<P>(me, "/d/x", "/d/y");
        case 7: return move_to<P>(me, "/d", "/e");
        case 8: return move_to<P>(me, "/e", "/d");
        case 9: return instantiate<P>(me, "/d/x");
        case 10: return me.doing("ensure_path"), (void)ensure_path(by(me), "/d/s", {});
        case 11: return remove_at<P>(me, "/d");
        default: return keep(me);
    }
}

template <class P>
story any_of_a_directory(std::string name, size s) {
    auto tale = tale_of(std::move(name));
    tale.actors(s.actors ? s.actors : 2, "client", s.turns ? s.turns : 1, any_overlay_operation<P>);
    tale.strikes({.crashes = 1, .lost_replies = 1});
    return with_overlay_laws(tale);
}

}  // namespace

std::vector<situation> situations() {
    return {
        {"late-directory", "a directory becomes an object that lacks what was made in it", 8,
         [](size) { return late_directory<any_rev>("a directory is finalized, and changed"); }},
        {"late-directory-at-rev", "the same, at the rev that was seen", 15,
         [](size) {
             return late_directory<at_rev>("a directory is finalized, and changed, at exact revs");
         }},
        {"two-openers", "a directory object becomes two nodes, or one that was deleted", 7,
         [](size) { return two_openers<any_rev>("two open a directory, another deletes it"); }},
        {"two-openers-at-rev", "the same, at the rev that was seen", 7,
         [](size) {
             return two_openers<at_rev>("two open a directory, another deletes it, at exact revs");
         }},
        {"stale-base", "a deleted name is seen again while the base is swapped", 13,
         [](size) { return stale_base("a new base, and a look-up", true); }},
        {"stale-base-unlooked", "the same, by who looks once: it is told to show how it breaks", 13,
         [](size) { return stale_base("a new base, and a look-up that looks once", false); }, true},
        {"crashed-snapshot", "a crash leaves a snapshot of what is not stored", 16,
         [](size) { return crashed_snapshot(); }},
        {"overlays-any-rev", "every operation of a directory over a base", 0,
         [](size s) {
             return any_of_a_directory<any_rev>("every form of a directory, at any rev", s);
         }},
        {"overlays-at-rev", "the same, at the rev that was seen", 0, [](size s) {
             return any_of_a_directory<at_rev>("every form of a directory, at exact revs", s);
         }}};
}

}  // namespace casement::models::overlay_story
