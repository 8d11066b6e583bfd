#pragma once
// The bytes of files while they may be written: one staging file for each grant of a lease, under a
// number that is never used again (DESIGN D7), and the fence that keeps who is late out of bytes
// that are being hashed (SPEC F4f). Any thread; several processes, as `files`. It knows no rows:
// which files are named, the caller says.

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <casement/blob/file_system.hpp>
#include <casement/blob/layout.hpp>
#include <casement/blob/options.hpp>
#include <casement/blob/staging_room.hpp>
#include <casement/blob/write_epochs.hpp>
#include <casement/core/assert.hpp>
#include <casement/core/durability.hpp>
#include <casement/core/error.hpp>

namespace casement::blob {

/// When a write comes too late: the file was sealed since it was opened. Stories leave it out.
struct by_epoch {
    [[nodiscard]] static constexpr bool too_late(std::uint64_t mine, std::uint64_t now) {
        return mine != now;
    }
};

namespace detail {

/// A staging file as this process has it open.
template <file_system FS>
struct open_staging {
    open_staging(staging_id i, typename FS::file f, write_epochs::pin e)
        : id{i}, epoch_begun{std::move(e)}, file{std::move(f)} {}

    const staging_id id;
    const write_epochs::pin epoch_begun;
    std::shared_mutex turn;  // who writes shares it, who seals has it alone
    std::uint64_t epoch = 0;
    typename FS::file file;
};

}  // namespace detail

template <file_system FS, class Fence>
class staging_files;

/// A staging file in the hands of the one who may write it. Threads may transfer disjoint ranges at
/// once. Every call is `fenced` once the file is sealed, and has then touched no byte. Its files
/// must outlive it.
template <file_system FS, class Fence = by_epoch>
class staging_file {
public:
    staging_file(staging_file&&) noexcept = default;
    staging_file& operator=(staging_file&& other) noexcept {
        std::swap(of_, other.of_);
        std::swap(one_, other.one_);
        std::swap(epoch_, other.epoch_);
        std::swap(named_, other.named_);
        return *this;
    }
    ~staging_file() {
        if (one_) of_->forget(one_->id);
    }

    [[nodiscard]] staging_id id() const { return one_->id; }

    /// All of the bytes, or an error; what lies between the end and `offset` is zeros.
    [[nodiscard]] result<void> write_at(std::uint64_t offset, std::string_view bytes) {
        const std::shared_lock turn{one_->turn};
        if (auto mine = in_time("write"); !mine) return mine;
        return one_->file.write_at(offset, bytes);
    }

    /// Fills `into` as far as the file goes; answers the bytes read.
    [[nodiscard]] result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) const {
        const std::shared_lock turn{one_->turn};
        if (auto mine = in_time("read"); !mine) return passed(mine);
        return one_->file.read_at(offset, into);
    }

    /// In bytes.
    [[nodiscard]] result<std::uint64_t> size() const {
        const std::shared_lock turn{one_->turn};
        if (auto mine = in_time("measure"); !mine) return passed(mine);
        return one_->file.size();
    }

    /// The bytes are durable, and from the first time on the name too, as far as the store asks.
    [[nodiscard]] result<void> sync() {
        const std::shared_lock turn{one_->turn};
        if (auto mine = in_time("sync"); !mine) return mine;
        return make_durable();
    }

    /// `sync`, and nobody writes any more: what is under way is waited for.
    [[nodiscard]] result<void> finish() {
        const std::lock_guard alone{one_->turn};
        if (auto mine = in_time("seal"); !mine) return mine;
        ++one_->epoch;
        return make_durable();
    }

private:
    friend class staging_files<FS, Fence>;
    using files = staging_files<FS, Fence>;

    staging_file(files& of, std::shared_ptr<detail::open_staging<FS>> one)
        : of_{&of}, one_{std::move(one)} {}

    [[nodiscard]] result<void> in_time(const char* operation) const {
        if (!Fence::too_late(epoch_, one_->epoch)) return {};
        return fail(errc::fenced, operation, std::string{one_->file.path()},
                    "the staging file is sealed");
    }

    result<void> make_durable() {
        if (of_->durable_ != durability::power) return {};
        if (auto synced = one_->file.sync(); !synced || named_) return synced;
        auto named = of_->fs_.sync_directory(of_->where_.staging());
        if (!named) return passed(named);
        named_ = true;
        return {};
    }

