#pragma once
// What files consist of: bytes are stored once however many names want them, found again, held
// against their hashes, and read. Any thread.

#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <casement/blob/files.hpp>
#include <casement/core/error.hpp>
#include <casement/core/hash.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/object/file_object.hpp>
#include <casement/protocol/ids.hpp>
#include <casement/tree/content.hpp>
#include <casement/tree/objects.hpp>
#include <casement/tree/stored_file.hpp>
#include <casement/tree/sweep_fence.hpp>

namespace casement::tree {

/// Whether an error of a read means that the bytes are damaged or lost, and not only out of reach.
[[nodiscard]] inline bool is_damage(const error& e) {
    return e.code() == errc::corrupt || e.code() == errc::not_found || e.system() == EIO;
}

/// What becomes of bytes that are stored, when equal ones come: damaged ones are replaced only if
/// they are read and held against their hashes. A file that was lost while this process had it open
/// can still be read here: the next process finds that it is gone.
enum class stored_before : std::uint8_t { trusted, verified };

/// An inline content, in the row that it came in.
struct held_bytes {
    std::string row;
    std::size_t front = 0;  // where the bytes begin in it

    [[nodiscard]] std::string_view view() const { return std::string_view{row}.substr(front); }
};

/// Reads one file's bytes in any order; those of an object are verified. One thread; its vault must
/// outlive it.
template <blob::file_system FS>
class file_reader {
public:
    [[nodiscard]] std::uint64_t size() const { return size_; }

    /// Fills `into` from `offset` on as far as the file goes; answers the bytes read.
    [[nodiscard]] result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) {
        if (auto* reader = std::get_if<blob::blob_reader<FS>>(&bytes_))
            return reader->read_at(offset, into);
        if (auto* reader = std::get_if<blob::staged_reader<FS>>(&bytes_))
            return reader->read_at(offset, into);
        const auto held = std::get<held_bytes>(bytes_).view();
        if (offset >= held.size()) return 0;
        return held.substr(offset).copy(into.data(), into.size());
    }

    /// All bytes at once, for as long as the view lives; of an object, verified. Not of a file that
    /// may still be written: those are read.
    [[nodiscard]] result<blob::blob_view<FS>> view() {
        if (auto* reader = std::get_if<blob::blob_reader<FS>>(&bytes_)) return reader->view();
        if (auto* held = std::get_if<held_bytes>(&bytes_))
            return blob::blob_view<FS>{held->row, held->front};
        std::string all(size_, '\0');
        const auto n = read_at(0, all);
        if (!n) return std::unexpected{n.error()};
        all.resize(*n);
        return blob::blob_view<FS>{std::move(all)};
    }

    /// Hands out the bytes in order, some of them at a time. Ends with the first error, the sink's
    /// too.
    template <class Sink>
    [[nodiscard]] result<void> for_each_piece(Sink sink) {
        if (auto* reader = std::get_if<blob::blob_reader<FS>>(&bytes_))
            return reader->for_each_piece(std::move(sink));
        if (auto* reader = std::get_if<blob::staged_reader<FS>>(&bytes_))
            return reader->for_each_piece(std::move(sink));
        const auto held = std::get<held_bytes>(bytes_).view();
        return held.empty() ? result<void>{} : sink(held);
    }

private:
    template <store S, blob::file_system F>
    friend class contents;
    using source = std::variant<held_bytes, blob::blob_reader<FS>, blob::staged_reader<FS>>;
    file_reader(std::uint64_t size, source bytes) : size_{size}, bytes_{std::move(bytes)} {}

    std::uint64_t size_;
    source bytes_;
};

template <store S, blob::file_system FS>
class contents {
public:
    /// `shared`: others may sweep these files, on other machines too (sweep_fence.hpp).
    contents(S& kv, blob::files<FS> files, bool shared = false)
        : kv_{kv}, files_{std::move(files)}, fence_{std::make_unique<fence_watch<S>>(kv, shared)} {}

