#pragma once
// Chunk sums: a payload is cut into chunks of 256 KiB, each guarded by its own XXH3, so that any
// range of it can be read verified (DESIGN D12). Pure; they find damage, not forgery.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <casement/blob/placement.hpp>
#include <casement/core/error.hpp>
#include <casement/core/hash.hpp>

namespace casement::blob {

/// What one sum is of, in bytes; a payload's last chunk may be shorter.
inline constexpr std::size_t chunk_size = 256 * KiB;

/// So many bytes pay for a thread on another core (30 to 70 us) that hashes them by SHA-256.
inline constexpr std::size_t worth_hashing_beside = 512 * KiB;
/// And so many for one that reads and verifies half of them: it is several times as fast.
inline constexpr std::size_t worth_reading_beside = 2 * MiB;

/// One XXH3 a chunk, in order; none for an empty payload.
using chunk_sums = std::vector<std::uint64_t>;

/// The chunks of a payload of `size` bytes.
[[nodiscard]] constexpr std::uint64_t chunk_count(std::uint64_t size) {
    return size / chunk_size + (size % chunk_size != 0);
}

/// `descriptor::check` of a payload that has these sums: the XXH3 of the payload if it is no longer
/// than one chunk, else the XXH3 of the sums, each as 8 bytes, the lowest first.
[[nodiscard]] std::uint64_t check_of(const chunk_sums& sums);

/// Verifies sums that came from rows: `corrupt` unless there are `chunk_count(size)` of them and
/// they have the check. A payload of at most one chunk needs none: its check is the sum.
[[nodiscard]] result<void> verify_sums(const chunk_sums& sums, std::uint64_t size,
                                       std::uint64_t check, std::string_view subject);

/// What a payload hashes to.
struct payload_hash {
    digest content{};
    chunk_sums sums;

    bool operator==(const payload_hash&) const = default;
};

/// Hashes payloads, each in order. One thread at a time.
class payload_hasher {
public:
    /// Takes the next bytes. REQUIRES: all but the last call's are whole chunks.
    void take(std::string_view bytes);

    /// Of all that was taken. The next payload begins.
    [[nodiscard]] payload_hash finish();

private:
    sha256 hasher_;
    chunk_sums sums_;
    bool ended_ = false;  // inside a chunk
};

/// A row of sums holds at most these: 8 KiB, for 256 MiB of payload.
inline constexpr std::size_t sums_per_row = 1024;

/// The sums as rows, `sums_per_row` each but the last: 8 bytes a sum, the lowest first.
[[nodiscard]] std::vector<std::string> encode_sums(std::span<const std::uint64_t> sums);

/// Appends one row's sums; `corrupt` if `row` is none. `subject` names the row in the error.
[[nodiscard]] result<void> decode_sums(std::string_view row, chunk_sums& out,
                                       std::string_view subject);

}  // namespace casement::blob
