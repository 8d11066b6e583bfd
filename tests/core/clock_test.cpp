#include <casement/core/clock.hpp>

#include <chrono>

#include <gtest/gtest.h>

namespace casement::clock_test {
namespace {

struct stopped_clock {
    timestamp at;
    [[nodiscard]] timestamp now() const { return at; }
};
struct clock_of_doubles {
    [[nodiscard]] double now() const { return 0.0; }
};

static_assert(clock_source<system_clock>);
static_assert(clock_source<stopped_clock>);
static_assert(!clock_source<clock_of_doubles>);

std::int64_t library_ns() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

TEST(system_clock, counts_nanoseconds_since_1970) {
    constexpr std::int64_t slack_ns = 2'000'000'000;  // a step of the clock while the test runs
    const auto before = library_ns();
    const auto now = system_clock{}.now();
    const auto after = library_ns();
    EXPECT_GE(now.ns, before - slack_ns);
    EXPECT_LE(now.ns, after + slack_ns);
}

TEST(timestamp, is_equal_by_its_nanoseconds) {
    EXPECT_EQ(timestamp{-1}, timestamp{-1});
    EXPECT_NE(timestamp{-1}, timestamp{1});
    EXPECT_EQ(timestamp{}, timestamp{0});
}

}  // namespace
}  // namespace casement::clock_test
