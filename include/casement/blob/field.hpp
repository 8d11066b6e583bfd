#pragma once
// A blob field: one line in a row type of the application's own (SPEC B2). Plain values; a row on
// disk never holds a field's bytes, nor where they lie, so that neither reading it nor a compaction
// touches the other.
//
//     struct song {
//         static constexpr char table = 'S';
//         using key = song_id;
//         std::string title;
//         blob::field cover;
//     };

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>

#include <casement/blob/descriptor.hpp>
#include <casement/core/assert.hpp>
#include <casement/core/codec.hpp>
#include <casement/core/hash.hpp>
#include <casement/core/reflect.hpp>

namespace casement::blob {

/// Nothing, no bytes and some bytes are three things.
struct null {
    static constexpr std::uint8_t tag = 0;
    bool operator==(const null&) const = default;
};

/// What the application gives, and gets when it asks for the bytes. Never in a row on disk: its
/// encoding is refused, for `tree::put` stores the bytes before the row and leaves a reference.
struct bytes {
    static constexpr std::uint8_t tag = 1;
    std::string data;
    bool operator==(const bytes&) const = default;
};

/// Where bytes are, of which the store knows nothing; 1 to `uri_size_max` bytes.
struct uri {
    static constexpr std::uint8_t tag = 2;
    std::string text;
    bool operator==(const uri&) const = default;
};

/// What the application gives for bytes that stay where they are, but that it wants to be sure of:
/// they are read and hashed once, before the row, which has a reference then; whoever reads them
/// through it is told if they have changed. Never in a row on disk.
struct link {
    static constexpr std::uint8_t tag = 4;
    std::string uri;
    bool operator==(const link&) const = default;
};

/// Stored bytes, as a row that was read has them: how many and which. Their descriptor is one row
/// away, the same for all who name these bytes; so a compaction moves it without moving the rows of
/// applications, which guard what people decide (SPEC B4, B6, DESIGN D2).
struct reference {
    static constexpr std::uint8_t tag = 3;
    std::uint64_t size = 0;  // bytes
    digest content{};
    bool operator==(const reference&) const = default;
};

/// The user's view of a field: no value, its bytes, or where they are.
using field = std::variant<null, bytes, uri, reference, link>;

/// The disk's view of a field: null is the absence of a descriptor, empty is a size of 0.
using stored_field = std::optional<descriptor>;

namespace detail {

template <class T>
inline constexpr bool is_variant = false;
template <class... T>
inline constexpr bool is_variant<std::variant<T...>> = true;

}  // namespace detail

/// Calls `visit` for each blob field in a row, in order of declaration: its members, and what is in
/// members that are aggregates, optional, variants or sequences.
template <class T, class Visit>
void for_each_field(T& part, Visit&& visit) {
    using type = std::remove_const_t<T>;
    if constexpr (std::same_as<type, field>) {
        visit(part);
    } else if constexpr (detail::is_variant<type>) {
        std::visit([&](auto& alternative) { for_each_field(alternative, visit); }, part);
    } else if constexpr (requires { part.has_value(); }) {
        if (part) for_each_field(*part, visit);
    } else if constexpr (requires { part.begin(), part.end(); }) {
        if constexpr (std::is_class_v<typename type::value_type>)
            for (auto& element : part) for_each_field(element, visit);
    } else if constexpr (std::is_aggregate_v<type> && std::is_class_v<type>) {
        std::apply([&](auto&... member) { (for_each_field(member, visit), ...); }, members(part));
    }
}

}  // namespace casement::blob

namespace casement {

template <>
struct codec<blob::bytes> {
    static void encode(std::string&, const blob::bytes&) {
        require(false, "a row's bytes are stored before it: put it with tree::put");
    }
    static bool decode(reader& in, blob::bytes&) { return in.refuse(); }
};

template <>
struct codec<blob::link> {
    static void encode(std::string&, const blob::link&) {
        require(false, "a row's links are read before it: put it with tree::put");
    }
    static bool decode(reader& in, blob::link&) { return in.refuse(); }
};

template <>
struct codec<blob::uri> {
    static bool valid(const blob::uri& u) {
        return !u.text.empty() && u.text.size() <= blob::uri_size_max;
    }
    static void encode(std::string& out, const blob::uri& u) {
        require(valid(u), "a URI of 1 to 4096 bytes");
        encode_to(out, u.text);
    }
    static bool decode(reader& in, blob::uri& u) {
        return decode_from(in, u.text) && valid(u) ? true : in.refuse();
    }
};

}  // namespace casement
