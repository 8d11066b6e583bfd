#pragma once
// Typed rows over a store, and the token that proves a read. A `seen<R>` comes only from `read`, or
// through the one named gate `from_record`, and remembers the exact row: so what an operation
// expects was read where it was decided, and not where it is committed (SPEC F4a, DESIGN D3).
//
// A row type is an aggregate with a `table` letter and a `key` type; row and key are encoded by
// their members. Keys sort by their members: ids as 8 bytes big-endian, digests as they are, and
// one name at most, which comes last and is written as it is.
//
//     struct head {
//         static constexpr char table = 'h';
//         using key = node_id;
//         bool alive;
//     };

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <casement/core/assert.hpp>
#include <casement/core/codec.hpp>
#include <casement/kv/store.hpp>

namespace casement {

/// An aggregate with a `table`, the first byte of its keys, and a `key` type.
template <class R>
concept row = std::is_aggregate_v<R> && std::default_initializable<R> && requires {
    { R::table } -> std::convertible_to<char>;
    typename R::key;
};

/// A count that `bump` moves: 8 bytes, big-endian.
struct count {
    std::uint64_t value = 0;

    bool operator==(const count&) const = default;
};

template <>
struct codec<count> {
    static constexpr void encode(std::string& out, count v) { append_big64(out, v.value); }
    static constexpr bool decode(reader& in, count& v) { return in.big64(v.value); }
};

/// A row whose only member is a `count`.
template <class R>
concept counter_row = row<R> && requires(R r) {
    { r.n } -> std::same_as<count&>;
} && member_count<R>
== 1;

namespace detail {

template <class T>
constexpr void append_key(std::string& out, const T& part) {
    if constexpr (is_strong<T>)
        append_big64(out, part.value);
    else if constexpr (std::same_as<T, std::uint64_t>)
        append_big64(out, part);
    else if constexpr (std::same_as<T, std::uint8_t>)
        out.push_back(static_cast<char>(part));
    else if constexpr (std::convertible_to<const T&, std::string_view>)
        out.append(std::string_view{part});
    else if constexpr (requires {
                           part.size();
                           part.data();
                       })
        for (const auto b : part) out.push_back(static_cast<char>(b));
    else
        std::apply([&](const auto&... p) { (append_key(out, p), ...); }, members(part));
}

template <class T>
constexpr bool take_key(reader& in, T& part) {
    if constexpr (is_strong<T>) {
        return in.big64(part.value);
    } else if constexpr (std::same_as<T, std::uint64_t>) {
        return in.big64(part);
    } else if constexpr (std::same_as<T, std::uint8_t>) {
        return in.byte(part);
    } else if constexpr (std::same_as<T, std::string_view>) {
        return in.take(in.rest().size(), part);
    } else if constexpr (requires {
                             part.size();
                             part.data();
                         }) {
        return decode_from(in, part);
    } else {
        return std::apply([&](auto&... p) { return (take_key(in, p) && ...); }, members(part));
    }
}

}  // namespace detail

/// Appends the bytes of a row's key, for those who build many in one buffer.
template <row R>
constexpr void append_row_key(std::string& out, const typename R::key& key) {
    out.push_back(R::table);
    detail::append_key(out, key);
}

/// The whole key: the table, then the key's members in order.
template <row R>
[[nodiscard]] constexpr std::string row_key(const typename R::key& key) {
    std::string out;
    append_row_key<R>(out, key);
    return out;
}

/// The typed key in `bytes`; its names are views into `bytes`. Nothing if it is no key of `R`.
template <row R>
[[nodiscard]] constexpr std::optional<typename R::key> parse_row_key(std::string_view bytes) {
    if (bytes.empty() || bytes.front() != R::table) return std::nullopt;
    reader in{bytes.substr(1)};
    typename R::key key{};
    if (!detail::take_key(in, key) || !in.finished()) return std::nullopt;
    return key;
}

/// The first key after all those that begin with `prefix`: the end of a scan.
/// REQUIRES: `prefix` has a byte that is not 0xff.
[[nodiscard]] constexpr std::string after_prefix(std::string_view prefix) {
    std::string out{prefix};
    while (!out.empty() && static_cast<unsigned char>(out.back()) == 0xff) out.pop_back();
    require(!out.empty(), "a prefix with a byte below 0xff");
    out.back() = static_cast<char>(static_cast<unsigned char>(out.back()) + 1);
    return out;
}

template <row R>
class seen;

/// Reads one row: what is there, or that nothing is. `corrupt` if the bytes are no `R`.
template <row R, readable S>
[[nodiscard]] result<seen<R>> read(const S& source, const typename R::key& key);

/// A row as somebody saw it. A value; carries all that a guard needs.
template <row R>
class seen {
public:
    [[nodiscard]] bool exists() const { return value_.has_value(); }
    explicit operator bool() const { return exists(); }

