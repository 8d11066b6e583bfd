#pragma once
// The blob files below one directory: where writes are staged, blobs read, leftovers found. Any
// thread; several processes, if each can say what the others may be writing (`options::others`). It
// knows no rows: which files are named, the caller says.

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <casement/blob/file_cache.hpp>
#include <casement/blob/frame_copy.hpp>
#include <casement/blob/frame_pins.hpp>
#include <casement/blob/layout.hpp>
#include <casement/blob/options.hpp>
#include <casement/blob/pack_read.hpp>
#include <casement/blob/reader.hpp>
#include <casement/blob/staged.hpp>
#include <casement/blob/staging_files.hpp>
#include <casement/blob/staging_room.hpp>
#include <casement/core/error.hpp>

namespace casement::blob {

/// A file that this layer made: a Dedicated blob, or a pack.
struct stored_file {
    placement kind = placement::dedicated;
    std::uint64_t id = 0;  // of the blob or the pack
    std::uint64_t size = 0;
    std::string path;

    bool operator==(const stored_file&) const = default;
};

/// A link as a row keeps it.
struct linked {
    descriptor what;
    chunk_sums sums;
};

/// What lies in the blob directories, by name and size; nothing was opened.
struct listing {
    std::vector<stored_file> files;    // blobs, then packs, each by shelf and name
    std::vector<std::string> strange;  // paths that this layer gives to nothing
};

/// from <= n < end.
struct file_numbers {
    std::uint64_t from = 0, end = std::numeric_limits<std::uint64_t>::max();
};

/// What a sweep did. A file that could not be removed is no failure of the sweep: the next one
/// finds it again.
struct sweep_report {
    std::uint64_t kept = 0, waiting = 0;  // of those kept: that no row names, and a reader may hold
    std::vector<stored_file> removed;
    std::vector<error> refused;
};

template <file_system FS>
class files {
public:
    /// Makes `root/blobs` and `root/packs` if they are not there. `illegal` for impossible
    /// thresholds, `not_found` if `root` is no directory.
    [[nodiscard]] static result<files> open(FS fs, std::string root, id_source ids,
                                            options chosen = {}) {
        if (auto possible = check(chosen.sizes); !possible) return passed(possible);
        if (!chosen.elsewhere.has("file")) chosen.elsewhere.set("file", file_resolver(fs));
        const layout where{std::move(root)};
        for (const auto& directory : {where.blobs(), where.packs()})
            if (auto made = ensure_directory(fs, directory); !made)
                return within(std::move(made), "open blob files", where.root());
        if (chosen.durable == durability::power)
            if (auto synced = fs.sync_directory(where.root()); !synced)
                return within(std::move(synced), "open blob files", where.root());
        return files{
            std::make_unique<shared>(std::move(fs), where, std::move(ids), std::move(chosen))};
    }

    /// A new write with a new id. It must end before these files do. Who knows how many bytes will
    /// come says so, and those of a large blob go to the disk from the first one on; no promise.
    [[nodiscard]] result<staged<blob::open, FS>> stage(std::uint64_t expected = 0) {
        auto id = shared_->room.take_off();
        if (!id) return passed(id);
        return staged<blob::open, FS>{
            {*id, {}}, std::make_unique<staged_write<FS>>(shared_->room, *id, expected)};
    }

    /// Reads what a URI leads to, once, and says how a row describes it. `illegal` if there is
    /// nothing: no bytes need no link.
    [[nodiscard]] result<linked> link(const std::string& uri) {
        auto source = chosen().elsewhere.open(uri);
        if (!source) return passed(source);
        auto hash = hash_all(**source);
        if (!hash) return within(std::move(hash), "link", uri);
        const auto size = (*source)->size();
        if (!size) return std::unexpected{size.error()};
        if (*size != hash->second || *size == 0)
            return fail(*size == 0 ? errc::illegal : errc::conflict, "link", uri,
                        *size == 0 ? "it has no bytes" : "it changes while it is read");
        if (uri.size() > uri_size_max) return fail(errc::illegal, "link", uri, "is too long");
        auto id = room().next_id();
        if (!id) return passed(id);
        return linked{{placement::external, 0, *size, *id, uri, check_of(hash->first.sums),
                       hash->first.content},
                      std::move(hash->first.sums)};
    }

    /// A reader of what a row describes; nothing is opened yet. `sums` as the writer gave them; a
    /// blob of at most one chunk needs none. These files must outlive it. A packed blob stays where
    /// it is while it is `held`.
    [[nodiscard]] blob_reader<FS> reader(descriptor what, chunk_sums sums = {},
                                         std::optional<frame_pins::pin> held = {}) {
        return {shared_->open_files, chosen().elsewhere, std::move(what), std::move(sums),
                std::move(held)};
    }
    [[nodiscard]] frame_pins& pins() { return shared_->pins; }

