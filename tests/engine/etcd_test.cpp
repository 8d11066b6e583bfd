// The engine on a real cluster of one member, which this test starts.

#include <casement/engine/etcd.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <casement/core/assert.hpp>
#include <casement/kv/client.hpp>
#include <casement/kv/id_blocks.hpp>
#include <support/property.hpp>
#include <support/temporary.hpp>
#include <support/threads.hpp>

#include "engine/etcd_link.hpp"
#include "engine/etcd_member.hpp"
#include "engine/etcd_watch.hpp"
#include "engine/remembered_rows.hpp"
#include "engine/wire.hpp"
#include "kv/store_laws.hpp"
#include "support/scale.hpp"

namespace casement::engine::etcd_test {
namespace {

using casement::testing::absent;
using casement::testing::bump;
using casement::testing::commit;
using casement::testing::counter;
using casement::testing::erase;
using casement::testing::etcd_cluster;
using casement::testing::is;
using casement::testing::on_threads;
using casement::testing::put;
using casement::testing::value_of;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

errc code_of(const auto& r) { return r ? errc{} : r.error().code(); }
std::string told(const auto& r) { return r ? "" : r.error().message(); }
bool says(const auto& r, std::string_view words) {
    return !r && r.error().message().find(words) != std::string::npos;
}

/// Whether it comes to be so, asked again and again.
bool soon(auto so) {
    const auto end = steady_clock::now() + std::chrono::seconds{20};
    while (!so()) {
        if (steady_clock::now() > end) return false;
        std::this_thread::sleep_for(milliseconds{1});
    }
    return true;
}

/// On a machine that has much else to do, a short patience may end too soon.
etcd_store opened(const etcd_options& o) {
    auto kv = etcd_store::open(o);
    (void)soon([&] { return kv || (kv = etcd_store::open(o)); });
    require(kv.has_value(), kv ? "" : kv.error().message().c_str());
    return *std::move(kv);
}

/// One member serves all tests; each has a prefix of its own.
class etcd : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        if (casement::testing::etcd_is_installed()) cluster = std::make_unique<etcd_cluster>();
    }
    static void TearDownTestSuite() { cluster.reset(); }
    void SetUp() override {
        if (!cluster) GTEST_SKIP() << casement::testing::no_etcd;
    }

    static etcd_options options() {
        static int stores = 0;
        return {.endpoints = cluster->endpoints(),
                .prefix = "/test/" + std::to_string(++stores),
                .create = true};
    }
    /// What a step has cost.
    static auto cost(etcd_store& kv, auto step) {
        const auto before = kv.counts();
        step();
        const auto after = kv.counts();
        return std::array{after.transactions - before.transactions, after.reads - before.reads,
                          after.pages - before.pages};
    }
    using costs = std::array<std::uint64_t, 3>;
    /// A row that is not of this store, by etcd's own gateway. The key in base 64.
    static void put_beside(std::string_view key) {
        const auto answer = cluster->ask(0, "/v3/kv/put",
                                         R"({"key":")" + std::string{key} + R"(","value":"eA=="})");
        ASSERT_NE(answer.find("revision"), std::string::npos);
    }

    static std::unique_ptr<etcd_cluster> cluster;
};
std::unique_ptr<etcd_cluster> etcd::cluster;

TEST_F(etcd, obeys_the_laws) {
    for (const auto& law : casement::testing::store_laws<etcd_store>()) {
        auto kv = opened(options());
        EXPECT_EQ(law.broken_by(kv), std::nullopt) << law.name;
    }
    auto kv = opened(options()), other = opened(options());
    using casement::testing::laws::a_foreign_version_promises_nothing;
    EXPECT_EQ(a_foreign_version_promises_nothing(kv, other), std::nullopt);
}

TEST_F(etcd, agrees_with_a_map) {
    auto kv = opened(options());
    casement::testing::law(
        "any script", [&](const std::vector<casement::testing::step_bytes>& script) {
            const auto broken = casement::testing::disagrees_with_a_map(kv, script);
            if (broken) RC_FAIL(*broken);
        });
}

// --- what a change costs ---------------------------------------------------------------------

TEST_F(etcd, a_commit_is_one_round_trip) {
    auto kv = opened(options());
    EXPECT_EQ(cost(kv, [&] { ASSERT_TRUE(commit(kv, {absent("k")}, {put("k", "1")})); }),
              (costs{1, 0, 0}));
    EXPECT_EQ(cost(kv, [&] { EXPECT_FALSE(commit(kv, {absent("k")}, {put("k", "2")})); }),
              (costs{1, 0, 0}))
        << "a conflict says in its answer what it is about";
    EXPECT_EQ(kv.counts().commits, 1u);
    EXPECT_EQ(kv.counts().conflicts, 1u);
}

