#include <casement/object/block_cache.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <object/support.hpp>
#include <support/property.hpp>

namespace casement::object::block_cache_test {
namespace {

using testing::block_map;
using testing::build;
using testing::name_of_number;
using testing::numbered;

TEST(block_cache, answers_as_the_blocks_do) {
    casement::testing::law("with a cache of any size, look-ups and listings are as without", [] {
        block_map store;
        const auto from = *testing::any_entries(20);
        const auto dir = build(store, from).id;
        block_cache cache{*rc::gen::inRange<std::size_t>(0, 1u << 20)};
        auto known = cached(cache, store.fetch());
        for (const auto& [name, entry] : from) {
            RC_ASSERT(*dirobj_get_child(known, dir, name) ==
                      *dirobj_get_child(store.fetch(), dir, name));
            RC_ASSERT(*dirobj_get_child(known, dir, name + "?") ==
                      *dirobj_get_child(store.fetch(), dir, name + "?"));
        }
        auto at = from.begin();
        for (const auto& entry : dir_view{known, dir}) RC_ASSERT(*entry == (at++)->second);
        RC_ASSERT(at == from.end());
        const auto now = cache.count();
        RC_ASSERT((now.blocks == 0) == (now.bytes == 0));
    });
}

TEST(block_cache, reads_a_block_once) {
    block_map store;
    const auto made = build(store, numbered(20'000));
    block_cache cache{64u << 20};
    auto known = cached(cache, store.fetch());
    for (int round = 0; round < 2; ++round)
        for (std::uint64_t i = 0; i < 20'000; i += 7)
            ASSERT_EQ((*dirobj_get_child(known, made.id, name_of_number(i)))->size, i);
    EXPECT_EQ(store.reads, store.blocks.size());
    EXPECT_EQ(cache.count().read, store.blocks.size());
    EXPECT_EQ(cache.count().blocks, store.blocks.size());
}

TEST(block_cache, lets_go_of_what_was_not_asked_for_longest) {
    block_map store;
    const auto dir = build(store, numbered(50'000)).id;
    constexpr std::size_t most = 2u << 20;
    block_cache cache{most};
    auto known = cached(cache, store.fetch());
    for (std::uint64_t i = 0; i < 50'000; i += 11) {
        (void)dirobj_get_child(known, dir, name_of_number(i));
        ASSERT_LE(cache.count().bytes, most);
    }
    ASSERT_LT(cache.count().blocks, store.blocks.size());
    // The root was asked for each time.
    store.reads = 0;
    const auto last = dirobj_get_child(known, dir, name_of_number(49'995));
    ASSERT_TRUE(last && *last);
    EXPECT_EQ(store.reads, 0u);
}

TEST(block_cache, keeps_no_error) {
    block_map store, whole;
    const auto dir = build(whole, numbered(10)).id;
    block_cache cache{1u << 20};
    auto known = cached(cache, store.fetch());
    EXPECT_EQ(dirobj_get_child(known, dir, name_of_number(3)).error().code(), errc::need_pull);
    store.blocks[dir.digest] = "something else";
    EXPECT_EQ(dirobj_get_child(known, dir, name_of_number(3)).error().code(), errc::corrupt);
    EXPECT_EQ(cache.count().blocks, 0u);
    store.blocks = whole.blocks;
    EXPECT_EQ((*dirobj_get_child(known, dir, name_of_number(3)))->size, 3u);
}

TEST(block_cache, serves_many_threads) {
    block_map store;
    const auto dir = build(store, numbered(5'000)).id;
    block_cache cache{1u << 20};  // too small for all
    const auto fetch = [&store](const digest& name) -> result<std::string> {
        return store.blocks.at(name);
    };
    std::vector<std::jthread> readers;
    std::atomic<int> wrong = 0;
    for (std::uint64_t t = 0; t < 4; ++t)
        readers.emplace_back([&, t] {
            for (std::uint64_t n = 0; n < 2'000; ++n) {
                const auto i = (n * 7919 + t * 31) % 5'000;
                const auto got = dirobj_get_child(cached(cache, fetch), dir, name_of_number(i));
                wrong += !got || !*got || (*got)->size != i;
            }
        });
    readers.clear();
    EXPECT_EQ(wrong, 0);
    EXPECT_LE(cache.count().bytes, 1u << 20);
}

}  // namespace
}  // namespace casement::object::block_cache_test