    /// Every number taken from now on, for whatever file, is at least `first`. Answers the lowest
    /// that a write under way may have: what `options::others` says to the others.
    [[nodiscard]] std::uint64_t turn_epoch(std::uint64_t first) {
        return std::min(room().turn_epoch(first), staging().turn_epoch(first));
    }
    /// Does nobody else have these files open?
    [[nodiscard]] result<bool> is_alone() const {
        auto others = chosen().others();
        return others ? result<bool>{!others->any} : passed(others);
    }

    /// One positioned read: `reader(what, sums).read_at(offset, into)`.
    [[nodiscard]] result<std::size_t> read(const descriptor& what, const chunk_sums& sums,
                                           std::uint64_t offset, std::span<char> into) {
        return reader(what, sums).read_at(offset, into);
    }

    /// A pack's file, to walk with a `pack_scanner`.
    [[nodiscard]] result<typename FS::file> open_pack(pack_id id) {
        return room().fs.open(room().where.file_of(id));
    }

    /// Every file below `blobs` and `packs`; one that comes or goes meanwhile may be missed.
    [[nodiscard]] result<listing> list_files() {
        listing all;
        for (unsigned number = 0; number < layout::shelves; ++number)
            if (auto shelf = list_shelf(number, all); !shelf) return passed(shelf);
        auto packs = list_packs();
        if (!packs) return packs;
        std::ranges::move(packs->files, std::back_inserter(all.files));
        std::ranges::move(packs->strange, std::back_inserter(all.strange));
        return all;
    }

    /// Removes every file of these numbers that no row names and that nobody is writing (SPEC W4);
    /// packs, while nobody else has these files open. `is_named(file)` answers a `result<bool>`;
    /// its first error ends the sweep, as does a failed listing (DESIGN D10), and what was removed
    /// until then was rightly removed. It is not asked before all who write were: what it looks up
    /// in between, it sees.
    template <class IsNamed>
    [[nodiscard]] result<sweep_report> sweep(IsNamed is_named, file_numbers which = {}) {
        auto all = list_files();
        if (!all) return within(std::move(all), "sweep leftovers", room().where.root());
        auto others = chosen().others();
        if (!others) return within(std::move(others), "sweep leftovers", room().where.root());
        sweep_report report;
        // In flight is asked first: who lands in between is committed, and named.
        const auto landed = std::ranges::partition(all->files, [&](const stored_file& file) {
            return file.id < which.from || file.id >= which.end || in_flight(file) ||
                   (others->write_from && file.id >= *others->write_from);
        });
        report.kept = all->files.size() - landed.size();
        for (auto& file : landed) {
            auto named = is_named(std::as_const(file));
            if (!named) return within(std::move(named), "sweep leftovers", file.path);
            auto gone = *named ? result<bool>{false} : remove(file);
            if (!gone) {
                report.refused.push_back(std::move(gone).error());
            } else if (!*gone) {
                ++report.kept;
                if (!*named) ++report.waiting;
            } else {
                report.removed.push_back(std::move(file));
            }
        }
        return report;
    }

    // --- for compaction --------------------------------------------------------------------------

    [[nodiscard]] result<frame_copy<FS>> copy_frame(const descriptor& old,
                                                    std::string_view payload) {
        return frame_copy<FS>::make(room(), old, payload);
    }
    /// No more frames go to the pack. True if what no row names of it by now, no row will name.
    [[nodiscard]] bool let_go(pack_id id) { return room().packs.let_go(id); }
    [[nodiscard]] bool busy(pack_id id) { return room().packs.busy(id); }
    /// No more frames go to the pack that is written now, if any.
    void end_pack() { room().packs.end_pack(); }

    /// The packs alone, by name.
    [[nodiscard]] result<listing> list_packs() {
        listing all;
        const auto named = [](std::string_view name) { return layout::pack_named(name); };
        auto packs = list_directory(room().where.packs(), placement::packed, named, all);
        if (!packs) return passed(packs);
        return all;
    }
    [[nodiscard]] result<std::uint64_t> allocated(const stored_file& file) {
        return room().fs.allocated(file.path);
    }
    /// Takes bytes out of a file that keeps its length. False: this file system cannot.
    /// REQUIRES: nobody reads them, and no row names them
    [[nodiscard]] result<bool> punch(const stored_file& file, std::span<const byte_range> ranges) {
        return room().fs.punch(file.path, ranges);
    }

