#pragma once
// How a row lies in etcd, so that a bump needs no read: a counter is an offset and the key's own
// version, which each put moves by one (DESIGN D1). No state; any thread.
//
//     00 value           a row of any bytes
//     01 offset          a row of 8 bytes: offset + version, modulo 2^64, both big-endian
//
// A row of 8 bytes may lie either way. It is written as a counter where its version is known.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <casement/core/error.hpp>
#include <casement/kv/store.hpp>

#include "etcd_rpc.pb.h"

namespace casement::engine {

/// A row as etcd has it. No value: there is none, and the numbers are 0.
struct etcd_row {
    std::optional<std::string> value;
    std::int64_t version = 0;   // of the key, as etcd counts its puts
    std::int64_t revision = 0;  // of the store, when it was last put
    bool counts = false;        // lies as a counter

    bool operator==(const etcd_row&) const = default;
};

inline constexpr std::size_t counter_bytes = 8;

/// Less than every counter as it lies, and greater than all else.
inline constexpr std::string_view below_counters{"\x01", 1};

/// REQUIRES: `value` has 8 bytes
[[nodiscard]] std::uint64_t number_in(std::string_view value);

[[nodiscard]] std::string lying(std::string_view value);
/// What to put where the key's version will be `version`.
[[nodiscard]] std::string lying_as_counter(std::uint64_t number, std::int64_t version);

/// `corrupt` if the bytes are neither.
[[nodiscard]] result<etcd_row> row_from(std::string_view key, std::string_view bytes,
                                        std::int64_t version, std::int64_t revision);

/// What a read of one key has found.
[[nodiscard]] result<etcd_row> row_from(std::string_view key,
                                        const etcdserverpb::RangeResponse& answer);

/// Revisions as versions. Each opening has a range of its own, below those of values in memory and
/// above LevelDB's, so that a token of another store, or of an earlier opening, is never taken for
/// one of this.
class etcd_versions {
public:
    etcd_versions();

    [[nodiscard]] version of(std::int64_t revision) const {
        return {first_ + static_cast<std::uint64_t>(revision)};
    }
    /// 0 if it is of another opening.
    [[nodiscard]] std::int64_t revision_of(version v) const {
        const auto revision = v.number - first_;  // wraps for one below
        return revision < an_opening ? static_cast<std::int64_t>(revision) : 0;
    }

private:
    static constexpr std::uint64_t an_opening = std::uint64_t{1} << 40;
    std::uint64_t first_;
};

}  // namespace casement::engine
