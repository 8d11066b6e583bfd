#pragma once
// The names of blob files below a store's directory. Pure. Lower-case hexadecimal, dots and hyphens
// only: safe where names are case-insensitive and where `#` and `:` are refused (SPEC W3).
//
//     blobs/<2 hex>/<16 hex>.blob    the raw bytes of one Dedicated blob
//     packs/<8 hex>.pack             the frames of Packed blobs
//     staging/<16 hex>               the raw bytes of a file that may be written, for one grant

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <casement/blob/descriptor.hpp>
#include <casement/protocol/ids.hpp>

namespace casement::blob {

using protocol::staging_id;

class layout {
public:
    explicit layout(std::string root) : root_{std::move(root)} {}

    [[nodiscard]] const std::string& root() const { return root_; }
    [[nodiscard]] std::string blobs() const { return root_ + "/blobs"; }
    [[nodiscard]] std::string packs() const { return root_ + "/packs"; }
    [[nodiscard]] std::string staging() const { return root_ + "/staging"; }

    static constexpr unsigned shelves = 256;

    /// The directory `blobs/<2 hex>` of an id. 1,024 ids in a row share it, so that puts that come
    /// together sync one directory and not many.
    [[nodiscard]] static constexpr unsigned shelf_of(blob_id id) {
        return static_cast<unsigned>(id.value >> 10) % shelves;
    }
    [[nodiscard]] std::string shelf(unsigned number) const;

    [[nodiscard]] std::string file_of(blob_id id) const;
    [[nodiscard]] std::string file_of(pack_id id) const;
    [[nodiscard]] std::string file_of(staging_id id) const;

    /// The reverse; nothing unless it is exactly the name that a blob on this shelf, a pack, or a
    /// staging file has.
    [[nodiscard]] static std::optional<blob_id> blob_named(unsigned shelf, std::string_view name);
    [[nodiscard]] static std::optional<pack_id> pack_named(std::string_view name);
    [[nodiscard]] static std::optional<staging_id> staging_named(std::string_view name);

private:
    std::string root_;
};

}  // namespace casement::blob
