#pragma once
// Which digests were met, in bounded memory: those of one slice of all digests at a time. Who meets
// them goes over them once for each slice. Exact, unlike a Bloom filter: what must not be erased
// by mistake must not be kept by mistake for ever either. Plain values; one thread.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <casement/core/assert.hpp>
#include <casement/core/hash.hpp>

namespace casement::tree {

class digest_slices {
public:
    /// Begins with a slice from the first digest on. It ends where `max` would be exceeded, and
    /// holds at least half as many. Memory: 32 bytes each. REQUIRES: max >= 2
    explicit digest_slices(std::size_t max) : max_{max} { require(max >= 2, "a slice has room"); }

    /// Is it in this slice, as it stands? A slice may still end earlier until it is sealed.
    [[nodiscard]] bool covers(const digest& d) const { return begin_ <= d && (!end_ || d < *end_); }

    /// One of the slice is met; any other is passed over.
    void insert(const digest& d) {
        if (!covers(d)) return;
        if (met_.empty()) met_.reserve(max_);
        met_.push_back(d);
        sealed_ = false;
        if (met_.size() < max_) return;
        seal();
        if (met_.size() <= max_ / 2) return;
        end_ = met_[max_ / 2];
        met_.resize(max_ / 2);
    }

    /// All were met, for now.
    void seal() {
        std::ranges::sort(met_);
        const auto twice = std::ranges::unique(met_);
        met_.erase(twice.begin(), twice.end());
        sealed_ = true;
    }

    /// REQUIRES: sealed since the last `insert`, and covered
    [[nodiscard]] bool contains(const digest& d) const {
        require(sealed_ && covers(d), "the slice is whole, and covers it");
        return std::ranges::binary_search(met_, d);
    }

    /// On to the slice behind this one; false if this one was the last.
    [[nodiscard]] bool next() {
        if (!end_) return false;
        begin_ = *std::exchange(end_, std::nullopt);
        met_.clear();
        sealed_ = true;
        return true;
    }

private:
    std::size_t max_;
    digest begin_{};
    std::optional<digest> end_;
    std::vector<digest> met_;
    bool sealed_ = true;
};

}  // namespace casement::tree
