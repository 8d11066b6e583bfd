#include <casement/blob/write_epochs.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace casement::testing::write_epochs_test {
namespace {

using blob::write_epochs;

TEST(write_epochs, say_the_lowest_number_that_a_write_under_way_may_have) {
    write_epochs epochs;
    EXPECT_EQ(epochs.turn(100), 100u) << "nobody writes";
    auto early = epochs.enter();
    EXPECT_EQ(epochs.turn(200), 100u);
    auto late = epochs.enter();
    auto later = late;
    EXPECT_EQ(epochs.turn(300), 100u);
    early.reset();
    EXPECT_EQ(epochs.turn(400), 200u);
    late.reset();
    EXPECT_EQ(epochs.turn(500), 200u) << "one of two has landed";
    later.reset();
    EXPECT_EQ(epochs.turn(600), 600u);
}

// The law: what is said is never above a number that a write under way has, and never sinks.
RC_GTEST_PROP(write_epochs, never_say_more_than_is_true, ()) {
    write_epochs epochs;
    struct writing {
        write_epochs::pin epoch;
        std::uint64_t number;
    };
    std::vector<writing> under_way;
    std::uint64_t next = 16, said = epochs.turn(next);
    for (const auto act : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 4))) {
        if (act <= 1) {
            auto epoch = epochs.enter();
            under_way.push_back({std::move(epoch), next++});
        } else if (act == 2 && !under_way.empty()) {
            const auto which = *rc::gen::inRange<std::size_t>(0, under_way.size());
            under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(which));
        } else {
            const auto now = epochs.turn(next);
            RC_ASSERT(now >= said);
            said = now;
        }
        for (const auto& one : under_way) RC_ASSERT(said <= one.number);
        if (under_way.empty()) RC_ASSERT(epochs.turn(next) == next);
    }
}

}  // namespace
}  // namespace casement::testing::write_epochs_test