TEST_F(etcd, a_counter_costs_nothing_more) {
    auto kv = opened(options());
    const auto five = counter(5);
    EXPECT_EQ(cost(kv, [&] { ASSERT_TRUE(commit(kv, {}, {put("n", five)})); }), (costs{1, 0, 0}));
    for (std::uint64_t n = 6; n < 9; ++n)
        EXPECT_EQ(cost(kv, [&] { ASSERT_TRUE(commit(kv, {}, {bump("n", 1)})); }), (costs{1, 0, 0}));
    const auto seen = kv.get("n");
    ASSERT_EQ(seen->value, counter(8));
    const guard token{"n", *seen->value, seen->at, "as seen"};
    EXPECT_EQ(cost(kv, [&] { ASSERT_TRUE(commit(kv, {token}, {bump("n", 1)})); }),
              (costs{1, 0, 0}));
    EXPECT_EQ(cost(kv, [&] { EXPECT_FALSE(commit(kv, {token}, {bump("n", 1)})); }),
              (costs{1, 0, 0}));
    const auto nine = counter(9);
    EXPECT_EQ(cost(kv, [&] { ASSERT_TRUE(commit(kv, {is("n", nine)}, {bump("n", 1)})); }),
              (costs{2, 0, 0}))
        << "without a version, it is not known how it lies";
    EXPECT_EQ(cost(kv, [&] { ASSERT_TRUE(commit(kv, {}, {bump("n", 5)})); }), (costs{1, 1, 0}));
    EXPECT_EQ(value_of(kv, "n"), counter(15));
}

// Each way in which a counter can lie, and each next step: the numbers go on.
TEST_F(etcd, a_counter_counts_however_it_lies) {
    auto kv = opened(options());
    const auto as = [&](std::uint64_t n) { EXPECT_EQ(value_of(kv, "n"), counter(n)); };
    const auto ten = counter(10), twenty = counter(20), thirty = counter(30);
    ASSERT_TRUE(commit(kv, {}, {put("n", "x")}));
    ASSERT_TRUE(commit(kv, {}, {put("n", ten)}));  // over a row: it lies plainly
    as(10);
    ASSERT_TRUE(commit(kv, {is("n", ten)}, {bump("n", 1)}));
    as(11);
    ASSERT_TRUE(commit(kv, {}, {put("n", twenty)}));  // over a counter
    as(20);
    ASSERT_TRUE(commit(kv, {}, {bump("n", 7)}));
    as(27);
    ASSERT_TRUE(commit(kv, {}, {bump("n", 1)}));
    as(28);
    ASSERT_TRUE(commit(kv, {}, {erase("n")}));
    EXPECT_EQ(value_of(kv, "n"), std::nullopt);
    ASSERT_TRUE(commit(kv, {absent("n")}, {bump("n", 1)}));
    as(1);
    ASSERT_TRUE(commit(kv, {}, {erase("n")}));
    ASSERT_TRUE(commit(kv, {absent("n")}, {put("n", thirty)}));
    as(30);
    ASSERT_TRUE(commit(kv, {is("n", thirty)}, {bump("n", 0)}));
    as(30);
    ASSERT_TRUE(commit(kv, {}, {bump("n", ~std::uint64_t{0})}));
    as(29);
}

TEST_F(etcd, every_bump_counts) {
    const auto o = options();
    auto kv = opened(o), beside = opened(o);
    constexpr int threads_n = 6, bumps_n = casement::testing::scaled(50);
    std::atomic<int> made = 0;
    on_threads(threads_n, [&](int t) {
        auto& mine = t % 2 == 0 ? kv : beside;
        for (int n = 0; n < bumps_n; ++n) {
            const std::uint64_t amount = t < 2 ? 3 : 1;
            const auto r = commit(mine, {}, {bump("all", amount), bump(std::to_string(t), 1)});
            if (r) made += static_cast<int>(amount);
            EXPECT_TRUE(r || r.error().code() == errc::conflict) << told(r);
        }
    });
    EXPECT_EQ(value_of(kv, "all"), counter(static_cast<std::uint64_t>(made)));
    EXPECT_GE(made, 4 * bumps_n) << "a bump by one never meets another";
}

TEST_F(etcd, each_name_is_won_once) {
    const auto o = options();
    auto kv = opened(o), beside = opened(o);
    constexpr int threads_n = 8, names_n = casement::testing::scaled(40);
    std::atomic<int> won = 0, refused = 0;
    on_threads(threads_n, [&](int t) {
        for (int n = 0; n < names_n; ++n) {
            const auto name = "name" + std::to_string(n);
            const auto r = commit(t % 2 == 0 ? kv : beside, {absent(name)},
                                  {put(name, std::to_string(t)), bump("children", 1)});
            r ? ++won : ++refused;
            EXPECT_TRUE(r || r.error().code() == errc::conflict) << told(r);
        }
    });
    EXPECT_EQ(won, names_n);
    EXPECT_EQ(refused, (threads_n - 1) * names_n);
    EXPECT_EQ(value_of(kv, "children"), counter(names_n));
}

// --- its limits ------------------------------------------------------------------------------

