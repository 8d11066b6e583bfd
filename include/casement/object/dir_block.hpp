#pragma once
// The blocks that an immutable directory is cut into: leaves of entries, and indexes of the blocks
// below. A block is named by its SHA-256, and so a directory by its root block, whatever its size.
// Pure; any thread.
//
//     0       4         5       6
//     +-------+---------+-------+---------------------------+
//     | CsmD  | version | level | items, in order of name    |    at most 16 KiB
//     +-------+---------+-------+---------------------------+
//      4 bytes  1 byte=1  1 byte
//
//     level 0, a leaf:   { name, target, mode, mtime, size }     (dir_entry.hpp)
//     level n, an index: { first name below, digest, entries below }
//
// Where a block ends is decided by its content: after the first name past 2 KiB that hashes right
// (one in 32), about every 4 KiB. So the same names give the same blocks in whatever directory and
// version they stand, a change moves the ends near it and no others, and two versions share all but
// O(log n) blocks (SPEC F18); with a fixed fill an insertion would move every end after it. Only
// names are hashed, so a change of a file's content moves no end at all. It is the idea of Noms'
// and Dolt's prolly trees.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <casement/core/error.hpp>
#include <casement/core/hash.hpp>
#include <casement/object/dir_entry.hpp>

namespace casement::object {

inline constexpr std::size_t dir_block_bytes_min = 2 * 1024;   // no end before, but the last one's
inline constexpr std::size_t dir_block_bytes_max = 16 * 1024;  // an end before, in any case
inline constexpr unsigned dir_block_end_one_in = 32;           // names, past the minimum
inline constexpr unsigned dir_levels_max = 32;                 // 2^64 entries need 24 at worst

/// A block below, as its index names it.
struct dir_child {
    std::string first;  // the first name below
    digest block{};
    std::uint64_t entries = 0;  // in all leaves below

    bool operator==(const dir_child&) const = default;
};

/// A leaf has entries, an index has children; the root of an empty directory is a leaf of none.
struct dir_block {
    std::uint8_t level = 0;
    std::vector<dir_entry> entries;
    std::vector<dir_child> children;

    [[nodiscard]] bool is_leaf() const { return level == 0; }

    /// Entries in all leaves below.
    [[nodiscard]] std::uint64_t count() const;

    bool operator==(const dir_block&) const = default;
};

/// Of bytes in memory, about: what a cache counts.
[[nodiscard]] std::size_t memory_of(const dir_block& block);

/// What stands before the items.
[[nodiscard]] std::string dir_block_header(std::uint8_t level);

/// Does the block of `bytes` so far, at `level`, end after the item named `last`?
[[nodiscard]] bool ends_block(std::uint8_t level, std::string_view last, std::size_t bytes);

/// The block's one encoding, whose SHA-256 is its name.
[[nodiscard]] std::string to_bytes(const dir_block& block);

/// The reverse. `newer_format` for a later version's; `corrupt` for a name out of order, a bad
/// entry, a block too large, and whatever else no directory has.
[[nodiscard]] result<dir_block> dir_block_from_bytes(std::string_view bytes);

}  // namespace casement::object