    files* of_;
    std::shared_ptr<detail::open_staging<FS>> one_;
    std::uint64_t epoch_ = 0;
    bool named_ = false;  // its name is durable
};

/// Reads a staging file that nobody writes any more, in any order. One thread.
template <file_system FS>
struct staged_reader {
    typename FS::file file;
    std::uint64_t size = 0;  // as it was opened

    /// Fills `into` as far as the file goes; answers the bytes read.
    [[nodiscard]] result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) const {
        if (offset >= size) return 0;
        return file.read_at(offset,
                            into.first(std::min<std::uint64_t>(into.size(), size - offset)));
    }

    /// Calls `sink(piece)`, which answers a `result<void>`, with pieces of at most `piece_bytes` in
    /// order. Ends with the first error, the sink's too; `corrupt` where the file has become
    /// shorter.
    template <class Sink>
    [[nodiscard]] result<void> for_each_piece(Sink sink,
                                              std::size_t piece_bytes = piece_size) const {
        std::string piece(std::min<std::uint64_t>(piece_bytes, size), '\0');
        for (std::uint64_t offset = 0; offset < size;) {
            const auto n = read_at(offset, piece);
            if (!n) return std::unexpected{n.error()};
            if (*n == 0)
                return fail(errc::corrupt, "read", std::string{file.path()}, "it ends early");
            if (auto taken = sink(std::string_view{piece.data(), *n}); !taken) return taken;
            offset += *n;
        }
        return {};
    }
};

/// The files of the directory `staging`.
struct staging_listing {
    std::vector<staging_id> files;     // by number
    std::vector<std::string> strange;  // paths that this layer gives to nothing
};

/// What a sweep did; what could not be removed, the next one finds again.
struct staging_sweep {
    std::uint64_t kept = 0, removed = 0;
    std::vector<error> refused;
};

template <file_system FS, class Fence = by_epoch>
class staging_files {
public:
    using file = staging_file<FS, Fence>;

    staging_files(FS fs, layout where, durability durable, others_asked others = nobody_else)
        : fs_{std::move(fs)},
          where_{std::move(where)},
          durable_{durable},
          others_{std::move(others)} {}
    staging_files(const staging_files&) = delete;
    staging_files& operator=(const staging_files&) = delete;
    ~staging_files() { require(open_.empty(), "no open staging file outlives these"); }

    /// A new file, empty, in the hands of the caller, by the number that `next` answers. The
    /// directory is made with the first. REQUIRES: it was never used
    template <std::invocable Next>
    [[nodiscard]] result<file> create(Next next) {
        auto epoch = epochs_.enter();
        const result<staging_id> id = next();
        if (!id) return std::unexpected{id.error()};
        if (auto there = ready(); !there) return passed(there);
        auto made = fs_.create(where_.file_of(*id));
        if (!made) return passed(made);
        auto one =
            std::make_shared<detail::open_staging<FS>>(*id, *std::move(made), std::move(epoch));
        const std::lock_guard lock{mutex_};
        open_.emplace(*id, one);
        return file{*this, std::move(one)};
    }
    [[nodiscard]] result<file> create(staging_id id) {
        return create([&] { return result<staging_id>{id}; });
    }

    /// See `files::turn_epoch`.
    [[nodiscard]] std::uint64_t turn_epoch(std::uint64_t first) { return epochs_.turn(first); }

    /// From here on no write of this process goes into the file; one that is under way is waited
    /// for. Says so to nobody else: what is read to be hashed is copied on the way, too, for a
    /// process that is frozen may have the file open.
    void seal(staging_id id) {
        const auto one = find(id);
        if (!one) return;
        const std::lock_guard alone{one->turn};
        ++one->epoch;
    }

    /// Seals the file, and opens it for reading. `not_found` if it is not there.
    [[nodiscard]] result<staged_reader<FS>> read_sealed(staging_id id) {
        seal(id);
        return read(id);
    }

