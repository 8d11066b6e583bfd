#pragma once
// Appends frames to pack files. Any thread may append and sync; bytes of several threads go to the
// disk at once and share its syncs. Never writes into a pack of an earlier run: what a crash tore
// stays as it is, and a number handed out once has one meaning.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <casement/blob/descriptor.hpp>
#include <casement/blob/file_system.hpp>
#include <casement/blob/layout.hpp>
#include <casement/blob/options.hpp>
#include <casement/blob/pack_format.hpp>
#include <casement/blob/write_epochs.hpp>
#include <casement/core/assert.hpp>
#include <casement/core/error.hpp>

namespace casement::blob {

/// One pack while it is written. Who waits for a sync waits for one that began after its write
/// ended: the first to come syncs for all who have written by then, the others wait for it.
template <file_system FS>
class growing_pack {
public:
    growing_pack(typename FS::file file, pack_header begun, write_epochs::pin epoch)
        : header{begun}, file_{std::move(file)}, epoch_{std::move(epoch)} {}

    const pack_header header;

    [[nodiscard]] result<void> write(std::uint64_t offset, std::string_view bytes) {
        auto done = file_.write_at(offset, bytes);
        if (done) return done;
        const std::lock_guard lock{mutex_};
        retired_ = true;  // a hole is here: leave no more frames behind it than there are
        return done;
    }

    void start_writeback(std::uint64_t offset, std::uint64_t length) {
        file_.start_writeback(offset, length);
    }

    /// To sync by: a frame is written.
    [[nodiscard]] std::uint64_t take_ticket() {
        const std::lock_guard lock{mutex_};
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
    const write_epochs::pin epoch_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t written_ = 0;  // frames that are whole
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

/// What this run writes of packs: opens a new one when it must, and shares syncs between threads.
template <file_system FS>
class pack_appender {
public:
    /// A place in a pack: taken by `begin`, whole after `finish`, durable after `sync`.
    struct frame {
        std::shared_ptr<growing_pack<FS>> pack;
        std::uint64_t offset = 0;
        std::uint64_t occupied = 0;
        std::uint64_t ticket = 0;  // 0 until finished

        [[nodiscard]] pack_position position() const {
            return {pack->header.id, static_cast<std::uint32_t>(offset + frame_header_size)};
        }
    };

    pack_appender(FS fs, layout where, std::function<result<pack_id>()> ids, const options& chosen)
        : fs_{std::move(fs)},
          where_{std::move(where)},
          ids_{std::move(ids)},
          magic_{chosen.magic},
          pack_max_{chosen.sizes.pack_max},
          durable_{chosen.durable == durability::power} {}

    /// Writes a payload where a frame will be. The first one begins a pack; so does one that would
    /// make the pack longer than it may be.
    [[nodiscard]] result<frame> begin(std::string_view payload) {
        const auto occupied = aligned(frame_header_size + payload.size());
        auto place = reserve(occupied);
        if (!place) return place;
        for (auto at = place->offset + frame_header_size; !payload.empty();) {
            const auto piece = payload.substr(0, piece_size);
            if (auto written = place->pack->write(at, piece); !written) {
                abandon(*place);
                return passed(written);
            }
            if (durable_) place->pack->start_writeback(at, piece.size());
            at += piece.size();
            payload.remove_prefix(piece.size());
        }
        return place;
    }

    /// Makes it the frame of `d`, whose position is this frame's: without its header it is none.
    [[nodiscard]] result<void> finish(frame& f, const descriptor& d) {
        const auto header = encode_frame_header(frame_of(d, f.pack->header.magic));
        auto written = f.pack->write(f.offset, header);
        if (written) f.ticket = f.pack->take_ticket();
        return written;
    }

    /// False where the file system cannot sync names. After an error nothing is known of the frame;
    /// the pack takes no more frames, and what was synced before stands.
    [[nodiscard]] result<bool> sync(const frame& f) {
        return f.pack->sync(f.ticket, fs_, where_.packs());
    }

    /// The frame will never be named. If it is not finished and the last of its pack, the next one
    /// takes its place; else its bytes are dead until a compaction.
    void abandon(const frame& f) {
        const std::lock_guard lock{mutex_};
        landed(f);
        if (f.ticket == 0 && f.pack == current_ && f.offset + f.occupied == end_) {
            end_ = f.offset;
            --counters_.frames;
            counters_.bytes -= f.occupied;
        } else {
            counters_.dead_bytes += f.occupied;
        }
    }

    /// A row names the frame, or may name it.
    void published(const frame& f) {
        const std::lock_guard lock{mutex_};
        landed(f);
    }

    /// Whether frames of the pack may be on their way to a row, or may come yet.
    [[nodiscard]] bool busy(pack_id id) const {
        const std::lock_guard lock{mutex_};
        if (current_ && current_->header.id == id) return true;
        const auto frames = in_flight_.find(id);
        return frames != in_flight_.end() && frames->second > 0;
    }

    /// The next frame begins another pack.
    void end_pack() {
        const std::lock_guard lock{mutex_};
        current_.reset();
    }

    /// No more frames go to the pack. True if none is on its way to a row either: what no row names
    /// by now, no row will name.
    [[nodiscard]] bool let_go(pack_id id) {
        const std::lock_guard lock{mutex_};
        if (current_ && current_->header.id == id) current_.reset();
        const auto frames = in_flight_.find(id);
        if (frames == in_flight_.end()) return true;
        if (frames->second > 0) return false;
        in_flight_.erase(frames);
        return true;
    }

    /// See `files::turn_epoch`.
    [[nodiscard]] std::uint64_t turn_epoch(std::uint64_t first) { return epochs_.turn(first); }

    [[nodiscard]] pack_counters counters() const {
        const std::lock_guard lock{mutex_};
        return counters_;
    }

private:
    result<frame> reserve(std::uint64_t occupied) {
        const std::lock_guard lock{mutex_};
        if (!current_ || current_->retired() || end_ + occupied > pack_max_)
            if (auto begun = begin_pack(); !begun) return passed(begun);
        ++counters_.frames;
        counters_.bytes += occupied;
        ++in_flight_[current_->header.id];
        return frame{current_, std::exchange(end_, end_ + occupied), occupied};
    }

    void landed(const frame& f) {
        const auto frames = in_flight_.find(f.pack->header.id);
        require(frames != in_flight_.end() && frames->second > 0, "a frame that was in flight");
        --frames->second;
    }

    result<void> begin_pack() {
        current_.reset();
        auto epoch = epochs_.enter();
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
        current_ = std::make_shared<growing_pack<FS>>(*std::move(file), header, std::move(epoch));
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
    const bool durable_;

    mutable std::mutex mutex_;
    std::shared_ptr<growing_pack<FS>> current_;
    std::uint64_t end_ = 0;  // of what is reserved in the current pack
    std::unordered_map<pack_id, std::uint64_t> in_flight_;  // frames, of packs of this run
    pack_counters counters_;
    write_epochs epochs_;
};

}  // namespace casement::blob
