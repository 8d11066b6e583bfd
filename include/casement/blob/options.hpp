#pragma once
// What a store chooses about its blobs, and what the blob layer asks of it. Plain values; the
// functions in them must take calls from several threads at once.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>

#include <casement/blob/descriptor.hpp>
#include <casement/blob/external.hpp>
#include <casement/blob/placement.hpp>
#include <casement/core/durability.hpp>
#include <casement/core/error.hpp>

namespace casement::blob {

using casement::durability;

/// Where numbers come from. Each answer is given once in the store's life, also across crashes
/// (DESIGN D9: counters are reserved in blocks before use).
struct id_source {
    std::function<result<blob_id>()> blob;
    std::function<result<pack_id>()> pack;
};

/// Who else has the same files open. Who opens them from now on reads the rows after that.
struct other_openings {
    bool any = false;
    std::optional<std::uint64_t> write_from{};  // the lowest number that one may make a file under
};
/// Who says so.
using others_asked = std::function<result<other_openings>()>;
/// Where one process at a time has them open.
[[nodiscard]] inline result<other_openings> nobody_else() { return other_openings{}; }

/// Any number that nobody can foresee, and so no other's: a pack's magic, which no stored payload
/// has.
[[nodiscard]] inline std::uint64_t random_magic() {
    std::random_device entropy;
    return std::uint64_t{entropy()} << 32 | entropy();
}

struct options {
    thresholds sizes;
    durability durable = durability::power;
    std::size_t open_files_max = 64;  // kept open for readers
    std::function<std::uint64_t()> magic = random_magic;
    others_asked others = nobody_else;
    /// Who opens links; `file:` is opened by the file system itself unless it is among these.
    resolvers elsewhere{};
};

}  // namespace casement::blob
