#pragma once
// The vault: what an application opens. A tree of names over contents that are stored once, with
// every change a guarded commit. Its calls take the caller's decision again after a conflict, a
// bounded number of times; who wants to decide for themselves takes the operations in tree/. Any
// thread. Where its rows are in it, one process at a time has a vault open; where they are
// elsewhere (`vault_options::rows_at`), any number on any machines that have its directory.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <casement/blob/posix.hpp>
#include <casement/core/clock.hpp>
#include <casement/core/error.hpp>
#include <casement/engine/any_store.hpp>
#include <casement/engine/leveldb.hpp>
#include <casement/engine/opener.hpp>
#include <casement/kv/client.hpp>
#include <casement/kv/retry.hpp>
#include <casement/tree/blob_rows.hpp>
#include <casement/tree/cached_rows.hpp>
#include <casement/tree/change.hpp>
#include <casement/tree/collect.hpp>
#include <casement/tree/compact.hpp>
#include <casement/tree/contents.hpp>
#include <casement/tree/create.hpp>
#include <casement/tree/file_writer.hpp>
#include <casement/tree/leases.hpp>
#include <casement/tree/look_up.hpp>
#include <casement/tree/open_file.hpp>
#include <casement/tree/promote.hpp>
#include <casement/tree/snapshot.hpp>
#include <casement/tree/tokens.hpp>

namespace casement {

/// How a vault is kept. The thresholds are the store's own and are set when it is made.
struct vault_options {
    /// Where its rows are elsewhere, files are always kept as for `power`.
    engine::durability durable = engine::durability::power;
    std::size_t cache_bytes = 16u << 20;
    std::size_t write_buffer_bytes = 8u << 20;
    std::size_t mapped_bytes_max = 0;  // of tables: see engine/leveldb.hpp before this is more
    std::size_t directory_bytes_max = 16u << 20;  // of immutable directories, kept in memory
    /// What a change came to can be asked for so long at least (SPEC F22).
    std::chrono::nanoseconds outcomes_kept = std::chrono::hours{24};
    /// Who opens links to bytes elsewhere; `file:` is there already.
    blob::resolvers elsewhere{};
    /// Who opens rows elsewhere, of a store that has them there.
    std::vector<engine::opener> engines{};
    /// Where the rows of a store that is made shall be, as one of `engines` takes it; "": in it, by
    /// LevelDB. A store that is there knows.
    std::string rows_at{};
    /// By how much the clocks of machines may differ that have its rows elsewhere open: a lease is
    /// taken back so much later, and an opening by a clock that is seen to be further off is
    /// refused (kv/clocks.hpp). Of rows in it, nothing: they are one machine's.
    std::chrono::nanoseconds clocks_differ_max = std::chrono::seconds{1};
    /// Nobody else has it open meanwhile, also where its rows are elsewhere.
    bool alone = false;
};

/// The format that this library writes, and the newest that it reads.
inline constexpr std::uint64_t store_format = 1;

/// What a call that settles a name has found or done.
enum class settled : std::uint8_t { created, replaced, unchanged, healed };

/// How a vault collects.
struct collect_options {
    std::chrono::nanoseconds grace = std::chrono::minutes{10};
    bool dry_run = false;
    std::function<bool()> stop = [] { return false; };
};

/// How a vault copies.
struct copy_options {
    double names_a_second = 0;  // at most; 0: no limit
    /// The destination is the copy itself, also where a directory is there by now: how a copy is
    /// taken up again. Else such a directory is what is copied into.
    bool onto = false;
    std::function<bool()> stop = [] { return false; };
};

/// What a copy came to, a second one of the same included.
struct copy_report {
    std::uint64_t directories = 0, files = 0, links = 0;
    std::uint64_t unchanged = 0;  // of all those: what was there already, and cost no commit
};

/// What a collection has found and taken away.
struct collection_report : tree::collected {
    std::uint64_t operations_forgotten = 0;  // outcomes that nobody can ask for any more
    std::uint64_t entries_swept = 0;         // that no directory shows
    std::uint64_t files_removed = 0;         // blobs and packs
};

class vault {
public:
    using rows_type = tree::cached_rows<engine::any_store>;
    using clock_type = agreed_clock<system_clock>;
    using file_system = blob::posix_file_system;
    using contents_type = tree::contents<rows_type, file_system>;
    using staged_file = blob::staged<blob::open, file_system>;
    using stored_file = tree::stored_file<file_system>;
    using reader = tree::file_reader<file_system>;
    using view = blob::blob_view<file_system>;
    using file_writer = tree::file_writer<recorded<rows_type>, file_system, clock_type>;
    using open_how = tree::open_how;

