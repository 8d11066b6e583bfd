#pragma once
// Can a store live in a directory? Asks the kernel what kind of file system it is, then tries what
// a store relies on in a directory of its own, which it removes. What no program can try is whether
// synced bytes outlive a power cut; that it can only infer. One thread.

#include <cstdint>
#include <string>
#include <vector>

#include <casement/core/error.hpp>

#include "probe.hpp"

namespace casement::command {

/// What the kernel says of a directory's file system.
struct ground {
    std::uint64_t magic = 0;
    std::string kind;  // "ext4", "drvfs", ...
    probe::mount where;
};

struct examination {
    ground where;
    std::vector<probe::finding> findings;

    /// The worst of the findings, notes aside.
    [[nodiscard]] probe::grade verdict() const;
};

enum class scope : std::uint8_t {
    store_only,  // what a store needs: some milliseconds
    everything,  // also what is exported to there, and how long a sync takes
};

/// Examines the directory `path`; leaves in it what was there. An error if there is none.
[[nodiscard]] result<examination> examine(const std::string& path, scope asked);

}  // namespace casement::command
