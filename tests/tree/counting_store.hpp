#pragma once
// A store that counts what is asked of the one behind it, and keeps what its commits ask for, so
// that a test can say what an operation costs, what it guards and what it writes. One thread at a
// time.

#include <cstddef>
#include <cstdint>
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

/// A guard or a write of a commit, and its key.
struct demand {
    enum class kind : std::uint8_t { as_seen, absent, put, erase, bump };
    kind what;
    std::string key;

    [[nodiscard]] bool guards() const { return what == kind::as_seen || what == kind::absent; }
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
        for (const auto& g : b.guards) {
            guarded_.emplace_back(g.name);
            demands_.push_back(
                {g.expected ? demand::kind::as_seen : demand::kind::absent, std::string{g.key}});
        }
        for (const auto& w : b.writes) demands_.push_back({kind_of(w), std::string{w.key}});
        return of_.commit(b);
    }

    [[nodiscard]] const store_counts& counts() const { return counts_; }
    /// The names of the guards, in the order in which they were asked to hold.
    [[nodiscard]] const std::vector<std::string>& guarded() const { return guarded_; }
    /// What the commits asked for, whether they were made or not.
    [[nodiscard]] const std::vector<demand>& demands() const { return demands_; }
    void forget() {
        counts_ = {};
        guarded_.clear();
        demands_.clear();
    }

private:
    static demand::kind kind_of(const write& w) {
        switch (w.what) {
            case write::kind::put: return demand::kind::put;
            case write::kind::erase: return demand::kind::erase;
            case write::kind::bump: break;
        }
        return demand::kind::bump;
    }

    S& of_;
    mutable store_counts counts_;
    std::vector<std::string> guarded_;
    std::vector<demand> demands_;
};

}  // namespace casement::testing
