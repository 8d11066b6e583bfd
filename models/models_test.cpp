// Every situation in models/, explored to its end: it holds, or breaks as it says, and has as many
// states as it had. Another number means that an operation reads, writes or guards something else
// than before: see that this was meant, and pin it anew.

#include <algorithm>
#include <initializer_list>
#include <map>
#include <optional>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include <casement/check/explore.hpp>

#include "stories.hpp"

namespace casement::models {
namespace {

struct scale {
    std::uint64_t states = 0;  // of a story that breaks: until it does
    size of{};
    std::optional<size> audited{};  // small enough for the raw search
};

const std::map<std::string, scale> pinned{
    {"stuck", {16, {}, size{}}},
    {"unstuck", {71, {}, size{}}},
    {"late-writer", {3469, {}, size{}}},
    {"late-writer-skewed", {8479, {}, size{}}},
    {"rename-loop", {5, {}, size{}}},
    {"rename-loop-at-rev", {5, {}, size{}}},
    {"rename-loop-of-three", {1138, {}, size{}}},
    {"rmdir-create", {51, {}, size{}}},
    {"rmdir-create-at-rev", {51, {}, size{}}},
    {"seal-change", {28, {}, size{}}},
    {"seal-change-at-rev", {28, {}, size{}}},
    {"ensure-path-remove", {229, {}, size{1, 1}}},
    {"retry-create", {1120, {}, size{}}},
    {"retry-create-any-rev", {94, {}, size{}}},
    {"retry-remove", {123, {}, size{}}},
    {"retry-remove-at-rev", {132, {}, size{}}},
    {"forgetters", {425, {}, size{}}},
    {"late-finalizer", {172, {}, size{}}},
    {"late-finalizer-at-rev", {172, {}, size{}}},
    {"late-close", {1830, {}, size{}}},
    {"late-close-skewed", {8489, {}, size{}}},
    {"back-and-forth", {1038, {}, size{}}},
    {"two-instantiate", {14, {}, size{}}},
    {"two-instantiate-at-rev", {14, {}, size{}}},
    {"half-way-alone", {2, {}, size{}}},
    {"half-way", {5765, {}, size{}}},
    {"files-any-rev", {9474, {}, size{}}},
    {"files-at-rev", {8388, {}, size{}}},
    {"once", {1435, {}, size{}}},
    {"once-at-rev", {1359, {}, size{}}},
    {"once-forgotten", {26101, {}}},  // raw, who decides again has drawn other ids
    {"late-directory", {10027, {}, size{}}},
    {"late-directory-at-rev", {5100, {}}},  // raw, a block that nobody names may come later
    {"two-openers", {1649, {}, size{}}},
    {"two-openers-at-rev", {1709, {}, size{}}},
    {"stale-base", {655, {}, size{}}},
    {"stale-base-unlooked", {460, {}, size{}}},
    {"crashed-snapshot", {44770, {}, size{}}},
    {"overlays-any-rev", {8243, {}, size{}}},
    {"overlays-at-rev", {7851, {}, size{}}},
    {"collect-stored-again", {5667, {}, size{}}},
    {"collect-copied", {7924, {}, size{}}},
    {"collect-hurried", {2374, {}, size{}}},
    {"collect-made", {6993, {}, size{}}},
    {"two-collectors", {32641, {}, size{}}},
    {"leftover-alone", {1, {}, size{}}},
    {"compact-collect", {647, {}, size{}}},
    {"compact-named", {402, {}, size{}}},
    {"compact-crash", {908, {}, size{}}},
    {"compact-crash-unsynced", {132, {}, size{}}},
    {"compact-crash-unnamed", {129, {}, size{}}},
    {"compact-crash-drvfs", {585, {}, size{}}},
    {"compact-crash-holes", {91, {}, size{}}},
    {"promote-collect", {439, {}, size{}}},
    {"promote-stored", {1660, {}, size{}}},
    {"promote-crash", {275, {}, size{}}},
    {"promote-crash-unsynced", {74, {}, size{}}},
    {"promote-crash-unnamed", {67, {}, size{}}},
    {"promote-crash-drvfs", {254, {}, size{}}},
    {"heal-collect", {476, {}, size{}}},
    {"heal-twice", {3442, {}, size{}}},
    {"heal-crash", {636, {}, size{}}},
    {"heal-crash-unsynced", {197, {}, size{}}},
    {"put-crash", {692, {}, size{}}},
    {"put-crash-packed", {1805, {}, size{}}},
    {"put-crash-unsynced", {157, {}, size{}}},
    {"put-crash-packed-unsynced", {266, {}, size{}}},
    {"put-crash-unnamed", {143, {}, size{}}},
    {"put-crash-unnamed-journal", {395, {}, size{}}},
    {"put-crash-drvfs", {577, {}, size{}}},
    {"put-crash-nfs", {624, {}, size{}}},
    {"put-sync-fails", {637, {}, size{}}},
    {"put-sync-fails-packed", {1307, {}, size{}}},
    {"put-sync-fails-trusted", {235, {}, size{}}},
    {"two-sweeps", {4, {}, size{}}},
    {"sweep-put", {51346, {}, size{}}},
    {"sweep-put-unfenced", {48566, {}, size{}}},
    {"sweep-put-unasked", {9929, {}, size{}}},
    {"sweep-put-careless", {8882, {}, size{}}},
    {"frozen-writer", {42, {}, size{}}},
    {"frozen-writer-unfenced", {45, {}, size{}}},
    {"frozen-process", {133, {}, size{}}},
    {"frozen-process-published", {137, {}, size{}}},
    {"file-crash", {839, {}, size{}}},
    {"file-crash-unsynced", {161, {}, size{}}},
    {"file-crash-unnamed", {48, {}, size{}}},
    {"file-crash-unsynced-object", {390, {}, size{}}},
    {"file-crash-alone", {107, {}, size{}}},
    {"equal-files", {1927, {}, size{}}},
    {"file-collected", {560, {}, size{}}},
    {"all-any-rev", {401, {2, 1}}},
    {"all-at-rev", {401, {2, 1}}},
    {"contracts-any-rev", {401, {2, 1}}},
    {"contracts-at-rev", {401, {2, 1}}},
    {"everything-any-rev", {34218, {2, 1}, size{1, 1}}},
    {"everything-at-rev", {29926, {2, 1}, size{1, 1}}},
};

std::string told(const check::report& r) {
    std::ostringstream out;
    out << r;
    return out.str();
}

class Situation : public ::testing::TestWithParam<situation> {};

TEST_P(Situation, HoldsOrBreaksAsItSays) {
    const auto& s = GetParam();
    ASSERT_TRUE(pinned.contains(s.name)) << "pin its states";
    const auto& at = pinned.at(s.name);
    check::scope in;
    in.keep_witnesses = true;
    const auto r = explore(s.tell(at.of), in);
    EXPECT_EQ(r.failed, "");
    for (const auto& [guard, count] : r.guards) {
        EXPECT_EQ(count.held_by.empty(), count.held == 0) << guard.second;
        EXPECT_EQ(count.failed_by.empty(), count.failed == 0) << guard.second;
    }
    if (s.breaks) {
        ASSERT_FALSE(r.violations.empty()) << told(r);
        // The token of the first leads there again; that nothing leads on cannot be replayed.
        const auto tale = s.tell(at.of);
        const auto& broke = r.violations.front();
        const auto again = replay(tale, broke.token);
        ASSERT_TRUE(again.has_value()) << again.error().message();
        const auto p = std::ranges::find(tale.properties(), broke.property, &check::property::name);
        ASSERT_NE(p, tale.properties().end());
        if (p->what != check::property::kind::recoverable) {
            ASSERT_FALSE(again->violations.empty());
            EXPECT_EQ(again->violations.front().property, broke.property);
        }
    } else {
        EXPECT_TRUE(r.holds()) << told(r);
    }
    EXPECT_EQ(r.states, at.states);
}

TEST_P(Situation, IsSeenWholeByItsShortCuts) {
    const auto& s = GetParam();
    const auto& at = pinned.at(s.name);
    if (!at.audited) GTEST_SKIP() << "too large for the raw search";
    EXPECT_EQ(audit(s.tell(*at.audited)), "");
}

INSTANTIATE_TEST_SUITE_P(All, Situation, ::testing::ValuesIn(situations()), [](const auto& of) {
    std::string name = of.param.name;
    std::ranges::replace(name, '-', '_');
    return name;
});

// What no commit of the whole tree ever does was not tried, whatever the number of states.
TEST(Situations, EveryWayOfTheWholeTreeDoesWhatItIsFor) {
    for (const auto* name : {"all-any-rev", "all-at-rev"}) {
        const auto r =
            explore(std::ranges::find(situations(), name, &situation::name)->tell({2, 2}));
        EXPECT_EQ(r.ways.size(), 55u) << name;
        for (const auto& [way, seen] : r.ways) {
            EXPECT_GT(seen.tried, 0u) << way;
            EXPECT_EQ(seen.changes == 0, way.starts_with("resolve ") || way.starts_with("list "))
                << name << ": " << way;
        }
        const auto one =
            explore(std::ranges::find(situations(), name, &situation::name)->tell({1, 1}));
        EXPECT_EQ(one.ways.at("remove /x/x").changes, 0u) << "nothing is there to be removed";
    }
}

// The largest story is no part of the table of guards; that it would see them gone is shown here.
TEST(Situations, TheWholeProtocolBreaksWithoutItsGuards) {
    const auto all =
        std::ranges::find(situations(), "everything-any-rev", &situation::name)->tell({2, 1});
    for (const check::left_out& guard : std::initializer_list<check::left_out>{
             {"abort", "the file is as it was seen"},
             {"create", "the name is free"},
             {"ensure_path", "the name is free"},
             {"finalize", "the file is as it was prepared"},
             {"prepare", "the file is as it was seen"},
             {"rebase", "its names are as they were merged"},
             {"remove", "the name points to what was seen"},
             {"remove_directory", "the directory is still empty"}}) {
        check::scope in;
        in.without = {guard};
        EXPECT_FALSE(explore(all, in).violations.empty()) << guard.operation << '/' << guard.guard;
    }
}

// A story whose states nobody pinned would go unseen the other way round.
TEST(Situations, HaveNamesOfTheirOwn) {
    std::map<std::string, int> names;
    for (const auto& s : situations()) ++names[s.name];
    for (const auto& [name, count] : names) EXPECT_EQ(count, 1) << name;
    for (const auto& [name, at] : pinned) EXPECT_TRUE(names.contains(name)) << name;
}

}  // namespace
}  // namespace casement::models
