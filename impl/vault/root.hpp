#pragma once
// A root: the rows and the bytes of a store, below one directory. A store has one that is in use;
// another while it is rebuilt, and the old one until that is let go of. What a class of this file
// promises of threads, `vault` says.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include <casement/kv/id_blocks.hpp>
#include <casement/vault.hpp>

#include "opening.hpp"

namespace casement {

/// Which files are looked at: a crash leaves what is new; what is collected may be any.
enum class sweeps : std::uint8_t { all, what_is_new };

struct store_root {
    opening held;  // until the rows are closed
    vault::clock_type clock;
    vault::rows_type rows;
    id_blocks<vault::rows_type> ids{rows, [this](std::uint64_t first) { begin_block(first); }};
    blob::thresholds sizes;
    std::optional<vault::contents_type> contents;  // always, once it is open

    store_root(engine::any_store r, opening h, vault::clock_type c, const vault_options& o)
        : held{std::move(h)}, clock{c}, rows{std::move(r), o.directory_bytes_max} {}

    /// Makes the rows and the directories in `where`, which is there; what is there of them is
    /// taken up. No name is in it yet, not even the tree's own.
    [[nodiscard]] static result<std::unique_ptr<store_root>> make(const std::string& where,
                                                                  const vault_options& options,
                                                                  const blob::thresholds& sizes);
    /// Removes what a crash left of writes that nobody was told of, and answers how much. Reads
    /// every content's row if there is any file to look at, and none if not.
    [[nodiscard]] result<std::uint64_t> sweep(sweeps which);
    /// The part of it that lies in files that are not written any more.
    [[nodiscard]] result<std::uint64_t> sweep_blobs(sweeps which);
    /// Before rows go whose files go later: all files are looked at until all are swept.
    [[nodiscard]] result<void> expect_leftovers();
    /// Who opens it next has nothing to look for among what was made until now.
    void leave_swept();

    /// `corrupt` if the rows are not there, for the caller knows that they were, or if they are not
    /// of this format. Removes nothing.
    [[nodiscard]] static result<std::unique_ptr<store_root>> open(const std::string& where,
                                                                  const vault_options& options,
                                                                  std::uint64_t format);

private:
    [[nodiscard]] result<std::unordered_set<std::uint64_t>> files_named() const;
    [[nodiscard]] result<void> open_files(const std::string& where, const vault_options& options);
    void begin_block(std::uint64_t first);
    [[nodiscard]] result<std::uint64_t> lowest_in_making();
    void remember_swept(std::uint64_t below);

    std::uint64_t first_ = 0;  // that may be given, as it was opened
};

/// The root of a store that is in use, and its number: nobody else opens it, or makes another take
/// its place, while it is open. `not_found`, `newer_format`, `corrupt`, `in_use`.
struct newest_root {
    std::uint64_t number = 0;
    std::unique_ptr<store_root> opened;
};
[[nodiscard]] result<newest_root> open_newest_root(
    const std::string& store, const vault_options& options,
    const std::function<void()>& meanwhile = [] {});  // of tests: what others do in between

/// Where the rows of a root are, if not in it.
[[nodiscard]] result<std::optional<std::string>> address_of_rows(const std::string& where);

/// Erases the rows that a root has elsewhere, if it has: its directory may be removed then.
[[nodiscard]] result<void> erase_rows_elsewhere(const std::string& where,
                                                const vault_options& options);

/// What a rebuild has brought over is not what is here any more: the next one begins anew.
[[nodiscard]] result<void> forget_rebuild(vault::rows_type& rows);

}  // namespace casement
