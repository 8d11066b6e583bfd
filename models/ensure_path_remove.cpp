// ensure_path makes a path name by name, holding nothing in between, while others remove what it
// has made or move its parents away. A name may be made only where the path leads at that moment:
// never in a directory that is gone, and never in one that has another name by now.

#include <algorithm>

#include "stories.hpp"
#include "tree_story.hpp"

namespace casement::models::ensure_path_remove_story {
namespace {

constexpr std::string_view prefixes[] = {"/a", "/a/b", "/a/b/c"};

/// How many names of the path are there.
std::size_t length_there(const rows& now) {
    return static_cast<std::size_t>(std::ranges::count_if(prefixes, [&](std::string_view path) {
        const auto at = resolve(now, path);
        return at && at->exists();
    }));
}

void make_the_path(actor& me) {
    me.doing("ensure_path");
    (void)ensure_path(by(me), "/a/b/c", {});
}

void take_it_away(actor& me) {
    static const std::vector<std::string> ways{"remove /a/b", "remove /a", "rename /a to /z"};
    const auto way = me.choose(ways);
    if (way == 2) return move_to<any_rev>(me, "/a", "/z");
    remove_at<any_rev>(me, way == 0 ? "/a/b" : "/a");
}

story path_maker(size s) {
    story tale{"ensure_path, and others take its directories away"};
    tale.begins([](memory_store& kv) { plot{kv}.mkdir("/a"); });
    tale.actors(2, "maker", 1, make_the_path);
    tale.actors(s.actors ? s.actors : 1, "taker", s.turns ? s.turns : 2, take_it_away);
    tale.every_change("a name is made only where the path leads", [](const check::change& c) {
        return c.operation != "ensure_path" || length_there(c.after) == length_there(c.before) + 1;
    });
    tale.sometimes("the path is there", there("/a/b/c"));
    tale.sometimes("part of it was moved away", there("/z/b"));
    return with_tree_rows(tale);
}

}  // namespace

std::vector<situation> situations() {
    return {{"ensure-path-remove", "a path is made in a directory that is removed or moved away", 0,
             path_maker}};
}

}  // namespace casement::models::ensure_path_remove_story
