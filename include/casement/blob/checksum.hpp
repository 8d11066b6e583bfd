#pragma once
// Chunk sums: a payload is cut into chunks of 256 KiB, each guarded by its own XXH3, so that any range
// of it can be read verified (DESIGN D12). Pure; they find damage, not forgery.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/blob/placement.hpp>
#include <casement/core/error.hpp>
#include <casement/core/hash.hpp>

namespace casement::blob {

inline constexpr std::size_t chunk_size = 256 * KiB;

/// One XXH3 a chunk, in order; none for an empty payload.
using chunk_sums = std::vector<std::uint64_t>;

[[nodiscard]] constexpr std::uint64_t chunk_count(std::uint64_t size) {
    return size / chunk_size + (size % chunk_size != 0);
}

/// `descriptor::check` of a payload that has these sums: the XXH3 of the payload if it is no longer
/// than one chunk, else the XXH3 of the sums, each as 8 bytes, the lowest first.
[[nodiscard]] std::uint64_t check_of(const chunk_sums& sums);

/// Verifies sums that came from rows: `corrupt` unless there are `chunk_count(size)` of them and they
/// have the check. A payload of at most one chunk needs none: its check is the sum.
[[nodiscard]] result<void> verify_sums(const chunk_sums& sums, std::uint64_t size,
                                       std::uint64_t check, std::string_view subject);

/// The sums and the digest of a payload that comes in order, in pieces of any size. One thread.
class payload_hasher {
public:
    /// Takes the whole chunks at the front of `bytes`, which begin at `offset` in the payload and
    /// reach back no further than what was taken before; skips what was taken already.
    void take_chunks(std::uint64_t offset, std::string_view bytes);

    /// Takes the rest, which may end inside a chunk. Nothing may follow.
    void take_last(std::uint64_t offset, std::string_view bytes);

    [[nodiscard]] std::uint64_t taken() const { return taken_; }
    [[nodiscard]] const chunk_sums& sums() const { return sums_; }
    [[nodiscard]] digest content() { return hasher_.finish(); }

    /// The sums of all that was taken; the hasher starts afresh.
    [[nodiscard]] chunk_sums finish() { return taken_ = 0, std::exchange(sums_, {}); }

private:
    void take(std::string_view chunk);

    sha256 hasher_;
    chunk_sums sums_;
    std::uint64_t taken_ = 0;
};

/// A row of sums holds at most these: 8 KiB, for 256 MiB of payload.
inline constexpr std::size_t sums_per_row = 1024;

/// The sums as rows, `sums_per_row` each but the last: 8 bytes a sum, the lowest first.
[[nodiscard]] std::vector<std::string> encode_sums(std::span<const std::uint64_t> sums);

/// Appends one row's sums; `corrupt` if `row` is none. `subject` names the row in the error.
[[nodiscard]] result<void> decode_sums(std::string_view row, chunk_sums& out,
                                       std::string_view subject);

}  // namespace casement::blob
