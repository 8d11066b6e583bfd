#pragma once
// Stores rebuilt as a whole (SPEC B8): into other thresholds, into the current format, or into
// another directory, also of another file system. The new one is made beside the old one, verified,
// and then takes its place in one step; the old one is kept until it is let go of. What takes the
// place of a store works on none that somebody has open (`in_use`), and nobody opens it meanwhile.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <casement/core/error.hpp>
#include <casement/tree/rebuild.hpp>
#include <casement/vault.hpp>

namespace casement {

/// What the new store is to be; what is not said stays as it is.
struct rebuild_options {
    /// Thresholds of the new store, in bytes; those of the old one if none.
    std::optional<std::uint64_t> inline_max{}, dedicated_min{}, pack_max{};
    /// The new store is a store of its own in this directory, and the old one stays what it is.
    std::optional<std::string> to;
    double bytes_a_second = 0;  // copied, at most; 0: no limit
    bool links = true;          // Dedicated files are not copied, where they can have two names
    bool dry_run = false;       // only says what would be done
    std::function<bool()> stop = [] { return false; };
    /// Hears of bytes as they are brought over, and then as they are verified.
    std::function<void(std::uint64_t bytes)> tell = [](std::uint64_t) {};
    std::size_t cache_bytes = vault_options{}.cache_bytes;
    /// As of a vault. Where the rows of the new store are, or "" for in it; as the old one if none.
    std::vector<engine::opener> engines{};
    std::optional<std::string> rows_at{};
};

/// What a rebuild has brought over.
struct rebuild_report : tree::rebuilt {
    bool resumed = false;              // an earlier rebuild was stopped, and this one went on
    std::uint64_t verified_bytes = 0;  // of the new store, read back and hashed
};

/// Rebuilds. Stopped anywhere (`cancelled`, a crash), the next call goes on where it was, unless
/// the store was opened meanwhile or is to become another: then it begins anew. `corrupt` where
/// something in the old store cannot be read, or the new one is not what the old one was: the old
/// one stays in use. `no_space`: `abandon_rebuild` gives back what was taken.
[[nodiscard]] result<rebuild_report> rebuild(const std::string& store,
                                             const rebuild_options& how = {});

/// What lies in a store's directory.
struct store_roots {
    std::uint64_t in_use = 0;
    std::vector<std::uint64_t> backups;  // whole, and older
    bool unfinished = false;             // a rebuild, or the removal of something, was stopped

    [[nodiscard]] static std::string directory(const std::string& store, std::uint64_t root);
};
/// Reads the directory's markers, and no store; also while one is open.
[[nodiscard]] result<store_roots> roots_of(const std::string& store);

/// Removes the backups, and what a release before this one has left. Answers how many there were.
[[nodiscard]] result<std::uint64_t> release_backups(const std::string& store,
                                                    const vault_options& options = {});

/// The newest backup is in use again, and what was rebuilt from it is removed. `not_found` if there
/// is no backup. Refused (`illegal`) where the store was opened since, unless `anyway`: what was
/// changed in it is lost.
[[nodiscard]] result<void> return_to_backup(const std::string& store, bool anyway = false,
                                            const vault_options& options = {});

/// Removes what a rebuild that was stopped has left.
[[nodiscard]] result<void> abandon_rebuild(const std::string& store,
                                           const vault_options& options = {});

}  // namespace casement
