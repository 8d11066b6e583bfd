// Any sequence of operations, through tokens that are fresh or were kept for a while, leaves the
// tree as it is on paper, answers as it does on paper, and leaves every row in order. Time is a
// counter.

#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <casement/engine/any_store.hpp>
#include <casement/engine/leveldb.hpp>
#include <casement/kv/memory.hpp>

#include "support/property.hpp"
#include "support/scale.hpp"
#include "support/temporary.hpp"
#include "tree/deeds.hpp"
#include "tree/hand.hpp"

namespace casement::testing::tree_property_test {
namespace {

using engine::any_store;

/// Deeds that are always the same.
const std::vector<deed>& deeds_of(std::size_t seed) {
    static std::vector<std::vector<deed>> all;
    while (all.size() <= seed)
        all.push_back(some_deeds()(rc::Random{all.size()}, rc::kNominalSize).value());
    return all[seed];
}

bool all_acts(const auto& hold) {
    for (std::size_t n = 0; n < act_count; ++n)
        if (!hold(static_cast<act>(n))) return false;
    return true;
}

TEST(TreeProperty, AnyDeedsInMemoryAreAsOnPaper) {
    tally count;
    law("the tree is the tree on paper", [&] {
        any_store kv{memory_store{}};
        RC_ASSERT(differences(kv, *some_deeds(), count) == "");
    });
    // Few cases, as under sanitizers, need not have been of every kind.
    const auto is_tried = [&](act a) {
        return count.done[a] > 0 && (count.refused[a] > 0) == (a != act::look);
    };
    for (std::size_t seed = 0; seed < 100 && !all_acts(is_tried); ++seed) {
        any_store kv{memory_store{}};
        EXPECT_EQ(differences(kv, deeds_of(seed), count), "");
    }
    for (std::size_t n = 0; n < act_count; ++n) {
        const auto what = static_cast<act>(n);
        EXPECT_GT(count.done[what], 0) << name_of(what);
        EXPECT_EQ(count.refused[what] > 0, what != act::look) << name_of(what);
    }
}

void clear(any_store& kv) {
    auto rows = kv.scan("", "\xff");
    for (; rows.valid(); rows.next()) {
        const write gone{write::kind::erase, rows.key()};
        must(kv.commit({{}, {&gone, 1}}));
    }
    must(rows.status());
}

TEST(TreeProperty, AnyDeedsOnDiskAreAsOnPaper) {
    const temporary_directory place;
    any_store kv{must(engine::leveldb_store::open(
        place / "store", {.durable = engine::durability::process, .create = true}))};
    tally count;
    law("the tree on disk is the tree on paper", [&] {
        clear(kv);
        RC_ASSERT(differences(kv, *some_deeds(), count) == "");
    });
}

/// Whether some of them show that commits are made without.
bool is_seen(const omission& without) {
    for (std::size_t seed = 0; seed < 300; ++seed) {
        any_store kv{memory_store{}};
        tally count;
        try {
            if (!differences(kv, deeds_of(seed), count, without).empty()) return true;
        } catch (const std::runtime_error&) {
            return true;  // what must be there is not
        }
    }
    return false;
}

/// What deeds one after the other cannot show: rows that are read where they are committed, the
/// binding, which moves with its name alone, and the record, which nobody asks for.
bool only_others_show(const std::string& what) {
    static const std::set<std::string> all{"the destination is what was seen",
                                           "the destination's ancestors are in place",
                                           "the path leads here",
                                           "the lease is still the writer's",
                                           "the file is bound here",
                                           "the operation has not happened",
                                           "its outcome is kept",
                                           "put x"};
    return all.contains(what);
}

TEST(TreeProperty, SeesWhatACommitLeavesOut) {
    if (sanitized) GTEST_SKIP() << "what commits ask is the same there";
    what_commits_ask all;
    for (std::size_t seed = 0; seed < 20; ++seed) {
        any_store kv{memory_store{}};
        note_commits(kv, deeds_of(seed), all);
    }
    const auto& [guards, writes] = all;
    EXPECT_GT(guards.size(), 15u);
    EXPECT_GT(writes.size(), 10u);
    for (const auto& each : guards)
        EXPECT_TRUE(only_others_show(each) || is_seen({.guard = each})) << each;
    for (const auto& each : writes)
        EXPECT_TRUE(only_others_show(each) || is_seen({.write = each})) << each;
}

}  // namespace
}  // namespace casement::testing::tree_property_test
