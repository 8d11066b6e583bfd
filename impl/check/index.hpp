#pragma once
// Tables of the explorer: things that are kept once and named by small numbers, in the order in
// which they came. Many millions of them fit: what a table needs beside them is a few bytes each.
// One thread.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <sys/mman.h>

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

/// What is touched at random is better on large pages: else the processor must look up each
/// address as well.
inline void on_large_pages([[maybe_unused]] void* data, [[maybe_unused]] std::size_t bytes) {
#ifdef MADV_HUGEPAGE
    constexpr std::size_t large = std::size_t{2} << 20;
    if (bytes >= 4 * large && std::align(large, 3 * large, data, bytes) != nullptr)
        ::madvise(data, bytes & ~(large - 1), MADV_HUGEPAGE);
#endif
}

/// A row of plain things that grows at its end. However large, it is never there twice while it
/// grows: large blocks move by their pages (mremap).
template <class T>
    requires std::is_trivially_copyable_v<T>
class flat {
public:
    flat() = default;
    flat(flat&& other) noexcept
        : data_{std::exchange(other.data_, nullptr)},
          size_{std::exchange(other.size_, 0)},
          room_{std::exchange(other.room_, 0)} {}
    flat& operator=(flat&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(room_, other.room_);
        return *this;
    }
    ~flat() { std::free(data_); }

    void push_back(const T& one) {
        const T kept = one;  // which may be one of these
        if (size_ == room_) make_room(size_ + 1);
        data_[size_++] = kept;
    }
    /// REQUIRES: they are none of these
    void append(std::span<const T> more) {
        if (size_ + more.size() > room_) make_room(size_ + more.size());
        std::ranges::copy(more, data_ + size_);
        size_ += more.size();
    }
    [[nodiscard]] T& operator[](std::size_t i) { return data_[i]; }
    [[nodiscard]] const T& operator[](std::size_t i) const { return data_[i]; }
    [[nodiscard]] std::size_t size() const { return size_; }
    /// From the one to before the other; until the next that is added.
    [[nodiscard]] std::span<const T> between(std::size_t begin, std::size_t end) const {
        return {data_ + begin, end - begin};
    }

private:
    void make_room(std::size_t needed) {
        room_ = std::max({needed, room_ + room_ / 2, std::size_t{16}});
        auto* const moved = static_cast<T*>(std::realloc(data_, room_ * sizeof(T)));
        require(moved != nullptr, "memory for the states");
        data_ = moved;
    }
    T* data_ = nullptr;
    std::size_t size_ = 0, room_ = 0;
};

/// The numbers 0, 1, 2 ... of things that are kept elsewhere, to be found by their hashes. Open
/// addressing with linear probing: 4 bytes a slot, at most four fifths full; what a number leaves
/// free of them are bits of the hash. When it grows it asks for all hashes again, so that old and
/// new slots are never there at once.
class index {
public:
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

    /// The number for which `is` holds, or `none`; `is` is asked about few others.
    template <class Is>
    [[nodiscard]] std::uint32_t find(std::uint64_t hash, Is is) const {
        if (size_ == 0) return none;
        const auto tag = tag_of(hash);
        for (auto at = place(hash);; at = next(at)) {
            const auto slot = slots_[at];
            if (slot == 0) return none;
            if ((slot & ~numbers_) != tag) continue;
            if (const auto number = (slot & numbers_) - 1; is(number)) return number;
        }
    }
    /// The next number is what has this hash. REQUIRES: it is not there; `hash_of` answers the hash
    /// of every number before it.
    template <class HashOf>
    void insert(std::uint64_t hash, HashOf hash_of) {
        if ((std::uint64_t{count_} + 1) * 5 > size_ * 4) {
            require(size_ < std::size_t{3} << 30, "fewer than 2^31 states");
            grow();
            // So far ahead that memory answers in between.
            constexpr std::uint32_t ahead = 16;
            for (std::uint32_t n = 0; n < count_ + ahead; ++n) {
                if (n < count_) prefetch(hash_of(n));
                if (n >= ahead) put(hash_of(n - ahead), n - ahead);
            }
        }
        put(hash, count_++);
    }
    [[nodiscard]] std::uint32_t size() const { return count_; }

