#pragma once
// The store concept: get, ordered scan, snapshot, and one way to write, the guarded commit (DESIGN
// D1, after Sinfonia's mini-transactions). Keys and values are bytes; what they mean is in rows.
// Engines are named nowhere here, and these types do nothing by themselves.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <casement/core/error.hpp>

namespace casement {

/// When an answer was true, as its own store counts commits. It only ever saves work: a guard whose
/// key no commit has touched since `version` holds without being read. `{}` promises nothing, and a
/// version of another store, or of an earlier opening, counts as `{}`.
struct version {
    std::uint64_t number = 0;

    bool operator==(const version&) const = default;
};

/// A row as it was found: its value, or nothing where there is no row.
struct found {
    std::optional<std::string> value;
    version at;
};

/// "This key still holds exactly this value", or "no row is there".
struct guard {
    std::string_view key;
    std::optional<std::string_view> expected;
    version seen_at;
    std::string_view name;  // what the guard stands for, in words; conflicts and mutants quote it
};

/// One row of a commit's effect. `bump` adds to a counter row (8 bytes, big-endian; no row counts
/// as 0) and commutes with every other bump.
struct write {
    enum class kind : std::uint8_t { put, erase, bump };
    kind what;
    std::string_view key;
    std::string_view value{};  // of a put
    std::uint64_t amount = 0;  // of a bump; wraps around, so that 2^64 - n subtracts n
};

/// What `commit` takes. The views must live until it returns.
/// REQUIRES: no key is guarded twice or written twice.
struct batch {
    std::span<const guard> guards;
    std::span<const write> writes;
};

/// A commit holds at most this many guards and writes together; more is `too_big`. It leaves room
/// below etcd's 128 operations a transaction. Bigger work is a short commit that decides, and a
/// sweep.
inline constexpr std::size_t commit_rows_max = 100;

/// What a commit answers: the version from which its writes can be read.
struct receipt {
    version at;
};

/// The rows of a scan in byte order of their keys. Views live until `next`. One thread at a time.
template <class C>
concept ordered_cursor = std::movable<C> && requires(C& c, const C& k) {
    { k.valid() } -> std::same_as<bool>;
    { k.key() } -> std::same_as<std::string_view>;    // REQUIRES: valid()
    { k.value() } -> std::same_as<std::string_view>;  // REQUIRES: valid()
    {c.next()};                                       // REQUIRES: valid()
    { k.status() } -> std::same_as<result<void>>;     // why it stopped: ok at the end of the range
};

/// Reads: of the newest state (a store) or of one instant (a snapshot).
template <class R>
concept readable = requires(const R& r, std::string_view key) {
    { r.get(key) } -> std::same_as<result<found>>;
    /// Rows with first <= key < last, as they were at one instant.
    { r.scan(key, key) } -> ordered_cursor;
};

/// A place of rows that many may change at once. All members may be called from any thread, except
/// where an engine says that it is a value of one thread's.
///
/// `commit` does all its writes, or none: none when a guard does not hold (`conflict`), when it is
/// `too_big`, `corrupt` or refused (`io`, `no_space`, `read_only`). Only `unknown_outcome` says
/// that the writes may be there or may yet appear. When it returns well, they are as durable as the
/// store was opened to make them, and every later read anywhere sees them.
///
/// `unchanged(key, at)` is true only if no commit has written `key` since `at`; false promises
/// nothing. A cache that asks it is never stale (SPEC F4i).
template <class S>
concept store = readable<S> &&
    requires(S& s, const S& k, const batch& b, std::string_view key, version at) {
    { k.snapshot() } -> readable;
    { s.commit(b) } -> std::same_as<result<receipt>>;
    { k.unchanged(key, at) } -> std::same_as<bool>;
};

/// Where each read may be a journey: several rows come in one, as they were at one instant, and so
/// do all that are read of the answer. The keys may go before it. A source that is far only with
/// some engines has an `is_far` of its own.
template <class R>
concept far = readable<R> && requires(const R& r, std::span<const std::string_view> keys) {
    { r.together(keys) } -> readable;
};

/// Whether reads of it are journeys: only then is it worth a key to ask for rows together.
template <readable R>
[[nodiscard]] constexpr bool is_far(const R& at) {
    if constexpr (far<R> && requires { at.is_far(); })
        return at.is_far();
    else
        return far<R>;
}

/// A snapshot to read from between other calls. A store for which that is another thing than one
/// that is read at once has a `held_snapshot` of its own: the explorer's takes its rows at once.
template <store S>
[[nodiscard]] auto held_snapshot(const S& kv) {
    if constexpr (requires { kv.held_snapshot(); })
        return kv.held_snapshot();
    else
        return kv.snapshot();
}

}  // namespace casement