    [[nodiscard]] S& rows() { return kv_; }
    [[nodiscard]] blob::files<FS>& files() { return files_; }
    [[nodiscard]] const blob::files<FS>& files() const { return files_; }
    /// Of whatever names a file of these.
    [[nodiscard]] fence_watch<S>& fence() { return *fence_; }
    /// What a commit must guard that says where these bytes are.
    [[nodiscard]] result<fence_guard> fence_over(const fresh_bytes<FS>& fresh) {
        const auto number = file_number(place_of(fresh));
        return number ? fence_->over(*number) : result<fence_guard>{};
    }

    [[nodiscard]] result<blob::staged<blob::open, FS>> stage(std::uint64_t expected = 0) {
        return files_.stage(expected);
    }

    /// All bytes are in: finds out whether they are stored, and stores them durably if not; a link
    /// to such bytes is no store, and they take its place, as they do that of bytes that were
    /// verified and are damaged. Reads 1 row; to verify, those and the bytes that `check` reads.
    /// `corrupt` where the content's own row is no row: nobody can say what it stands for.
    [[nodiscard]] result<stored_file<FS>> store_bytes(
        blob::staged<blob::open, FS> written, stored_before there = stored_before::trusted) {
        auto measured = std::move(written).measure();
        if (!measured) return passed(measured);
        const object::file_object object{measured->content(), measured->size()};
        auto known = read_content(kv_, object.content);
        if (!known) return passed(known);
        const bool to_verify = is_kept(*known) && there == stored_before::verified;
        auto damaged = to_verify ? is_damaged(object::id_of(object)) : result<bool>{false};
        if (!damaged) return passed(damaged);
        if (is_kept(*known) && !*damaged) {
            stored_file<FS> equal{object, *std::move(known), std::nullopt};
            equal.reserve_.emplace(*std::move(measured));
            return equal;
        }
        auto sealed = std::move(*measured).seal();
        if (!sealed) return passed(sealed);
        stored_file<FS> fresh{object, *std::move(known), fresh_bytes<FS>{*std::move(sealed)}};
        auto fence = fence_over(*fresh.fresh_);
        if (!fence) return passed(fence);
        fresh.fence_ = *std::move(fence);
        fresh.damaged_ = *damaged;
        return fresh;
    }

    /// What a URI leads to, hashed, as a content whose bytes stay where they are (SPEC B1); one
    /// that is stored already is that, and of two links the later one holds. Reads 1 row, and all
    /// of the bytes. `illegal` for no bytes.
    [[nodiscard]] result<stored_file<FS>> store_link(const std::string& uri) {
        auto link = files_.link(uri);
        if (!link) return passed(link);
        const object::file_object object{link->what.content, link->what.size};
        auto known = read_content(kv_, object.content);
        if (!known) return passed(known);
        if (is_kept(*known) || (known->exists() && (*known)->where.uri == uri))
            return stored_file<FS>{object, *std::move(known), std::nullopt};
        return stored_file<FS>{object, *std::move(known), fresh_bytes<FS>{*std::move(link)}};
    }

    /// What somebody else stored, to be named once more. `conflict` if it is not there (any more),
    /// `illegal` if what is there has another size.
    [[nodiscard]] result<stored_file<FS>> find(const object::file_object& what) {
        auto known = read_content(kv_, what.content);
        if (!known) return passed(known);
        if (!known->exists()) return collected(what.content);
        if ((*known)->where.size != what.size)
            return fail(errc::illegal, "store", to_hex(what.content), "has another size");
        return stored_file<FS>{what, *std::move(known), std::nullopt};
    }

    /// Names nobody's bytes anew, but stores them: where all that names them does so already, and
    /// they take the place of a link, or of damaged ones. False: nothing was stored, for others did
    /// so meanwhile, or the content was collected, and stays away.
    [[nodiscard]] result<bool> settle(stored_file<FS>& f) {
        for (int commits = 1; f.fresh_; ++commits) {
            transaction t{kv_};
            f.add_place_to(t);
            auto made = t.commit();
            if (made || made.error().code() == errc::unknown_outcome) f.published();
            if (made) return true;
            if (made.error().code() != errc::conflict || commits == settles_max)
                return within(std::move(made), "store", to_hex(f.object_.content));
            const bool was_stored = f.seen_.exists();
            if (auto again = look_again(f); !again) return passed(again);
            if (was_stored && !f.seen_.exists()) break;
        }
        return false;
    }