    /// Makes a store in the directory `path`, which is made too, or is empty. `exists` if a store
    /// is there, or its rows are another's; `not_empty` if something else is.
    [[nodiscard]] static result<vault> create(const std::string& path, const vault_options& options,
                                              const blob::thresholds& sizes = {});

    /// Opens a store. `not_found`, `newer_format`, `corrupt`; `in_use` if somebody else has it open
    /// and it is not to be shared. Removes what a crash left behind of writes that nobody was told
    /// of.
    [[nodiscard]] static result<vault> open(const std::string& path, const vault_options& options);

    vault(vault&&) noexcept;
    vault& operator=(vault&&) noexcept;
    ~vault();

    /// Syncs everything and closes; the vault is not to be used afterwards.
    [[nodiscard]] result<void> close();

    // The layers below, for operations that this face does not have.
    [[nodiscard]] rows_type& rows();
    [[nodiscard]] const rows_type& rows() const;
    [[nodiscard]] recorded<rows_type>& client();
    [[nodiscard]] contents_type& contents();
    [[nodiscard]] const contents_type& contents() const;
    /// By which leases begin and end.
    [[nodiscard]] const clock_type& clock() const;
    /// By which the store is told from any other, wherever it is and however often it is rebuilt; 0
    /// where that is not known, of an old one on a full disk.
    [[nodiscard]] std::uint64_t number() const;
    [[nodiscard]] const std::string& path() const;
    /// The directory of its rows and blobs: `path()`, or one in it (see rebuild.hpp).
    [[nodiscard]] const std::string& root() const;
    [[nodiscard]] const blob::thresholds& sizes() const;
    /// Are its rows elsewhere, so that others can have it open, too?
    [[nodiscard]] bool may_be_shared() const;
    /// Does nobody else have it open now?
    [[nodiscard]] result<bool> is_alone() const;
    /// How often this face took a decision again, after somebody was faster.
    [[nodiscard]] std::uint64_t retries() const;
    /// How long its threads waited before that, all together: up to 4 ms each time.
    [[nodiscard]] std::chrono::microseconds retries_waited() const;
    /// Leftovers of a crash that `open` has removed.
    [[nodiscard]] std::uint64_t leftovers_removed() const;

    /// Makes one directory. `exists` if the name is taken.
    [[nodiscard]] result<tree::node_id> make_directory(std::string_view path,
                                                       const tree::facts& about);
    /// mkdir -p.
    [[nodiscard]] result<tree::node_id> make_path(std::string_view path, const tree::facts& about);

    /// Makes `name` in the directory a subdirectory, if it is none yet, with these facts.
    [[nodiscard]] result<std::pair<tree::node_id, settled>> settle_directory(
        tree::node_id parent, std::string_view name, const tree::facts& about);

    /// Begins a file's bytes: `write` them in pieces, then `settle_file`. Who knows how many will
    /// come says so: those of a large file are faster then. No promise.
    [[nodiscard]] result<staged_file> stage(std::uint64_t expected = 0);

    /// Makes `name` in the directory a file of these bytes, durable before it is visible. Replaces
    /// a file; `exists` where a directory or a link stands in the way. `verified`: equal bytes that
    /// are stored already are read first, and replaced if they are damaged; then it is `healed`.
    [[nodiscard]] result<settled> settle_file(
        tree::node_id parent, std::string_view name, staged_file bytes, const tree::facts& about,
        tree::stored_before there = tree::stored_before::trusted);

