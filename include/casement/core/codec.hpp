#pragma once
// The canonical codec: one value, one encoding. Decoding accepts exactly what encoding produces, so
// equal values are equal bytes and a guard may compare rows as bytes (DESIGN D2, D12). Pure;
// never reads past its input, never throws, allocates only what the input's length allows.
//
//   bool            1 byte, 0 or 1
//   uint8..uint64   LEB128, shortest form          int64   zig-zag, then LEB128
//   strong<T>       its number                     std::array<byte, n>   n bytes
//   std::string     length, bytes                  std::optional<T>   0, or 1 and T
//   std::vector<T>  count, elements                std::variant<T...>   T::tag (1 byte), T
//   an aggregate    its members in order
//
// Tags are constants of the types (`static constexpr std::uint8_t tag`), never positions.

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <casement/core/error.hpp>
#include <casement/core/reflect.hpp>
#include <casement/core/strong.hpp>

namespace casement {

/// Reads a byte string from the front. After the first failure every further read fails.
class reader {
public:
    explicit constexpr reader(std::string_view bytes) : rest_{bytes} {}

    [[nodiscard]] constexpr bool ok() const { return ok_; }
    [[nodiscard]] constexpr std::string_view rest() const { return rest_; }
    [[nodiscard]] constexpr bool finished() const { return ok_ && rest_.empty(); }
    constexpr bool refuse() { return ok_ = false; }

    constexpr bool take(std::size_t n, std::string_view& out) {
        if (!ok_ || rest_.size() < n) return refuse();
        out = rest_.substr(0, n);
        rest_.remove_prefix(n);
        return true;
    }

    constexpr bool byte(std::uint8_t& out) {
        if (!ok_ || rest_.empty()) return refuse();
        out = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        return true;
    }

    /// LEB128 in its shortest form; longer forms of the same number are refused.
    constexpr bool varint(std::uint64_t& out) {
        out = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            std::uint8_t b = 0;
            if (!byte(b)) return false;
            if (shift == 63 && b > 1) return refuse();
            out |= std::uint64_t{b & 0x7fu} << shift;
            if (b < 0x80) return (b == 0 && shift > 0) ? refuse() : true;
        }
        return refuse();
    }

    /// 8 bytes, the highest first: the order of the bytes is the order of the numbers.
    constexpr bool big64(std::uint64_t& out) {
        std::string_view raw;
        if (!take(8, raw)) return false;
        out = 0;
        for (const char c : raw) out = out << 8 | static_cast<std::uint8_t>(c);
        return true;
    }

private:
    std::string_view rest_;
    bool ok_ = true;
};

/// LEB128, shortest form: seven bits a byte, the lowest first.
constexpr void append_varint(std::string& out, std::uint64_t n) {
    while (n >= 0x80) {
        out.push_back(static_cast<char>(n | 0x80));
        n >>= 7;
    }
    out.push_back(static_cast<char>(n));
}

/// Eight bytes, the highest first, so that numbers sort as bytes do.
constexpr void append_big64(std::string& out, std::uint64_t n) {
    for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(n >> shift));
}

/// Specialise for a type whose encoding is not one of the forms above.
template <class T>
struct codec;

/// Appends the value's one encoding.
template <class T>
constexpr void encode_to(std::string& out, const T& value) {
    codec<T>::encode(out, value);
}

/// Takes one value from the front of `in`; false if no value is encoded so, and then `value` is
/// any.
template <class T>
[[nodiscard]] constexpr bool decode_from(reader& in, T& value) {
    return codec<T>::decode(in, value);
}

/// The value's one encoding.
template <class T>
[[nodiscard]] constexpr std::string encode(const T& value) {
    std::string out;
    encode_to(out, value);
    return out;
}

/// The value that `bytes` encodes, or nothing if `bytes` is not the encoding of any value.
template <class T>
[[nodiscard]] constexpr std::optional<T> decode(std::string_view bytes) {
    reader in{bytes};
    T value{};
    if (!decode_from(in, value) || !in.finished()) return std::nullopt;
    return value;
}

template <>
struct codec<bool> {
    static constexpr void encode(std::string& out, bool v) { out.push_back(v ? '\1' : '\0'); }
    static constexpr bool decode(reader& in, bool& v) {
        std::uint8_t b = 0;
        if (!in.byte(b) || b > 1) return in.refuse();
        v = b == 1;
        return true;
    }
};

template <class T>
    requires std::is_unsigned_v<T>
struct codec<T> {
    static constexpr void encode(std::string& out, T v) { append_varint(out, v); }
    static constexpr bool decode(reader& in, T& v) {
        std::uint64_t n = 0;
        if (!in.varint(n) || n > T(-1)) return in.refuse();
        v = static_cast<T>(n);
        return true;
    }
};

