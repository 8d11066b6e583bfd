#include "engine/key_filter.hpp"

#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <support/property.hpp>

#include "engine/rows.hpp"

namespace casement::engine::key_filter_test {
namespace {

using casement::testing::numbered_key;

TEST(key_filter, an_empty_one_holds_nothing) {
    const key_filter none;
    EXPECT_FALSE(none.may_hold(""));
    EXPECT_FALSE(none.may_hold("k"));
}

TEST(key_filter, forgets_no_key) {
    key_filter filter;
    casement::testing::law("any keys", [&](const std::set<std::string>& keys) {
        for (const auto& key : keys) filter.insert(key);
        for (const auto& key : keys) RC_ASSERT(filter.may_hold(key));
    });
}

// A filter that always says "maybe" forgets nothing, and saves nothing.
TEST(key_filter, is_hardly_ever_wrong_about_others) {
    key_filter filter;
    constexpr std::size_t keys_n = 200'000;
    for (std::size_t n = 0; n < keys_n; ++n) filter.insert(numbered_key(n));
    std::size_t wrong = 0;
    for (std::size_t n = keys_n; n < 2 * keys_n; ++n) wrong += filter.may_hold(numbered_key(n));
    EXPECT_LT(wrong, keys_n / 10'000);
}

TEST(key_filter, keeps_what_many_insert_at_once) {
    key_filter filter;
    constexpr std::size_t threads_n = 4, keys_n = 20'000;
    {
        std::vector<std::jthread> threads;
        for (std::size_t t = 0; t < threads_n; ++t)
            threads.emplace_back([&filter, t] {
                for (std::size_t n = t; n < keys_n; n += threads_n) filter.insert(numbered_key(n));
            });
    }
    for (std::size_t n = 0; n < keys_n; ++n)
        ASSERT_TRUE(filter.may_hold(numbered_key(n))) << numbered_key(n);
}

}  // namespace
}  // namespace casement::engine::key_filter_test