    /// REQUIRES: exists()
    [[nodiscard]] const R& operator*() const {
        require(exists(), "the row that was seen exists");
        return *value_;
    }
    /// REQUIRES: exists()
    [[nodiscard]] const R* operator->() const { return &**this; }

    /// The typed key; its names are views into this token.
    [[nodiscard]] typename R::key key() const { return *parse_row_key<R>(key_); }

    [[nodiscard]] std::string_view key_bytes() const { return key_; }
    [[nodiscard]] version at() const { return at_; }

    /// The guard that this row is still as it was seen. Lives no longer than the token.
    [[nodiscard]] guard unchanged(std::string_view name) const {
        return {key_, raw_ ? std::optional<std::string_view>{*raw_} : std::nullopt, at_, name};
    }

    /// The token as bytes, for intents, the command line and the network.
    [[nodiscard]] std::string to_record() const {
        std::string out;
        encode_to(out, key_);
        encode_to(out, raw_);
        return out;
    }

    /// The one gate through which a token may come from somewhere else than a read. It is compared
    /// in full when it is used. `corrupt` if the bytes are no record of an `R`.
    [[nodiscard]] static result<seen> from_record(std::string_view record) {
        reader in{record};
        std::string key;
        std::optional<std::string> raw;
        if (!decode_from(in, key) || !decode_from(in, raw) || !in.finished() ||
            !parse_row_key<R>(key))
            return fail(errc::corrupt, "read token", std::string{record},
                        "not a token of this row");
        return made(std::move(key), found{std::move(raw), version{}});
    }

private:
    template <row T, readable S>
    friend result<seen<T>> read(const S& source, const typename T::key& key);
    template <row T>
    friend result<seen<T>> seen_in_scan(std::string_view key, std::string_view value, version at);
    template <row T>
    friend result<seen<T>> not_seen_in_scan(const typename T::key& key, version at);

    seen() = default;

    static result<seen> made(std::string key, found row) {
        seen s;
        s.at_ = row.at;
        if (row.value) {
            s.value_ = decode<R>(*row.value);
            if (!s.value_) return fail(errc::corrupt, "read row", std::move(key), "no such row");
            s.raw_ = std::move(row.value);
        }
        s.key_ = std::move(key);
        return s;
    }

    std::string key_;
    std::optional<std::string> raw_;
    std::optional<R> value_;
    version at_;
};

template <row R, readable S>
result<seen<R>> read(const S& source, const typename R::key& key) {
    std::string bytes = row_key<R>(key);
    auto row = source.get(bytes);
    if (!row) return within(std::move(row), "read row", std::move(bytes));
    return seen<R>::made(std::move(bytes), *std::move(row));
}

/// Every row of a source, in order, whatever its table: their letters are below 0xff.
template <readable R>
[[nodiscard]] auto all_rows(const R& at) {
    return at.scan(std::string_view{"\0", 1}, "\xff");
}

/// What to read those rows from that are needed together: a source that is far brings them at once,
/// and any other is read as it is.
template <row... Rows, readable R>
[[nodiscard]] decltype(auto) together(const R& at, const typename Rows::key&... keys) {
    if constexpr (far<R>) {
        if (!is_far(at)) return at.together({});
        const std::array<std::string, sizeof...(Rows)> bytes{row_key<Rows>(keys)...};
        std::array<std::string_view, sizeof...(Rows)> views;
        std::ranges::copy(bytes, views.begin());
        return at.together(views);
    } else {
        return (at);
    }
}

/// One instant of a store, in which those rows are needed. What it costs to have it brings them.
template <row... Rows, store S>
[[nodiscard]] auto snapshot_with(const S& kv, const typename Rows::key&... keys) {
    if constexpr (far<S>)
        return together<Rows...>(kv, keys...);
    else
        return kv.snapshot();
}

/// The token of a row that a scan passes over: a scan is a read. `at` is the scan's own version.
/// `corrupt` if the bytes are no key or no row of `R`.
template <row R>
[[nodiscard]] result<seen<R>> seen_in_scan(std::string_view key, std::string_view value,
                                           version at) {
    if (!parse_row_key<R>(key))
        return fail(errc::corrupt, "read row", std::string{key}, "not a key of this row");
    return seen<R>::made(std::string{key}, found{std::string{value}, at});
}

/// The token of a row that a scan would have passed over, and did not: it is not there.
template <row R>
[[nodiscard]] result<seen<R>> not_seen_in_scan(const typename R::key& key, version at) {
    return seen<R>::made(row_key<R>(key), found{std::nullopt, at});
}

}  // namespace casement
