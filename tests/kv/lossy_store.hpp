#pragma once
// A store whose replies get lost as the test asks: the commit happened, or never will, or happens
// later, when nobody waits for it any more. One thread at a time.

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/kv/store.hpp>

namespace casement::testing {

enum class loss { none, after, before, late, refused };

template <store S>
class lossy_store {
public:
    explicit lossy_store(S& of) : of_{of} {}

    /// What befalls the next commits, in their order; then nothing does.
    std::deque<loss> losses;
    std::size_t commits = 0;

    /// The commits that were late happen now, if they still can; answers how many did.
    std::size_t deliver() {
        std::size_t done = 0;
        for (auto& late : std::exchange(late_, {})) {
            std::vector<guard> guards;
            std::vector<write> writes;
            for (const auto& [key, expected] : late.guards)
                guards.push_back(
                    {key,
                     expected ? std::optional<std::string_view>{*expected} : std::nullopt,
                     {},
                     "late"});
            for (const auto& w : late.writes) writes.push_back({w.what, w.key, w.value, w.amount});
            if (of_.commit({guards, writes})) ++done;
        }
        return done;
    }

    [[nodiscard]] result<found> get(std::string_view key) const { return of_.get(key); }
    [[nodiscard]] auto scan(std::string_view first, std::string_view last) const {
        return of_.scan(first, last);
    }
    [[nodiscard]] auto snapshot() const { return of_.snapshot(); }
    [[nodiscard]] bool unchanged(std::string_view key, version at) const {
        return of_.unchanged(key, at);
    }
    [[nodiscard]] result<receipt> commit(const batch& b) {
        ++commits;
        const auto how = losses.empty() ? loss::none : losses.front();
        if (!losses.empty()) losses.pop_front();
        if (how == loss::none) return of_.commit(b);
        if (how == loss::refused) return fail(errc::no_space, "commit", "", "as the test asks");
        if (how == loss::after) (void)of_.commit(b);
        if (how == loss::late) late_.push_back(kept(b));
        return fail(errc::unknown_outcome, "commit", "", "the reply is lost");
    }

private:
    struct kept_write {
        write::kind what;
        std::string key, value;
        std::uint64_t amount;
    };
    struct kept_batch {
        std::vector<std::pair<std::string, std::optional<std::string>>> guards;
        std::vector<kept_write> writes;
    };
    static kept_batch kept(const batch& b) {
        kept_batch k;
        for (const auto& g : b.guards)
            k.guards.emplace_back(
                g.key, g.expected ? std::optional<std::string>{*g.expected} : std::nullopt);
        for (const auto& w : b.writes)
            k.writes.push_back({w.what, std::string{w.key}, std::string{w.value}, w.amount});
        return k;
    }

    S& of_;
    std::vector<kept_batch> late_;
};

}  // namespace casement::testing
