#pragma once
// Where a blob's bytes go, decided by their number alone (SPEC B1). Pure; never asks a disk.

#include <cstdint>

#include <casement/core/error.hpp>

namespace casement::blob {

inline constexpr std::uint64_t KiB = 1024;        // bytes
inline constexpr std::uint64_t MiB = 1024 * KiB;  // bytes
inline constexpr std::uint64_t GiB = 1024 * MiB;  // bytes

/// The values are the tags on disk.
enum class placement : std::uint8_t {
    inline_row = 1,  // in a row of its own beside the entry's row
    packed = 2,      // a frame of a shared pack file
    dedicated = 3,   // a file of its own, raw bytes
    external = 4,    // a URI; the store keeps no bytes. Never chosen by size
};

/// Of one store; in bytes.
struct thresholds {
    std::uint64_t inline_max = 64 * KiB;    // the largest blob that lies in a row
    std::uint64_t dedicated_min = 4 * MiB;  // the smallest blob that gets its own file
    std::uint64_t pack_max = 1 * GiB;       // no pack file is longer

    bool operator==(const thresholds&) const = default;
};

/// A writer holds up to `dedicated_min` bytes in memory, and a row of inline bytes is one value of
/// the engine: neither grows without limit.
inline constexpr std::uint64_t inline_limit = 4 * MiB;
inline constexpr std::uint64_t dedicated_limit = 64 * MiB;  // the largest `dedicated_min`
inline constexpr std::uint64_t pack_limit = 4 * GiB - 1;    // a position in a pack has 32 bits

/// The bytes that the largest packed blob occupies beside its payload: see pack_format.hpp.
inline constexpr std::uint64_t pack_overhead = 3 * 64;

/// `illegal` if a blob could fit nowhere under these thresholds.
[[nodiscard]] inline result<void> check(const thresholds& t) {
    const bool ordered =
        t.inline_max < t.dedicated_min && t.dedicated_min + pack_overhead <= t.pack_max;
    const bool bounded = t.inline_max <= inline_limit && t.dedicated_min <= dedicated_limit &&
                         t.pack_max <= pack_limit;
    if (ordered && bounded) return {};
    return fail(errc::illegal, "check", "thresholds",
                ordered ? "a threshold is beyond its limit"
                        : "need inline_max < dedicated_min <= pack_max less a frame's overhead");
}

/// Where a payload of `size` bytes belongs. Nothing is External by its size.
[[nodiscard]] constexpr placement place(std::uint64_t size, const thresholds& t = {}) {
    if (size <= t.inline_max) return placement::inline_row;
    if (size < t.dedicated_min) return placement::packed;
    return placement::dedicated;
}

}  // namespace casement::blob
