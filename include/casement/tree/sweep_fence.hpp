#pragma once
// The fence between who sweeps files and who comes late to name one (SPEC F3, W4), for rows that
// many processes write. A sweep raises it over the numbers that nobody alive makes files under, and
// then reads which files rows name: a commit that was on its way from somebody who is gone, or who
// has lost the lock that said so, guards the fence as it was and fails, whenever it arrives. As a
// fencing token is checked by what it protects (M. Kleppmann, How to do distributed locking, 2016).

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <casement/core/error.hpp>
#include <casement/kv/retry.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/transaction.hpp>

namespace casement::tree {

/// No commit that guards it as it is names a file of a lower number.
struct sweep_fence {
    static constexpr char table = '!';
    struct key {
        std::uint8_t beside_the_settings = 'f';
    };
    std::uint64_t below = 0;
};

/// What a commit that names a file must guard; nothing where nobody else sweeps.
class fence_guard {
public:
    fence_guard() = default;
    explicit fence_guard(seen<sweep_fence> s) : seen_{std::move(s)} {}

    template <store S>
    void operator()(transaction<S>& t) const {
        if (seen_ && !t.guards(*seen_)) t.expect(*seen_, "no sweep has passed the file");
    }
    [[nodiscard]] bool is_as(const fence_guard& other) const {
        const auto below = [](const fence_guard& g) {
            return g.seen_ && g.seen_->exists() ? (*g.seen_)->below : 0;
        };
        return below(*this) == below(other);
    }

private:
    std::optional<seen<sweep_fence>> seen_;
};

/// The fence as one process has seen it. Any thread.
template <store S>
class fence_watch {
public:
    /// `stands` where others sweep. REQUIRES: `kv` outlives it
    fence_watch(S& kv, bool stands) : kv_{kv}, stands_{stands} {}

    /// What a commit must guard that names a file of this number. `fenced` if a sweep has passed
    /// it: whoever made the file was taken for gone, and it may be gone. Reads 1 row the first
    /// time, and after `look_again`.
    [[nodiscard]] result<fence_guard> over(std::uint64_t number) {
        if (!stands_) return fence_guard{};
        const std::lock_guard lock{mutex_};
        if (!last_) {
            auto now = read<sweep_fence>(kv_, {});
            if (!now) return passed(now);
            last_ = *std::move(now);
        }
        if (last_->exists() && number < (*last_)->below)
            return fail(errc::fenced, "name file", std::to_string(number),
                        "others took its writer for gone, and have swept");
        return fence_guard{*last_};
    }

    /// After a conflict.
    void look_again() {
        const std::lock_guard lock{mutex_};
        last_.reset();
    }

private:
    S& kv_;
    const bool stands_;
    std::mutex mutex_;
    std::optional<seen<sweep_fence>> last_;
};

/// From here on nobody names a file of a number below `below` who has not seen this. Before the
/// rows are read that say which are named.
template <store S>
[[nodiscard]] result<void> raise_fence(S& kv, std::uint64_t below) {
    retry_count tries;
    return retry(tries, [&]() -> result<void> {
        auto was = read<sweep_fence>(kv, {});
        if (!was) return passed(was);
        if (was->exists() && (*was)->below >= below) return {};
        auto raised =
            transaction{kv}.replace(*was, sweep_fence{below}, "the fence is as seen").commit();
        return raised ? result<void>{} : within(std::move(raised), "raise fence", "");
    });
}

}  // namespace casement::tree
