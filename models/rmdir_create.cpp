// Race 6 (SPEC F4d): a directory is removed by one who saw it empty, while another puts something
// into it. Removal guards the emptiness that it saw; whoever puts a child guards that the directory
// lives. Without either the child stands in a directory that is not there.

#include "stories.hpp"
#include "tree_story.hpp"

namespace casement::models::rmdir_create_story {
namespace {

/// Puts something at /d/new: a new file, a new directory, or what has stood elsewhere.
template <class P>
void put_a_child(actor& me) {
    static const std::vector<std::string> ways{"create /d/new", "create_directory /d/new",
                                               "rename /x to /d/new", "rename /e to /d/new"};
    const auto way = me.choose(ways);
    if (way >= 2) return move_to<P>(me, way == 2 ? "/x" : "/e", "/d/new");
    const auto at = resolve(me.store(), "/d/new");
    if (!at || at->exists()) return;
    if (way == 0)
        (void)create(by(me), P{at->parent}, "new", content('a'), {});
    else
        (void)create_directory(by(me), P{at->parent}, "new", {});
}

template <class P>
story remover_and_putters(std::string name, size s) {
    story tale{std::move(name)};
    tale.begins([](memory_store& kv) {
        plot tree{kv};
        tree.mkdir("/d");
        tree.mkdir("/e");
        tree.make("/x");
    });
    tale.acts("remover", [](actor& me) { remove_at<P>(me, "/d"); });
    tale.actors(s.actors ? s.actors : 2, "putter", s.turns ? s.turns : 1, put_a_child<P>);
    tale.strikes({.crashes = 1});
    tale.sometimes("the directory is gone", not_there("/d"));
    tale.sometimes("a child is in it", there("/d/new"));
    return with_tree_rows(tale);
}

}  // namespace

std::vector<situation> situations() {
    return {
        {"rmdir-create", "a directory is removed while something is put into it", 6,
         [](size s) { return remover_and_putters<any_rev>("rmdir against what is put there", s); }},
        {"rmdir-create-at-rev", "the same, each at the rev that it saw", 6, [](size s) {
             return remover_and_putters<at_rev>("rmdir against what is put there, at exact revs",
                                                s);
         }}};
}

}  // namespace casement::models::rmdir_create_story