    /// The number that `find` will ask about first, as likely as not; or `none`.
    [[nodiscard]] std::uint32_t guess(std::uint64_t hash) const {
        return find(hash, [](std::uint32_t) { return true; });
    }
    /// Brings the place of `hash` into the processor's cache, ahead of a find.
    void prefetch(std::uint64_t hash) const {
        if (size_ != 0) __builtin_prefetch(&slots_[place(hash)]);
    }

private:
    [[nodiscard]] std::uint32_t tag_of(std::uint64_t hash) const {
        return static_cast<std::uint32_t>(hash) & ~numbers_;
    }
    [[nodiscard]] std::size_t place(std::uint64_t hash) const {
        return static_cast<std::size_t>(static_cast<wide>(hash) * size_ >> 64);
    }
    [[nodiscard]] std::size_t next(std::size_t at) const { return at + 1 == size_ ? 0 : at + 1; }
    void put(std::uint64_t hash, std::uint32_t number) {
        auto at = place(hash);
        while (slots_[at] != 0) at = next(at);
        slots_[at] = tag_of(hash) | (number + 1);
    }
    void grow() {
        size_ = std::max<std::size_t>(64, size_ + size_ / 4);
        numbers_ = static_cast<std::uint32_t>(std::bit_ceil(size_) - 1);
        slots_.reset();
        slots_.reset(static_cast<std::uint32_t*>(std::calloc(size_, sizeof(std::uint32_t))));
        require(slots_ != nullptr, "memory for the states");
        on_large_pages(slots_.get(), size_ * sizeof(std::uint32_t));
    }
    struct freed {
        void operator()(std::uint32_t* data) const { std::free(data); }
    };
    std::unique_ptr<std::uint32_t[], freed> slots_;  // empty: 0; else a number + 1, and a tag
    std::size_t size_ = 0;
    std::uint32_t numbers_ = 0;  // the bits of a slot that are its number
    std::uint32_t count_ = 0;
};

/// Byte strings, each kept once.
class texts {
public:
    [[nodiscard]] std::uint32_t number(std::string_view bytes) {
        const auto found = find(bytes);
        if (found != index::none) return found;
        index_.insert(hash(bytes), [&](std::uint32_t n) { return hash(kept_[n]); });
        kept_.emplace_back(bytes);
        return index_.size() - 1;
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
        index_.insert(h, [&](std::uint32_t n) { return hash((*this)[n]); });
        words_.append(words);
        ends_.push_back(words_.size());
        return index_.size() - 1;
    }
    /// Until the next call of `number`.
    [[nodiscard]] std::span<const std::uint32_t> operator[](std::uint32_t n) const {
        return words_.between(n == 0 ? 0 : ends_[n - 1], ends_[n]);
    }
    [[nodiscard]] std::size_t size() const { return ends_.size(); }

private:
    static std::uint64_t hash(std::span<const std::uint32_t> words) {
        std::uint64_t h = words.size() ^ odd_4;
        for (const auto w : words) h = mixed(h ^ w, odd_1);
        return mixed(h, odd_2);
    }
    flat<std::uint32_t> words_;
    flat<std::size_t> ends_;
    index index_;
};

/// Pairs of 32-bit words, each kept once.
class pairs {
public:
    [[nodiscard]] std::uint32_t find(std::uint32_t a, std::uint32_t b) const {
        const auto key = joined(a, b);
        return index_.find(hash(key), [&](std::uint32_t n) { return keys_[n] == key; });
    }
    /// REQUIRES: it is not there
    std::uint32_t add(std::uint32_t a, std::uint32_t b) {
        const auto key = joined(a, b);
        index_.insert(hash(key), [&](std::uint32_t n) { return hash(keys_[n]); });
        keys_.push_back(key);
        return index_.size() - 1;
    }
    [[nodiscard]] std::uint32_t number(std::uint32_t a, std::uint32_t b) {
        const auto found = find(a, b);
        return found != index::none ? found : add(a, b);
    }
    [[nodiscard]] std::uint32_t first(std::uint32_t n) const {
        return static_cast<std::uint32_t>(keys_[n] >> 32);
    }
    [[nodiscard]] std::uint32_t second(std::uint32_t n) const {
        return static_cast<std::uint32_t>(keys_[n]);
    }
    [[nodiscard]] std::size_t size() const { return keys_.size(); }

    /// Ahead of a find, and once more somewhat later.
    void prefetch(std::uint32_t a, std::uint32_t b) const { index_.prefetch(hash(joined(a, b))); }
    [[nodiscard]] std::uint32_t guess(std::uint32_t a, std::uint32_t b) const {
        const auto n = index_.guess(hash(joined(a, b)));
        if (n != index::none) __builtin_prefetch(&keys_[n]);
        return n;
    }
    [[nodiscard]] bool is(std::uint32_t n, std::uint32_t a, std::uint32_t b) const {
        return keys_[n] == joined(a, b);
    }

private:
    static std::uint64_t joined(std::uint32_t a, std::uint32_t b) {
        return std::uint64_t{a} << 32 | b;
    }
    static std::uint64_t hash(std::uint64_t key) {
        return mixed(mixed(key ^ odd_3, odd_1) ^ key, odd_2);
    }
    flat<std::uint64_t> keys_;
    index index_;
};

}  // namespace casement::check::detail
