// Names that are free are renamed alike wherever they came from; nothing else is.

#include <gtest/gtest.h>

#include <casement/check/canonical.hpp>
#include <casement/protocol/ids.hpp>

#include "check/contents.hpp"
#include "check/small_stories.hpp"

namespace casement::testing::canonical_test {
namespace {

using check::pinned;
using check::row_bytes;

/// The rows of a store under canonical names.
std::vector<row_bytes> named(memory_store kv, const pinned& keep = {}) {
    check::detail::texts text;
    check::detail::contents all{text};
    const auto which = all.number(kv);
    return check::canonical_rows<label, tagged, changes>().rename(check::rows{all, which}, keep);
}

memory_store labelled(std::uint64_t first, std::uint64_t second, std::uint64_t changed = 1) {
    memory_store kv;
    (void)transaction{kv}
        .put<label>(1, {tag_id{first}})
        .put<label>(2, {tag_id{second}})
        .put<tagged>(tag_id{first}, {1})
        .put<tagged>(tag_id{second}, {2})
        .bump<changes>(1, changed)
        .commit();
    return kv;
}

TEST(Canonical, FreeNamesDoNotMatter) {
    EXPECT_EQ(named(labelled(40, 90)), named(labelled(90, 40)));
    EXPECT_EQ(named(labelled(40, 90, 3)), named(labelled(17, 16, 8)));
}

TEST(Canonical, WhatIsNotANameDoes) {
    auto other = labelled(40, 90);
    (void)transaction{other}.put<tagged>(tag_id{40}, {7}).commit();
    EXPECT_NE(named(labelled(40, 90)), named(other));
}

TEST(Canonical, FixedIdsKeepTheirMeaning) {
    EXPECT_NE(named(labelled(3, 90)), named(labelled(4, 90)));
}

TEST(Canonical, ItIsItsOwnForm) {
    memory_store kv;
    for (const auto& [key, value] : named(labelled(40, 90))) {
        const write w{write::kind::put, key, value};
        (void)kv.commit({{}, {&w, 1}});
    }
    EXPECT_EQ(named(kv), named(labelled(90, 40)));
}

TEST(Canonical, WhatAnActorKnowsKeepsItsName) {
    pinned keep;
    const auto form = check::canonical_rows<label, tagged, changes>();
    const auto kv = labelled(40, 90, 5);
    const auto seen = kv.get(row_key<label>(1));
    form.pin(row_key<label>(1), *seen->value, keep);
    EXPECT_TRUE(keep.has("tag", 40));
    EXPECT_NE(named(kv, keep), named(labelled(41, 90, 5), keep));
    EXPECT_EQ(named(kv, keep), named(labelled(40, 91, 5), keep));
}

TEST(Canonical, ACounterIsWhatWasSeenOfIt) {
    pinned keep;
    const auto form = check::canonical_rows<label, tagged, changes>();
    const auto five = labelled(40, 90, 5);
    form.pin(row_key<changes>(1), *five.get(row_key<changes>(1))->value, keep);
    EXPECT_EQ(named(labelled(40, 90, 6), keep), named(labelled(40, 90, 9), keep))
        << "moved since is moved since";
    EXPECT_NE(named(five, keep), named(labelled(40, 90, 6), keep));
}

TEST(Canonical, BlocksThatAreInUseKeepTheirIds) {
    pinned keep;
    keep.blocks.emplace_back(1000, 1010);
    EXPECT_NE(named(labelled(1001, 90), keep), named(labelled(1002, 90), keep));
    EXPECT_EQ(named(labelled(1010, 90), keep), named(labelled(999, 90), keep));
}

struct grant {
    static constexpr char table = 'g';
    using key = std::uint64_t;
    protocol::lease_seq seq;
};
struct writing {
    static constexpr char table = 'w';
    using key = std::uint64_t;
    protocol::lease_seq under;
};

// The counters of two files do not wait for each other: that one is ahead of another is no matter,
// and that it is ahead of what was written under it is.
TEST(Canonical, ANumberWithASuccessorIsComparedBesideItself) {
    const auto form = [](std::uint64_t granted, std::uint64_t written, std::uint64_t elsewhere) {
        memory_store kv;
        (void)transaction{kv}
            .put<grant>(1, {{granted}})
            .put<writing>(1, {{written}})
            .put<grant>(2, {{elsewhere}})
            .commit();
        check::detail::texts text;
        check::detail::contents all{text};
        const auto which = all.number(kv);
        return check::canonical_rows<grant, writing>().rename(check::rows{all, which}, {});
    };
    EXPECT_EQ(form(7, 5, 1), form(2, 1, 9));
    EXPECT_EQ(form(3, 3, 3), form(4, 4, 1));
    EXPECT_NE(form(7, 5, 1), form(5, 7, 1));
    EXPECT_NE(form(7, 5, 1), form(7, 7, 1));
}

// Rows that nothing leads to are named by what else is known of them, not by their old names.
TEST(Canonical, OrphansAreNamedToo) {
    const auto orphan = [](std::uint64_t id) {
        memory_store kv;
        (void)transaction{kv}
            .put<tagged>(tag_id{id}, {1})
            .put<tagged>(tag_id{id + 1}, {2})
            .commit();
        return kv;
    };
    const auto swapped = [] {
        memory_store kv;
        (void)transaction{kv}.put<tagged>(tag_id{51}, {1}).put<tagged>(tag_id{50}, {2}).commit();
        return kv;
    };
    EXPECT_EQ(named(orphan(50)), named(orphan(70)));
    EXPECT_EQ(named(orphan(50)), named(swapped()));
}

}  // namespace
}  // namespace casement::testing::canonical_test
