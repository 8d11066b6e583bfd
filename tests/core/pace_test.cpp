#include <casement/core/pace.hpp>

#include <chrono>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "support/property.hpp"

namespace casement::pace_test {
namespace {

using namespace std::chrono_literals;

/// Time that passes when somebody waits, or is told to.
struct hand_clock {
    std::chrono::nanoseconds* ns;
    [[nodiscard]] std::chrono::nanoseconds now() const { return *ns; }
    void wait(std::chrono::nanoseconds d) const { *ns += d; }
};

TEST(pace, is_never_exceeded_however_the_work_comes) {
    testing::law("from any moment on, no more units than the time allows, and one taking",
                 [](const std::vector<std::pair<std::uint16_t, std::uint16_t>>& work) {
                     std::chrono::nanoseconds now = 5s;
                     constexpr double a_second = 1000;
                     pace<hand_clock> p{a_second, {&now}};
                     struct taking {
                         std::chrono::nanoseconds from;
                         std::uint64_t units;
                     };
                     std::vector<taking> taken;
                     for (const auto& [units, idle_us] : work) {
                         taken.push_back({now, units});
                         p.take(units);
                         now += std::chrono::microseconds{idle_us};
                     }
                     for (std::size_t i = 0; i < taken.size(); ++i) {
                         double units = 0;
                         for (std::size_t j = i; j < taken.size(); ++j) {
                             // Those before j are done when j begins, but for a millisecond.
                             const std::chrono::duration<double> time =
                                 taken[j].from - taken[i].from;
                             RC_ASSERT(units <= (time.count() + 0.001) * a_second + 1e-3);
                             units += static_cast<double>(taken[j].units);
                         }
                     }
                 });
}

TEST(pace, waits_no_longer_than_it_must) {
    std::chrono::nanoseconds now = 0s;
    pace<hand_clock> p{1000, {&now}};
    for (int i = 0; i < 10'000; ++i) p.take(1);
    EXPECT_GE(now, 9'999ms);
    EXPECT_LE(now, 10s);
}

TEST(pace, does_not_make_up_for_idle_time) {
    std::chrono::nanoseconds now = 0s;
    pace<hand_clock> p{1000, {&now}};
    p.take(1);
    now += 1h;
    const auto begun = now;
    p.take(5'000);
    EXPECT_EQ(now - begun, 5s);
}

TEST(pace, of_nothing_is_no_limit) {
    std::chrono::nanoseconds now = 0s;
    pace<hand_clock> p{0, {&now}};
    p.take(~std::uint64_t{});
    EXPECT_EQ(now, 0s);
    EXPECT_DEATH((pace<hand_clock>{-1, {&now}}), "not negative");
}

}  // namespace
}  // namespace casement::pace_test
