#pragma once
// The files STORE/casement and STORE/casement.<number>: each says that a root of a store is whole,
// and in which format; the one with the highest number is in use (SPEC B8). Root 0 lies in STORE
// itself, another in STORE/root.<number>. A marker comes when its root is durable, goes before its
// root does, and never changes: so one root takes the place of another in one step, and back, and
// no directory is renamed. Calls from one thread.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <casement/blob/file_system.hpp>
#include <casement/core/error.hpp>

#include "small_file.hpp"

namespace casement::marker {

/// What a marker says.
struct content {
    std::uint64_t format = 0;
    std::uint64_t root = 0;

    bool operator==(const content&) const = default;
};

/// What a creation that was cut short may have left.
inline constexpr std::array<std::string_view, 6> creation_parts{
    "engine", "engine.new", "meta", "blobs", "packs", "casement.new"};

/// Makes the directory, or takes one that is empty or in which a creation was cut short. `exists`
/// if a store is there, `not_empty` if anything else is: all but the names that are `taken_up`.
[[nodiscard]] result<void> claim(const std::string& store,
                                 std::span<const std::string_view> taken_up = creation_parts);

[[nodiscard]] std::string path_of(const std::string& store, std::uint64_t root);
[[nodiscard]] std::string directory_of(const std::string& store, std::uint64_t root);
[[nodiscard]] std::string text_of(std::uint64_t format);

/// Writes a marker, durably. It has its name when its bytes are durable: a crash before leaves a
/// root that is not in use yet. `exists` if it is there.
template <blob::file_system FS>
[[nodiscard]] result<void> write(FS& disk, const std::string& store, const content& what) {
    const auto path = path_of(store, what.root);
    const auto there = disk.look(path);
    if (there) return fail(errc::exists, "write marker", path);
    if (there.error().code() != errc::not_found) return std::unexpected{there.error()};
    return small_file::write(disk, store, path, text_of(what.format));
}

/// Takes a marker away, durably. Well if it is gone.
template <blob::file_system FS>
[[nodiscard]] result<void> remove(FS& disk, const std::string& store, std::uint64_t root) {
    auto gone = disk.remove(path_of(store, root));
    if (!gone && gone.error().code() != errc::not_found) return gone;
    auto synced = disk.sync_directory(store);
    return synced ? result<void>{} : passed(synced);
}

/// The roots of a store, by number: those that have a marker, and those that have none, which are
/// not whole yet or not any more. Root 0 without a marker is not told from other directories.
struct roots {
    std::vector<std::uint64_t> whole, others;
};
[[nodiscard]] result<roots> list(const std::string& store);

/// What the marker says that is in use. `not_found` if the directory is no store, `corrupt` if the
/// marker is not what was written.
[[nodiscard]] result<content> read(const std::string& store);

}  // namespace casement::marker
