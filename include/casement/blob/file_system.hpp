#pragma once
// What the blob layer asks of a file system: few calls, each an answer or an error with its path
// and errno (SPEC W7). Values of these types may be used from several threads at once; no call
// follows a symbolic link in its last component, and none asks for a file by name after it was
// renamed.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <casement/core/error.hpp>

namespace casement::blob {

/// Bytes go to a file in pieces of this size: larger calls are slower, and the disk begins later
/// (DESIGN D9).
inline constexpr std::size_t piece_size = 1 << 20;

/// What kind of thing a name leads to, no link followed.
enum class entry_kind : std::uint8_t { file, directory, other };

/// What a name stands for: a symbolic link, a device and a socket are `other`.
struct entry {
    entry_kind kind = entry_kind::other;
    std::uint64_t size = 0;  // bytes; of a file only

    bool operator==(const entry&) const = default;
};

/// Bytes of a file, from `offset` on.
struct byte_range {
    std::uint64_t offset = 0, length = 0;

    bool operator==(const byte_range&) const = default;
};

/// Bytes that can be read at any place: what verified reads need.
template <class F>
concept byte_source = requires(const F& seen, std::uint64_t number, std::span<char> into) {
    { seen.read_at(number, into) } -> std::same_as<result<std::size_t>>;
    { seen.path() } -> std::convertible_to<std::string_view>;
};

/// An open file; move-only, and its destructor closes it. Several threads may transfer disjoint
/// ranges at once; only one may `close`, when the others are done.
///
///     write_at(offset, bytes)      all of them or an error: short writes and EINTR are not seen
///     read_at(offset, into)        fills `into` as far as the file goes; answers the bytes read
///     size()                       of the open file, in bytes (fstat: never by name, SPEC W1)
///     start_writeback(off, length) a hint to the disk; waits for nothing, promises nothing
///     sync()                       the bytes and the size are durable, or an error. After an error
///                                  the pages may be lost though marked clean, so every further
///                                  write, read or sync of this file is refused
///     close()                      an error here may mean lost bytes unless `sync` came before
///     path()                       as it was opened, for errors
///
/// A type whose `for_one_thread` is true, if it has that, is called by one thread alone, and in an
/// order that no other thread has a part in.
template <class F>
concept open_file = byte_source<F> && std::movable<F> && !std::copy_constructible<F> &&
                    requires(F & file, const F& seen, std::uint64_t number, std::string_view bytes,
                             std::span<char> into) {
    { file.write_at(number, bytes) } -> std::same_as<result<void>>;
    { seen.size() } -> std::same_as<result<std::uint64_t>>;
    { seen.start_writeback(number, number) } -> std::same_as<void>;
    { file.sync() } -> std::same_as<result<void>>;
    { file.close() } -> std::same_as<result<void>>;
};

/// A file whose bytes can be had as memory, too:
///
///     map(offset, length)  a `mapping`, move-only, whose `bytes()` are those of the file for as
///                          long as it lives, also when the file is closed or its name is gone.
///                          `unsupported` where this file system does not do it. REQUIRES: the file
///                          is that long, and stays so
template <class F>
concept mappable_file = requires(const F& seen, std::uint64_t number) {
    { seen.map(number, number) } -> std::same_as<result<typename F::mapping>>;
    { seen.map(number, number)->bytes() } -> std::same_as<std::string_view>;
};

/// Whether a file of type F is to be called by one thread alone.
template <class F>
inline constexpr bool is_for_one_thread = [] {
    if constexpr (requires { F::for_one_thread; })
        return bool{F::for_one_thread};
    else
        return false;
}();

/// A file system, as a cheap value. The laws are tests/blob/file_system_laws.hpp.
///
///     create(path)          a new file, readable and writable; `exists` if the name is taken
///     open(path)            an existing file, for reading; `not_found`
///     make_directory(path)  a new directory; `exists`, also when it is one already
///     sync_directory(path)  true: the names in it are durable; false: this file system cannot say
///     remove(path)          a file's name goes; who has the file open reads on; `not_found`
///     rename(from, to)      replaces a file of the name `to`
///     link(from, to)        true: the file has one name more; `exists` if that is taken. False:
///                           nothing was changed, for here, or so far apart, no file has two
///     list(path)            the names in a directory, sorted, without "." and ".."
///     look(path)            what the name stands for; `not_found`
///     allocated(path)       the bytes that a file takes of the disk; `not_found`
///     punch(path, ranges)   true: they read as zeros, and whole blocks in them take no room; the
///                           file is as long as it was. False: nothing was changed, for this file
///                           system makes no holes
template <class S>
concept file_system = std::copyable<S> && open_file<typename S::file> &&
    requires(S& fs, const std::string& path, std::span<const byte_range> ranges) {
    { fs.create(path) } -> std::same_as<result<typename S::file>>;
    { fs.open(path) } -> std::same_as<result<typename S::file>>;
    { fs.make_directory(path) } -> std::same_as<result<void>>;
    { fs.sync_directory(path) } -> std::same_as<result<bool>>;
    { fs.remove(path) } -> std::same_as<result<void>>;
    { fs.rename(path, path) } -> std::same_as<result<void>>;
    { fs.link(path, path) } -> std::same_as<result<bool>>;
    { fs.list(path) } -> std::same_as<result<std::vector<std::string>>>;
    { fs.look(path) } -> std::same_as<result<entry>>;
    { fs.allocated(path) } -> std::same_as<result<std::uint64_t>>;
    { fs.punch(path, ranges) } -> std::same_as<result<bool>>;
};

}  // namespace casement::blob
