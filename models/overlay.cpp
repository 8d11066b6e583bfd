// A directory between its two forms (SPEC F13, F16, F18): it becomes an object while others change
// what is in it, a node again while it is deleted, and takes a new base between the two reads of a
// look-up. Races 6, 7, 8, 13 and 15 as far as directories go; and all of it freely chosen.

#include <map>
#include <set>

#include <casement/tree/overlay.hpp>
#include <casement/tree/snapshot.hpp>

#include "file_story.hpp"
#include "stories.hpp"

namespace casement::models::overlay_story {
namespace {

story& with_overlay_rows(story& s) {
    with_file_rows(s);
    s.canonical(check::canonical_rows<head, rev, binding, entry, hidden, file_row, lease_row>());
    s.spells(check::spelled_rows<head, rev, binding, entry, hidden, allocator, file_row, lease_row,
                                 tree::snapshot>());
    // A sweep moves no rev: it takes what nobody sees.
    s.covers([](std::string_view, std::string_view) { return std::nullopt; });
    return s;
}

// --- what must hold ------------------------------------------------------------------------------

/// All names that the tree shows, and what they lead to; a directory is one in either form.
class shown_names {
public:
    explicit shown_names(const rows& at) : at_{at} { below({protocol::dentry::inode{root}}, ""); }
    [[nodiscard]] const std::map<std::string, std::string>& all() const { return all_; }

private:
    void below(const entry& dir, const std::string& path) {
        if (const auto* node = directory_in(dir)) {
            if (const auto seen = read_directory(at_, *node)) names({at_, *seen, ""}, path);
        } else {
            names({at_, *object_in(dir), ""}, path);
        }
    }
    void names(names_cursor<rows> here, const std::string& path) {
        for (; here.valid(); here.next()) {
            const auto what = here.row();
            const std::string name = path + '/' + std::string{here.name()};
            all_[name] = is_directory(*what) ? "directory"
                         : object_in(*what)  ? object_of(*what)
                         : std::holds_alternative<protocol::dentry::inode>(what->target) ? "file"
                                                                                         : "link";
            if (is_directory(*what)) below(*what, name);
        }
    }
    static std::string object_of(const entry& e) { return object::to_text(*object_in(e)); }

    const rows& at_;
    std::map<std::string, std::string> all_;
};

/// Another form of a directory, or another base, shows what was shown.
[[nodiscard]] complaint forms_show_the_same(const check::change& c) {
    static const std::set<std::string_view> forms{"instantiate_directory", "finalize_directory",
                                                  "rebase", "sweep", "keep_snapshot"};
    if (!forms.contains(c.operation)) return "";
    const shown_names before{c.before}, after{c.after};
    for (const auto& [name, what] : before.all())
        if (const auto now = after.all().find(name); now == after.all().end())
            return name + " is gone by " + std::string{c.operation};
        else if (now->second != what)
            return name + " is another by " + std::string{c.operation};
    return before.all().size() == after.all().size() ? "" : "a name comes back";
}

story& with_overlay_laws(story& s) {
    with_overlay_rows(s);
    s.every_change("another form shows the same", forms_show_the_same);
    return s;
}

// --- who acts ------------------------------------------------------------------------------------

template <class P>
void finalize_dir(actor& me, const std::string& path) {
    me.doing("finalize_directory");
    const auto at = resolve(me.store(), path);
    if (!at || at->is_root() || at->node() == nullptr) return me.answer("no node");
    const auto merged = read_image(me.store(), *at->node());
    if (!merged) return me.answer("gone");
    const auto now = me.store().snapshot();
    const auto bound = read<binding>(now, merged->of().node());
    if (!bound || !bound->exists()) return me.answer("gone");
    const auto parent = read_directory(now, (*bound)->parent);
    if (!parent) return me.answer("gone");
    const auto name = see_name(now, *parent, (*bound)->name);
    if (!name) return me.answer("gone");
    carries<P>(me, *parent);
    me.carries(merged->of().head());
    me.carries(merged->of().rev());
    const auto made = tree::finalize_directory(by(me), *merged, *bound, P{*parent}, *name);
    me.answer(made ? "finalized" : "not finalized");
}

inline void rebase_dir(actor& me, const std::string& path) {
    me.doing("rebase");
    const auto at = resolve(me.store(), path);
    if (!at || at->node() == nullptr) return me.answer("no node");
    const auto merged = read_image(me.store(), *at->node());
    if (!merged) return me.answer("gone");
    me.carries(merged->of().head());
    me.carries(merged->of().rev());
    if (!tree::rebase(by(me), *merged)) return me.answer("not rebased");
    me.doing("sweep");
    (void)sweep_hidden(me.store());
    me.answer("rebased");
}

template <class P>
void instantiate_dir(actor& me, const std::string& path) {
    me.doing("instantiate_directory");
    const auto at = resolve(me.store(), path);
    if (!at || at->is_root() || !at->exists() || !is_directory(**at->found)) return;
    carries<P>(me, at->parent);
    me.carries(at->found->row());
    (void)tree::instantiate_directory(by(me), P{at->parent}, *at->found);
}

inline void change_root(actor& me) {
    me.doing("set_directory_facts");
    if (const auto top = read_directory(me.store().snapshot(), root))
        (void)set_directory_facts(by(me), *top, 0700, {});
}

inline void keep(actor& me) {
    me.doing("keep_snapshot");
    const auto image = read_tree(me.store(), root);
    if (image) (void)keep_snapshot(by(me), "s", *image, "/", {});
}

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
