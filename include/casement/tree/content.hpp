#pragma once
// The rows of a content: where the bytes are that files consist of. A content is stored once,
// however many names have it (SPEC B9), and no row ever points to bytes that are not durable (W2).
//
//   c digest           content       the descriptor of the bytes
//   i digest           inline_bytes  up to 64 KiB, apart from what is listed and looked up
//   s digest, index    sums          chunk sums of longer contents, 1,024 a row
//   p position         packed_frame  see packed_frames.hpp

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <casement/blob/files.hpp>
#include <casement/core/error.hpp>
#include <casement/core/hash.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/tree/collection.hpp>
#include <casement/tree/packed_frames.hpp>

namespace casement::tree {

/// Where a content's bytes are, in table `c`; it is stored if this row is there.
struct content {
    static constexpr char table = 'c';
    using key = digest;
    blob::descriptor where;
};

/// How a collector names a content.
[[nodiscard]] inline condemned::key whole(const digest& of) {
    return {static_cast<std::uint8_t>(content::table), of};
}

/// Reads a content's row. `newer_format` if a later Casement wrote it.
template <readable S>
[[nodiscard]] result<seen<content>> read_content(const S& source, const digest& which) {
    auto row = read<content>(source, which);
    if (row || row.error().code() != errc::corrupt) return row;
    // Not of this version: what it is then, its bytes say.
    auto raw = source.get(row_key<content>(which));
    if (raw && raw->value)
        if (auto told = blob::read_descriptor(*raw->value, to_hex(which)); !told)
            return within(std::move(told), "read content", to_hex(which));
    return row;
}

/// The bytes of an Inline content, in table `i`: its own row, so that look-ups never carry them.
struct inline_bytes {
    static constexpr char table = 'i';
    using key = digest;
    std::string data;
};

/// Chunk sums of a longer content, in table `s`: 1,024 a row, 8 bytes each.
struct sums {
    static constexpr char table = 's';
    struct key {
        digest of;
        std::uint64_t index;
    };
    std::string data;
};

/// Bytes that no row names yet: sealed in our own files or for a row, or behind a link.
template <blob::file_system FS>
using fresh_bytes = std::variant<blob::staged<blob::sealed, FS>, blob::linked>;

/// Where the bytes are that are about to be named.
template <blob::file_system FS>
[[nodiscard]] const blob::descriptor& place_of(const fresh_bytes<FS>& fresh) {
    if (const auto* link = std::get_if<blob::linked>(&fresh)) return link->what;
    return std::get<blob::staged<blob::sealed, FS>>(fresh).what();
}

/// Of the file of ours that a content lies in, if any.
[[nodiscard]] inline std::optional<std::uint64_t> file_number(const blob::descriptor& where) {
    if (where.kind == blob::placement::dedicated) return where.id.value;
    if (where.kind == blob::placement::packed)
        return blob::to_pack_position(where.position).pack.value;
    return std::nullopt;
}

/// The rows that say where a content lies: for the commit that guards the content's own.
template <store S, blob::file_system FS>
void put_place(transaction<S>& t, const digest& of, const fresh_bytes<FS>& fresh) {
    const auto& where = place_of(fresh);
    t.template put<content>(of, {where});
    add_frame(t, where);
    if (where.kind == blob::placement::inline_row)
        t.template put<inline_bytes>(
            of, {std::string{std::get<blob::staged<blob::sealed, FS>>(fresh).inline_bytes()}});
}

}  // namespace casement::tree
