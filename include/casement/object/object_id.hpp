#pragma once
// The names of immutable objects as text and as keys of hash maps. An object's id is the SHA-256 of
// its canonical encoding, and the kind of object that it names. Pure; any thread.

#include <cstddef>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include <casement/core/error.hpp>
#include <casement/protocol/ids.hpp>

namespace casement::object {

using protocol::obj_id;

/// "file:<64 hex>" or "dir:<64 hex>". REQUIRES: `id` names a file or a directory.
[[nodiscard]] std::string to_text(const obj_id& id);

/// The reverse, of exactly what `to_text` writes; else `bad_name`.
[[nodiscard]] result<obj_id> obj_id_from_text(std::string_view text);

}  // namespace casement::object

template <>
struct std::hash<casement::protocol::obj_id> {
    std::size_t operator()(const casement::protocol::obj_id& id) const noexcept {
        std::size_t front = 0;  // a digest is uniform: any part of it will do
        std::memcpy(&front, id.digest.data(), sizeof front);
        return front ^ id.kind;
    }
};