    /// The same of bytes that stay where they are, behind a URI: they are read and hashed once, and
    /// whoever reads the file is told if they have changed (SPEC B1). `file:` is known; see
    /// `vault_options::elsewhere`. Bytes that are stored already need no link.
    [[nodiscard]] result<settled> settle_external(tree::node_id parent, std::string_view name,
                                                  const std::string& uri, const tree::facts& about);
    /// Copies into the store what it has links to; the files behind them are left alone. Beside
    /// anything else that is done with the vault.
    [[nodiscard]] result<tree::promoted> promote(const tree::promoting& how = {});

    /// Makes `name` in the directory a link. Replaces a link; `exists` where something else is.
    [[nodiscard]] result<settled> settle_link(tree::node_id parent, std::string_view name,
                                              const std::string& target, const tree::facts& about);

    /// Makes `name` in the directory another name of a link or of an object that was seen `since`
    /// then. Replaces what is of the same kind; `exists` where something else is. `conflict` if a
    /// directory's object may have been collected meanwhile: look at it again.
    [[nodiscard]] result<settled> settle_copy(tree::node_id parent, std::string_view name,
                                              const tree::entry& what,
                                              const tree::kept_since& since);

    /// A second name for what `from` points to: no byte is copied (SPEC B9). A file, a link, or a
    /// directory object.
    [[nodiscard]] result<void> copy(std::string_view from, std::string_view to);

    /// Copies a directory with all in it to `to`, or into the directory that is there: names alone,
    /// a commit each, and never one transaction (SPEC F19). Files and links that are there are
    /// replaced; what is there otherwise stays. What was copied stays also where the copy ends with
    /// an error, `cancelled` if `stop` answers true: called again, with `onto`, it goes on past all
    /// that is equal. Not of one instant: what others do meanwhile is copied or not; a snapshot is.
    /// `loop` where the copy would lie in itself, `in_use` for a file that is not finalized.
    [[nodiscard]] result<copy_report> copy_all(std::string_view from, std::string_view to,
                                               const copy_options& how = {});

    /// Opens a file to write it: see tree::open_how. The lease runs `term` from now on, and as long
    /// again from each `renew`; once it has run out, others may take it back, and every use of the
    /// writer is `fenced` (SPEC F3, F14). The directories on the way are there (`not_found`). A
    /// file object becomes a node again, with its bytes; a new file has permissions `mode`.
    /// `in_use` while another may write it, `illegal` while it is being finalized,
    /// `is_a_directory`, `exists`, `no_space`. The vault must outlive the writer, which is one
    /// thread's.
    [[nodiscard]] result<file_writer> open_file(
        std::string_view path, open_how how,
        std::chrono::nanoseconds term = std::chrono::minutes{1}, std::uint32_t mode = 0644);

    /// Makes a file that was written an object, which never changes and is stored once (SPEC F16):
    /// goes on where another was stopped, follows the file where it is renamed meanwhile, and never
    /// brings back one that is removed (`not_found`). Of a directory, all files below it and then
    /// itself. What is an object already is well. `in_use` where a file is being written: those
    /// that were finalized until then stay so.
    [[nodiscard]] result<tree::obj_id> finalize(std::string_view path);

    /// Every file that is not finalized, and who may write it.
    [[nodiscard]] result<std::vector<tree::open_file_info>> leases() const;
    /// Takes back every lease that has run out by now; what was written waits for the next writer.
    /// Answers how many.
    [[nodiscard]] result<std::uint64_t> reclaim_expired();

    /// Makes a directory with all below it one object, from the deepest up, a commit a directory:
    /// it is copied at once from then on, and becomes nodes again where it is changed. `in_use`
    /// where a file in it is not finalized.
    [[nodiscard]] result<tree::obj_id> finalize_directory(std::string_view path);
    /// What a directory shows becomes its base, in one commit: its rows are few then.
    [[nodiscard]] result<void> rebase(std::string_view path);

