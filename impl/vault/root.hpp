#pragma once
// A root: the rows and the bytes of a store, below one directory. A store has one that is in use;
// another while it is rebuilt, and the old one until that is let go of. What a class of this file
// promises of threads, `vault` says.

#include <atomic>
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

/// Of lower numbers, every file was named when it was looked for what no row names.
struct swept {
    static constexpr char table = '!';
    struct key {
        std::uint8_t beside_the_settings = 's';
    };
    std::uint64_t below = 0;
};

/// Which files are looked at: a crash leaves what is new; what is collected may be any.
enum class sweeps : std::uint8_t { all, what_is_new };

struct store_root {
    opening held;  // until the rows are closed
    vault::clock_type clock;
    vault::rows_type rows;
    id_blocks<vault::rows_type> ids{rows, [this](std::uint64_t n) { return begin_block(n); }};
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
    /// Removes the files of bytes that no row names any more, and answers how many.
    [[nodiscard]] result<std::uint64_t> sweep_collected();
    /// Before rows go whose files go later: if that is cut short, openings look at all files. Where
    /// others open it just then, a later collection does.
    [[nodiscard]] result<void> expect_leftovers();
    /// There is nothing in it yet.
    void begin_swept();
    /// Who opens it next has nothing to look for among what was made until now.
    void leave_swept();
    /// Nobody who comes late names a file of a number below the answer: see tree/sweep_fence.hpp.
    [[nodiscard]] result<std::uint64_t> raise_fence();

    /// `corrupt` if the rows are not there, for the caller knows that they were, or if they are not
    /// of this format. Removes nothing.
    [[nodiscard]] static result<std::unique_ptr<store_root>> open(const std::string& where,
                                                                  const vault_options& options,
                                                                  std::uint64_t format);

private:
    [[nodiscard]] result<std::unordered_set<std::uint64_t>> files_named(std::uint64_t below);
    [[nodiscard]] result<void> open_files(const std::string& where, const vault_options& options);
    [[nodiscard]] result<void> begin_block(std::uint64_t first);
    [[nodiscard]] result<std::uint64_t> lowest_in_making();
    [[nodiscard]] result<std::uint64_t> sweep_blobs(sweeps which, std::uint64_t below);
    [[nodiscard]] std::uint64_t end_of_sweep(std::uint64_t below) const;
    void end_numbers();
    [[nodiscard]] result<void> raise_fence(std::uint64_t below);
    void remember_swept(const seen<swept>& known, std::uint64_t below);

    std::atomic<bool> makes_files_ = false;
    std::atomic<std::uint64_t> swept_ = 0;  // as it was last seen by this opening; 0: up to nowhere
};

/// The root of a store that is in use, and its number: nobody makes another take its place while
/// it is open. `not_found`, `newer_format`, `corrupt`, `in_use`.
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