    /// After a conflict: the content's rows as they are now, and whether they had changed. Who was
    /// overtaken by an equal content gives its own bytes up, unless that one is collected before it
    /// is named: then they are stored after all. `conflict` if what is gone was only `find`'s.
    [[nodiscard]] result<bool> look_again(stored_file<FS>& f) {
        auto known = read_content(kv_, f.object_.content);
        if (!known) return passed(known);
        // Another place of the same bytes is a change too: a compaction has moved them.
        bool changed = known->exists() != f.seen_.exists() ||
                       (known->exists() && (*known)->where != f.seen_->where);
        if (is_kept(*known) && f.fresh_) {
            // What was found damaged is so until others have replaced it, and not only moved it.
            auto damaged = f.damaged_ && changed ? is_damaged(f.id()) : result<bool>{f.damaged_};
            if (!damaged) return passed(damaged);
            if (!*damaged) f.keep_in_reserve();
        }
        if (!known->exists() && !f.fresh_) {
            auto again = f.take_from_reserve();
            if (!again) return again;
            if (!*again) return collected(f.object_.content);
        }
        fence_->look_again();
        if (f.fresh_) {
            auto fence = fence_over(*f.fresh_);
            if (!fence) return passed(fence);
            changed = changed || !fence->is_as(f.fence_);
            f.fence_ = *std::move(fence);
        }
        f.seen_ = *std::move(known);
        if (f.seen_.exists()) {
            const auto again = f.revival_.look_again(kv_);
            if (!again) return again;
            changed = changed || *again;
        }
        return changed;
    }

    /// What a file object says. `corrupt` if its row is not what its id hashes.
    [[nodiscard]] result<object::file_object> object_of(const protocol::obj_id& id) const {
        auto row = read<object_row>(kv_, id);
        if (!row) return passed(row);
        if (!row->exists())
            return fail(errc::corrupt, "read object", object::to_text(id), "its row is missing");
        auto file = object::file_object_from_bytes((*row)->bytes);
        if (!file) return passed(file);
        if (object::id_of(*file) != id)
            return fail(errc::corrupt, "read object", object::to_text(id),
                        "does not hash to its id");
        return *file;
    }

    /// Reads all of a file's bytes, and the rows that lead to them, and holds them against their
    /// hashes. `told(n)`, which answers a `result<void>`, hears of n more bytes, and its error ends
    /// it. Of any other error `is_damage` says whether the store is damaged.
    template <class Told>
    [[nodiscard]] result<void> check(const object::file_object& file, Told told) {
        auto bytes = open(file);
        if (!bytes) return passed(bytes);
        sha256 hasher;
        auto all = bytes->for_each_piece([&](std::string_view piece) -> result<void> {
            hasher.update(piece);
            return told(piece.size());
        });
        if (!all) return all;
        if (hasher.finish() == file.content) return {};
        return fail(errc::corrupt, "check content", to_hex(file.content),
                    "its bytes do not hash to it");
    }
    template <class Told>
    [[nodiscard]] result<void> check(const protocol::obj_id& id, Told told) {
        auto file = object_of(id);
        if (!file) return passed(file);
        return check(*file, std::move(told));
    }
    [[nodiscard]] result<void> check(const protocol::obj_id& id) {
        return check(id, [](std::size_t) { return result<void>{}; });
    }
    /// An error where the bytes are only out of reach.
    [[nodiscard]] result<bool> is_damaged(const protocol::obj_id& id) {
        auto sound = check(id);
        if (!sound && !is_damage(sound.error())) return passed(sound);
        return !sound;
    }

