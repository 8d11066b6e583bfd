#pragma once
// A file of a line or two in a store's directory, that never changes: whole and durable under its
// name, or not there. Calls from one thread.

#include <cerrno>
#include <cstddef>
#include <string>

#include <casement/blob/file_system.hpp>
#include <casement/blob/posix.hpp>
#include <casement/core/error.hpp>
#include <casement/core/pace.hpp>
#include <casement/core/system_calls.hpp>

namespace casement::small_file {

/// Waits until a name that was just given is seen: a Windows disk may show it some moments later
/// (SPEC W1), and who looks next would find none.
template <blob::file_system FS>
[[nodiscard]] result<void> seen(FS& disk, const std::string& path) {
    result<blob::entry> found;
    const auto look = [&] {
        found = disk.look(path);
        return found || found.error().code() != errc::not_found ? 0 : ENOENT;
    };
    (void)until_passed(look, steady_waiting::wait, may_appear);  // `found` says it with its path
    return found ? result<void>{} : passed(found);
}

/// What a file has for its name until it is whole.
[[nodiscard]] inline std::string unfinished(const std::string& path) { return path + ".new"; }

/// Writes it in the directory, durably; or leaves none, for one that may be lost must not be
/// believed. It has its name when its bytes are durable. What an earlier attempt left is removed.
template <blob::file_system FS>
[[nodiscard]] result<void> write(FS& disk, const std::string& directory, const std::string& path,
                                 const std::string& text) {
    const auto new_one = unfinished(path);
    if (auto gone = disk.remove(new_one); !gone && gone.error().code() != errc::not_found)
        return gone;
    auto file = disk.create(new_one);
    if (!file) return passed(file);
    const auto written = [&]() -> result<void> {
        if (auto done = file->write_at(0, text); !done) return done;
        if (auto synced = file->sync(); !synced) return synced;
        if (auto closed = file->close(); !closed) return closed;
        if (auto named = disk.rename(new_one, path); !named) return named;
        auto named = disk.sync_directory(directory);
        return named ? seen(disk, path) : passed(named);
    }();
    if (!written)  // the first error is the one to tell
        for (const auto& left : {new_one, path}) (void)disk.remove(left);
    return written;
}

/// Its first `bytes_max` bytes: one that is longer is none of these.
[[nodiscard]] inline result<std::string> read(const std::string& path, std::size_t bytes_max) {
    blob::posix_file_system disk;
    auto file = disk.open(path);
    if (!file) return passed(file);
    std::string text(bytes_max, '\0');
    const auto size = file->read_at(0, text);
    if (!size) return std::unexpected{size.error()};
    text.resize(*size);
    return text;
}

}  // namespace casement::small_file
