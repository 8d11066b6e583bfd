#pragma once
// Appends frames to pack files. Any thread may append and sync; bytes of several threads go to the disk
// at once and share its syncs. Never writes into a pack of an earlier run: what a crash tore stays as
// it is, and a number handed out once has one meaning.

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include <casement/blob/descriptor.hpp>
#include <casement/blob/file_system.hpp>
#include <casement/blob/layout.hpp>
#include <casement/blob/options.hpp>
#include <casement/blob/pack_format.hpp>
#include <casement/blob/payload_buffer.hpp>
#include <casement/core/error.hpp>

namespace casement::blob {

/// One pack while it is written. Who waits for a sync waits for one that began after its write ended:
/// the first to come syncs for all who have written by then, the others wait for it.
template <file_system FS>
class open_pack {
public:
    open_pack(typename FS::file file, pack_id id, std::uint64_t magic)
        : id{id}, magic{magic}, file_{std::move(file)} {}

    const pack_id id;
    const std::uint64_t magic;

    /// The ticket to sync by.
    [[nodiscard]] result<std::uint64_t> write(std::uint64_t offset, std::string_view bytes) {
        auto done = file_.write_at(offset, bytes);
        const std::lock_guard lock{mutex_};
        if (!done) {
            retired_ = true;  // a hole is here: leave no more frames behind it than there are
            return passed(done);
        }
        return ++written_;
    }

    /// Bytes first, then the pack's name, once. False where the file system cannot sync names.
    [[nodiscard]] result<bool> sync(std::uint64_t ticket, FS& fs, const std::string& directory) {
        std::unique_lock lock{mutex_};
        while (synced_ < ticket && !broken_) {
            if (syncing_)
                changed_.wait(lock);
            else
                lead(lock, fs, directory);
        }
        if (synced_ < ticket) return std::unexpected{*broken_};
        return *names_synced_;
    }

    /// No more frames: a write or a sync failed.
    [[nodiscard]] bool retired() {
        const std::lock_guard lock{mutex_};
        return retired_;
    }

private:
    void lead(std::unique_lock<std::mutex>& lock, FS& fs, const std::string& directory) {
        syncing_ = true;
        const auto reached = written_;
        auto names = names_synced_;
        lock.unlock();
        auto done = file_.sync();
        std::optional<error> failed;
        if (!done) failed = std::move(done).error();
        if (!failed && !names) {
            auto synced = fs.sync_directory(directory);
            if (synced)
                names = *synced;
            else
                failed = std::move(synced).error();
        }
        lock.lock();
        syncing_ = false;
        if (failed) {
            retired_ = true;
            broken_ = std::move(failed);
        } else {
            synced_ = reached;
            names_synced_ = names;
        }
        changed_.notify_all();
    }

    typename FS::file file_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t written_ = 0;  // writes that have ended
    std::uint64_t synced_ = 0;   // those of them that are durable
    bool syncing_ = false;
    bool retired_ = false;
    std::optional<error> broken_;
    std::optional<bool> names_synced_;
};

/// What the packs of this run hold, in bytes with headers and gaps.
struct pack_counters {
    std::uint64_t packs = 0;
    std::uint64_t frames = 0;
    std::uint64_t bytes = 0;
    std::uint64_t dead_bytes = 0;  // of frames that nothing was published of
};

template <file_system FS>
class pack_appender {
public:
    /// A frame that is written; `sync` makes it durable.
    struct frame {
        std::shared_ptr<open_pack<FS>> pack;
        std::uint64_t ticket = 0;
        pack_position position;
        std::uint64_t occupied = 0;
    };

    pack_appender(FS fs, layout where, std::function<result<pack_id>()> ids, const options& chosen)
        : fs_{std::move(fs)},
          where_{std::move(where)},
          ids_{std::move(ids)},
          magic_{chosen.magic},
          pack_max_{chosen.sizes.pack_max} {}

    /// Writes `bytes` as the frame of `d`, all of which but the position is known. The first frame
    /// begins a pack; so does one that would make the pack longer than it may be.
    [[nodiscard]] result<frame> append(const descriptor& d, payload_buffer& bytes) {
        const auto occupied = aligned(frame_header_size + bytes.size());
        auto reserved = reserve(occupied);
        if (!reserved) return passed(reserved);
        auto& [pack, begin] = *reserved;
        const frame_header header{pack->magic, bytes.size(),  d.id,
                                  d.check,     static_cast<std::uint32_t>(begin),
                                  prefix_of(d.content)};
        auto ticket = pack->write(begin, bytes.framed(encode_frame_header(header)));
        if (!ticket) return passed(ticket);
        const auto payload = static_cast<std::uint32_t>(begin + frame_header_size);
        return frame{pack, *ticket, {pack->id, payload}, occupied};
    }

    /// False where the file system cannot sync names. After an error nothing is known of the frame;
    /// the pack takes no more frames, and what was synced before stands.
    [[nodiscard]] result<bool> sync(const frame& f) {
        return f.pack->sync(f.ticket, fs_, where_.packs());
    }

    /// The frame will never be named: its bytes are dead until a compaction.
    void abandon(const frame& f) {
        const std::lock_guard lock{mutex_};
        counters_.dead_bytes += f.occupied;
    }

    [[nodiscard]] pack_counters counters() const {
        const std::lock_guard lock{mutex_};
        return counters_;
    }

private:
    using reservation = std::pair<std::shared_ptr<open_pack<FS>>, std::uint64_t>;

    result<reservation> reserve(std::uint64_t occupied) {
        const std::lock_guard lock{mutex_};
        if (!current_ || current_->retired() || end_ + occupied > pack_max_)
            if (auto begun = begin_pack(); !begun) return passed(begun);
        ++counters_.frames;
        counters_.bytes += occupied;
        return reservation{current_, std::exchange(end_, end_ + occupied)};
    }

    result<void> begin_pack() {
        current_.reset();
        auto id = ids_();
        if (!id) return passed(id);
        if (id->value >> 32 != 0)
            return fail(errc::too_big, "begin pack", where_.file_of(*id), "no pack numbers left");
        const auto path = where_.file_of(*id);
        auto file = fs_.create(path);
        if (!file) return passed(file);
        const pack_header header{*id, magic_()};
        if (auto written = file->write_at(0, encode_pack_header(header)); !written) {
            (void)file->close();  // the write's error is the one to tell, and the file goes anyway
            (void)fs_.remove(path);
            return written;
        }
        current_ = std::make_shared<open_pack<FS>>(*std::move(file), *id, header.magic);
        end_ = pack_header_size;
        ++counters_.packs;
        counters_.bytes += pack_header_size;
        return {};
    }

    FS fs_;
    const layout where_;
    const std::function<result<pack_id>()> ids_;
    const std::function<std::uint64_t()> magic_;
    const std::uint64_t pack_max_;

    mutable std::mutex mutex_;
    std::shared_ptr<open_pack<FS>> current_;
    std::uint64_t end_ = 0;  // of what is reserved in the current pack
    pack_counters counters_;
};

}  // namespace casement::blob
