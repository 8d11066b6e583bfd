// Race 5 (SPEC F4c): each rename of a directory is right where it was decided, and together they
// cut a loop off the root. Neither names nor parents' revs are the same, so nothing but the guard
// of every directory above the destination stands in the way.

#include "stories.hpp"
#include "tree_story.hpp"

namespace casement::models::rename_loop_story {
namespace {

// Each goes under a directory deep in the other: the two parents that one changes are not those
// that the other changes, and exact revs do not help.
template <class P>
story two_renames(std::string name) {
    story tale{std::move(name)};
    tale.begins([](memory_store& kv) {
        plot tree{kv};
        for (const auto* path : {"/a/c", "/b/d/e"}) tree.mkdir(path);
    });
    tale.acts("first", [](actor& me) { move_to<P>(me, "/a", "/b/d/e/a"); });
    tale.acts("second", [](actor& me) { move_to<P>(me, "/b/d", "/a/c/d"); });
    tale.sometimes("the first has moved", there("/b/d/e/a"));
    tale.sometimes("the second has moved", there("/a/c/d"));
    return with_tree_rows(tale);
}

// Any two of the three are harmless. At exact revs of the root they would exclude each other.
story three_renames() {
    story tale{"three renames, each under the next"};
    tale.begins([](memory_store& kv) {
        plot tree{kv};
        for (const auto* path : {"/a", "/b", "/c"}) tree.mkdir(path);
    });
    tale.acts("first", [](actor& me) { move_to<any_rev>(me, "/a", "/b/a"); });
    tale.acts("second", [](actor& me) { move_to<any_rev>(me, "/b", "/c/b"); });
    tale.acts("third", [](actor& me) { move_to<any_rev>(me, "/c", "/a/c"); });
    tale.sometimes("two have moved", there("/c/b/a"));
    return with_tree_rows(tale);
}

}  // namespace

std::vector<situation> situations() {
    return {{"rename-loop", "two renames cut a loop off the tree", 5,
             [](size) { return two_renames<any_rev>("two renames, each under the other"); }},
            {"rename-loop-at-rev", "two renames at exact revs cut a loop off the tree", 5,
             [](size) { return two_renames<at_rev>("two renames at exact revs"); }},
            {"rename-loop-of-three", "three renames cut a loop off the tree", 5,
             [](size) { return three_renames(); }}};
}

}  // namespace casement::models::rename_loop_story
