#pragma once
// The bytes of a pack file: a header and frames, each at a multiple of 64. Pure. A frame knows its
// own place and its pack's random magic, so that a payload that holds a pack forges no frame.
//
//   pack                              frame (at a multiple of 64)
//     0  "CASEPACK"                     0  the pack's magic         8
//     8  version          4  (= 1)      8  flags                    4  (= 0)
//    12  zero             4            12  zero                     4
//    16  pack number      8            16  length of the payload    8
//    24  magic, random    8            24  blob id                  8
//    32  zero            28            32  descriptor::check        8
//    60  CRC-32C of 0-59  4            40  where the frame begins   4
//    64  frames                        44  SHA-256's first bytes   16
//                                      60  CRC-32C of 0-59          4
//                                      64  payload; what is then left to the next multiple
//                                          of 64 means nothing
//
// Numbers have their lowest byte first. Frames are written by several threads at once, so a crash
// leaves whole frames behind torn ones: a scan goes on at the next multiple of 64.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <casement/blob/descriptor.hpp>
#include <casement/core/error.hpp>
#include <casement/core/hash.hpp>

namespace casement::blob {

/// Bytes. Headers have the same size, so no payload begins off it.
inline constexpr std::uint64_t frame_alignment = 64;
inline constexpr std::size_t pack_header_size = 64;   // bytes
inline constexpr std::size_t frame_header_size = 64;  // bytes
/// The latest that this library writes and reads.
inline constexpr std::uint32_t pack_version = 1;

/// The offset of the first payload of a pack.
inline constexpr std::uint64_t first_payload = pack_header_size + frame_header_size;
static_assert(first_payload + frame_alignment == pack_overhead);

/// The first place for a frame that is not before `offset`.
[[nodiscard]] constexpr std::uint64_t aligned(std::uint64_t offset) {
    return (offset + frame_alignment - 1) / frame_alignment * frame_alignment;
}

/// A pack's first 64 bytes, as drawn above.
struct pack_header {
    pack_id id;
    std::uint64_t magic = 0;

    bool operator==(const pack_header&) const = default;
};

/// As much of a SHA-256 as a frame has room for: enough to tell whose payload it is.
using digest_prefix = std::array<std::byte, 16>;

/// The digest's first 16 bytes.
[[nodiscard]] constexpr digest_prefix prefix_of(const digest& d) {
    digest_prefix out{};
    std::copy_n(d.begin(), out.size(), out.begin());
    return out;
}

/// The 64 bytes before a payload, as drawn above.
struct frame_header {
    std::uint64_t magic = 0;
    std::uint64_t length = 0;
    blob_id id;
    std::uint64_t check = 0;
    std::uint32_t begin = 0;  // the frame's own offset in the pack
    digest_prefix content{};

    bool operator==(const frame_header&) const = default;
};

/// The 64 bytes, with their CRC.
[[nodiscard]] std::string encode_pack_header(const pack_header& h);
/// The 64 bytes, with their CRC.
[[nodiscard]] std::string encode_frame_header(const frame_header& h);

/// `newer_format` or `corrupt`; `subject` is the pack's path.
[[nodiscard]] result<pack_header> decode_pack_header(std::string_view raw,
                                                     std::string_view subject);

/// Nothing unless `raw` begins with the header of a frame of the pack that has this magic, begun at
/// this offset.
[[nodiscard]] std::optional<frame_header> decode_frame_header(std::string_view raw,
                                                              std::uint64_t magic,
                                                              std::uint64_t begin);

/// The header that the frame of a packed blob must have.
[[nodiscard]] frame_header frame_of(const descriptor& d, std::uint64_t magic);

}  // namespace casement::blob