TEST_F(etcd, a_commit_compares_what_it_must_and_no_more_than_etcd_takes) {
    auto kv = opened(options());
    std::vector<std::string> keys;
    for (int n = 0; n < 100; ++n) keys.push_back("n" + std::to_string(n));
    const auto one = counter(1), two = counter(2);
    std::vector<write> writes;
    for (const auto& k : keys) writes.push_back(put(k, one));
    const auto made = kv.commit({{}, writes});
    ASSERT_TRUE(made) << told(made);
    std::vector<guard> guards;
    for (const auto& k : keys) guards.push_back({k, one, made->at, "as written"});
    EXPECT_TRUE(kv.commit({guards, {}})) << "200 compares, if nothing were read first";
    std::vector<write> bumps;
    for (std::size_t n = 0; n < 50; ++n) bumps.push_back(bump(keys[n], 1));
    EXPECT_TRUE(kv.commit({std::span{guards}.first(50), bumps}));
    const auto late = kv.commit({std::span{guards}.first(50), bumps});
    EXPECT_EQ(code_of(late), errc::conflict);
    EXPECT_TRUE(says(late, "as written"));
    EXPECT_EQ(value_of(kv, "n49"), two);
}

// A row of 8 bytes is put by a transaction within, for which etcd wants room as well.
TEST_F(etcd, a_commit_leaves_room_for_what_is_within) {
    auto kv = opened(options());
    std::vector<std::string> keys;
    for (int n = 0; n < 100; ++n) keys.push_back("n" + std::to_string(n));
    const auto one = counter(1);
    std::vector<guard> guards;
    std::vector<write> writes;
    for (std::size_t n = 0; n < 64; ++n) writes.push_back(put(keys[n], one));
    const auto made = kv.commit({{}, writes});
    ASSERT_TRUE(made) << told(made);
    for (std::size_t n = 0; n < 64; ++n) guards.push_back({keys[n], one, made->at, "as written"});
    writes.clear();
    for (std::size_t n = 64; n < 100; ++n) writes.push_back(put(keys[n], one));
    const auto all = kv.commit({guards, writes});
    EXPECT_TRUE(all) << told(all);
    EXPECT_EQ(value_of(kv, "n99"), one);
}

TEST_F(etcd, a_request_has_a_limit) {
    auto kv = opened(options());
    const auto with = [&](std::size_t bytes) {
        return commit(kv, {absent("large")}, {put("large", std::string(bytes, 'x'))});
    };
    std::size_t most = etcd_request_bytes_max;
    result<receipt> r = fail(errc::too_big, "", "");
    while (!(r = with(most)) && r.error().code() == errc::too_big) --most;
    EXPECT_TRUE(r) << "the largest that is sent is taken: " << told(r);
    EXPECT_GT(most, etcd_request_bytes_max - 200);
    ASSERT_TRUE(commit(kv, {}, {erase("large")}));
    const auto more = with(most + 1);
    EXPECT_EQ(code_of(more), errc::too_big);
    EXPECT_TRUE(says(more, "1.5 MiB")) << told(more);
    EXPECT_EQ(value_of(kv, "large"), std::nullopt);
}

// --- reading ---------------------------------------------------------------------------------

