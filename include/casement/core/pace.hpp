#pragma once
// Work in the background, so many units a second and no more: whoever takes units waits until they
// are due. An idle time is not made up for. One thread at a time.

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <thread>
#include <utility>

#include <casement/core/assert.hpp>

namespace casement {

/// Where a pace has its time from; tests have one of their own.
template <class T>
concept waiting_clock = requires(T& t, std::chrono::nanoseconds d) {
    { t.now() } -> std::same_as<std::chrono::nanoseconds>;  // from any start; never goes back
    {t.wait(d)};
};

/// Waits in real time, by a clock that nobody steps.
struct steady_waiting {
    [[nodiscard]] static std::chrono::nanoseconds now() {
        return std::chrono::steady_clock::now().time_since_epoch();
    }
    static void wait(std::chrono::nanoseconds d) { std::this_thread::sleep_for(d); }
};

template <waiting_clock Time = steady_waiting>
class pace {
public:
    /// No limit if `a_second` is 0. REQUIRES: it is not negative
    explicit pace(double a_second, Time time = {}) : a_second_{a_second}, time_{std::move(time)} {
        require(a_second >= 0, "a pace is not negative");
    }

    /// Takes so many units, and waits until the next may be taken: `units / a_second` seconds after
    /// these were due. Waits of less than a millisecond are saved up.
    void take(std::uint64_t units) {
        if (a_second_ == 0) return;
        const auto now = time_.now();
        const std::chrono::duration<double> cost{static_cast<double>(units) / a_second_};
        due_ = std::max(due_, now) +
               std::chrono::duration_cast<std::chrono::nanoseconds>(std::min(cost, longest));
        if (due_ - now >= std::chrono::milliseconds{1}) time_.wait(due_ - now);
    }

private:
    // What no clock can count would be no wait at all.
    static constexpr std::chrono::duration<double> longest = std::chrono::hours{24};

    double a_second_;
    Time time_;
    std::chrono::nanoseconds due_ = std::chrono::nanoseconds::min();
};

}  // namespace casement
