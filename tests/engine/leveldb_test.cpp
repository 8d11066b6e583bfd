#include <casement/engine/leveldb.hpp>

#include <atomic>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <casement/core/assert.hpp>
#include <support/property.hpp>
#include <support/temporary.hpp>
#include <support/threads.hpp>

#include "kv/store_laws.hpp"

namespace casement::engine::leveldb_test {
namespace {

using casement::testing::absent;
using casement::testing::bump;
using casement::testing::commit;
using casement::testing::counter;
using casement::testing::is;
using casement::testing::on_threads;
using casement::testing::put;
using casement::testing::temporary_directory;
using casement::testing::value_of;

leveldb_store opened(const std::string& path, durability d = durability::process) {
    auto kv = leveldb_store::open(path, {.durable = d, .create = true});
    require(kv.has_value(), kv ? "" : kv.error().message().c_str());
    return *std::move(kv);
}

/// Commits what takes long to write while `work` runs: so others queue up and are decided together.
template <class F>
void among_slow_commits(leveldb_store& kv, F work) {
    std::atomic<bool> stop = false;
    std::jthread slow{[&] {
        const std::string value(100'000, 's');
        while (!stop) (void)commit(kv, {}, {put("slow", value)});
    }};
    work();
    stop = true;
}

class leveldb : public ::testing::TestWithParam<durability> {
protected:
    temporary_directory directory_;
};
INSTANTIATE_TEST_SUITE_P(durability, leveldb,
                         ::testing::Values(durability::process, durability::power),
                         [](const auto& of) {
                             return of.param == durability::process ? "process" : "power";
                         });

TEST_P(leveldb, obeys_the_laws) {
    int n = 0;
    for (const auto& law : casement::testing::store_laws<leveldb_store>()) {
        auto kv = opened(directory_ / std::to_string(++n), GetParam());
        EXPECT_EQ(law.broken_by(kv), std::nullopt) << law.name;
        EXPECT_TRUE(kv.close());
    }
    auto kv = opened(directory_ / "one", GetParam()),
         other = opened(directory_ / "two", GetParam());
    using casement::testing::laws::a_foreign_version_promises_nothing;
    EXPECT_EQ(a_foreign_version_promises_nothing(kv, other), std::nullopt);
}

TEST_P(leveldb, agrees_with_a_map) {
    auto kv = opened(directory_ / "kv", GetParam());
    casement::testing::law(
        "any script", [&](const std::vector<casement::testing::step_bytes>& script) {
            const auto broken = casement::testing::disagrees_with_a_map(kv, script);
            if (broken) RC_FAIL(*broken);
        });
}

TEST_P(leveldb, holds_its_rows_over_closing_and_opening) {
    const auto path = directory_ / "kv";
    for (int life = 0; life < 5; ++life) {
        auto kv = opened(path, GetParam());
        for (int n = 0; n < life; ++n) EXPECT_EQ(value_of(kv, std::to_string(n)), "1");
        ASSERT_TRUE(commit(kv, {}, {put(std::to_string(life), "1"), bump("lives", 1)}));
        ASSERT_TRUE(kv.close());
    }
    EXPECT_EQ(value_of(opened(path), "lives"), counter(5));
}

TEST_P(leveldb, a_version_of_an_earlier_opening_promises_nothing) {
    const auto path = directory_ / "kv";
    version earlier;
    {
        auto kv = opened(path, GetParam());
        ASSERT_TRUE(commit(kv, {}, {put("k", "1")}));
        earlier = kv.get("k")->at;
        EXPECT_TRUE(kv.unchanged("k", earlier));
    }
    auto kv = opened(path, GetParam());
    EXPECT_FALSE(kv.unchanged("k", earlier));
    EXPECT_FALSE(commit(kv, {{"k", "2", earlier, "k"}}, {}));
    EXPECT_TRUE(commit(kv, {{"k", "1", earlier, "k"}}, {}));
}

TEST_P(leveldb, a_fresh_token_is_not_read_again) {
    auto kv = opened(directory_ / "kv", GetParam());
    ASSERT_TRUE(commit(kv, {}, {put("k", "1")}));
    const auto seen = *kv.get("k");
    for (int i = 0; i < 10; ++i)
        ASSERT_TRUE(commit(kv, {{"k", *seen.value, seen.at, "k"}}, {put("other", "1")}));
    EXPECT_EQ(kv.counts().guard_reads, 0u);
    ASSERT_TRUE(commit(kv, {absent("never")}, {}));
    EXPECT_EQ(kv.counts().guard_reads, 1u);
}

TEST_P(leveldb, the_empty_key_is_a_key) {
    auto kv = opened(directory_ / "kv", GetParam());
    ASSERT_TRUE(commit(kv, {absent("")}, {put("", "1")}));
    EXPECT_EQ(value_of(kv, ""), "1");
    EXPECT_TRUE(commit(kv, {is("", "1")}, {put("", "2")}));
    EXPECT_FALSE(commit(kv, {is("", "1")}, {put("", "3")}));
}

// Several tables, and rows that were in memory before: nothing depends on where a row is.
TEST_P(leveldb, rows_move_to_tables_and_stay) {
    auto kv = *leveldb_store::open(
        directory_ / "kv",
        {.durable = GetParam(), .create = true, .cache_bytes = 1, .write_buffer_bytes = 1});
    const std::string padding(1000, 'p');
    for (int n = 0; n < 600; ++n)
        ASSERT_TRUE(commit(
            kv, {},
            {put("k" + std::to_string(n % 200), std::to_string(n) + padding), bump("n", 1)}));
    const auto held = casement::testing::rows_in(kv, "k", "l");
    ASSERT_TRUE(held);
    EXPECT_EQ(held->size(), 200u);
    for (int n = 400; n < 600; ++n)
        EXPECT_EQ(value_of(kv, "k" + std::to_string(n % 200)), std::to_string(n) + padding);
    EXPECT_EQ(value_of(kv, "n"), counter(600));
    EXPECT_NE(kv.report().find("Level"), std::string::npos);
    EXPECT_TRUE(kv.close());
}

TEST_P(leveldb, each_name_is_won_once) {
    auto kv = opened(directory_ / "kv", GetParam());
    constexpr int threads_n = 16, names_n = 100;
    std::vector<std::atomic<int>> winners(names_n);
    std::atomic<int> won = 0, refused = 0;
    const auto take_all = [&](int t) {
        for (int n = 0; n < names_n; ++n) {
            const auto name = "name" + std::to_string(n), me = std::to_string(t + 1);
            const auto r = commit(kv, {absent(name)}, {put(name, me), bump("children", 1)});
            if (r) {
                winners[static_cast<std::size_t>(n)] += t + 1;
                ++won;
            } else if (r.error().code() == errc::conflict) {
                ++refused;
            }
        }
    };
    among_slow_commits(kv, [&] { on_threads(threads_n, take_all); });
    EXPECT_EQ(won, names_n);
    EXPECT_EQ(refused, (threads_n - 1) * names_n);
    EXPECT_EQ(value_of(kv, "children"), counter(names_n));
    for (int n = 0; n < names_n; ++n)
        EXPECT_EQ(value_of(kv, "name" + std::to_string(n)),
                  std::to_string(winners[static_cast<std::size_t>(n)]));
    EXPECT_EQ(kv.counts().conflicts, std::uint64_t{(threads_n - 1) * names_n});
}

// Old names, new ones and those who come late, while the store turns from reading absence to
// knowing it, and after.
TEST_P(leveldb, each_name_is_won_once_when_absence_is_not_read) {
    constexpr int threads_n = 8, old_n = 900, names_n = 2 * old_n;  // every other one is old
    const auto path = directory_ / "kv";
    const auto name = [](int n) { return "name" + std::to_string(n); };
    {
        auto kv = opened(path);
        for (int n = 0; n < names_n; n += 2) ASSERT_TRUE(commit(kv, {}, {put(name(n), "old")}));
    }
    auto kv = opened(path, GetParam());
    std::atomic<int> won = 0, refused = 0;
    const auto take_all = [&](int t) {
        for (int n = 0; n < names_n; ++n) {
            const auto wanted = name((n + t * names_n / threads_n / 4) % names_n);
            const auto r = commit(kv, {absent(wanted)}, {put(wanted, "new")});
            if (r)
                ++won;
            else if (r.error().code() == errc::conflict)
                ++refused;
        }
    };
    among_slow_commits(kv, [&] { on_threads(threads_n, take_all); });
    EXPECT_EQ(won, names_n - old_n);
    EXPECT_EQ(won + refused, threads_n * names_n);

    const auto read_for = [&](const std::string& key) {
        const auto before = kv.counts().guard_reads;
        EXPECT_TRUE(commit(kv, {absent(key)}, {put(key, "new")})) << key;
        return kv.counts().guard_reads != before;
    };
    int more = 0;
    while (read_for("more" + std::to_string(more)) && more < 1'000'000) ++more;
    int reads = 0;
    for (int n = 0; n < 1000; ++n) reads += read_for("even more" + std::to_string(n));
    EXPECT_LT(reads, 10);
    on_threads(threads_n, take_all);
    EXPECT_EQ(won, names_n - old_n);
    EXPECT_EQ(won + refused, 2 * threads_n * names_n);
    for (int n = 0; n < names_n; ++n) ASSERT_EQ(value_of(kv, name(n)), n % 2 == 0 ? "old" : "new");
}

TEST_P(leveldb, every_bump_counts) {
    auto kv = opened(directory_ / "kv", GetParam());
    constexpr int threads_n = 16, bumps_n = 100;
    among_slow_commits(kv, [&] {
        on_threads(threads_n, [&](int t) {
            for (int n = 0; n < bumps_n; ++n)
                (void)commit(kv, {}, {bump("all", 1), bump("of" + std::to_string(t % 4), 1)});
        });
    });
    EXPECT_EQ(value_of(kv, "all"), counter(threads_n * bumps_n));
    for (int t = 0; t < 4; ++t)
        EXPECT_EQ(value_of(kv, "of" + std::to_string(t)), counter(threads_n * bumps_n / 4));
}

TEST(leveldb_groups, commits_at_the_same_time_share_a_record) {
    temporary_directory directory;
    auto kv = opened(directory / "kv", durability::power);
    const std::string value(200'000, 'v');  // long to write, even where a sync costs nothing
    on_threads(16, [&](int t) {
        for (int n = 0; n < 50; ++n) (void)commit(kv, {}, {put(std::to_string(t), value)});
    });
    EXPECT_EQ(kv.counts().commits, 16u * 50u);
    EXPECT_LT(kv.counts().groups, kv.counts().commits);
    EXPECT_GT(kv.counts().groups, 0u);
}

// Transfers between accounts by compare and set, while readers add up: each snapshot, each scan and
// each pair of reads under tokens that still hold is of one instant.
TEST_P(leveldb, the_sum_of_all_accounts_never_changes) {
    auto kv = opened(directory_ / "kv", GetParam());
    constexpr std::uint64_t accounts_n = 8, each = 1000;
    const auto account = [](std::uint64_t n) { return "account" + std::to_string(n); };
    for (std::uint64_t n = 0; n < accounts_n; ++n)
        ASSERT_TRUE(commit(kv, {}, {put(account(n), counter(each))}));
    const auto number = [](std::string_view bytes) {
        std::uint64_t n = 0;
        reader in{bytes};
        return in.big64(n) ? n : ~std::uint64_t{0};
    };
    std::atomic<bool> stop = false;
    std::atomic<int> moved = 0, looked = 0, wrong = 0;
    const auto transfer = [&](std::mt19937& draw) {
        const auto from = draw() % accounts_n,
                   to = (from + 1 + draw() % (accounts_n - 1)) % accounts_n;
        const auto a = kv.get(account(from)), b = kv.get(account(to));
        if (!a || !b) return;
        const auto amount = draw() % 10;
        if (number(*a->value) < amount) return;
        const auto ka = account(from), kb = account(to);
        const auto less = counter(number(*a->value) - amount);
        const auto more = counter(number(*b->value) + amount);
        if (commit(kv, {{ka, *a->value, a->at, "from"}, {kb, *b->value, b->at, "to"}},
                   {put(ka, less), put(kb, more)}))
            ++moved;
    };
    const auto audit = [&] {
        const auto then = kv.snapshot();
        std::uint64_t by_get = 0, by_scan = 0, by_view = 0;
        for (std::uint64_t n = 0; n < accounts_n; ++n)
            by_get += number(*then.get(account(n))->value);
        for (auto c = then.scan("account", "b"); c.valid(); c.next()) by_view += number(c.value());
        for (auto c = kv.scan("account", "b"); c.valid(); c.next()) by_scan += number(c.value());
        for (const auto sum : {by_get, by_view, by_scan})
            if (sum != accounts_n * each) ++wrong;
        ++looked;
    };
    {
        std::vector<std::jthread> readers;
        for (int r = 0; r < 3; ++r)
            readers.emplace_back([&] {
                while (!stop) audit();
            });
        on_threads(6, [&](int t) {
            std::mt19937 draw{static_cast<unsigned>(t)};
            for (int n = 0; n < 300; ++n) transfer(draw);
        });
        stop = true;
    }
    audit();
    EXPECT_EQ(wrong, 0);
    EXPECT_GT(moved, 0);
    EXPECT_GT(looked, 1);
}

// What unchanged says is still true when it is said: a reader that trusts it never holds an old
// value that the store had replaced before the reader asked.
TEST_P(leveldb, unchanged_is_not_said_of_what_others_changed) {
    auto kv = opened(directory_ / "kv", GetParam());
    ASSERT_TRUE(commit(kv, {}, {put("k", counter(0))}));
    std::atomic<std::uint64_t> returned = 0;  // the value of the last commit that has returned
    std::atomic<bool> stop = false;
    std::atomic<int> stale = 0;
    {
        std::vector<std::jthread> readers;
        for (int r = 0; r < 3; ++r)
            readers.emplace_back([&] {
                auto mine = *kv.get("k");
                while (!stop) {
                    const auto before = counter(returned);
                    if (!kv.unchanged("k", mine.at)) mine = *kv.get("k");
                    if (*mine.value < before) ++stale;
                }
            });
        for (std::uint64_t n = 1; n <= 500; ++n) {
            ASSERT_TRUE(commit(kv, {}, {put("k", counter(n))}));
            returned = n;
        }
        stop = true;
    }
    EXPECT_EQ(stale, 0);
}

// Everybody syncs, changes logs and commits at once.
TEST(leveldb_sync, runs_beside_commits_and_changes_of_logs) {
    temporary_directory directory;
    const auto path = directory / "kv";
    {
        auto kv = *leveldb_store::open(
            path,
            {.durable = durability::process, .create = true, .write_buffer_bytes = 64u << 10});
        std::atomic<int> failed = 0;
        on_threads(4, [&](int t) {
            for (int n = 0; n < 200; ++n) {
                const std::string value(1000, 'v');
                if (t == 0 && n % 10 == 0 && !kv.sync()) ++failed;
                if (!commit(kv, {}, {put(std::to_string(t * 1000 + n), value)})) ++failed;
            }
        });
        EXPECT_EQ(failed, 0);
        ASSERT_TRUE(kv.sync());
        ASSERT_TRUE(kv.close());
    }
    const auto held = casement::testing::rows_in(opened(path), "", "z");
    ASSERT_TRUE(held);
    EXPECT_EQ(held->size(), 800u);
}

TEST(leveldb_open, says_why_not) {
    temporary_directory directory;
    const auto none = leveldb_store::open(directory / "none", {});
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code(), errc::not_found);
    EXPECT_FALSE(std::filesystem::exists(directory / "none")) << "only looked";

    auto kv = opened(directory / "kv");
    const auto second = leveldb_store::open(directory / "kv", {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), errc::in_use);
    ASSERT_TRUE(kv.close());
    EXPECT_TRUE(leveldb_store::open(directory / "kv", {}));
}

TEST(leveldb_open, moving_in_a_store_closes_the_one_that_was_there) {
    temporary_directory directory;
    auto kv = opened(directory / "one");
    ASSERT_TRUE(commit(kv, {}, {put("k", "one")}));
    kv = opened(directory / "two");
    EXPECT_EQ(value_of(kv, "k"), std::nullopt);
    EXPECT_EQ(value_of(opened(directory / "one"), "k"), "one");

    // Closed is more than gone: it is synced, and the watermark says so.
    kv = opened(directory / "one");
    ASSERT_TRUE(commit(kv, {}, {put("k", "more")}));
    kv = opened(directory / "three");
    for (const auto& file : std::filesystem::directory_iterator{directory / "one/db"})
        if (file.path().extension() == ".log") std::filesystem::resize_file(file.path(), 1);
    const auto cut = leveldb_store::open(directory / "one", {});
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code(), errc::corrupt);
}

}  // namespace
}  // namespace casement::engine::leveldb_test