    /// Keeps a directory with all below it, as it is at one instant, under a name of its own.
    /// `exists`. Answers what is in it, and what could not be.
    [[nodiscard]] result<tree::tree_image> take_snapshot(std::string_view path,
                                                         std::string_view name);
    /// Points `path`, which is free, to a snapshot; nothing is copied. What stands there is moved
    /// to `aside` in the same commit, if that is given: a name in the same directory, and free.
    [[nodiscard]] result<void> restore(std::string_view name, std::string_view path,
                                       std::string_view aside = {});
    /// Shows a snapshot at `path`, which is free, to readers alone.
    [[nodiscard]] result<void> mount(std::string_view name, std::string_view path);
    [[nodiscard]] result<void> unmount(std::string_view path);
    [[nodiscard]] result<void> forget_snapshot(std::string_view name);

    /// Takes away what nothing leads to: contents, directories' blocks, and the files of their
    /// bytes (SPEC F21). Beside anything else that is done with the vault. What is condemned waits
    /// for `grace`, for those who read it still. `cancelled` where `stop` answers true; `corrupt`
    /// and `need_pull` where a row is missing: then nothing is erased.
    [[nodiscard]] result<collection_report> collect(const collect_options& how);

    /// Gives the dead bytes of packs back: what `collect` has erased, and what writers gave up
    /// (SPEC B6). Makes holes, or moves what is live; Dedicated blobs are neither read nor written.
    /// Beside anything else that is done with this vault, and to be called again where it was
    /// stopped (`cancelled`), or somebody else has the store open (`in_use`): nobody sees what they
    /// read. `how.settle` is the vault's own.
    [[nodiscard]] result<tree::compacted> compact(tree::compacting how = {});

    /// Renames. `to` is free, or a file or a link that is replaced by one.
    [[nodiscard]] result<void> move(std::string_view from, std::string_view to);

    /// Removes a name; of a directory only if it is empty (`not_empty`).
    [[nodiscard]] result<void> remove(std::string_view path);
    /// Removes a directory with all that is in it, a name a commit: what is gone stays gone.
    [[nodiscard]] result<void> remove_all(std::string_view path);

    /// Changes mode and mtime of whatever is there; a link in the end is not followed.
    [[nodiscard]] result<void> set_facts(std::string_view path, std::uint32_t mode, timestamp mtime,
                                         tree::last_link last = tree::last_link::keep);

    /// Where a path leads; see tree::resolve.
    [[nodiscard]] result<tree::place> resolve(std::string_view path,
                                              tree::last_link last = tree::last_link::follow) const;

    /// What a path leads to, inside directory objects too; see tree::resolve_through.
    [[nodiscard]] result<tree::end_of_path> look(
        std::string_view path, tree::last_link last = tree::last_link::follow) const;

    /// Opens a file; one that is not finalized as it was when its last writer closed it. `in_use`
    /// while it is written, `not_found`, `is_a_directory`.
    [[nodiscard]] result<reader> read_file(std::string_view path);
    /// The same of what a listing or a look-up has shown. `not_found` if it is gone since.
    [[nodiscard]] result<reader> read_entry(const tree::entry& what);
    /// The bytes that a file which is not finalized has by now, also while it is written.
    [[nodiscard]] result<std::uint64_t> size_of(tree::node_id file) const;

    /// A row of the application's own, with its blobs: see tree/blob_rows.hpp. Its table is one of
    /// A to Z.
    template <row R>
    [[nodiscard]] result<receipt> put(const seen<R>& old, R value, std::string_view name) {
        return tree::put(contents(), old, std::move(value), name);
    }
    /// A field's bytes in memory, or as a reader.
    [[nodiscard]] result<blob::field> fetch(const blob::field& f) {
        return tree::fetch(contents(), f);
    }
    [[nodiscard]] result<reader> open_blob(const blob::field& f) {
        return tree::open_blob(contents(), f);
    }

private:
    struct state;
    [[nodiscard]] result<settled> settle_stored(tree::node_id parent, std::string_view name,
                                                stored_file bytes, const tree::facts& about);
    explicit vault(std::unique_ptr<state> s);
    [[nodiscard]] retry_count& retry_counter();
    std::unique_ptr<state> state_;
};

}  // namespace casement
