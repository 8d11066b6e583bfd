#pragma once
// Where the packs' frames are, by place: the reverse of the contents' rows, and written by the same
// commits, so the live bytes of a pack are known exactly, at any time and from its own rows (SPEC
// B6, B7). A row a frame and no counters: those would make every put into a pack change one row.
//
//   p position   packed_frame   what lies there

#include <cstdint>
#include <string>

#include <casement/blob/descriptor.hpp>
#include <casement/blob/pack_format.hpp>
#include <casement/core/hash.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/transaction.hpp>

namespace casement::tree {

/// Whose payload lies at a place of a pack, in table `p`.
struct packed_frame {
    static constexpr char table = 'p';
    struct key {
        std::uint64_t position;  // blob::to_number(pack_position)
        bool operator==(const key&) const = default;
    };

    digest of;
    std::uint64_t size = 0;  // of the payload

    bool operator==(const packed_frame&) const = default;
};

/// What a pack's frame takes of it, in bytes: header, payload and what fills it up.
[[nodiscard]] constexpr std::uint64_t frame_bytes(std::uint64_t payload) {
    return blob::aligned(blob::frame_header_size + payload);
}

/// A row for its frame, if it has one.
template <store S>
void add_frame(transaction<S>& t, const blob::descriptor& d) {
    if (d.kind == blob::placement::packed)
        t.template put<packed_frame>({d.position}, {d.content, d.size});
}

/// Takes the row of a packed content's frame away; nothing for other placements.
template <store S>
void erase_frame(transaction<S>& t, const blob::descriptor& d) {
    if (d.kind == blob::placement::packed) t.template erase<packed_frame>({d.position});
}

/// Calls `take(pack_position, packed_frame)` for all frames, or those of one pack, in order.
/// `corrupt` where a row is none.
template <readable S, class Take>
[[nodiscard]] result<void> each_frame(const S& at, std::string_view first, std::string_view last,
                                      Take take) {
    auto rows = at.scan(first, last);
    for (; rows.valid(); rows.next()) {
        const auto key = parse_row_key<packed_frame>(rows.key());
        auto frame = decode<packed_frame>(rows.value());
        if (!key || !frame)
            return fail(errc::corrupt, "read row", std::string{rows.key()}, "no frame");
        if (result<void> taken = take(blob::to_pack_position(key->position), *frame); !taken)
            return taken;
    }
    return rows.status();
}
template <readable S, class Take>
[[nodiscard]] result<void> each_frame(const S& at, Take take) {
    const std::string table{packed_frame::table};
    return each_frame(at, table, after_prefix(table), std::move(take));
}
/// The frames of one pack, in their order.
template <readable S, class Take>
[[nodiscard]] result<void> each_frame_of(const S& at, blob::pack_id pack, Take take) {
    const auto first = row_key<packed_frame>({blob::to_number({pack, 0})});
    const auto last = row_key<packed_frame>({blob::to_number({{pack.value + 1}, 0})});
    return each_frame(at, first, last, std::move(take));
}

}  // namespace casement::tree
