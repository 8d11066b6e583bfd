#pragma once
// A staged write (SPEC W1, W2; DESIGN D9): bytes become durable before any row names them. A pure
// machine; size and digest are taken while the file is open and never asked for after publication.

#include <array>
#include <cstddef>
#include <cstdint>

#include <boost/hana/tuple.hpp>

#include <casement/machine/check.hpp>
#include <casement/machine/machine.hpp>
#include <casement/protocol/ids.hpp>

namespace casement::protocol {

struct staging {
    // Tags are on disk: never change one.

    /// The file takes bytes; so far it took `size`.
    struct open {
        static constexpr std::uint8_t tag = 1;
        blob_id blob;
        byte_count size;
        bool operator==(const open&) const = default;
    };
    /// Bytes and name are durable, nothing writes any more, and no row names it.
    struct sealed {
        static constexpr std::uint8_t tag = 2;
        blob_id blob;
        byte_count size;
        std::array<std::byte, 32> digest{};
        bool operator==(const sealed&) const = default;
    };
    /// The commit of its row has happened.
    struct published {
        static constexpr std::uint8_t tag = 3;
        blob_id blob;
        bool operator==(const published&) const = default;
    };
    /// Given up: a leftover to be removed (SPEC W4).
    struct abandoned {
        static constexpr std::uint8_t tag = 4;
        blob_id blob;
        bool operator==(const abandoned&) const = default;
    };

    // clang-format off
    struct write { std::uint64_t size_bytes; };
    struct seal { byte_count size; std::array<std::byte, 32> digest{}; };  // size by fstat
    struct publish {};
    struct abandon {};
    // clang-format on

    static constexpr auto states = hana::tuple_t<open, sealed, published, abandoned>;
    static constexpr auto events = hana::tuple_t<write, seal, publish, abandon>;
    using initial = open;
    static constexpr auto final_states = hana::tuple_t<published, abandoned>;

    // clang-format off
    constexpr open
        operator()(open s,   write e) const { return {s.blob, {s.size.value + e.size_bytes}}; }
    constexpr guarded<sealed, byte_count>
        operator()(open s,   seal e)  const { return {{s.blob, s.size, e.digest}}; }
    constexpr published
        operator()(sealed s, publish) const { return {s.blob}; }
    constexpr abandoned
        operator()(open s,   abandon) const { return {s.blob}; }
    constexpr abandoned
        operator()(sealed s, abandon) const { return {s.blob}; }
    // clang-format on
};

static_assert(prove<staging>());

}  // namespace casement::protocol
