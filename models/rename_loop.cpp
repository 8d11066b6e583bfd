// Race 5 (SPEC F4c): each rename of a directory is right where it was decided, and both together
// cut a loop off the root. What prevents it is the guard of every directory above the destination.

#include <optional>

#include <gtest/gtest.h>

#include <casement/tree/create.hpp>
#include <casement/tree/look_up.hpp>
#include <casement/tree/rename.hpp>

#include "story.hpp"
#include "tree/hand.hpp"

namespace casement::models {
namespace {

using namespace testing;

/// Looks at all that a rename of a directory must know, and renames then. `P` is what it expects of
/// the two parents.
template <class P>
actor renamer(stage& kv, numbers& ids, std::string from, std::string to) {
    struct look {
        directory from_dir, to_dir;
        seen<entry> source, target;
        ancestry line;
    };
    const auto saw = std::make_shared<std::optional<look>>();
    return {[=, &kv] {
                auto source = resolve(kv, from), target = resolve(kv, to);
                if (!source || !source->exists() || !target || target->exists()) return;
                auto line = read_ancestry(kv, target->parent.node());
                if (!line) return;
                *saw = {source->parent, target->parent, *source->found, *target->found, *line};
            },
            [=, &kv, &ids] {
                if (auto& s = *saw)
                    (void)rename_directory(kv, ids, P{s->from_dir}, s->source, P{s->to_dir},
                                           s->target, s->line);
            }};
}

memory_store tree_of(std::initializer_list<const char*> directories) {
    memory_tree t;
    for (const auto* path : directories) t.mkdir(path);
    return t.kv;
}

constexpr auto the_guard = "the destination's ancestors are in place";

template <class P>
void two_renames() {
    const auto beginning = tree_of({"/a", "/a/c", "/b", "/b/d", "/b/d/e"});
    const auto both = [](stage& kv, numbers& ids) {
        return std::vector{renamer<P>(kv, ids, "/a", "/b/d/e/a"),
                           renamer<P>(kv, ids, "/b/d", "/a/c/d")};
    };
    const auto always = tell(beginning, both);
    EXPECT_EQ(always.orders, 6u);
    EXPECT_EQ(always.violations, 0u) << always.first;

    const auto mutant = tell(beginning, both, the_guard);
    EXPECT_EQ(mutant.orders, 6u);
    EXPECT_GT(mutant.forgotten, 0u);
    EXPECT_EQ(mutant.violations, 4u) << "in every order in which both look before either acts";
    EXPECT_NE(mutant.first.find("a loop"), std::string::npos) << mutant.first;
}

// Each of the two parents' revs is another's: exact revs do not help.
TEST(RenameLoop, TwoAtRev) { two_renames<at_rev>(); }
TEST(RenameLoop, TwoAtAnyRev) { two_renames<any_rev>(); }

// Any two of the three are harmless. At exact revs of the root they would exclude each other.
TEST(RenameLoop, Three) {
    const auto beginning = tree_of({"/a", "/b", "/c"});
    const auto three = [](stage& kv, numbers& ids) {
        return std::vector{renamer<any_rev>(kv, ids, "/a", "/b/a"),
                           renamer<any_rev>(kv, ids, "/b", "/c/b"),
                           renamer<any_rev>(kv, ids, "/c", "/a/c")};
    };
    const auto always = tell(beginning, three);
    EXPECT_EQ(always.orders, 90u);
    EXPECT_EQ(always.violations, 0u) << always.first;

    const auto mutant = tell(beginning, three, the_guard);
    EXPECT_EQ(mutant.orders, 90u);
    EXPECT_EQ(mutant.violations, 48u)
        << "in every order in which each looks before what it goes under has moved";
    EXPECT_NE(mutant.first.find("a loop"), std::string::npos) << mutant.first;
}

}  // namespace
}  // namespace casement::models
