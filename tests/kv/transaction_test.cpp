#include <casement/kv/transaction.hpp>

#include <string>

#include <gtest/gtest.h>

#include <casement/kv/memory.hpp>

#include "kv/store_script.hpp"

namespace casement::transaction_test {
namespace {

struct node_tag {
    static constexpr std::string_view name = "node";
};
using node = strong<node_tag>;
static_assert(node::name == "node");

struct head {
    static constexpr char table = 'h';
    using key = node;
    std::string note;
};
struct visits {
    static constexpr char table = 'v';
    using key = node;
    count n;
};

/// Counts what is asked of a store.
class counting_store {
public:
    mutable int reads = 0;
    int commits = 0;

    result<found> get(std::string_view key) const { return ++reads, rows.get(key); }
    memory_store::cursor scan(std::string_view first, std::string_view last) const {
        return ++reads, rows.scan(first, last);
    }
    memory_store snapshot() const { return ++reads, rows; }
    bool unchanged(std::string_view key, version at) const { return rows.unchanged(key, at); }
    result<receipt> commit(const batch& b) { return ++commits, rows.commit(b); }

    memory_store rows;
};
static_assert(store<counting_store>);

// What would agree with itself proves nothing (SPEC F4a).
TEST(transaction, reads_nothing) {
    counting_store kv;
    auto token = *read<head>(kv, node{1});
    kv.reads = 0;
    ASSERT_TRUE(transaction{kv}
                    .expect(token, "as seen")
                    .expect_absent<head>(node{2}, "free")
                    .put<head>(node{1}, {"a"})
                    .put<head>(node{2}, {"b"})
                    .erase<head>(node{3})
                    .bump<visits>(node{1})
                    .commit());
    ASSERT_FALSE(transaction{kv}.replace(token, head{"c"}, "as seen").commit());
    EXPECT_EQ(kv.reads, 0);
    EXPECT_EQ(kv.commits, 2);
}

TEST(transaction, writes_what_it_says) {
    memory_store kv;
    ASSERT_TRUE(transaction{kv}
                    .put<head>(node{1}, {"one"})
                    .put<head>(node{2}, {"two"})
                    .bump<visits>(node{1})
                    .bump<visits>(node{2}, 5)
                    .commit());
    ASSERT_TRUE(transaction{kv}.erase<head>(node{2}).bump<visits>(node{1}).commit());
    EXPECT_EQ((*read<head>(kv, node{1}))->note, "one");
    EXPECT_FALSE(read<head>(kv, node{2})->exists());
    EXPECT_EQ((*read<visits>(kv, node{1}))->n.value, 2u);
    EXPECT_EQ((*read<visits>(kv, node{2}))->n.value, 5u);
}

TEST(transaction, a_stale_token_is_a_conflict_that_says_so) {
    memory_store kv;
    ASSERT_TRUE(transaction{kv}.put<head>(node{1}, {"one"}).commit());
    const auto token = *read<head>(kv, node{1});
    ASSERT_TRUE(transaction{kv}.put<head>(node{1}, {"other"}).commit());
    const auto r =
        transaction{kv}.expect(token, "nobody renamed it").put<head>(node{2}, {"x"}).commit();
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code(), errc::conflict);
    EXPECT_NE(r.error().message().find("nobody renamed it"), std::string::npos);
    EXPECT_FALSE(read<head>(kv, node{2})->exists());
}

TEST(transaction, absence_is_expected_of_a_name_or_of_a_token) {
    memory_store kv;
    const auto none = *read<head>(kv, node{1});
    ASSERT_TRUE(transaction{kv}.replace(none, head{"made"}, "free").commit());
    EXPECT_FALSE(transaction{kv}.replace(none, head{"again"}, "free").commit());
    EXPECT_FALSE(transaction{kv}.expect_absent<head>(node{1}, "free").commit());
    EXPECT_TRUE(transaction{kv}.expect_absent<head>(node{9}, "free").commit());
    EXPECT_EQ((*read<head>(kv, node{1}))->note, "made");
}

// The builder keeps its own copies: tokens and values may go before it commits.
TEST(transaction, outlives_what_it_was_told) {
    memory_store kv;
    ASSERT_TRUE(transaction{kv}.put<head>(node{1}, {std::string(100, 'a')}).commit());
    transaction t{kv};
    {
        const auto token = *read<head>(kv, node{1});
        t.expect(token, "as seen").put<head>(node{2}, {std::string(5000, 'b')});
    }
    for (std::uint64_t id = 10; id < 50; ++id) t.put<head>(node{id}, {std::to_string(id)});
    ASSERT_TRUE(t.commit());
    EXPECT_EQ((*read<head>(kv, node{2}))->note, std::string(5000, 'b'));
    for (std::uint64_t id = 10; id < 50; ++id)
        EXPECT_EQ((*read<head>(kv, node{id}))->note, std::to_string(id));
}

TEST(transaction, counts_towards_the_limit) {
    memory_store kv;
    transaction t{kv};
    for (std::uint64_t id = 1; id <= commit_rows_max; ++id) t.put<head>(node{id}, {"x"});
    EXPECT_EQ(t.size(), commit_rows_max);
    t.expect_absent<head>(node{1000}, "free");
    EXPECT_EQ(t.size(), commit_rows_max + 1);
    const auto r = t.commit();
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code(), errc::too_big);
    EXPECT_EQ(kv, memory_store{});
}

/// Says yes to everything: what is wrong with a batch, it does not see.
struct trusting_store : memory_store {
    result<receipt> commit(const batch&) { return receipt{}; }
};
static_assert(store<trusting_store>);

// Engines would not agree on what it means, so none is asked.
TEST(transaction_death, no_key_is_written_or_guarded_twice) {
    trusting_store kv;
    const auto one = *read<head>(kv, node{1});
    const auto death_of = [&](auto&& build, const char* why) {
        transaction t{kv};
        build(t);
        EXPECT_DEATH((void)t.commit(), why);
    };
    constexpr auto written = "no key is written twice", guarded = "no key is guarded twice";
    death_of([](auto& t) { t.template put<head>(node{1}, {"a"}).put(node{1}, head{"b"}); },
             written);
    death_of([](auto& t) { t.template put<head>(node{1}, {"a"}).template erase<head>(node{1}); },
             written);
    death_of([](auto& t) { t.template bump<visits>(node{1}).template bump<visits>(node{1}); },
             written);
    death_of([&](auto& t) { t.expect(one, "a").expect(one, "b"); }, guarded);
    death_of([&](auto& t) { t.expect(one, "a").template expect_absent<head>(node{1}, "b"); },
             guarded);
    death_of(
        [](auto& t) {
            for (std::uint64_t n = 0; n < 99; ++n) t.template put<head>(node{n}, {});
            t.template put<head>(node{42}, {});
        },
        written);
}

TEST(transaction, a_key_may_be_guarded_and_written_and_others_be_like_it) {
    trusting_store kv;
    transaction t{kv};
    t.replace(*read<head>(kv, node{1}), head{"a"}, "as seen").bump<visits>(node{1});
    for (std::uint64_t n = 2; n < 90; ++n) t.put<head>(node{n}, {"a"});
    EXPECT_TRUE(t.commit());
    // More than a commit holds is the store's to refuse, twice or not.
    transaction large{kv};
    for (int n = 0; n < 101; ++n) large.put<head>(node{1}, {"a"});
    EXPECT_TRUE(large.commit());
}

}  // namespace
}  // namespace casement::transaction_test