    /// Removes a file that no row names, and none will. False while a reader holds a frame in it,
    /// or others may; one who comes from now on looks at their row again. Somebody else may have
    /// removed it.
    [[nodiscard]] result<bool> remove(const stored_file& file) {
        if (file.kind == placement::packed) {
            if (auto alone = is_alone(); !alone || !*alone) return alone;
            const byte_range whole{0, std::numeric_limits<std::uint32_t>::max()};
            if (pins().take(pack_id{file.id}, {&whole, 1}).empty()) return false;
            shared_->open_files.forget(pack_id{file.id});
        } else {
            shared_->open_files.forget(blob_id{file.id});
        }
        auto gone = room().fs.remove(file.path);
        if (!gone && gone.error().code() != errc::not_found) return passed(gone);
        return true;
    }

    // --- for a rebuild ---------------------------------------------------------------------------

    /// A Dedicated blob of other files becomes one of these, by the same id, as a second name of
    /// its file; its bytes are durable then, and `sync_name` makes the name so. False: nothing was
    /// changed, for no file has two names here.
    [[nodiscard]] result<bool> link_from(const files& other, blob_id id) {
        if (auto ready = room().ready_shelf(id); !ready) return passed(ready);
        const auto from = other.where().file_of(id), to = where().file_of(id);
        auto bytes = room().fs.open(from);
        if (!bytes) return passed(bytes);
        if (auto synced = bytes->sync(); !synced) return passed(synced);
        if (auto free = clear(to); !free) return passed(free);
        return room().fs.link(from, to);
    }
    /// Begins the file of a Dedicated blob that has an id already.
    [[nodiscard]] result<dedicated_file<FS>> begin_file(blob_id id) {
        if (auto free = clear(where().file_of(id)); !free) return passed(free);
        return dedicated_file<FS>::begin(room(), id);
    }
    /// False where the file system cannot sync names.
    [[nodiscard]] result<bool> sync_name(blob_id id) {
        return room().fs.sync_directory(where().shelf(layout::shelf_of(id)));
    }

    /// The bytes of files that may still be written.
    [[nodiscard]] staging_files<FS>& staging() { return shared_->staging; }
    [[nodiscard]] const staging_files<FS>& staging() const { return shared_->staging; }

    [[nodiscard]] pack_counters counters() const { return shared_->room.packs.counters(); }
    [[nodiscard]] const layout& where() const { return shared_->room.where; }
    [[nodiscard]] const options& chosen() const { return shared_->room.chosen; }

private:
    struct shared {
        shared(FS fs, layout where, id_source ids, options chosen)
            : room{fs, where, std::move(ids), std::move(chosen)},
              staging{fs, where, room.chosen.durable, room.chosen.others},
              open_files{std::move(fs), std::move(where), room.chosen.open_files_max} {}

        staging_room<FS> room;
        staging_files<FS> staging;
        file_cache<FS> open_files;
        frame_pins pins;
    };

    explicit files(std::unique_ptr<shared> s) : shared_{std::move(s)} {}

    staging_room<FS>& room() { return shared_->room; }

    static result<std::pair<payload_hash, std::uint64_t>> hash_all(const external_file& source) {
        payload_hasher hasher;
        std::string piece(piece_size, '\0');
        for (std::uint64_t offset = 0;;) {
            const auto n = source.read_at(offset, piece);
            if (!n) return std::unexpected{n.error()};
            hasher.take(std::string_view{piece}.substr(0, *n));
            offset += *n;
            if (*n < piece.size()) return std::pair{hasher.finish(), offset};
        }
    }

    /// What was left under a name by somebody who was stopped before a row named it.
    result<void> clear(const std::string& path) {
        auto gone = room().fs.remove(path);
        if (!gone && gone.error().code() != errc::not_found) return gone;
        return {};
    }

    [[nodiscard]] bool in_flight(const stored_file& file) {
        return file.kind == placement::packed ? busy(pack_id{file.id})
                                              : room().in_flight(blob_id{file.id});
    }

    result<void> list_shelf(unsigned number, listing& all) {
        const auto named = [&](std::string_view name) { return layout::blob_named(number, name); };
        auto listed = list_directory(room().where.shelf(number), placement::dedicated, named, all);
        if (!listed && listed.error().code() == errc::not_found)
            return {};  // no blob came here yet
        return listed;
    }

    /// Sorts a directory's names into those that `named` gives a number and the strange ones.
    template <class Named>
    result<void> list_directory(const std::string& directory, placement kind, Named named,
                                listing& all) {
        auto names = room().fs.list(directory);
        if (!names) return passed(names);
        for (const auto& name : *names) {
            auto path = directory + "/" + name;
            const auto seen = room().fs.look(path);
            if (!seen && seen.error().code() == errc::not_found) continue;  // gone meanwhile
            if (!seen) return std::unexpected{seen.error()};
            const auto id = named(name);
            if (id && seen->kind == entry_kind::file)
                all.files.push_back({kind, id->value, seen->size, std::move(path)});
            else
                all.strange.push_back(std::move(path));
        }
        return {};
    }

    std::unique_ptr<shared> shared_;
};

}  // namespace casement::blob
