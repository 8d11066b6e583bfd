#include <casement/kv/id_blocks.hpp>

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <casement/kv/memory.hpp>

#include "kv/store_script.hpp"

namespace casement::id_blocks_test {
namespace {

/// A memory_store for many threads, which can be told to fail.
class shared_store {
public:
    result<found> get(std::string_view key) const {
        const std::lock_guard lock{mutex_};
        return rows_.get(key);
    }
    memory_store::cursor scan(std::string_view first, std::string_view last) const {
        const std::lock_guard lock{mutex_};
        return rows_.scan(first, last);
    }
    memory_store snapshot() const {
        const std::lock_guard lock{mutex_};
        return rows_;
    }
    bool unchanged(std::string_view key, version at) const {
        const std::lock_guard lock{mutex_};
        return rows_.unchanged(key, at);
    }
    result<receipt> commit(const batch& b) {
        const std::lock_guard lock{mutex_};
        ++commits;
        if (refuse_with) return fail(*refuse_with, "commit", "", "as the test asks");
        auto r = rows_.commit(b);
        if (lose_reply) {
            lose_reply = false;
            return fail(errc::unknown_outcome, "commit", "", "as the test asks");
        }
        return r;
    }

    int commits = 0;
    std::optional<errc> refuse_with;
    bool lose_reply = false;

private:
    mutable std::mutex mutex_;
    memory_store rows_;
};

using blocks = id_blocks<shared_store>;

struct kind_tag {
    static constexpr std::string_view name = "kind";
};
using kind_id = strong<kind_tag>;
static_assert(kind_id::name == "kind");

TEST(id_blocks, begins_above_the_fixed_ids_and_counts) {
    shared_store kv;
    blocks ids{kv};
    for (std::uint64_t n = 0; n < 3 * blocks::block_ids; ++n)
        ASSERT_EQ(ids.next(), blocks::first_id + n);
    EXPECT_EQ(kv.commits, 3);
}

TEST(id_blocks, says_where_a_block_begins_before_it_is_taken) {
    shared_store kv;
    std::vector<std::uint64_t> begun;
    blocks ids{kv, [&](std::uint64_t first) -> result<void> {
                   begun.push_back(first);
                   const auto row = read<allocator>(kv, {});
                   EXPECT_EQ(row->exists() ? (*row)->next : blocks::first_id, first);
                   if (begun.size() == 3) return fail(errc::io, "tell", "");
                   return {};
               }};
    for (std::uint64_t n = 0; n <= blocks::block_ids; ++n) ASSERT_TRUE(ids.next());
    EXPECT_EQ(begun,
              (std::vector<std::uint64_t>{blocks::first_id, blocks::first_id + blocks::block_ids}));
    // Of whom nobody could be told, none is taken.
    for (std::uint64_t n = 1; n < blocks::block_ids; ++n) ASSERT_TRUE(ids.next());
    const auto commits = kv.commits;
    EXPECT_EQ(ids.next().error().code(), errc::io);
    EXPECT_EQ(kv.commits, commits);
    EXPECT_EQ(ids.next(), begun.back());
}

TEST(id_blocks, says_what_is_given_and_what_will_be) {
    shared_store kv;
    blocks ids{kv}, others{kv};
    const auto next = [&] {
        return ids.between([](std::uint64_t n) { return result<std::uint64_t>{n}; });
    };
    EXPECT_EQ(next(), blocks::first_id);
    ASSERT_TRUE(ids.next() && others.next());
    EXPECT_EQ(next(), blocks::first_id + 1);
    ids.end_block();
    EXPECT_EQ(next(), blocks::first_id + 2 * blocks::block_ids);
    EXPECT_EQ(ids.next(), blocks::first_id + 2 * blocks::block_ids);
}

TEST(id_blocks, gives_ids_of_the_kind_asked_for) {
    shared_store kv;
    blocks ids{kv};
    EXPECT_EQ(ids.next<kind_id>()->value, blocks::first_id);
    EXPECT_EQ(ids.next<kind_id>()->value, blocks::first_id + 1);
}

TEST(id_blocks, what_one_took_before_it_died_is_never_given_again) {
    shared_store kv;
    std::uint64_t last = 0;
    for (int life = 0; life < 5; ++life) {
        blocks ids{kv};
        const auto n = ids.next();
        ASSERT_TRUE(n);
        EXPECT_GT(*n, last);
        last = *ids.next();
    }
}

TEST(id_blocks, no_two_are_equal_across_allocators_and_threads) {
    shared_store kv;
    blocks one{kv}, two{kv};
    constexpr int threads_n = 8, ids_n = 3000;
    std::vector<std::vector<std::uint64_t>> taken(threads_n);
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < threads_n; ++t)
            threads.emplace_back([&, t] {
                auto& mine = t % 2 == 0 ? one : two;
                for (int i = 0; i < ids_n; ++i)
                    taken[static_cast<std::size_t>(t)].push_back(mine.next().value_or(0));
            });
    }
    std::set<std::uint64_t> all;
    for (const auto& some : taken) {
        all.insert(some.begin(), some.end());
        EXPECT_TRUE(std::is_sorted(some.begin(), some.end()));
    }
    EXPECT_EQ(all.size(), std::size_t{threads_n * ids_n});
    EXPECT_GE(*all.begin(), blocks::first_id);
    EXPECT_LT(*all.rbegin(), (*read<allocator>(kv, {}))->next);
}

TEST(id_blocks, an_unknown_outcome_wastes_a_block_at_worst) {
    shared_store kv;
    kv.lose_reply = true;
    blocks ids{kv};
    EXPECT_EQ(ids.next(), blocks::first_id + blocks::block_ids);
}

TEST(id_blocks, gives_up_when_others_are_always_faster) {
    shared_store kv;
    kv.refuse_with = errc::conflict;
    blocks ids{kv};
    const auto r = ids.next();
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code(), errc::conflict);
    EXPECT_EQ(kv.commits, blocks::tries_max);
    kv.refuse_with.reset();
    EXPECT_EQ(ids.next(), blocks::first_id);
}

TEST(id_blocks, passes_on_what_trying_again_does_not_mend) {
    shared_store kv;
    kv.refuse_with = errc::no_space;
    blocks ids{kv};
    const auto r = ids.next();
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code(), errc::no_space);
    EXPECT_EQ(kv.commits, 1);
}

}  // namespace
}  // namespace casement::id_blocks_test
