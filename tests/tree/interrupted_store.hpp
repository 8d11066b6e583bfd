#pragma once
// A store in which somebody else acts just before the next commit, or after the next read: what
// lies between an operation's reads and its commit, made certain. One thread at a time.

#include <cstddef>
#include <functional>
#include <string_view>
#include <utility>

#include <casement/kv/store.hpp>

namespace casement::testing {

template <store S>
class interrupted_store {
public:
    explicit interrupted_store(S& of) : of_{of} {}

    /// Runs before the next commit, once; it may ask for the one after.
    std::function<void()> before_commit;

    /// So many commits are made, and then no more: who commits has died.
    std::size_t commits_left = ~std::size_t{0};
    /// Runs after the next get, once.
    mutable std::function<void()> after_get;

    [[nodiscard]] result<found> get(std::string_view key) const {
        auto row = of_.get(key);
        if (const auto act = std::exchange(after_get, nullptr)) act();
        return row;
    }
    [[nodiscard]] auto scan(std::string_view first, std::string_view last) const {
        return of_.scan(first, last);
    }
    [[nodiscard]] auto snapshot() const { return of_.snapshot(); }
    [[nodiscard]] bool unchanged(std::string_view key, version at) const {
        return of_.unchanged(key, at);
    }
    [[nodiscard]] result<receipt> commit(const batch& b) {
        if (const auto act = std::exchange(before_commit, nullptr)) act();
        if (commits_left == 0) return fail(errc::io, "commit", "", "stopped by the test");
        --commits_left;
        return of_.commit(b);
    }

private:
    S& of_;
};

}  // namespace casement::testing
