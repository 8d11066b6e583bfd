#pragma once
// How simulated disks differ: what a loss of power leaves of what was not synced, and which rules
// they bend while they run (SPEC W3). Values.

#include <cstdint>
#include <limits>

namespace casement::check {

/// What may be left of what was not synced, from the kindest to the cruellest: whatever one leaves,
/// each after it may leave too. A journal's sync of anything makes all earlier names durable.
namespace journal {
/// Of what an order is kept.
enum kind : std::uint8_t {
    strict,   // names and bytes in their order, until some moment (ext4 data=journal)
    ordered,  // names so, and each file's bytes for themselves (ext4 and its like)
    sized,    // the same, but a file's size may be ahead of its bytes, which are zeros (NTFS, XFS)
    none,     // any names, half of a rename too; any bytes, or others that lay there (ext2, FAT)
};
/// All, the kindest first.
inline constexpr kind all[] = {strict, ordered, sized, none};
}  // namespace journal

struct disk_rules {
    std::uint8_t leaves = journal::none;
    std::uint64_t room = std::numeric_limits<std::uint64_t>::max();  // bytes of all files
    std::uint64_t failing_sync = 0;  // which sync of a file from now on fails; 0: none
    bool syncs_names = true;         // or `sync_directory` says that it cannot
    bool folds_case = false;         // "a" and "A" are one name
    bool refuses_hash = false;       // no '#' in a new name
    bool late_names = false;         // what was renamed is not found until its directory is listed
    bool silly_names = false;        // what is removed while it is open has a name ".nfs..."
    bool punches = false;            // makes holes
    bool links = true;               // a file may have several names

    bool operator==(const disk_rules&) const = default;
};

// As they are met; their losses are the cruellest that were ever reported of them.
/// It loses only what came last.
inline constexpr disk_rules a_kind_disk{.leaves = journal::strict, .punches = true};
/// A memory card: nothing is in order, names have no case, and a file has one.
inline constexpr disk_rules a_vfat_disk{
    .leaves = journal::none, .folds_case = true, .links = false};
/// A Windows disk under WSL.
inline constexpr disk_rules a_drvfs_disk{.leaves = journal::sized,
                                         .syncs_names = false,
                                         .folds_case = true,
                                         .refuses_hash = true,
                                         .late_names = true,
                                         .links = false};
/// A directory of another machine.
inline constexpr disk_rules an_nfs_disk{.leaves = journal::ordered, .silly_names = true};

}  // namespace casement::check
