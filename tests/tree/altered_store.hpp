#pragma once
// A store whose commits are altered on their way: what an operation would do that guards less,
// writes less, or writes something else. So a test shows that it would see that. One thread at a
// time.

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include <casement/kv/store.hpp>

namespace casement::testing {

template <store S>
class altered_store {
public:
    explicit altered_store(S& of) : of_{of} {}

    using alteration = std::function<void(std::vector<guard>&, std::vector<write>&)>;
    /// Sees each commit before it is made, and makes of it what it likes.
    alteration alter;

    [[nodiscard]] result<found> get(std::string_view key) const { return of_.get(key); }
    [[nodiscard]] auto scan(std::string_view first, std::string_view last) const {
        return of_.scan(first, last);
    }
    [[nodiscard]] auto snapshot() const { return of_.snapshot(); }
    [[nodiscard]] bool is_far() const requires far<S> { return casement::is_far(of_); }
    [[nodiscard]] auto together(std::span<const std::string_view> keys) const requires far<S> {
        return of_.together(keys);
    }
    [[nodiscard]] bool unchanged(std::string_view key, version at) const {
        return of_.unchanged(key, at);
    }
    [[nodiscard]] result<receipt> commit(const batch& b) {
        if (!alter) return of_.commit(b);
        std::vector<guard> guards(b.guards.begin(), b.guards.end());
        std::vector<write> writes(b.writes.begin(), b.writes.end());
        alter(guards, writes);
        return of_.commit({guards, writes});
    }

private:
    S& of_;
};

}  // namespace casement::testing
