// The other half of race 6 (SPEC F4d): a directory is sealed, as whoever turns it into an object
// will seal it, while others change its names. A sealed directory keeps the names that it had; what
// prevents the late change is the guard of the directory's head, and nothing else does.

#include <map>

#include "stories.hpp"
#include "tree_story.hpp"

namespace casement::models::seal_story {
namespace {

/// There is no operation yet that seals: this is the guarded commit that it will make.
void seal(actor& me) {
    static const std::vector<std::string> ways{"seal /d", "seal /d/sub"};
    const auto at = resolve(me.store(), me.choose(ways) == 0 ? "/d" : "/d/sub");
    if (!at || at->node() == nullptr) return;
    const auto dir = read_directory(me.store().snapshot(), *at->node());
    if (!dir) return;
    auto life =
        casement::apply<protocol::directory>(dir->head()->life, protocol::directory::seal{});
    if (!life) return;
    auto sealed = *dir->head();
    sealed.life = *life;
    (void)transaction{me.store()}
        .replace(dir->head(), sealed, "the directory is as it was seen")
        .commit();
}

/// Changes one name in /d.
template <class P>
void change_a_name(actor& me) {
    static const std::vector<std::string> ways{
        "create /d/new",         "create_directory /d/new", "ensure_path /d/new",
        "replace_target /d/old", "set_facts /d/old",        "remove /d/old",
        "rename /x to /d/new",   "rename /d/old to /y",     "remove_directory /d/sub"};
    const auto way = me.choose(ways);
    auto& kv = me.store();
    if (way == 2) return (void)ensure_path(by(me), "/d/new", {});
    if (way == 6) return move_to<P>(me, "/x", "/d/new");
    if (way == 7) return move_to<P>(me, "/d/old", "/y");
    if (way == 8) return remove_at<P>(me, "/d/sub");
    const auto at = resolve(kv, way < 2 ? "/d/new" : "/d/old");
    if (!at || !at->found || at->exists() == (way < 2)) return;
    const P in{at->parent};
    switch (way) {
        case 0: return (void)create(by(me), in, "new", content('a'), {});
        case 1: return (void)create_directory(by(me), in, "new", {});
        case 3: {
            const auto to = std::get<protocol::dentry::create_object>(content('b'));
            return (void)replace_target(by(me), in, *at->found,
                                        protocol::dentry::replace_object{to.id}, {});
        }
        case 4: return (void)set_facts(by(me), in, *at->found, 0600, {});
        default: return (void)remove(by(me), in, *at->found);
    }
}

/// The names in each directory that is sealed.
std::map<std::string, std::string> in_sealed(const rows& now) {
    std::map<std::string, std::string> names;
    for (auto h = now.scan("h", "i"); h.valid(); h.next()) {
        const auto dir = decode<head>(h.value());
        if (!dir || !std::holds_alternative<protocol::directory::sealed>(dir->life)) continue;
        const auto prefix = "d" + std::string{h.key().substr(1)};
        auto& all = names[std::string{h.key()}];
        for (auto e = now.scan(prefix, after_prefix(prefix)); e.valid(); e.next())
            all += std::string{e.key()} + '=' + std::string{e.value()} + ';';
    }
    return names;
}

template <class P>
story sealer_and_changers(std::string name, size s) {
    story tale{std::move(name)};
    tale.begins([](memory_store& kv) {
        plot tree{kv};
        tree.mkdir("/d");
        tree.make("/d/old");
        tree.mkdir("/d/sub");
        tree.make("/x");
    });
    tale.acts("sealer", seal);
    tale.actors(s.actors ? s.actors : 1, "client", s.turns ? s.turns : 1, change_a_name<P>);
    tale.every_change("a sealed directory keeps its names", [](const check::change& c) {
        const auto before = in_sealed(c.before), after = in_sealed(c.after);
        for (const auto& [dir, names] : before)
            if (const auto now = after.find(dir); now != after.end() && now->second != names)
                return false;
        return true;
    });
    tale.sometimes("it is sealed", [](const rows& now) { return !in_sealed(now).empty(); });
    tale.sometimes("a child is in it", there("/d/new"));
    return with_tree_rows(tale);
}

}  // namespace

std::vector<situation> situations() {
    return {{"seal-change", "a directory is sealed while a name in it is changed", 6,
             [](size s) { return sealer_and_changers<any_rev>("seal against changes", s); }},
            {"seal-change-at-rev", "the same, each at the rev that it saw", 6, [](size s) {
                 return sealer_and_changers<at_rev>("seal against changes, at exact revs", s);
             }}};
}

}  // namespace casement::models::seal_story