    /// Opens a file object for reading. Reads 3 rows, and one for each 256 MiB of a long file; no
    /// blob is opened before bytes are asked for (SPEC B3).
    [[nodiscard]] result<file_reader<FS>> open(const protocol::obj_id& id) {
        auto file = object_of(id);
        if (!file) return passed(file);
        return open(*file);
    }

    [[nodiscard]] result<file_reader<FS>> open(const object::file_object& file) {
        const std::string which = to_hex(file.content);
        for (int looks = 1;; ++looks) {
            const auto since = files_.pins().taken();
            auto row = read_content(kv_, file.content);
            if (!row) return passed(row);
            if (!row->exists())
                return fail(errc::corrupt, "open content", which, "its row is missing");
            const auto& where = (*row)->where;
            if (where.size != file.size || where.content != file.content)
                return fail(errc::corrupt, "open content", which,
                            "is not the content of its object");
            if (where.kind == blob::placement::inline_row) return open_inline(file);
            std::optional<blob::frame_pins::pin> held;
            if (where.kind == blob::placement::packed) {
                held = files_.pins().hold(blob::to_pack_position(where.position), since);
                // A compaction has taken something away since: perhaps this, and moved it before.
                if (!held && looks < looks_max) continue;
                if (!held) return fail(errc::conflict, "open content", which, "it is moved again");
            }
            auto all = sums_of(where);
            if (!all) return passed(all);
            return file_reader<FS>{file.size,
                                   files_.reader(where, *std::move(all), std::move(held))};
        }
    }

    /// Opens the bytes of a file that may still be written, and that nobody writes now. Nothing was
    /// ever written where `id` is 0.
    [[nodiscard]] result<file_reader<FS>> open(protocol::staging_id id) {
        if (id == protocol::staging_id{}) return file_reader<FS>{0, held_bytes{}};
        auto staged = files_.staging().read_sealed(id);
        if (!staged) return passed(staged);
        const auto size = staged->size;
        return file_reader<FS>{size, *std::move(staged)};
    }

private:
    /// Are the bytes in the store, and not behind a link?
    static bool is_kept(const seen<content>& known) {
        return known.exists() && known->where.kind != blob::placement::external;
    }
    static std::unexpected<error> collected(const digest& which) {
        return fail(errc::conflict, "store", to_hex(which), "the content was collected meanwhile");
    }

    /// Without the typed row, which would copy the bytes once to keep and once to decode.
    result<file_reader<FS>> open_inline(const object::file_object& file) const {
        auto row = kv_.get(row_key<inline_bytes>(file.content));
        if (!row) return within(std::move(row), "open content", to_hex(file.content));
        std::uint64_t size = 0;
        reader in{row->value ? std::string_view{*row->value} : std::string_view{}};
        if (!in.varint(size) || size != file.size || in.rest().size() != size)
            return fail(errc::corrupt, "open content", to_hex(file.content),
                        "its bytes are missing");
        const auto front = row->value->size() - size;
        return file_reader<FS>{size, held_bytes{*std::move(row->value), front}};
    }

    result<blob::chunk_sums> sums_of(const blob::descriptor& where) const {
        blob::chunk_sums all;
        if (blob::chunk_count(where.size) <= 1) return all;
        const std::string which = to_hex(where.content);
        while (all.size() < blob::chunk_count(where.size)) {
            const std::uint64_t index = all.size() / blob::sums_per_row;
            auto row = read<sums>(kv_, {where.content, index});
            if (!row) return passed(row);
            if (!row->exists()) return fail(errc::corrupt, "read sums", which, "a row is missing");
            const auto before = all.size();
            if (auto more = blob::decode_sums((*row)->data, all, which); !more) return passed(more);
            if (all.size() == before)
                return fail(errc::corrupt, "read sums", which, "an empty row");
        }
        return all;
    }

    static constexpr int settles_max = 100;
    static constexpr int looks_max = 100;  // at a row whose frame is moved meanwhile

    S& kv_;
    blob::files<FS> files_;
    std::unique_ptr<fence_watch<S>> fence_;
};

}  // namespace casement::tree
