#include <casement/blob/beside.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace casement::blob::beside_test {
namespace {

const bool another_core = std::thread::hardware_concurrency() > 1;

TEST(beside, is_done_once_when_its_maker_goes_on) {
    for (const bool worth_it : {true, false}) {
        int done = 0;
        {
            const beside work{worth_it, [&] { ++done; }};
        }
        EXPECT_EQ(done, 1) << worth_it;
    }
}

TEST(beside, works_elsewhere_only_if_that_is_worth_it) {
    std::thread::id where;
    {
        const beside work{false, [&] { where = std::this_thread::get_id(); }};
        EXPECT_FALSE(work.under_way());
    }
    EXPECT_EQ(where, std::this_thread::get_id());
    {
        const beside work{true, [&] { where = std::this_thread::get_id(); }};
        EXPECT_EQ(work.under_way(), another_core);
    }
    EXPECT_EQ(where != std::this_thread::get_id(), another_core);
}

TEST(beside, takes_no_more_cores_than_there_are_and_gives_them_back) {
    const auto cores = static_cast<std::ptrdiff_t>(std::thread::hardware_concurrency());
    const auto taken = [&] {
        std::atomic<bool> done = false;
        std::vector<std::unique_ptr<beside>> all;
        for (std::ptrdiff_t i = 0; i < 2 * cores; ++i)
            all.push_back(std::make_unique<beside>(true, [&] {
                while (!done) std::this_thread::yield();
            }));
        done = true;
        return std::ranges::count_if(all, [](const auto& one) { return one->under_way(); });
    };
    EXPECT_EQ(taken(), cores - 1);
    EXPECT_EQ(taken(), cores - 1);
}

TEST(by_two, does_each_once) {
    for (const bool worth_it : {true, false})
        for (const std::size_t count : {0, 1, 2, 1000}) {
            std::vector<std::atomic<int>> times(count);
            EXPECT_TRUE(by_two(worth_it, count, [&](std::size_t k) -> result<void> {
                ++times[k];
                return {};
            }));
            for (const auto& t : times) EXPECT_EQ(t, 1);
        }
}

TEST(by_two, two_work_at_once) {
    if (!another_core) GTEST_SKIP() << "one core";
    std::atomic<int> here = 0;
    EXPECT_TRUE(by_two(true, 2, [&](std::size_t) -> result<void> {
        for (++here; here < 2;) std::this_thread::yield();  // for ever, if they came one by one
        return {};
    }));
}

TEST(by_two, answers_the_error_of_the_lowest_whoever_met_it) {
    for (int round = 0; round < 50; ++round) {
        const auto lowest = static_cast<std::size_t>(round % 7);
        const auto failed = by_two(true, 20, [&](std::size_t k) -> result<void> {
            std::this_thread::sleep_for(std::chrono::microseconds{100});  // both take part
            if (k == lowest || k == lowest + 1 || k == 15)
                return fail(errc::corrupt, "work", std::to_string(k));
            return {};
        });
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().causes().front().subject, std::to_string(lowest));
    }
}

TEST(by_two, begins_none_that_is_higher_after_an_error) {
    std::atomic<int> begun = 0;
    EXPECT_FALSE(by_two(true, 1000, [&](std::size_t k) -> result<void> {
        ++begun;
        if (k == 0) return fail(errc::io, "work", "");
        std::this_thread::sleep_for(std::chrono::milliseconds{1});  // the error is met meanwhile
        return {};
    }));
    EXPECT_LT(begun, 1000);
}

}  // namespace
}  // namespace casement::blob::beside_test
