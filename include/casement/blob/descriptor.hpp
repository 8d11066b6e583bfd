#pragma once
// The descriptor: where a blob's bytes are and what they must hash to; what a row keeps in the
// place of the bytes (SPEC B2). A value type; decoding accepts exactly what encoding produces.

#include <cstdint>
#include <string>
#include <string_view>

#include <casement/blob/placement.hpp>
#include <casement/core/codec.hpp>
#include <casement/core/error.hpp>
#include <casement/core/hash.hpp>
#include <casement/core/strong.hpp>
#include <casement/protocol/ids.hpp>

namespace casement::blob {

using protocol::blob_id;

/// What a `pack_id` numbers.
struct pack_tag {
    static constexpr std::string_view name = "pack";
};

/// A pack file's number; never reused. Below 2^32 (it shares `descriptor::position` with an
/// offset).
using pack_id = strong<pack_tag>;

/// A place in a pack: the offset of a payload's first byte. Compaction changes it, and nothing else
/// of the descriptor (SPEC B4).
struct pack_position {
    pack_id pack;
    std::uint32_t offset = 0;

    bool operator==(const pack_position&) const = default;
};

/// As a descriptor's position has it: the pack in the upper half, the offset in the lower.
[[nodiscard]] constexpr std::uint64_t to_number(pack_position p) {
    return p.pack.value << 32 | p.offset;
}

/// The reverse of `to_number`.
[[nodiscard]] constexpr pack_position to_pack_position(std::uint64_t position) {
    return {pack_id{position >> 32}, static_cast<std::uint32_t>(position)};
}

/// Its encoding, the format's version first; about 30 bytes and the digest:
///
///     version  1 byte    1
///     kind     1 byte    the placement's tag
///     position varint    packed: pack number << 32 | offset of the payload; else 0
///     size     varint    of the payload, in bytes
///     id       varint
///     uri      varint    its length, then its bytes; external only
///     check    8 bytes   highest first; of the payload or of its chunk sums (checksum.hpp)
///     content  32 bytes  SHA-256 of the payload
///
/// An external blob is its URI, and what was behind it when it was linked; or nothing is known of
/// that: then size, id, check and content are zero.
struct descriptor {
    placement kind = placement::inline_row;
    std::uint64_t position = 0;
    std::uint64_t size = 0;
    blob_id id;  // stable, also where the position changes
    std::string uri;
    std::uint64_t check = 0;
    digest content{};

    bool operator==(const descriptor&) const = default;
};

/// The latest that this library writes and reads; it begins every descriptor.
inline constexpr std::uint8_t descriptor_version = 1;
inline constexpr std::size_t uri_size_max = 4096;  // bytes

/// True of every descriptor that this library makes, and of each that it decodes.
[[nodiscard]] bool valid(const descriptor& d);

/// Of a URI alone.
[[nodiscard]] descriptor external_descriptor(std::string uri);

/// The descriptor that `bytes` encodes; `newer_format` if a later Casement wrote them, `corrupt` if
/// nobody did. `subject` names the row in the error.
[[nodiscard]] result<descriptor> read_descriptor(std::string_view bytes, std::string_view subject);

}  // namespace casement::blob

namespace casement {

template <>
struct codec<blob::descriptor> {
    static void encode(std::string& out, const blob::descriptor& d);
    static bool decode(reader& in, blob::descriptor& d);
};

}  // namespace casement
