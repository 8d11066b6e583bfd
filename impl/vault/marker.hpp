#pragma once
// The file STORE/casement: says that a directory is a store, and in which format. Written last when
// a store is made and never changed. Calls from one thread.

#include <cstdint>
#include <string>
#include <string_view>

#include <casement/blob/file_system.hpp>
#include <casement/core/error.hpp>

namespace casement::marker {

/// Makes the directory, or takes one that is empty or in which a creation was cut short. `exists`
/// if a store is there, `not_empty` if anything else is.
[[nodiscard]] result<void> claim(const std::string& store);

inline constexpr std::string_view name = "/casement", unfinished_suffix = ".new";

[[nodiscard]] std::string text_of(std::uint64_t format);

/// Writes the marker, durably; or leaves none, for one that may be lost must not be believed. It
/// has its name when its bytes are durable: a crash before leaves a directory that is no store yet.
template <blob::file_system FS>
[[nodiscard]] result<void> write(FS& disk, const std::string& store, std::uint64_t format) {
    const auto path = store + std::string{name}, unfinished = path + std::string{unfinished_suffix};
    const auto there = disk.look(path);
    if (there) return fail(errc::exists, "write marker", path);
    if (there.error().code() != errc::not_found) return std::unexpected{there.error()};
    if (auto gone = disk.remove(unfinished); !gone && gone.error().code() != errc::not_found)
        return gone;
    auto file = disk.create(unfinished);
    if (!file) return passed(file);
    const auto written = [&]() -> result<void> {
        if (auto done = file->write_at(0, text_of(format)); !done) return done;
        if (auto synced = file->sync(); !synced) return synced;
        if (auto closed = file->close(); !closed) return closed;
        if (auto named = disk.rename(unfinished, path); !named) return named;
        auto named = disk.sync_directory(store);
        return named ? result<void>{} : passed(named);
    }();
    if (!written)  // the first error is the one to tell
        for (const auto& left : {unfinished, path}) (void)disk.remove(left);
    return written;
}

/// The format. `not_found` if the directory is no store, `corrupt` if the marker is not what was
/// written.
[[nodiscard]] result<std::uint64_t> read(const std::string& store);

}  // namespace casement::marker
