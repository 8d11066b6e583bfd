#pragma once
// A Dedicated blob's file while it is written: raw bytes under a final name that is never used
// again. One thread. Never renames, and asks nothing of the file by name (DESIGN D9).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <casement/blob/staging_room.hpp>
#include <casement/core/error.hpp>

namespace casement::blob {

/// The file of one blob, from its first byte until it is durable: `begin`, `append`, `sync`,
/// `finish`.
template <file_system FS>
class dedicated_file {
public:
    [[nodiscard]] static result<dedicated_file> begin(staging_room<FS>& room, blob_id id) {
        if (auto ready = room.ready_shelf(id); !ready) return passed(ready);
        auto file = room.fs.create(room.where.file_of(id));
        if (!file) return passed(file);
        return dedicated_file{room, id, *std::move(file)};
    }

    /// The disk begins at once: it works while the piece is hashed.
    [[nodiscard]] result<void> append(std::string_view piece) {
        auto done = file_.write_at(written_, piece);
        if (!done) return done;
        if (room_->to_survive_power_loss()) file_.start_writeback(written_, piece.size());
        written_ += piece.size();
        return {};
    }

    [[nodiscard]] std::uint64_t written() const { return written_; }

    /// As the file system sees the open file.
    [[nodiscard]] result<std::uint64_t> size() const { return file_.size(); }

    /// All the bytes so far, in memory. `corrupt` if they are not there any more.
    [[nodiscard]] result<std::string> read_back() const {
        std::string bytes(written_, '\0');
        const auto n = file_.read_at(0, bytes);
        if (!n) return std::unexpected{n.error()};
        if (*n == written_) return bytes;
        return fail(errc::corrupt, "read", std::string{file_.path()}, "it ends early");
    }

    /// The bytes so far become durable, then their name (SPEC W2), as far as the store's durability
    /// asks: `finish` waits for no others then.
    [[nodiscard]] result<void> sync() {
        if (!room_->to_survive_power_loss() || durable_size_ == written_) return {};
        if (auto synced = file_.sync(); !synced) return synced;
        auto named = room_->fs.sync_directory(room_->where.shelf(layout::shelf_of(id_)));
        if (!named) return passed(named);
        names_synced_ = *named;
        durable_size_ = written_;
        return {};
    }

    /// `sync`, and no more bytes. False where the file system cannot sync names.
    [[nodiscard]] result<bool> finish() {
        if (auto synced = sync(); !synced) return passed(synced);
        open_ = false;
        if (auto closed = file_.close(); !closed) return passed(closed);
        return names_synced_;
    }

    [[nodiscard]] result<void> remove() {
        if (std::exchange(open_, false)) (void)file_.close();  // its bytes are not wanted any more
        return room_->fs.remove(room_->where.file_of(id_));
    }

private:
    dedicated_file(staging_room<FS>& room, blob_id id, typename FS::file file)
        : room_{&room}, id_{id}, file_{std::move(file)} {}

    staging_room<FS>* room_;
    blob_id id_;
    typename FS::file file_;
    bool open_ = true;
    std::uint64_t written_ = 0;
    std::optional<std::uint64_t> durable_size_;
    bool names_synced_ = true;
};

}  // namespace casement::blob
