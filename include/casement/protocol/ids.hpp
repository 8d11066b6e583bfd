#pragma once
// The identities that the protocols and all above them share. Each is a type of its own that offers
// equality only (STYLE): order, where keys or logs need it, is asked for by name, never in here.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <casement/core/error.hpp>
#include <casement/core/strong.hpp>

namespace casement::protocol {

/// What a `node_id` numbers.
struct node_tag {
    static constexpr std::string_view name = "node";
};
/// A mutable directory or file. Never changes, never reused.
using node_id = strong<node_tag>;

/// What a `generation` numbers.
struct generation_tag {
    static constexpr std::string_view name = "generation";
};
/// Marks one writing of a row, so that equal contents written twice differ (SPEC F4h). Never
/// reused.
using generation = strong<generation_tag>;

/// What a `lease_seq` numbers; who comes with another is `fenced`.
struct lease_seq_tag {
    static constexpr std::string_view name = "lease_seq";
    static constexpr errc refusal = errc::fenced;
};
/// The fencing token of a file: one more with every grant and every revocation (SPEC F14).
using lease_seq = strong<lease_seq_tag>;

/// The number that a grant or a revocation leaves behind.
[[nodiscard]] constexpr lease_seq next(lease_seq seq) { return {seq.value + 1}; }

/// What a `session_id` numbers; who comes with another is `fenced`.
struct session_tag {
    static constexpr std::string_view name = "session";
    static constexpr errc refusal = errc::fenced;
};
/// One opening of a writer; a client that opens twice has two (SPEC race 10).
using session_id = strong<session_tag>;

/// What a `staging_id` numbers.
struct staging_tag {
    static constexpr std::string_view name = "staging";
};
/// The staging file of one grant (DESIGN D7); 0: nothing was ever written.
using staging_id = strong<staging_tag>;

/// What a `layer_id` numbers.
struct layer_tag {
    static constexpr std::string_view name = "layer";
};
/// The epoch of a directory's upper rows; a new base takes the next one (SPEC F18).
using layer_id = strong<layer_tag>;

/// The epoch that a new base begins.
[[nodiscard]] constexpr layer_id layer_after(layer_id layer) { return {layer.value + 1}; }

/// What a `blob_id` numbers.
struct blob_tag {
    static constexpr std::string_view name = "blob";
};
/// Bytes under a name that is never used twice; where they lie may change (SPEC B4).
using blob_id = strong<blob_tag>;

/// What a `byte_count` counts; other bytes than were sealed are `corrupt`.
struct byte_count_tag {
    static constexpr std::string_view name = "size_bytes";
    static constexpr bool is_quantity = true;  // a number that means itself, and no name
    static constexpr errc refusal = errc::corrupt;
};
/// A size in bytes. Refused as `corrupt`: the file is not as long as what was written to it.
using byte_count = strong<byte_count_tag>;

/// What an `op_id` numbers.
struct op_tag {
    static constexpr std::string_view name = "op";
};
/// One mutation, however often it is retried (SPEC F22).
using op_id = strong<op_tag>;

/// An immutable object, named by its content.
struct obj_id {
    static constexpr std::string_view name = "object";
    static constexpr std::uint8_t file = 1, directory = 2;

    std::uint8_t kind = 0;  // `file` or `directory`; 0 is the id of nothing
    std::array<std::byte, 32> digest{};

    bool operator==(const obj_id&) const = default;
};

}  // namespace casement::protocol
