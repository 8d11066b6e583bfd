#pragma once
// What the stories of directories over a base share: who makes one an object and a node again, and
// that all its forms show the same names.

#include <map>
#include <set>
#include <string>
#include <string_view>

#include <casement/tree/overlay.hpp>
#include <casement/tree/snapshot.hpp>

#include "file_story.hpp"

namespace casement::models {

/// A directory over a base, and its rows.
inline story& with_overlay_rows(story& s) {
    with_file_rows(s);
    s.canonical(check::canonical_rows<head, rev, binding, entry, hidden, file_row, lease_row,
                                      staged_letter>());
    s.spells(check::spelled_rows<head, rev, binding, entry, hidden, allocator, file_row, lease_row,
                                 staged_letter, tree::snapshot>());
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
[[nodiscard]] inline complaint forms_show_the_same(const check::change& c) {
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

inline story& with_overlay_laws(story& s) {
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
    const auto here = see_bound(me.store().snapshot(), merged->of().node());
    if (!here) return me.answer("gone");
    carries<P>(me, here->parent);
    me.carries(merged->of().head());
    me.carries(merged->of().rev());
    const auto made =
        tree::finalize_directory(by(me), *merged, here->bound, P{here->parent}, here->name);
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

}  // namespace casement::models