template <>
struct codec<std::int64_t> {
    static constexpr void encode(std::string& out, std::int64_t v) {
        append_varint(out,
                      static_cast<std::uint64_t>(v) << 1 ^ static_cast<std::uint64_t>(v >> 63));
    }
    static constexpr bool decode(reader& in, std::int64_t& v) {
        std::uint64_t n = 0;
        if (!in.varint(n)) return false;
        v = static_cast<std::int64_t>(n >> 1 ^ (~(n & 1) + 1));
        return true;
    }
};

template <class Tag>
struct codec<strong<Tag>> {
    static constexpr void encode(std::string& out, strong<Tag> v) { append_varint(out, v.value); }
    static constexpr bool decode(reader& in, strong<Tag>& v) { return in.varint(v.value); }
};

template <std::size_t N>
struct codec<std::array<std::byte, N>> {
    static constexpr void encode(std::string& out, const std::array<std::byte, N>& v) {
        for (const auto b : v) out.push_back(static_cast<char>(b));
    }
    static constexpr bool decode(reader& in, std::array<std::byte, N>& v) {
        std::string_view raw;
        if (!in.take(N, raw)) return false;
        for (std::size_t i = 0; i < N; ++i) v[i] = static_cast<std::byte>(raw[i]);
        return true;
    }
};

template <>
struct codec<std::string> {
    static constexpr void encode(std::string& out, const std::string& v) {
        append_varint(out, v.size());
        out.append(v);
    }
    static constexpr bool decode(reader& in, std::string& v) {
        std::uint64_t size = 0;
        std::string_view raw;
        if (!in.varint(size) || !in.take(size, raw)) return in.refuse();
        v = raw;
        return true;
    }
};

template <class T>
struct codec<std::optional<T>> {
    static constexpr void encode(std::string& out, const std::optional<T>& v) {
        encode_to(out, v.has_value());
        if (v) encode_to(out, *v);
    }
    static constexpr bool decode(reader& in, std::optional<T>& v) {
        bool has = false;
        if (!decode_from(in, has)) return false;
        if (!has) return v.reset(), true;
        return decode_from(in, v.emplace());
    }
};

template <class T>
struct codec<std::vector<T>> {
    static_assert(!std::is_empty_v<T>, "casement: an element that takes no byte cannot be counted");

    static constexpr void encode(std::string& out, const std::vector<T>& v) {
        append_varint(out, v.size());
        for (const auto& e : v) encode_to(out, e);
    }
    static constexpr bool decode(reader& in, std::vector<T>& v) {
        std::uint64_t count = 0;
        // An element takes at least a byte, so a count beyond the rest is a lie.
        if (!in.varint(count) || count > in.rest().size()) return in.refuse();
        v.clear();
        for (std::uint64_t i = 0; i < count; ++i)
            if (!decode_from(in, v.emplace_back())) return false;
        return true;
    }
};

namespace detail {
consteval bool all_different(std::initializer_list<std::uint8_t> tags) {
    for (const auto* a = tags.begin(); a != tags.end(); ++a)
        for (const auto* b = a + 1; b != tags.end(); ++b)
            if (*a == *b) return false;
    return true;
}
}  // namespace detail

template <class... T>
struct codec<std::variant<T...>> {
    static_assert(sizeof...(T) > 0 && (requires { T::tag; } && ...),
                  "casement: every alternative of an encoded variant names its tag");
    static_assert(detail::all_different({T::tag...}), "casement: two alternatives share a tag");

    static constexpr void encode(std::string& out, const std::variant<T...>& v) {
        std::visit(
            [&]<class A>(const A& alternative) {
                out.push_back(static_cast<char>(A::tag));
                encode_to(out, alternative);
            },
            v);
    }
    static constexpr bool decode(reader& in, std::variant<T...>& v) {
        std::uint8_t tag = 0;
        if (!in.byte(tag)) return false;
        bool done = false;
        const bool known =
            ((T::tag == tag && (done = decode_from(in, v.template emplace<T>()), true)) || ...);
        return known && done ? true : in.refuse();
    }
};

template <class T>
    requires std::is_aggregate_v<T> && std::is_class_v<T>
struct codec<T> {
    static constexpr void encode(std::string& out, const T& v) {
        std::apply([&](const auto&... m) { (encode_to(out, m), ...); }, members(v));
    }
    static constexpr bool decode(reader& in, T& v) {
        return std::apply([&](auto&... m) { return (decode_from(in, m) && ...); }, members(v));
    }
};

}  // namespace casement
