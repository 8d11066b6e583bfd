#include <casement/kv/operation.hpp>

#include <gtest/gtest.h>

#include <casement/kv/memory.hpp>

#include "kv/lossy_store.hpp"

namespace casement::operation_test {
namespace {

using namespace std::chrono_literals;

struct Operations : ::testing::Test {
    memory_store kv;

    void record(std::uint64_t era, std::uint64_t id) {
        ASSERT_TRUE(transaction{kv}.put<operation>({era, {id}}, {1, 0, ""}).commit());
    }
    [[nodiscard]] bool has(std::uint64_t era, std::uint64_t id) const {
        return read<operation>(kv, {era, {id}})->exists();
    }
    [[nodiscard]] retention eras() const { return eras_of(*read<retention>(kv, {})); }
    std::uint64_t forget(std::chrono::nanoseconds now) {
        const auto erased = forget_operations(kv, {now.count()}, 1h);
        EXPECT_TRUE(erased);
        return erased.value_or(0);
    }
};

TEST_F(Operations, AreKeptForOnePeriodAtLeastAndTwoAtMost) {
    record(0, 1);
    EXPECT_EQ(forget(100h), 0u) << "the first look at the clock begins the time";
    EXPECT_EQ(eras(), (retention{0, 0, {(100h + 0ns).count()}}));
    EXPECT_EQ(forget(100h + 59min), 0u);
    EXPECT_EQ(eras().newest, 0u);
    EXPECT_EQ(forget(101h), 0u);
    EXPECT_EQ(eras().newest, 1u);
    EXPECT_TRUE(has(0, 1)) << "it may be as young as the era's end";
    record(1, 2);
    EXPECT_EQ(forget(102h), 1u);
    EXPECT_FALSE(has(0, 1));
    EXPECT_TRUE(has(1, 2));
}

TEST_F(Operations, AreErasedInCommitsOfTheSizeThatAStoreTakes) {
    for (std::uint64_t n = 0; n < 2 * commit_rows_max + 50; ++n) record(0, n);
    record(1, 7);
    (void)forget(1h);
    (void)forget(2h);
    EXPECT_EQ(forget(3h), 2 * commit_rows_max + 50);
    EXPECT_TRUE(has(1, 7));
}

// A crash between the new era and its sweep: whoever comes next goes on, without a new era.
TEST_F(Operations, WhatASweepLeftBehindTheNextOneErases) {
    record(0, 1);
    ASSERT_TRUE(transaction{kv}.put<retention>({}, {1, 2, {(5h + 0ns).count()}}).commit());
    EXPECT_EQ(forget(5h), 1u);
    EXPECT_EQ(eras().newest, 2u);
}

TEST_F(Operations, OnlyOneOfTwoBeginsTheNextEra) {
    testing::lossy_store<memory_store> other{kv};
    (void)forget(1h);
    other.losses = {testing::loss::late};
    EXPECT_FALSE(forget_operations(other, {(2h + 0ns).count()}, 1h));
    (void)forget(2h);
    EXPECT_EQ(other.deliver(), 0u);
    EXPECT_EQ(eras().newest, 1u);
}

TEST_F(Operations, AStrangeRowStopsTheSweep) {
    const write stray{write::kind::put, "x", ""};
    ASSERT_TRUE(kv.commit({{}, {&stray, 1}}));
    ASSERT_TRUE(transaction{kv}.put<retention>({}, {1, 2, {(5h + 0ns).count()}}).commit());
    EXPECT_EQ(forget_operations(kv, {(5h + 0ns).count()}, 1h).error().code(), errc::corrupt);
}

}  // namespace
}  // namespace casement::operation_test
