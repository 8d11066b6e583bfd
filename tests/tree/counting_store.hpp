#pragma once
// A store that counts what is asked of the one behind it, so that a test can say what an operation
// costs and what it guards. One thread at a time.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/kv/store.hpp>

namespace casement::testing {

struct store_counts {
    std::size_t gets = 0;
    std::size_t scans = 0;
    std::size_t rows = 0;  // that cursors have stood on
    std::size_t commits = 0;
    std::size_t guards = 0;
    std::size_t writes = 0;

    bool operator==(const store_counts&) const = default;

    [[nodiscard]] std::size_t reads() const { return gets + scans; }
};

template <ordered_cursor C>
class counting_cursor {
public:
    counting_cursor(C of, store_counts* counts) : of_{std::move(of)}, counts_{counts} { arrive(); }
    [[nodiscard]] bool valid() const { return of_.valid(); }
    [[nodiscard]] std::string_view key() const { return of_.key(); }
    [[nodiscard]] std::string_view value() const { return of_.value(); }
    [[nodiscard]] result<void> status() const { return of_.status(); }
    void next() {
        of_.next();
        arrive();
    }

private:
    void arrive() {
        if (of_.valid()) ++counts_->rows;
    }
    C of_;
    store_counts* counts_;
};

template <readable R>
class counting_view {
public:
    counting_view(R of, store_counts* counts) : of_{std::move(of)}, counts_{counts} {}
    [[nodiscard]] result<found> get(std::string_view key) const {
        ++counts_->gets;
        return of_.get(key);
    }
    [[nodiscard]] auto scan(std::string_view first, std::string_view last) const {
        ++counts_->scans;
        return counting_cursor{of_.scan(first, last), counts_};
    }

private:
    R of_;
    store_counts* counts_;
};

/// REQUIRES: outlived by the store behind it; outlives its views and cursors.
template <store S>
class counting_store {
public:
    explicit counting_store(S& of) : of_{of} {}
    counting_store(const counting_store&) = delete;
    counting_store& operator=(const counting_store&) = delete;

    [[nodiscard]] result<found> get(std::string_view key) const {
        ++counts_.gets;
        return of_.get(key);
    }
    [[nodiscard]] auto scan(std::string_view first, std::string_view last) const {
        ++counts_.scans;
        return counting_cursor{of_.scan(first, last), &counts_};
    }
    [[nodiscard]] auto snapshot() const { return counting_view{of_.snapshot(), &counts_}; }
    [[nodiscard]] bool unchanged(std::string_view key, version at) const {
        return of_.unchanged(key, at);
    }
    [[nodiscard]] result<receipt> commit(const batch& b) {
        ++counts_.commits;
        counts_.guards += b.guards.size();
        counts_.writes += b.writes.size();
        for (const auto& g : b.guards) guarded_.emplace_back(g.name);
        return of_.commit(b);
    }

    [[nodiscard]] const store_counts& counts() const { return counts_; }
    /// The names of the guards, in the order in which they were asked to hold.
    [[nodiscard]] const std::vector<std::string>& guarded() const { return guarded_; }
    void forget() {
        counts_ = {};
        guarded_.clear();
    }

private:
    S& of_;
    mutable store_counts counts_;
    std::vector<std::string> guarded_;
};

}  // namespace casement::testing
