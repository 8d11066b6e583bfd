#pragma once
// Whether clocks of several machines differ by no more than they have agreed to. A row keeps the
// latest time that anybody has shown: whoever is behind it by more than that has found a clock that
// is wrong, its own or another's. (CockroachDB's nodes measure each other's clocks; here is nobody
// to ask but the store.) Nothing is lost where clocks lie: a lease is taken back too early, and its
// writer fenced (DESIGN D7). Any thread.

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include <casement/core/clock.hpp>
#include <casement/core/error.hpp>
#include <casement/kv/retry.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/store.hpp>
#include <casement/kv/transaction.hpp>

namespace casement {

/// The latest time that anybody has shown.
struct shown_time {
    static constexpr char table = '!';
    struct key {
        std::uint8_t beside_the_settings = 'c';
    };
    timestamp latest;
};

namespace detail {

inline std::string in_ms(std::chrono::nanoseconds t) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(t).count()) + " ms";
}

}  // namespace detail

/// Shows the clock's time to all who share the store, and looks at theirs. `unsupported` where they
/// differ by more than agreed; that they do not, one who looks at a time cannot know. Reads 1 row;
/// commits 1, if the last who did so did it `differ_max` ago or longer; both anew for each who
/// shows a time in between, `decisions_max` times at most.
template <store S, clock_source C>
[[nodiscard]] result<void> check_clocks(S& kv, const agreed_clock<C>& clock) {
    retry_count seen;
    return retry(seen, [&]() -> result<void> {
        const auto row = read<shown_time>(kv, {});
        if (!row) return std::unexpected{row.error()};
        const auto now = clock.now();
        const std::chrono::nanoseconds behind{row->exists() ? (*row)->latest.ns - now.ns : 0};
        if (behind > clock.differ_max)
            return fail(errc::unsupported, "compare clocks", "",
                        "the clock here is " + detail::in_ms(behind) +
                            " behind one that was here before, and " +
                            detail::in_ms(clock.differ_max) + " are agreed: one of them is wrong");
        if (row->exists() && -behind < clock.differ_max) return {};
        auto shown = transaction{kv}.replace(*row, shown_time{now}, "it is the latest").commit();
        if (!shown) return within(std::move(shown), "compare clocks", "");
        return {};
    });
}

}  // namespace casement
