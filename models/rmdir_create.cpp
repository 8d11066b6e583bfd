// Race 6 (SPEC F4d): a directory is removed by one who saw it empty, while another puts something
// into it. Removal guards the emptiness that it saw; whoever puts a child guards that the directory
// lives.

#include <optional>

#include <gtest/gtest.h>

#include <casement/tree/change.hpp>
#include <casement/tree/create.hpp>
#include <casement/tree/look_up.hpp>
#include <casement/tree/rename.hpp>

#include "story.hpp"
#include "tree/hand.hpp"

namespace casement::models {
namespace {

using namespace testing;

/// Sees that /d is empty, and removes it then.
template <class P>
actor remover(stage& kv) {
    struct look {
        place at;
        emptiness empty;
    };
    const auto saw = std::make_shared<std::optional<look>>();
    return {[=, &kv] {
                auto at = resolve(kv, "/d");
                if (!at || at->node() == nullptr) return;
                if (auto empty = see_empty(kv, *at->node())) *saw = {*at, *empty};
            },
            [=, &kv] {
                if (auto& s = *saw)
                    (void)remove_directory(kv, P{s->at.parent}, *s->at.found, s->empty);
            }};
}

/// Finds the name free in /d, and puts something there then: a file, a directory, or what was /x.
template <class P, class Put>
actor putter(stage& kv, Put put) {
    const auto saw = std::make_shared<std::optional<place>>();
    return {[=, &kv] {
                if (auto at = resolve(kv, "/d/new")) *saw = *at;
            },
            [=] {
                if (auto& s = *saw) put(P{s->parent}, *s->found);
            }};
}

template <class P>
actor file_maker(stage& kv, numbers& ids) {
    return putter<P>(kv, [&](const P& in, const seen<entry>& name) {
        (void)create(kv, ids, in, name.key().name, file(), {});
    });
}

template <class P>
actor directory_maker(stage& kv, numbers& ids) {
    return putter<P>(kv, [&](const P& in, const seen<entry>& name) {
        (void)create_directory(kv, ids, in, name.key().name, {});
    });
}

template <class P>
actor mover(stage& kv, numbers& ids) {
    return putter<P>(kv, [&](const P& in, const seen<entry>& name) {
        if (auto x = resolve(kv, "/x"))
            (void)tree::rename(kv, ids, any_rev{x->parent}, *x->found, in, name);
    });
}

constexpr auto empty_guard = "the directory is still empty";
constexpr auto alive_guard = "the parent is as it was seen";

memory_store beginning() {
    memory_tree t;
    t.mkdir("/d");
    t.make("/x");
    return t.kv;
}

// Two looks and two acts: six orders. In two of them one has acted before the other looks; in two
// the child is put before the removal, which the emptiness excludes; in two after it, and there the
// life of the parent does.
template <class Cast>
void keep_out(const Cast& both, std::initializer_list<const char*> guards) {
    const auto always = tell(beginning(), both);
    EXPECT_EQ(always.orders, 6u);
    EXPECT_EQ(always.violations, 0u) << always.first;
    for (const auto* guard : guards) {
        const auto mutant = tell(beginning(), both, guard);
        EXPECT_EQ(mutant.orders, 6u);
        EXPECT_GT(mutant.forgotten, 0u);
        EXPECT_EQ(mutant.violations, 2u) << guard;
        EXPECT_NE(mutant.first.find("an entry in no directory"), std::string::npos) << guard << '\n'
                                                                                    << mutant.first;
    }
}

TEST(RmdirCreate, AFileIsMade) {
    keep_out(
        [](stage& kv, numbers& ids) {
            return std::vector{remover<any_rev>(kv), file_maker<any_rev>(kv, ids)};
        },
        {empty_guard, alive_guard});
}

// Its maker looks at the depth too, in the same step as it acts, and finds the parent gone; what
// comes between these two is in tests/tree/create_test.cpp.
TEST(RmdirCreate, ADirectoryIsMade) {
    keep_out(
        [](stage& kv, numbers& ids) {
            return std::vector{remover<any_rev>(kv), directory_maker<any_rev>(kv, ids)};
        },
        {empty_guard});
}

TEST(RmdirCreate, AFileIsMovedIn) {
    keep_out(
        [](stage& kv, numbers& ids) {
            return std::vector{remover<any_rev>(kv), mover<any_rev>(kv, ids)};
        },
        {empty_guard, alive_guard});
}

// Contract 1 alone does not do: the remover's parent is the root, and not what it removes.
TEST(RmdirCreate, AtExactRevsTheEmptinessIsNeededStill) {
    const auto both = [](stage& kv, numbers& ids) {
        return std::vector{remover<at_rev>(kv), file_maker<at_rev>(kv, ids)};
    };
    EXPECT_EQ(tell(beginning(), both).violations, 0u);
    EXPECT_EQ(tell(beginning(), both, empty_guard).violations, 2u);
    EXPECT_EQ(tell(beginning(), both, alive_guard).violations, 0u)
        << "the parent's rev goes with its head: beside it the head's guard is redundant here";
}

// Three who meet in one directory.
TEST(RmdirCreate, AMakerAMoverAndARemover) {
    const auto all = [](stage& kv, numbers& ids) {
        return std::vector{remover<any_rev>(kv), file_maker<any_rev>(kv, ids),
                           mover<any_rev>(kv, ids)};
    };
    const auto always = tell(beginning(), all);
    EXPECT_EQ(always.orders, 90u);
    EXPECT_EQ(always.violations, 0u) << always.first;
    EXPECT_GT(tell(beginning(), all, empty_guard).violations, 0u);
    EXPECT_GT(tell(beginning(), all, alive_guard).violations, 0u);
}

}  // namespace
}  // namespace casement::models
