#pragma once
// Deeds in a tree, done through tokens that are fresh or were kept for a while, and the same on
// paper. Time is a counter.

#include <array>
#include <cstdint>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <rapidcheck.h>

#include <casement/engine/any_store.hpp>

namespace casement::testing {

enum class act : std::uint8_t {
    look,
    create_object,
    create_link,
    create_directory,
    create_file,
    remove,
    remove_directory,
    rename,
    rename_directory,
    replace,
    set_facts,
    set_directory_facts,
    ensure_path,
    instantiate,
    open,
    renew,
    close,
    reclaim,
    prepare,
    abort,
    finalize
};
/// Their names, and how often each is tried: most where others wait for it, or where it seldom goes
/// well. In the order of `act`.
struct habit {
    std::string_view name;
    std::size_t often;
};
constexpr std::array habits{
    habit{"look", 6},        habit{"create_object", 1}, habit{"create_link", 1},
    habit{"mkdir", 2},       habit{"create_file", 3},   habit{"remove", 2},
    habit{"rmdir", 2},       habit{"rename", 2},        habit{"rename_directory", 2},
    habit{"replace", 1},     habit{"set_facts", 1},     habit{"chmod", 1},
    habit{"ensure_path", 1}, habit{"instantiate", 2},   habit{"open", 4},
    habit{"renew", 3},       habit{"close", 2},         habit{"reclaim", 4},
    habit{"prepare", 3},     habit{"abort", 2},         habit{"finalize", 3}};
constexpr std::size_t act_count = habits.size();

inline std::string_view name_of(act what) { return habits[static_cast<std::size_t>(what)].name; }

inline rc::Gen<act> some_act() {
    std::vector<act> all;
    for (std::size_t n = 0; n < act_count; ++n)
        all.insert(all.end(), habits[n].often, static_cast<act>(n));
    return rc::gen::elementOf(all);
}

struct deed {
    act what = act::look;
    std::string path, other;
    int n = 0;           // content, mode, link, writer or time
    bool exact = false;  // at_rev or any_rev
    bool kept = false;   // by what a look has kept, if one has
};

inline std::ostream& operator<<(std::ostream& out, const deed& d) {
    return out << name_of(d.what) << ' ' << d.path << ' ' << d.other << ' ' << d.n
               << (d.exact ? " at_rev" : " any_rev") << (d.kept ? " kept" : "");
}

// Few names and few levels, so that operations meet.
inline rc::Gen<std::string> some_path() {
    return rc::gen::element<std::string>("/a", "/b", "/a/a", "/a/b", "/b/a", "/b/b", "/a/a/a",
                                         "/a/b/a", "/b/a/b", "/a/a/a/b");
}

/// Two hundred of them in the mean, where RapidCheck does not shrink them.
inline rc::Gen<std::vector<deed>> some_deeds() {
    return rc::gen::resize(
        500, rc::gen::container<std::vector<deed>>(rc::gen::build<deed>(
                 rc::gen::set(&deed::what, some_act()), rc::gen::set(&deed::path, some_path()),
                 rc::gen::set(&deed::other, some_path()),
                 rc::gen::set(&deed::n, rc::gen::element(0, 1, 2, 3, 4, 5)),
                 rc::gen::set(&deed::exact, rc::gen::element(false, true)),
                 rc::gen::set(&deed::kept, rc::gen::element(false, true)))));
}

/// How often each deed was done and refused: what was never tried was never tested.
struct tally {
    std::map<act, int> done, refused;
};

/// What a commit is made without.
struct omission {
    std::string guard, write;
};

/// How the tree of an empty store and the one on paper differ after the deeds; "" where they agree.
std::string differences(engine::any_store& kv, const std::vector<deed>& deeds, tally& count,
                        const omission& without = {});

/// The names of the guards of all commits, and the writes ("put d": the kind, and the table).
struct what_commits_ask {
    std::set<std::string> guards, writes;
};
/// Of the deeds, from an empty store on.
void note_commits(engine::any_store& kv, const std::vector<deed>& deeds, what_commits_ask& all);

}  // namespace casement::testing