TEST_F(etcd, a_scan_comes_in_pages_of_one_instant) {
    auto kv = opened(options());
    const std::string value(700, 'v');
    for (int n = 0; n < 30; ++n) {
        std::vector<std::string> keys;
        for (int i = 0; i < 100; ++i) keys.push_back("k" + std::to_string(10'000 + 100 * n + i));
        std::vector<write> writes;
        for (const auto& k : keys) writes.push_back(put(k, value));
        ASSERT_TRUE(kv.commit({{}, writes}));
    }
    auto rows = kv.scan("k", "l");
    ASSERT_TRUE(commit(kv, {}, {erase("k12000"), put("k12001x", "new"), put("k12999", "new")}));
    int n = 0;
    for (; rows.valid(); rows.next(), ++n) {
        ASSERT_EQ(rows.key(), "k" + std::to_string(10'000 + n));
        ASSERT_EQ(rows.value(), value);
    }
    EXPECT_TRUE(rows.status());
    EXPECT_EQ(n, 3000);
    EXPECT_GT(kv.counts().pages, 4u);
    EXPECT_LT(kv.counts().pages, 12u);
    EXPECT_EQ(cost(kv, [&] { EXPECT_FALSE(kv.scan("", "").valid()); }), (costs{0, 0, 0}));
}

TEST_F(etcd, rows_too_large_to_come_together_in_time_come_one_by_one) {
    constexpr std::size_t rows_n = 40, value_bytes = 85'000;
    auto o = options();
    auto kv = opened(o);
    const std::string value(value_bytes, 'v');
    for (std::size_t n = 0; n < rows_n; ++n)
        ASSERT_TRUE(commit(kv, {}, {put("k" + std::to_string(100 + n), value)}));
    casement::testing::slow_wire wire{o.endpoints[0]};
    o.endpoints = {wire.endpoint()};
    o.cache_bytes = 0;
    o.call_time_max = milliseconds{3000};  // a third of it is too short for the first page
    auto slow = opened(o);
    std::size_t n = 0;
    auto rows = slow.scan("", "z");
    for (; rows.valid(); rows.next(), ++n) {
        ASSERT_EQ(rows.key(), "k" + std::to_string(100 + n));
        ASSERT_EQ(rows.value(), value);
    }
    EXPECT_TRUE(rows.status()) << told(rows.status());
    EXPECT_EQ(n, rows_n);
}

TEST_F(etcd, a_snapshot_that_was_compacted_says_so) {
    auto kv = opened(options());
    ASSERT_TRUE(commit(kv, {}, {put("k", "1"), put("j", "1")}));
    const auto then = kv.snapshot();
    for (int n = 0; n < 5; ++n) ASSERT_TRUE(commit(kv, {}, {put("k", std::to_string(n))}));
    cluster->compact(cluster->revision());
    const auto row = then.get("k");
    EXPECT_EQ(code_of(row), errc::conflict);
    EXPECT_TRUE(says(row, "compacted") && says(row, cluster->endpoints()[0]) && says(row, "k"))
        << told(row);
    auto rows = then.scan("", "z");
    EXPECT_FALSE(rows.valid());
    EXPECT_EQ(code_of(rows.status()), errc::conflict);
    EXPECT_EQ(value_of(kv, "k"), "4");
    EXPECT_EQ(value_of(kv.snapshot(), "k"), "4");
}

// A view asks for its instant; the rest it remembers, and a change on another machine is seen.
TEST_F(etcd, what_was_read_is_remembered_until_it_changes) {
    const auto o = options();
    auto kv = opened(o), beside = opened(o);
    ASSERT_TRUE(commit(beside, {}, {put("a", "1"), put("b", "1"), bump("n", 1)}));
    const auto look = [&] {
        const auto now = kv.snapshot();
        return value_of(now, "a").value_or("-") + value_of(now, "b").value_or("-") +
               value_of(now, "c").value_or("-") + std::to_string(value_of(now, "n")->back());
    };
    const auto warm = [&] {  // once the watch has heard of the last change
        return soon([&] { return cost(kv, [&] { (void)look(); }) == costs{0, 1, 0}; });
    };
    ASSERT_TRUE(warm()) << "only the instant itself is asked for";
    EXPECT_EQ(look(), "11-1");
    EXPECT_GT(kv.counts().remembered, 0u);
    for (char n = '2'; n < '8'; ++n) {
        ASSERT_TRUE(commit(beside, {}, {put("a", {&n, 1}), bump("n", 1)}));
        EXPECT_EQ(look(), std::string{n} + "1-" + n);
        ASSERT_TRUE(commit(beside, {}, {erase("b"), put("c", {&n, 1})}));
        EXPECT_EQ(look(), std::string{n} + "-" + n + n);
        ASSERT_TRUE(commit(beside, {}, {put("b", "1"), erase("c")}));
        EXPECT_EQ(look(), std::string{n} + "1-" + n);
    }
    EXPECT_TRUE(warm());
    put_beside("L3pvbw==");  // the revision moves, and the watch hears of nothing
    EXPECT_EQ(look(), "71-7");
    EXPECT_EQ(kv.counts().watches, 1u);
}

// A guard that is broken shows what is there, so that the next decision is not made of what was
// remembered.
TEST_F(etcd, a_conflict_shows_what_is_there) {
    const auto o = options();
    auto kv = opened(o), beside = opened(o);
    ASSERT_TRUE(soon([&] { return kv.counts().watches == 1; }));
    ASSERT_TRUE(commit(beside, {}, {put("k", "1")}));
    EXPECT_FALSE(commit(kv, {absent("k")}, {}));
    EXPECT_EQ(cost(kv, [&] { EXPECT_EQ(value_of(kv.snapshot(), "k"), "1"); }), (costs{0, 1, 0}));
}

// Etcd may leave a change out of a watch; then two reads show what cannot both be.
TEST_F(etcd, a_watch_that_has_shown_too_little_begins_anew) {
    auto link = etcd_link::open(options());
    ASSERT_TRUE(link);
    remembered_rows rows{1 << 20};
    etcd_watch watch{**link, rows, "/shown/"};
    const auto now = cluster->revision();
    const auto listens = [&] { return rows.wait_for(now, milliseconds{0}); };
    ASSERT_TRUE(soon(listens));
    ASSERT_TRUE(rows.keep("k", "v", 1, now));
    ASSERT_FALSE(rows.keep("k", std::nullopt, 0, now));
    ASSERT_FALSE(listens());
    watch.begin_anew();
    EXPECT_TRUE(soon(listens));
    EXPECT_EQ(watch.begun(), 2u);
}

// Readers of two rows that are always changed together, by others: never one without the other.
TEST_F(etcd, views_never_mix_two_instants) {
    const auto o = options();
    auto kv = opened(o), beside = opened(o);
    ASSERT_TRUE(commit(kv, {}, {put("a", "0"), put("b", "0")}));
    std::atomic<bool> stop = false;
    std::jthread writer{[&] {
        for (int n = 1; !stop; ++n)
            (void)commit(beside, {}, {put("a", std::to_string(n)), put("b", std::to_string(n))});
    }};
    int last = 0;
    const auto end = steady_clock::now() + milliseconds{1000};
    while (steady_clock::now() < end) {
        const auto now = kv.snapshot();
        const auto a = value_of(now, "a"), b = value_of(now, "b");
        ASSERT_TRUE(a && b);
        ASSERT_EQ(*a, *b);
        ASSERT_GE(std::stoi(*a), last) << "time runs forward";
        last = std::stoi(*a);
        const auto both = kv.together(std::array{std::string_view{"a"}, std::string_view{"b"}});
        ASSERT_EQ(value_of(both, "a"), value_of(both, "b"));
    }
    stop = true;
    EXPECT_GT(last, 5);
}

TEST_F(etcd, rows_together_take_one_round_trip) {
    auto kv = opened(options());
    ASSERT_TRUE(commit(kv, {}, {put("a", "1"), bump("n", 4)}));
    const std::array<std::string_view, 3> keys{"a", "n", "none"};
    EXPECT_EQ(cost(kv,
                   [&] {
                       const auto rows = kv.together(keys);
                       EXPECT_EQ(value_of(rows, "a"), "1");
                       EXPECT_EQ(value_of(rows, "n"), counter(4));
                       EXPECT_EQ(value_of(rows, "none"), std::nullopt);
                   }),
              (costs{0, 1, 0}));
    const auto o = options();
    auto cold =
        opened({.endpoints = o.endpoints, .prefix = o.prefix, .create = true, .cache_bytes = 0});
    ASSERT_TRUE(commit(cold, {}, {put("a", "1")}));
    EXPECT_EQ(cost(cold,
                   [&] {
                       const auto rows = cold.snapshot().together(keys);
                       EXPECT_EQ(value_of(rows, "a"), "1");
                       EXPECT_EQ(value_of(rows.together(keys), "none"), std::nullopt);
                   }),
              (costs{0, 2, 0}));
}

TEST_F(etcd, any_number_of_rows_come_together) {
    auto kv = opened(options());
    std::vector<std::string> keys;
    for (int n = 0; n < 300; ++n) keys.push_back("k" + std::to_string(n));
    for (std::size_t n = 0; n < 300; n += 50) {
        std::vector<write> writes;
        for (std::size_t i = n; i < n + 50; ++i) writes.push_back(put(keys[i], keys[i]));
        ASSERT_TRUE(kv.commit({{}, writes}));
    }
    const std::vector<std::string_view> all{keys.begin(), keys.end()};
    const auto cold = kv.counts().reads;
    const auto rows = kv.together(all);
    for (const auto& k : keys) ASSERT_EQ(value_of(rows, k), k);
    EXPECT_EQ(kv.counts().reads - cold, 3u);
}

TEST_F(etcd, unchanged_is_asked_of_the_cluster) {
    const auto o = options();
    auto kv = opened(o), beside = opened(o);
    ASSERT_TRUE(commit(kv, {}, {put("k", "1")}));
    const auto at = kv.get("k")->at;
    EXPECT_TRUE(kv.unchanged("k", at));
    EXPECT_FALSE(beside.unchanged("k", at)) << "another opening";
    ASSERT_TRUE(commit(beside, {}, {put("other", "1")}));
    EXPECT_TRUE(kv.unchanged("k", at));
    ASSERT_TRUE(commit(beside, {}, {put("k", "1")}));
    EXPECT_FALSE(kv.unchanged("k", at));
    EXPECT_FALSE(kv.unchanged("none", kv.get("none")->at)) << "nobody knows what came and went";
}

// --- what is not ours ------------------------------------------------------------------------

TEST_F(etcd, nothing_beside_the_prefix_is_seen_or_touched) {
    put_beside("L2JhAQ==");  // "/ba\1"
    put_beside("L2I=");      // "/b"
    put_beside("L2IAAAA=");  // "/b\0\0\0", before the store is there: a row of it
    put_beside("L2IC");      // "/b\2"
    auto kv = opened({.endpoints = cluster->endpoints(), .prefix = "/b", .create = true});
    auto longer = opened({.endpoints = cluster->endpoints(), .prefix = "/b/c", .create = true});
    ASSERT_TRUE(commit(longer, {}, {put("k", "theirs")}));
    const auto rows = casement::testing::rows_in(kv, "", "\xff\xff\xff");
    ASSERT_FALSE(rows) << "what no store wrote is told of";
    EXPECT_EQ(rows.error().code(), errc::corrupt);
    ASSERT_TRUE(commit(kv, {}, {erase(std::string_view{"\0\0", 2})}));
    EXPECT_EQ(casement::testing::rows_in(kv, "", "\xff\xff\xff")->size(), 0u);
    ASSERT_TRUE(commit(kv, {}, {put("k", "ours"), put("", "empty")}));
    EXPECT_EQ(casement::testing::rows_in(kv, "", "\xff\xff\xff")->size(), 2u);
    EXPECT_EQ(value_of(longer, "k"), "theirs");
    for (const auto* key : {"L2JhAQ==", "L2I=", "L2IC"})
        EXPECT_NE(cluster->ask(0, "/v3/kv/range", R"({"key":")" + std::string{key} + "\"}")
                      .find("\"version\":\"1\""),
                  std::string::npos)
            << key;
}

TEST_F(etcd, a_store_is_made_once_and_found_again) {
    auto o = options();
    o.create = false;
    const auto none = etcd_store::open(o);
    EXPECT_EQ(code_of(none), errc::not_found);
    o.create = true;
    {
        auto kv = opened(o);
        ASSERT_TRUE(commit(kv, {}, {put("k", "1"), bump("n", 1)}));
        ASSERT_TRUE(kv.close());
    }
    o.create = false;
    auto kv = opened(o);
    EXPECT_EQ(value_of(kv, "k"), "1");
    EXPECT_EQ(value_of(kv, "n"), counter(1));
    for (const std::string& no : {std::string{}, std::string{"a\0b", 3}}) {
        o.prefix = no;
        EXPECT_EQ(code_of(etcd_store::open(o)), errc::illegal);
    }
    put_beside("L25ld2VyAQ==");  // "/newer\1", the format of that store
    o.prefix = "/newer";
    EXPECT_EQ(code_of(etcd_store::open(o)), errc::newer_format);
}

// --- where nobody answers --------------------------------------------------------------------

etcd_options patient(const etcd_cluster& of, milliseconds time_max) {
    return {.endpoints = of.endpoints(), .prefix = "/p", .create = true, .call_time_max = time_max};
}

TEST_F(etcd, an_endpoint_that_is_not_there_is_passed_over) {
    auto o = options();
    o.endpoints.insert(o.endpoints.begin(), "127.0.0.1:1");
    auto kv = opened(o);
    ASSERT_TRUE(commit(kv, {}, {put("k", "1")}));
    EXPECT_EQ(value_of(kv, "k"), "1");

    o.endpoints.resize(1);
    o.call_time_max = milliseconds{300};
    const auto none = etcd_store::open(o);
    EXPECT_EQ(code_of(none), errc::io);
    EXPECT_TRUE(says(none, "127.0.0.1:1") && says(none, o.prefix)) << told(none);
}

TEST_F(etcd, what_was_not_sent_has_not_happened_and_what_was_lost_may_have) {
    etcd_cluster own;
    auto kv = opened(patient(own, milliseconds{500}));
    ASSERT_TRUE(soon([&] { return commit(kv, {}, {put("k", "1")}).has_value(); }));
    EXPECT_TRUE(soon([&] { return kv.counts().watches == 1; }));

    own.pause(0);
    const auto lost = commit(kv, {is("k", "1")}, {put("k", "2")});
    EXPECT_EQ(code_of(lost), errc::unknown_outcome) << told(lost);
    EXPECT_TRUE(says(lost, own.endpoints()[0]) && says(lost, "DEADLINE_EXCEEDED")) << told(lost);
    const auto unread = kv.get("k");
    EXPECT_EQ(code_of(unread), errc::io) << told(unread);
    EXPECT_FALSE(kv.snapshot().get("k"));
    EXPECT_FALSE(kv.scan("", "z").status());
    EXPECT_FALSE(kv.unchanged("k", {}));
    own.go_on(0);
    const auto now = value_of(kv, "k");
    EXPECT_TRUE(now == "1" || now == "2");

    own.kill(0);
    // The first may find the connection breaking under them.
    EXPECT_TRUE(soon([&] { return code_of(commit(kv, {}, {put("k", "3")})) == errc::io; }));
    own.start(0);
    own.wait_until_served(0);
    EXPECT_TRUE(soon([&] { return value_of(kv, "k").has_value(); }));
    EXPECT_TRUE(commit(kv, {}, {put("k", "4")}));
    EXPECT_TRUE(soon([&] { return kv.counts().watches == 2; })) << "it has begun again";
    EXPECT_EQ(value_of(kv.snapshot(), "k"), "4");
}

// The change is made and the connection breaks before the answer comes: it must not be asked for
// again, at whichever endpoint.
TEST_F(etcd, what_may_have_happened_is_not_sent_again) {
    casement::testing::reply_eater eater{cluster->endpoints()[0]};
    auto o = options();
    o.endpoints = {eater.endpoint(), eater.endpoint()};
    o.cache_bytes = 0;
    auto kv = opened(o);
    ASSERT_TRUE(commit(kv, {}, {bump("n", 1)}));
    eater.eat_next();
    const auto lost = commit(kv, {}, {bump("n", 1)});
    EXPECT_EQ(code_of(lost), errc::unknown_outcome) << told(lost);
    EXPECT_EQ(eater.eaten(), 1);
    EXPECT_EQ(kv.counts().unknown, 1u);
    EXPECT_EQ(value_of(kv, "n"), counter(2)) << "made, and once";
    eater.eat_next();
    EXPECT_EQ(value_of(kv, "n"), counter(2)) << "what is only read is asked for again";
    EXPECT_EQ(eater.eaten(), 2);
}

TEST_F(etcd, another_cluster_is_not_taken_for_this_one) {
    etcd_cluster one, two;
    auto o = patient(one, milliseconds{1000});
    o.endpoints.push_back(two.endpoints()[0]);
    auto kv = opened(o);
    ASSERT_TRUE(commit(kv, {}, {put("k", "1")}));
    one.kill(0);
    for (int n = 0; n < 2; ++n) {
        const auto row = kv.get("k");
        EXPECT_EQ(code_of(row), errc::io);
        EXPECT_TRUE(says(row, "another cluster") && says(row, two.endpoints()[0])) << told(row);
    }
    const auto made = commit(kv, {}, {put("k", "2")});
    EXPECT_EQ(code_of(made), errc::io) << told(made);
    EXPECT_TRUE(says(made, "another cluster") && says(made, two.endpoints()[0])) << told(made);
    const auto theirs = two.ask(0, "/v3/kv/range", R"({"key":"L3A=","range_end":"L3E="})");
    EXPECT_NE(theirs.find("revision"), std::string::npos);
    EXPECT_EQ(theirs.find("kvs"), std::string::npos) << theirs;
    one.start(0);
    EXPECT_TRUE(soon([&] { return commit(kv, {}, {put("k", "3")}).has_value(); }));
}

// Each round is refused at once, until the time is over: also then nothing was sent in vain.
TEST_F(etcd, what_no_member_with_a_leader_has_heard_has_not_happened) {
    etcd_cluster own{3};
    auto o = patient(own, milliseconds{300});
    o.endpoints.resize(1);
    auto kv = opened(o);
    own.kill(1);
    own.kill(2);
    EXPECT_TRUE(soon([&] { return says(commit(kv, {}, {put("k", "1")}), "no leader"); }));
    for (int n = 0; n < 8; ++n) {
        const auto none = commit(kv, {}, {put("k", "1")});
        EXPECT_EQ(code_of(none), errc::io) << told(none);
        EXPECT_TRUE(says(none, "no leader")) << told(none);
    }
}

/// How long it took.
milliseconds time_of(auto step) {
    const auto begin = steady_clock::now();
    step();
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
}

TEST_F(etcd, a_store_is_let_go_while_nobody_answers) {
    constexpr milliseconds patience{10'000}, soon_enough{2'000};
    {
        etcd_cluster own;
        auto kv = std::make_unique<etcd_store>(opened(patient(own, patience)));
        EXPECT_TRUE(soon([&] { return kv->counts().watches == 1; }));
        own.kill(0);
        std::this_thread::sleep_for(milliseconds{500});  // it tries to begin anew
        EXPECT_LT(time_of([&] { kv.reset(); }), soon_enough);
    }
    etcd_cluster own;
    auto link = etcd_link::open(patient(own, patience));
    ASSERT_TRUE(link);
    etcdserverpb::RangeRequest any;
    any.set_key("k");
    ASSERT_TRUE((*link)->range(any, (*link)->deadline()));
    own.pause(0);
    std::stop_source stop;
    const std::jthread later{[&] {
        std::this_thread::sleep_for(milliseconds{200});
        stop.request_stop();
    }};
    EXPECT_LT(
        time_of([&] { EXPECT_FALSE((*link)->range(any, (*link)->deadline(), stop.get_token())); }),
        soon_enough)
        << "as the watch asks for where to begin";
}

// A member that stood still has the requests before it when it goes on, and not what the others
// have done meanwhile.
TEST_F(etcd, one_that_is_behind_answers_with_nothing_old) {
    etcd_cluster own{3};
    auto o = patient(own, milliseconds{5000});
    auto late = o, others = o;
    late.endpoints.resize(1);
    others.endpoints.erase(others.endpoints.begin());
    late.cache_bytes = 0;
    auto behind = opened(late), ahead = opened(others);
    ASSERT_TRUE(soon([&] { return commit(ahead, {}, {put("k", "0")}).has_value(); }));
    for (int n = 0; n < 6; ++n) {
        const auto old = std::to_string(n), now = std::to_string(n + 1);
        ASSERT_TRUE(soon([&] { return value_of(behind, "k") == old; }));
        own.pause(0);
        ASSERT_TRUE(soon([&] { return commit(ahead, {}, {put("k", now)}).has_value(); }));
        std::jthread goes_on{[&] {
            std::this_thread::sleep_for(milliseconds{100});
            own.go_on(0);
        }};
        if (n % 2 == 0) {
            const auto row = behind.get("k");
            EXPECT_TRUE(!row || row->value == now) << row->value.value_or("none");
        } else {
            EXPECT_FALSE(commit(behind, {is("k", old)}, {})) << "it holds no more";
        }
    }
}

struct changes {
    static constexpr char table = '~';
    struct key {};
    count n;
};

// A member is stopped at any moment while changes are made: each is asked about, and is there or
// not as it says, once.
TEST_F(etcd, a_lost_reply_is_answered_from_the_record) {
    etcd_cluster own;
    auto kv = opened(patient(own, milliseconds{250}));
    id_blocks ids{kv};
    recorded me{kv, ids};
    ASSERT_TRUE(soon([&] { return ids.next().has_value(); }));
    std::uint64_t made = 0;
    const auto patience = [&](auto step) {
        auto r = step();
        (void)soon([&] { return r || (r = step()); });
        return r;
    };
    const auto is_enough = [&](int n) {
        return n >= casement::testing::scaled(7) && (kv.counts().unknown > 0 || n >= 60);
    };
    for (int n = 0; !is_enough(n); ++n) {
        auto op = patience([&] { return me.begin(); });
        ASSERT_TRUE(op) << told(op);
        std::jthread disturbed{[&] {
            std::this_thread::sleep_for(std::chrono::microseconds{100 * (n % 12)});
            own.pause(0);
            std::this_thread::sleep_for(milliseconds{450});
            own.go_on(0);
        }};
        const auto once = patience([&] {
            transaction t{kv};
            t.bump<changes>({});
            return op->commit(t, std::uint8_t{1}, done{});
        });
        ASSERT_TRUE(once) << told(once);
        ++made;
        disturbed.join();
    }
    EXPECT_EQ(patience([&] { return read<changes>(kv, {}); }).value()->n.value, made);
    EXPECT_GT(kv.counts().unknown, 0u) << "no reply was lost";
}

// --- who calls -------------------------------------------------------------------------------

TEST_F(etcd, a_user_is_let_in_and_let_in_again) {
    etcd_cluster own{1, {}, {"--auth-token-ttl", "1"}};
    const auto told_yes = [&](std::string_view path, std::string_view json) {
        EXPECT_NE(own.ask(0, path, json).find("header"), std::string::npos) << path;
    };
    told_yes("/v3/auth/user/add", R"({"name":"root","password":"secret"})");
    told_yes("/v3/auth/user/grant", R"({"user":"root","role":"root"})");
    told_yes("/v3/auth/enable", "{}");
    auto o = patient(own, milliseconds{3000});
    o.cache_bytes = 0;  // a watch would show it
    EXPECT_TRUE(says(etcd_store::open(o), "user name is empty"));
    o.user = "root";
    o.password = "wrong";
    EXPECT_TRUE(says(etcd_store::open(o), "authentication failed"));
    o.password = "secret";
    auto kv = opened(o);
    ASSERT_TRUE(commit(kv, {}, {put("k", "1")}));
    EXPECT_EQ(kv.counts().authentications, 1u);
    // Etcd forgets a token that nobody shows for a while.
    std::this_thread::sleep_for(milliseconds{2500});
    EXPECT_TRUE(commit(kv, {}, {put("k", "2")}));
    EXPECT_EQ(value_of(kv, "k"), "2");
    EXPECT_EQ(kv.counts().authentications, 2u);
}

TEST_F(etcd, speaks_tls) {
    if (std::system("openssl version > /dev/null 2>&1") != 0) GTEST_SKIP() << "no openssl";
    const casement::testing::temporary_directory keys;
    const auto key = keys / "key.pem", certificate = keys / "cert.pem";
    const auto made =
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
        "-addext subjectAltName=IP:127.0.0.1 -keyout " +
        key + " -out " + certificate + " > /dev/null 2>&1";
    ASSERT_EQ(std::system(made.c_str()), 0);
    etcd_cluster own{1, {.certificate = certificate, .key = key}};
    auto o = patient(own, milliseconds{3000});
    o.tls = {.authority_file = certificate, .certificate_file = certificate, .key_file = key};
    auto kv = opened(o);
    ASSERT_TRUE(commit(kv, {}, {put("k", "1")}));
    EXPECT_EQ(value_of(kv, "k"), "1");

    o.call_time_max = milliseconds{500};
    o.tls->certificate_file = o.tls->key_file = "";
    EXPECT_EQ(code_of(etcd_store::open(o)), errc::io) << "the cluster asks who calls";
    o.tls.reset();
    EXPECT_EQ(code_of(etcd_store::open(o)), errc::io);
    o.tls = {.authority_file = keys / "none"};
    EXPECT_TRUE(says(etcd_store::open(o), keys / "none"));
}

}  // namespace
}  // namespace casement::engine::etcd_test
