#include <casement/check/history.hpp>

#include <barrier>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include <casement/engine/leveldb.hpp>
#include <casement/kv/memory.hpp>

#include "check/till.hpp"
#include "support/temporary.hpp"

namespace casement::testing::history_test {
namespace {

using check::linearizable;

/// Adds to one of several tills, or, with 0, only looks.
struct deposit {
    std::uint64_t which = 0, cents = 0;
    bool guarded = true;

    template <store S>
    [[nodiscard]] std::optional<std::string> on(S& kv) const {
        if (guarded && cents > 0) return add_to(kv, which, cents);
        const auto row = read<till_row>(kv, which);
        if (!row) return std::nullopt;
        const till_row next{(row->exists() ? (*row)->cents : 0) + cents};
        if (cents > 0 && !transaction{kv}.template put<till_row>(which, next).commit())
            return std::nullopt;
        return std::to_string(next.cents);
    }
    [[nodiscard]] std::string on(till& t) const { return std::to_string(t.cents += cents); }
};

constexpr int threads = 4, calls = 150;
constexpr std::uint64_t tills = 3;

void work(check::history<deposit>& all, engine::leveldb_store& kv, bool guarded) {
    std::barrier together{threads};
    std::vector<std::jthread> workers;
    for (int t = 0; t < threads; ++t)
        workers.emplace_back([&, t] {
            std::mt19937 random{static_cast<unsigned>(t)};
            together.arrive_and_wait();
            for (int i = 0; i < calls; ++i)
                (void)all.make(deposit{random() % tills, random() % 3 == 0 ? 0u : 1u, guarded}, kv);
        });
}

bool holds(const check::history<deposit>& all) {
    bool every = true;
    for (const auto& [_, history] : all.by_object([](const deposit& a) { return a.which; }))
        every = every && linearizable(till{}, history);
    return every;
}

TEST(History, OfThreadsOnGuardedRowsIsLinearizable) {
    temporary_directory here;
    auto kv = engine::leveldb_store::open(here / "store",
                                          {.durable = engine::durability::process, .create = true});
    ASSERT_TRUE(kv) << kv.error().message();
    check::history<deposit> all;
    work(all, *kv, true);
    EXPECT_EQ(all.size(), std::size_t{threads} * calls);
    EXPECT_TRUE(holds(all));
}

TEST(History, OfThreadsThatGuardNothingIsNot) {
    for (int round = 0; round < 100; ++round) {  // it takes a race: the first round has some
        temporary_directory here;
        auto kv = engine::leveldb_store::open(
            here / "store", {.durable = engine::durability::process, .create = true});
        ASSERT_TRUE(kv) << kv.error().message();
        check::history<deposit> all;
        work(all, *kv, false);
        if (!holds(all)) return;
    }
    FAIL() << "no update was lost in a hundred rounds";
}

TEST(History, KeepsTheOrderOfWhatDidNotOverlap) {
    check::history<deposit> all;
    memory_store kv;
    (void)all.make(deposit{1, 1}, kv);
    (void)all.make(deposit{1, 1}, kv);
    (void)all.make(deposit{2, 1}, kv);
    const auto by = all.by_object([](const deposit& a) { return a.which; });
    ASSERT_EQ(by.at(1).size(), 2u);
    EXPECT_EQ(by.at(1)[1].after, std::vector<std::size_t>{0});
    EXPECT_EQ(by.at(2)[0].after, std::vector<std::size_t>{});
}

}  // namespace
}  // namespace casement::testing::history_test
