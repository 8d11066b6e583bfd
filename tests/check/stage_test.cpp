// The store on the stage answers as a store does: with one actor and no faults, as memory would.

#include <gtest/gtest.h>

#include <casement/check/explore.hpp>

#include "check/small_stories.hpp"

namespace casement::testing::stage_test {
namespace {

using check::explore;
using check::story;

TEST(Stage, AnswersAsMemoryDoes) {
    story s{"one alone"};
    s.acts("one", [](check::actor& me) {
        auto& kv = me.store();
        const auto expect = [&](bool holds, const char* what) {
            if (!holds) me.broken(what);
        };
        expect(!read<account>(kv, 1)->exists(), "nothing is there");
        expect(transaction{kv}
                   .expect_absent<account>(1, "free")
                   .put<account>(1, {7})
                   .commit()
                   .has_value(),
               "a put");
        const auto seen = read<account>(kv, 1);
        expect(seen->exists() && (*seen)->cents == 7, "is read");
        const auto taken =
            transaction{kv}.expect_absent<account>(1, "free").put<account>(1, {8}).commit();
        expect(!taken && taken.error().code() == errc::conflict, "a guard fails");
        expect(!taken && taken.error().message().find("free") != std::string::npos,
               "and says which");
        (void)transaction{kv}.bump<changes>(1).bump<changes>(2, 5).commit();
        (void)transaction{kv}.bump<changes>(1).commit();
        expect((*read<changes>(kv, 1))->n.value == 2, "a bump adds");
        const auto now = kv.snapshot();
        expect((*read<changes>(now, 2))->n.value == 5, "a snapshot reads");
        std::size_t rows = 0;
        for (auto at = now.scan("a", "d"); at.valid(); at.next()) ++rows;
        expect(rows == 3, "and scans");
        (void)transaction{kv}.erase<account>(1).commit();
        expect(!read<account>(kv, 1)->exists(), "an erase");
        const guard odd{"a", std::nullopt, {}, "odd"};
        const write bump{write::kind::bump, "a", {}, 1};
        const write put{write::kind::put, "a", "not a counter"};
        (void)kv.commit({{&odd, 1}, {&put, 1}});
        const auto corrupt = kv.commit({{}, {&bump, 1}});
        expect(!corrupt && corrupt.error().code() == errc::corrupt, "a bump of no counter");
        std::vector<std::string> keys;
        for (int i = 0; i <= 100; ++i) keys.push_back("x" + std::to_string(i));
        std::vector<write> many;
        for (const auto& k : keys) many.push_back({write::kind::put, k, "v"});
        const auto big = kv.commit({{}, many});
        expect(!big && big.error().code() == errc::too_big, "more than a commit holds");
        expect(!kv.unchanged("a", {}), "and nothing is promised");
    });
    const auto r = explore(s, check::scope::raw());
    EXPECT_TRUE(r.holds()) << r;
}

TEST(Stage, ASnapshotIsOneMoment) {
    story s{"two rows, always equal"};
    s.acts("writer", [](check::actor& me) {
        (void)transaction{me.store()}.put<account>(1, {1}).put<account>(2, {1}).commit();
    });
    s.acts("reader", [](check::actor& me) {
        const auto now = me.store().snapshot();
        if (read<account>(now, 1)->exists() != read<account>(now, 2)->exists()) me.broken("torn");
    });
    EXPECT_TRUE(explore(s, check::scope::raw()).holds());
    s.acts("hasty reader", [](check::actor& me) {
        if (read<account>(me.store(), 1)->exists() != read<account>(me.store(), 2)->exists())
            me.broken("torn");
    });
    EXPECT_EQ(explore(s).violations.size(), 1u) << "two reads are two moments";
}

}  // namespace
}  // namespace casement::testing::stage_test
