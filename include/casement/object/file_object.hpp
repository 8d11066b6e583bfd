#pragma once
// A file as an immutable object: which bytes, and how many. Its name, mode and times belong to the
// directory that lists it, so that equal contents are one object (SPEC B9). Pure; any thread.
//
//     0       4         5         37
//     +-------+---------+---------+--------+
//     | CsmF  | version | content | size   |
//     +-------+---------+---------+--------+
//      4 bytes  1 byte=1  32 bytes  LEB128
//
// The first four bytes tell it from every other thing that is hashed.

#include <cstdint>
#include <string>
#include <string_view>

#include <casement/core/error.hpp>
#include <casement/core/hash.hpp>
#include <casement/object/object_id.hpp>

namespace casement::object {

struct file_object {
    digest content{};        // SHA-256 of the bytes, all of them, as they are
    std::uint64_t size = 0;  // bytes

    bool operator==(const file_object&) const = default;
};

/// The canonical encoding: one file object, one string of bytes.
[[nodiscard]] std::string to_bytes(const file_object& file);

/// The reverse. `newer_format` for a later version's, `corrupt` for all else that `to_bytes` does
/// not write.
[[nodiscard]] result<file_object> file_object_from_bytes(std::string_view bytes);

/// The SHA-256 of the encoding.
[[nodiscard]] obj_id id_of(const file_object& file);

}  // namespace casement::object
