#pragma once
// Tables of the explorer: from a hash to the number of a thing that lives elsewhere, byte strings
// and tuples that are kept once and named by small numbers. One thread.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <casement/core/assert.hpp>

namespace casement::check::detail {

__extension__ using wide = unsigned __int128;

/// One step of a multiplicative hash over 64-bit words (after wyhash): the 128-bit product folded.
[[nodiscard]] inline std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
    const auto product = static_cast<wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline constexpr std::uint64_t odd_1 = 0xa0761d6478bd642f, odd_2 = 0xe7037ed1a0b428db,
                               odd_3 = 0x8ebc6af09c88c6e3, odd_4 = 0x589965cc75374cc3;

/// Open addressing with linear probing; 8 bytes a slot, at most three quarters full.
class index {
public:
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

    /// The number for which `is` holds, or `none`; `is` is asked only about numbers whose hash has
    /// the same upper half.
    template <class Is>
    [[nodiscard]] std::uint32_t find(std::uint64_t hash, Is is) const {
        if (slots_.empty()) return none;
        const auto mask = slots_.size() - 1;
        const auto tag = static_cast<std::uint32_t>(hash >> 32);
        for (auto at = place(tag, mask);; at = (at + 1) & mask) {
            const auto& s = slots_[at];
            if (s.number == none) return none;
            if (s.tag == tag && is(s.number)) return s.number;
        }
    }
    /// REQUIRES: what `number` stands for is not there.
    void insert(std::uint64_t hash, std::uint32_t number) {
        if ((count_ + 1) * 4 > slots_.size() * 3) grow();
        put(slots_, static_cast<std::uint32_t>(hash >> 32), number);
        ++count_;
    }
    [[nodiscard]] std::size_t bytes() const { return slots_.capacity() * sizeof(slot); }

    /// Brings the place of `hash` into the processor's cache, ahead of a find.
    void prefetch(std::uint64_t hash) const {
        if (!slots_.empty())
            __builtin_prefetch(
                &slots_[place(static_cast<std::uint32_t>(hash >> 32), slots_.size() - 1)]);
    }

private:
    struct slot {
        std::uint32_t tag, number;
    };
    static std::size_t place(std::uint32_t tag, std::size_t mask) {
        return (std::uint64_t{tag} * 0x9e3779b97f4a7c15u >> 24) & mask;
    }
    static void put(std::vector<slot>& slots, std::uint32_t tag, std::uint32_t number) {
        const auto mask = slots.size() - 1;
        auto at = place(tag, mask);
        while (slots[at].number != none) at = (at + 1) & mask;
        slots[at] = {tag, number};
    }
    void grow() {
        std::vector<slot> larger(slots_.empty() ? 64 : slots_.size() * 2, slot{0, none});
        for (const auto& s : slots_)
            if (s.number != none) put(larger, s.tag, s.number);
        slots_ = std::move(larger);
    }
    std::vector<slot> slots_;
    std::size_t count_ = 0;
};

/// Byte strings, each kept once.
class texts {
public:
    [[nodiscard]] std::uint32_t number(std::string_view bytes) {
        const auto found = find(bytes);
        if (found != index::none) return found;
        kept_.emplace_back(bytes);
        const auto n = static_cast<std::uint32_t>(kept_.size() - 1);
        index_.insert(hash(bytes), n);
        return n;
    }
    [[nodiscard]] std::uint32_t find(std::string_view bytes) const {
        return index_.find(hash(bytes), [&](std::uint32_t n) { return kept_[n] == bytes; });
    }
    [[nodiscard]] std::string_view operator[](std::uint32_t n) const { return kept_[n]; }

private:
    static std::uint64_t hash(std::string_view bytes) {
        std::uint64_t h = bytes.size() ^ odd_1;
        while (bytes.size() >= 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, bytes.data(), 8);
            h = mixed(h ^ word, odd_2);
            bytes.remove_prefix(8);
        }
        std::uint64_t last = 0;
        if (!bytes.empty()) std::memcpy(&last, bytes.data(), bytes.size());
        return mixed(h ^ last, odd_3);
    }
    std::deque<std::string> kept_;
    index index_;
};

/// Tuples of 32-bit words, each kept once.
class tuples {
public:
    [[nodiscard]] std::uint32_t number(std::span<const std::uint32_t> words) {
        const auto h = hash(words);
        const auto found =
            index_.find(h, [&](std::uint32_t n) { return std::ranges::equal((*this)[n], words); });
        if (found != index::none) return found;
        words_.insert(words_.end(), words.begin(), words.end());
        ends_.push_back(words_.size());
        const auto n = static_cast<std::uint32_t>(ends_.size() - 1);
        index_.insert(h, n);
        return n;
    }
    /// Until the next call of `number`.
    [[nodiscard]] std::span<const std::uint32_t> operator[](std::uint32_t n) const {
        const auto begin = n == 0 ? 0 : ends_[n - 1];
        return {words_.data() + begin, ends_[n] - begin};
    }
    [[nodiscard]] std::size_t size() const { return ends_.size(); }

private:
    static std::uint64_t hash(std::span<const std::uint32_t> words) {
        std::uint64_t h = words.size() ^ odd_4;
        for (const auto w : words) h = mixed(h ^ w, odd_1);
        return mixed(h, odd_2);
    }
    std::vector<std::uint32_t> words_;
    std::vector<std::size_t> ends_;
    index index_;
};

/// A number for each pair of numbers that was given one.
class pairs {
public:
    [[nodiscard]] std::uint32_t find(std::uint32_t a, std::uint32_t b) const {
        const auto key = std::uint64_t{a} << 32 | b;
        return index_.find(hash(key), [&](std::uint32_t n) { return keys_[n] == key; });
    }
    /// Numbers are given in order, from 0.
    std::uint32_t add(std::uint32_t a, std::uint32_t b) {
        const auto key = std::uint64_t{a} << 32 | b;
        keys_.push_back(key);
        const auto n = static_cast<std::uint32_t>(keys_.size() - 1);
        index_.insert(hash(key), n);
        return n;
    }
    [[nodiscard]] std::size_t size() const { return keys_.size(); }

private:
    static std::uint64_t hash(std::uint64_t key) { return mixed(key ^ odd_3, odd_1); }
    std::vector<std::uint64_t> keys_;
    index index_;
};

}  // namespace casement::check::detail