    /// Opens the file for reading as it is. REQUIRES: nobody may write it
    [[nodiscard]] result<staged_reader<FS>> read(staging_id id) {
        auto opened = fs_.open(where_.file_of(id));
        if (!opened) return passed(opened);
        const auto size = opened->size();
        if (!size) return std::unexpected{size.error()};
        return staged_reader<FS>{*std::move(opened), *size};
    }

    /// In bytes by now, also while somebody writes it. `not_found` if it is not there.
    [[nodiscard]] result<std::uint64_t> size_of(staging_id id) const {
        auto fs = fs_;  // a cheap value, whose calls are no constants
        const auto seen = fs.look(where_.file_of(id));
        if (!seen) return std::unexpected{seen.error()};
        return seen->size;
    }

    /// Seals the file, and takes its name away; who reads it reads on. Well if it is gone.
    [[nodiscard]] result<void> remove(staging_id id) {
        seal(id);
        auto gone = fs_.remove(where_.file_of(id));
        if (!gone && gone.error().code() != errc::not_found) return gone;
        return {};
    }

    /// Does somebody in this process have it open to write?
    [[nodiscard]] bool is_open(staging_id id) const { return find(id) != nullptr; }

    /// What is there; one that comes or goes meanwhile may be missed.
    [[nodiscard]] result<staging_listing> list() {
        staging_listing all;
        auto names = fs_.list(where_.staging());
        if (!names && names.error().code() == errc::not_found) return all;  // nothing came here yet
        if (!names) return passed(names);
        for (const auto& name : *names) {
            auto path = where_.staging() + "/" + name;
            const auto seen = fs_.look(path);
            if (!seen && seen.error().code() == errc::not_found) continue;  // gone meanwhile
            if (!seen) return std::unexpected{seen.error()};
            const auto id = layout::staging_named(name);
            if (id && seen->kind == entry_kind::file)
                all.files.push_back(*id);
            else
                all.strange.push_back(std::move(path));
        }
        return all;
    }

    /// Removes every file of a number below `end` that no row names and that nobody is writing
    /// (SPEC W4). `is_named(id)` answers a `result<bool>`; its first error ends the sweep, as does
    /// a failed listing (DESIGN D10). It is not asked before all who write were: what it looks up
    /// in between, it sees.
    template <class IsNamed>
    [[nodiscard]] result<staging_sweep> sweep(
        IsNamed is_named, std::uint64_t end = std::numeric_limits<std::uint64_t>::max()) {
        auto all = list();
        if (!all) return within(std::move(all), "sweep staging files", where_.staging());
        auto others = others_();
        if (!others) return within(std::move(others), "sweep staging files", where_.staging());
        staging_sweep report;
        // Open is asked first: who has let go of it in between is named, or has given it up.
        const auto closed = std::ranges::partition(all->files, [&](staging_id id) {
            return id.value >= end || is_open(id) ||
                   (others->write_from && id.value >= *others->write_from);
        });
        report.kept = all->files.size() - closed.size();
        for (const auto id : closed) {
            const result<bool> named = is_named(id);
            if (!named) return std::unexpected{named.error()};
            if (*named)
                ++report.kept;
            else if (auto gone = remove(id); gone)
                ++report.removed;
            else
                report.refused.push_back(std::move(gone).error());
        }
        return report;
    }

private:
    friend file;
    using pin = std::shared_ptr<detail::open_staging<FS>>;

    result<void> ready() {
        const std::lock_guard lock{ready_mutex_};
        if (ready_) return {};
        if (auto made = ensure_directory(fs_, where_.staging()); !made) return made;
        if (durable_ == durability::power)
            if (auto synced = fs_.sync_directory(where_.root()); !synced) return passed(synced);
        ready_ = true;
        return {};
    }

    [[nodiscard]] pin find(staging_id id) const {
        const std::lock_guard lock{mutex_};
        const auto found = open_.find(id);
        return found == open_.end() ? nullptr : found->second;
    }

    void forget(staging_id id) {
        const std::lock_guard lock{mutex_};
        open_.erase(id);
    }

    FS fs_;
    const layout where_;
    const durability durable_;
    const others_asked others_;
    write_epochs epochs_;
    std::mutex ready_mutex_;
    bool ready_ = false;  // the directory is there, and its own name is durable
    mutable std::mutex mutex_;
    std::unordered_map<staging_id, pin> open_;
};

}  // namespace casement::blob
