#include <casement/check/history.hpp>

#include <barrier>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include <casement/engine/leveldb.hpp>
#include <casement/kv/memory.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/transaction.hpp>

#include "support/temporary.hpp"

namespace casement::testing::history_test {
namespace {

using check::linearizable;

struct tally {
    static constexpr char table = 'T';
    using key = std::uint64_t;
    std::uint64_t n = 0;
};
struct model {
    std::uint64_t n = 0;
};

/// Adds one, and answers how many there are then; with 0, only looks.
struct add {
    std::uint64_t which = 0, more = 0;
    bool guarded = true;

    template <store S>
    [[nodiscard]] std::optional<std::string> on(S& kv) const {
        for (;;) {
            const auto row = read<tally>(kv, which);
            if (!row) return std::nullopt;
            const tally next{(row->exists() ? (*row)->n : 0) + more};
            if (more == 0) return std::to_string(next.n);
            transaction t{kv};
            if (guarded)
                t.replace(*row, next, "nobody has added meanwhile");
            else
                t.template put<tally>(which, next);
            if (t.commit()) return std::to_string(next.n);
        }
    }
    [[nodiscard]] std::string on(model& m) const { return std::to_string(m.n += more); }
};

constexpr int threads = 4, calls = 150;
constexpr std::uint64_t tallies = 3;

void work(check::history<add>& all, engine::leveldb_store& kv, bool guarded) {
    std::barrier together{threads};
    std::vector<std::jthread> workers;
    for (int t = 0; t < threads; ++t)
        workers.emplace_back([&, t] {
            std::mt19937 random{static_cast<unsigned>(t)};
            together.arrive_and_wait();
            for (int i = 0; i < calls; ++i)
                (void)all.make(add{random() % tallies, random() % 3 == 0 ? 0u : 1u, guarded}, kv);
        });
}

bool holds(const check::history<add>& all) {
    bool every = true;
    for (const auto& [_, history] : all.by_object([](const add& a) { return a.which; }))
        every = every && linearizable(model{}, history);
    return every;
}

TEST(History, OfThreadsOnGuardedRowsIsLinearizable) {
    temporary_directory here;
    auto kv = engine::leveldb_store::open(here / "store",
                                          {.durable = engine::durability::process, .create = true});
    ASSERT_TRUE(kv) << kv.error().message();
    check::history<add> all;
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
        check::history<add> all;
        work(all, *kv, false);
        if (!holds(all)) return;
    }
    FAIL() << "no update was lost in a hundred rounds";
}

TEST(History, KeepsTheOrderOfWhatDidNotOverlap) {
    check::history<add> all;
    memory_store kv;
    (void)all.make(add{1, 1}, kv);
    (void)all.make(add{1, 1}, kv);
    (void)all.make(add{2, 1}, kv);
    const auto by = all.by_object([](const add& a) { return a.which; });
    ASSERT_EQ(by.at(1).size(), 2u);
    EXPECT_EQ(by.at(1)[1].after, std::vector<std::size_t>{0});
    EXPECT_EQ(by.at(2)[0].after, std::vector<std::size_t>{});
}

}  // namespace
}  // namespace casement::testing::history_test
