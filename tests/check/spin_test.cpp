// Two explorers that share no line count the same states and transitions, exactly; and each guard
// that is taken out of the model is missed by both.

#include <casement/check/spin.hpp>

#include <algorithm>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <boost/hana/length.hpp>

#include <casement/check/explore.hpp>
#include <casement/machine/draw.hpp>
#include <casement/protocol/blob.hpp>
#include <casement/protocol/dentry.hpp>
#include <casement/protocol/directory.hpp>
#include <casement/protocol/file.hpp>
#include <casement/protocol/lease.hpp>
#include <casement/protocol/staging.hpp>

#include "spin_run.hpp"
#include "spin_stories.hpp"

namespace casement::check::spin_test {
namespace {

using namespace testing;

constexpr auto whole = "-O0 -DNOREDUCE";

counted by_spin(const std::string& model, const std::string& flags = whole) {
    spin s;
    EXPECT_TRUE(s.make(model, flags)) << s.said();
    return s.run();
}

struct sized {
    const char* name;
    story of;
};

std::vector<sized> scopes() {
    const faults some{.crashes = 1, .lost_replies = 1, .zombies = 0, .spurious = 0, .ticks = 0};
    const faults all{.crashes = 1, .lost_replies = 1, .zombies = 0, .spurious = 1, .ticks = 2};
    return {{"2 payers, 1 turn", bank(2, 1)},
            {"2 payers, 2 turns", bank(2, 2)},
            {"3 payers, 1 turn", bank(3, 1)},
            {"3 payers, 2 turns", bank(3, 2)},
            {"2 payers, 2 turns, faults", bank(2, 2, some)},
            {"3 payers, 2 turns, faults", bank(3, 2, some)},
            {"2 writers", writers(2)},
            {"2 writers, faults, a clock", writers(2, all)},
            {"3 writers, faults, a clock", writers(3, all)},
            {"2 writers, clocks that are off", writers(2, all).skews_by(1)},
            {"3 workers, 2 turns, faults", workers(3, 2, 2, some)},
            {"2 renames at any rev, faults", renames<tree::any_rev>(some)},
            {"2 renames at revs, faults", renames<tree::at_rev>(some)},
            {"2 names at any rev, 2 turns", names<tree::any_rev>(2, 2)},
            {"2 names at revs, faults", names<tree::at_rev>(2, 1, some)},
            {"2 names, 3 clients", names<tree::any_rev>(3, 1)},
            {"a file's life, 2 clients, faults", lives(2, some)},
            {"a file's life, 3 clients", lives(3)}};
}

TEST(Spin, CountsTheSame) {
    for (const auto& [name, of] : scopes()) {
        SCOPED_TRACE(name);
        const auto model = promela(of);
        ASSERT_TRUE(model) << model.error().message();
        const auto ours = explore(of, scope::raw());
        const auto theirs = by_spin(*model);
        EXPECT_TRUE(ours.complete && ours.violations.empty()) << ours;
        EXPECT_EQ(theirs.errors, 0u) << theirs.said;
        EXPECT_EQ(theirs.stored, ours.states) << theirs.said;
        EXPECT_EQ(theirs.transitions(), ours.transitions) << theirs.said;
    }
}

// In the flat form each step touches what others see: Spin's partial orders leave nothing out.
TEST(Spin, ReducesNothing) {
    for (const auto& of : {bank(3, 2), writers(2)}) {
        const auto model = promela(of);
        ASSERT_TRUE(model) << model.error().message();
        EXPECT_EQ(by_spin(*model, "-O0").stored, explore(of, scope::raw()).states);
    }
}

/// The model without the lines that end in the guard's name, and how many those are.
std::pair<std::string, int> without(const std::string& model, const std::string& guard) {
    std::istringstream in{model};
    std::string out;
    int lines = 0;
    for (std::string line; std::getline(in, line);) {
        const bool left_out = line.ends_with("/* guard: " + guard + " */");
        lines += left_out ? 1 : 0;
        if (!left_out) out += line + '\n';
    }
    return {out, lines};
}

TEST(Spin, MissesAGuardAsWeDo) {
    const faults expiry{.crashes = 0, .lost_replies = 0, .zombies = 0, .spurious = 0, .ticks = 1};
    const struct {
        story of;
        const char* guard;
        bool needed;
    } mutants[] = {{bank(2, 2), "the payer is as it was seen", true},
                   {bank(2, 2), "the payee is as it was seen", false},  // who was read last
                   {writers(2), "the lease as seen", true},
                   {writers(2, expiry), "the lease is still mine", true},
                   {writers(2), "the lease is still mine", false},  // nobody's expires
                   {workers(2, 1, 1), "the job is open", true}};
    for (const auto& [of, guard, needed] : mutants) {
        SCOPED_TRACE(of.name() + " without '" + guard + "'");
        const auto model = promela(of);
        ASSERT_TRUE(model) << model.error().message();
        const auto [less, lines] = without(*model, guard);
        EXPECT_GT(lines, 0);
        EXPECT_EQ(by_spin(*model).errors, 0u);
        const auto theirs = by_spin(less);
        EXPECT_EQ(theirs.errors > 0, needed) << theirs.said;
        EXPECT_EQ(theirs.said.find("assertion violated (") != std::string::npos ||
                      theirs.said.find("assertion violated 0") != std::string::npos,
                  needed)
            << theirs.said;
        auto in = scope::raw();
        in.without = {{"", guard}};
        EXPECT_EQ(!explore(of, in).violations.empty(), needed);
    }
}

// The very line.
TEST(Spin, MissesOneLine) {
    const auto model = promela(workers(2, 1, 1));
    ASSERT_TRUE(model) << model.error().message();
    EXPECT_EQ(without(*model, "the job is open").second, 1) << *model;
}

template <class M>
class SpinMachine : public ::testing::Test {};
using machines = ::testing::Types<protocol::dentry, protocol::file, protocol::lease,
                                  protocol::directory, protocol::staging, protocol::blob>;
TYPED_TEST_SUITE(SpinMachine, machines);

TYPED_TEST(SpinMachine, HasTheStatesAndEdgesOfItsTable) {
    const auto model = casement::promela<TypeParam>();
    const auto theirs = by_spin(model);
    EXPECT_EQ(theirs.errors, 0u) << theirs.said;
    // The beginning goes to the first state by a step of its own.
    EXPECT_EQ(theirs.stored, hana::length(TypeParam::states).value) << theirs.said;
    EXPECT_EQ(theirs.transitions(), hana::length(edges<TypeParam>).value) << theirs.said;
    // An end that was not declared to be one is found.
    auto undeclared = model;
    for (auto at = undeclared.find("end_"); at != std::string::npos; at = undeclared.find("end_"))
        undeclared.replace(at, 4, "in_");
    const bool ends = model.find("    false;") != std::string::npos;
    EXPECT_EQ(by_spin(undeclared).errors > 0, ends);
}

TEST(Promela, IsTheSameEachTime) { EXPECT_EQ(*promela(bank(2, 2)), *promela(bank(2, 2))); }

// Each actor has code of its own here, so nothing is written once for two of them. What each could
// do grows a little too, with the rows that more actors change.
TEST(Promela, GrowsWithTheSumOfTheActors) {
    const auto lines = [](int actors) {
        auto of = workers(0, 1, 3);
        for (int i = 0; i < actors; ++i)
            of.acts("worker " + std::to_string(i), [](actor& me) { work(me); });
        const auto model = promela(of);
        EXPECT_TRUE(model) << model.error().message();
        return std::ranges::count(*model, '\n');
    };
    const auto one = lines(1), two = lines(2), six = lines(6);
    EXPECT_GT(two, one);
    EXPECT_LT(six, 10 * two);
}

TEST(Promela, SaysWhatItLeavesOut) {
    auto of = bank(2, 1);
    of.sometimes("somebody is rich", [](const rows&) { return true; });
    of.every_change("money moves", [](const change&) { return true; });
    const auto model = promela(of);
    ASSERT_TRUE(model) << model.error().message();
    EXPECT_NE(model->find("/* not said here: */ /* somebody is rich */"), std::string::npos);
    EXPECT_NE(model->find("/* not said here: */ /* money moves */"), std::string::npos);
    EXPECT_EQ(model->find("/* not said here: */ /* no money is made */"), std::string::npos);
}

TEST(Promela, LeavesThePropertiesOut) {
    model_limits no_properties;
    no_properties.properties = false;
    const auto model = promela(bank(2, 1), no_properties);
    ASSERT_TRUE(model) << model.error().message();
    EXPECT_EQ(model->find("assert"), std::string::npos);
    EXPECT_NE(model->find("/* not said here: */ /* no money is made */"), std::string::npos);
}

TEST(Promela, AsksWhichRowsAPropertyLooksAt) {
    model_limits few;
    few.combinations_max = 6;
    EXPECT_EQ(promela(workers(2, 1, 4), few).error().code(), errc::too_big);
    const auto key = [](std::uint64_t n) { return row_key<job>(n); };
    auto of = workers(2, 1, 4);
    of.always("no job 5", [](const rows& now) { return !read<job>(now, 5)->exists(); });
    few.looks_at = {{"no job 5", {key(5)}}, {"each job is done once", {key(1), row_key<tally>(1)}}};
    EXPECT_TRUE(promela(of, few).has_value());
}

TEST(Promela, HasLimits) {
    model_limits few;
    few.logs_max = 10;
    EXPECT_EQ(promela(bank(2, 1), few).error().code(), errc::too_big);
    few = {};
    few.values_max = 2;
    EXPECT_EQ(promela(bank(2, 1), few).error().code(), errc::too_big);
    faults zombie;
    zombie.zombies = 1;
    EXPECT_EQ(promela(bank(2, 1, zombie)).error().code(), errc::unsupported);
}

TEST(Promela, RefusesAnActorWhoIsNotDeterministic) {
    story s{"a coin"};
    s.acts("gambler", [tossed = std::make_shared<int>(0)](actor& me) {
        const std::string key(1, static_cast<char>('a' + ++*tossed % 2));
        (void)me.store().get(key);
    });
    EXPECT_EQ(promela(s).error().code(), errc::illegal);
}

// What an actor says is broken, Spin says too.
TEST(Spin, FindsWhatAnActorSays) {
    story s{"two who meet"};
    s.actors(2, "guest", 1, [](actor& me) {
        if (read<tally>(me.store(), 1)->exists()) return;
        (void)transaction{me.store()}.template bump<tally>(1).commit();
        const auto came = read<tally>(me.store(), 1);
        if (came->exists() && (*came)->n.value == 2) me.broken("two at once");
    });
    const auto model = promela(s);
    ASSERT_TRUE(model) << model.error().message();
    EXPECT_GT(by_spin(*model).errors, 0u);
    EXPECT_FALSE(explore(s, scope::raw()).violations.empty());
}

}  // namespace
}  // namespace casement::check::spin_test
