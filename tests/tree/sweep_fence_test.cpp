#include <casement/tree/sweep_fence.hpp>

#include <cstdint>

#include <gtest/gtest.h>

#include "tree/hand.hpp"
#include "tree/interrupted_store.hpp"

namespace casement::testing::sweep_fence_test {
namespace {

/// Stands for what names a file.
struct naming {
    static constexpr char table = 'n';
    using key = std::uint64_t;
    std::uint64_t file = 0;
};

template <store S>
result<receipt> name(S& kv, std::uint64_t file, const fence_guard& guard) {
    transaction t{kv};
    guard(t);
    t.template put<naming>(1, {file});
    return t.commit();
}

TEST(SweepFence, StopsWhoHasNotSeenIt) {
    memory_store kv;
    fence_watch watch{kv, true};
    const auto before = must(watch.over(10));
    must(name(kv, 10, before));
    must(raise_fence(kv, 8));
    EXPECT_EQ(code_of(name(kv, 10, before)), errc::conflict);
    EXPECT_EQ(code_of(name(kv, 10, must(watch.over(10)))), errc::conflict) << "seen before";
    watch.look_again();
    const auto after = must(watch.over(10));
    EXPECT_FALSE(after.is_as(before));
    must(name(kv, 10, after));
    EXPECT_EQ(code_of(watch.over(7)), errc::fenced);
    must(watch.over(8));
}

TEST(SweepFence, IsNeverLowered) {
    memory_store kv;
    must(raise_fence(kv, 8));
    must(raise_fence(kv, 3));
    EXPECT_EQ(must(read<sweep_fence>(kv, {}))->below, 8u);
    // Also where another raises it meanwhile.
    interrupted_store<memory_store> late{kv};
    late.before_commit = [&] { must(raise_fence(kv, 20)); };
    must(raise_fence(late, 12));
    EXPECT_EQ(must(read<sweep_fence>(kv, {}))->below, 20u);
}

TEST(SweepFence, IsNothingWhereNobodyElseSweeps) {
    memory_store kv;
    fence_watch watch{kv, false};
    must(raise_fence(kv, 8));
    must(name(kv, 1, must(watch.over(1))));
    must(name(kv, 1, fence_guard{}));
}

TEST(SweepFence, IsGuardedOnceByAllThatACommitNames) {
    memory_store kv;
    fence_watch watch{kv, true};
    transaction t{kv};
    for (const std::uint64_t file : {10u, 11u}) must(watch.over(file))(t);
    EXPECT_EQ(t.size(), 1u);
    must(t.put<naming>(1, {10}).commit());
}

}  // namespace
}  // namespace casement::testing::sweep_fence_test
