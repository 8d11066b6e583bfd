#include "leveldb_env.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <leveldb/status.h>

#include <casement/core/system_calls.hpp>

#include "names.hpp"
#include "whole_file.hpp"

namespace casement::engine {

namespace {

thread_local std::uint64_t table_reads = 1;

std::string_view name_in(std::string_view path) { return path.substr(path.rfind('/') + 1); }

leveldb::Status failed(std::string_view operation, const std::string& path, int number) {
    return leveldb::Status::IOError(std::string{operation} + " " + path, std::strerror(number));
}

leveldb::Status as_status(const result<void>& r) {
    return r ? leveldb::Status::OK() : leveldb::Status::IOError(r.error().message());
}

/// A log of a `process` store, written through a mapping: a commit is a copy and no system call,
/// and its bytes outlive this process all the same. LevelDB's reader passes over the zeros of the
/// reserved rest (its own logs were once written so).
class mapped_log final : public leveldb::WritableFile {
public:
    explicit mapped_log(std::string path, int descriptor)
        : path_{std::move(path)}, descriptor_{descriptor} {}
    mapped_log(const mapped_log&) = delete;
    mapped_log& operator=(const mapped_log&) = delete;
    ~mapped_log() override {
        (void)Close();  // LevelDB has asked for a sync if it wants to know
        ::close(descriptor_);
    }

    leveldb::Status Append(const leveldb::Slice& data) override {
        const char* from = data.data();
        for (std::size_t left = data.size(); left > 0;) {
            if (here_ == end_)
                if (auto s = next_window(); !s.ok()) return s;
            const auto n = std::min(left, static_cast<std::size_t>(end_ - here_));
            std::memcpy(here_, from, n);
            here_ += n;
            from += n;
            left -= n;
        }
        return leveldb::Status::OK();
    }
    leveldb::Status Flush() override { return leveldb::Status::OK(); }
    leveldb::Status Sync() override {
        return ::fdatasync(descriptor_) == 0 ? leveldb::Status::OK() : failed("sync", path_, errno);
    }
    leveldb::Status Close() override {
        if (closed_) return leveldb::Status::OK();
        closed_ = true;
        const auto size = begin_ == nullptr ? 0 : offset_ + (here_ - begin_);
        unmap();
        return ::ftruncate(descriptor_, size) == 0 ? leveldb::Status::OK()
                                                   : failed("truncate", path_, errno);
    }

private:
    static constexpr off_t window_bytes = 1 << 20;

    leveldb::Status next_window() {
        const off_t at = begin_ == nullptr ? 0 : offset_ + window_bytes;
        // Reserved before it is mapped, so that a full disk is an error and not a fault.
        if (const int why = ::posix_fallocate(descriptor_, at, window_bytes); why != 0)
            return failed("reserve", path_, why);
        void* where =
            ::mmap(nullptr, window_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, at);
        if (where == MAP_FAILED) return failed("map", path_, errno);
        unmap();
        offset_ = at;
        begin_ = here_ = static_cast<char*>(where);
        end_ = begin_ + window_bytes;
        return leveldb::Status::OK();
    }
    void unmap() {
        if (begin_ != nullptr) ::munmap(begin_, window_bytes);
    }

    const std::string path_;
    const int descriptor_;
    off_t offset_ = 0;  // of the window in the file
    char *begin_ = nullptr, *here_ = nullptr, *end_ = nullptr;
    bool closed_ = false;
};

/// A table whose sync is its name's too. LevelDB syncs the names of tables with the manifest that
/// tells of them, and so after it has written that: a disk may keep the manifest and not the name.
class named_table final : public leveldb::WritableFile {
public:
    named_table(std::string path, std::unique_ptr<leveldb::WritableFile> base)
        : path_{std::move(path)}, base_{std::move(base)} {}

    leveldb::Status Append(const leveldb::Slice& data) override { return base_->Append(data); }
    leveldb::Status Flush() override { return base_->Flush(); }
    leveldb::Status Sync() override {
        auto s = base_->Sync();
        return s.ok() ? sync_directory_of(path_) : s;
    }
    leveldb::Status Close() override { return base_->Close(); }

private:
    const std::string path_;
    std::unique_ptr<leveldb::WritableFile> base_;
};

/// Reads as much as it is asked for: LevelDB takes a log that gives less for one that ends there,
/// and would forget all that follows.
class whole_reads final : public leveldb::SequentialFile {
public:
    explicit whole_reads(std::unique_ptr<leveldb::SequentialFile> base) : base_{std::move(base)} {}

    leveldb::Status Read(std::size_t n, leveldb::Slice* out, char* scratch) override {
        std::size_t done = 0;
        while (done < n) {
            leveldb::Slice piece;
            if (auto s = base_->Read(n - done, &piece, scratch + done); !s.ok()) return s;
            if (piece.empty()) break;
            std::memmove(scratch + done, piece.data(), piece.size());
            done += piece.size();
        }
        *out = {scratch, done};
        return leveldb::Status::OK();
    }
    leveldb::Status Skip(std::uint64_t n) override { return base_->Skip(n); }

private:
    std::unique_ptr<leveldb::SequentialFile> base_;
};

bool is_manifest(std::string_view path) { return name_in(path).starts_with("MANIFEST-"); }

/// Whether a file beside `path` can be reserved and mapped for writing: not on 9p and its like.
bool can_map_logs(const std::string& path) {
    const std::string probe = path + ".probe";
    const int fd = ::open(probe.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return false;
    bool can = ::posix_fallocate(fd, 0, 4096) == 0;
    if (can) {
        void* where = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        char back = 0;
        can = where != MAP_FAILED;
        if (can) {
            std::memcpy(where, "!", 1);
            can = ::pread(fd, &back, 1, 0) == 1 && back == '!';
            ::munmap(where, 4096);
        }
    }
    ::close(fd);
    ::unlink(probe.c_str());
    return can;
}

}  // namespace

bool is_journal(std::string_view path) { return path.ends_with(".log") || is_manifest(path); }

leveldb::Status sync_directory_of(const std::string& path) {
    const std::string directory = path.substr(0, path.rfind('/'));
    const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return failed("open directory", directory, errno);
    const int why = ::fsync(fd) == 0 ? 0 : errno;
    ::close(fd);
    // Some file systems have no sync of directories; their own order must do (SPEC W3).
    if (why != 0 && !cannot_sync_names(why)) return failed("sync directory", directory, why);
    return leveldb::Status::OK();
}

std::uint64_t table_reads_of_this_thread() { return table_reads; }

namespace {

/// Whether CURRENT names this manifest, or nobody can tell. Where the last step of switching
/// CURRENT fails, LevelDB removes the new manifest: after its rename, that is the only one.
bool may_be_current(const std::string& manifest) {
    const auto current = whole_file(manifest.substr(0, manifest.rfind('/')) + "/CURRENT");
    if (!current) return current.error().system() != ENOENT;
    return *current == std::string{name_in(manifest)} + '\n';
}

/// A status keeps of an errno only what it is called, at its end: takes that off, and answers the
/// errno; 0 if it was none.
int take_errno(std::string& text) {
    constexpr int errno_max = 133;
    for (int number = 1; number <= errno_max; ++number) {
        const auto called = std::string{": "} + std::strerror(number);
        if (!text.ends_with(called)) continue;
        text.resize(text.size() - called.size());
        return number;
    }
    return 0;
}

}  // namespace

error from_status(const leveldb::Status& s, std::string operation, std::string subject) {
    cause why{"leveldb " + std::move(operation), std::move(subject), s.ToString(), 0};
    if (s.IsCorruption() || s.IsInvalidArgument()) return error{errc::corrupt, std::move(why)};
    why.system = take_errno(why.detail);
    // Of what the system says, callers react to these. That a file of LevelDB's is missing, say,
    // does not mean that a row is.
    const auto code = system_error(why.system, "", "").code();
    const bool tells = code == errc::no_space || code == errc::read_only;
    return error{tells ? code : errc::io, std::move(why)};
}

/// A log or a manifest: counts what was appended and tells the watermark what was synced. After a
/// failure nobody knows what the file holds, so nothing more of it is ever called synced.
class leveldb_env::journal final : public leveldb::WritableFile {
public:
    journal(leveldb_env& env, std::string path, std::unique_ptr<leveldb::WritableFile> base,
            int descriptor)
        : env_{env}, path_{std::move(path)}, base_{std::move(base)}, descriptor_{descriptor} {}
    ~journal() override {
        // LevelDB deletes a log without closing it; there is nobody to tell of a failure, and the
        // watermark has not passed what was synced.
        (void)Close();
        ::close(descriptor_);
    }

    leveldb::Status Append(const leveldb::Slice& data) override {
        appended_ += data.size();
        return noted(base_->Append(data));
    }
    leveldb::Status Flush() override {
        auto s = noted(base_->Flush());
        if (!failed_) flushed_.store(appended_);
        return s;
    }
    leveldb::Status Sync() override {
        // Not LevelDB's own, which syncs a manifest's directory too, and fails where there is no
        // such thing: all names that it tells of are durable by now.
        auto s = base_->Flush();
        if (s.ok() && ::fdatasync(descriptor_) != 0) s = failed("sync", path_, errno);
        s = noted(s);
        if (failed_) return s.ok() ? failed("sync", path_, EIO) : s;
        flushed_.store(appended_);
        return reached_disk(appended_);
    }
    leveldb::Status Close() override {
        if (closed_) return leveldb::Status::OK();
        closed_ = true;
        auto s = env_.durable_ == durability::power ? Sync() : Flush();
        {
            const std::lock_guard lock{env_.mutex_};
            std::erase(env_.logs_, this);
            if (env_.durable_ == durability::process) env_.unsynced_[path_] = flushed_.load();
        }
        const auto closed = base_->Close();
        return s.ok() ? closed : s;
    }

    /// Syncs what was flushed, through a descriptor of its own: beside the thread that appends.
    leveldb::Status sync_flushed() {
        const auto reached = flushed_.load();
        if (::fdatasync(descriptor_) != 0) return failed("sync", path_, errno);
        return reached_disk(reached);
    }

private:
    leveldb::Status noted(leveldb::Status s) {
        failed_ = failed_ || !s.ok();
        return s;
    }
    leveldb::Status reached_disk(std::uint64_t bytes) {
        return as_status(env_.marks_.synced(std::string{name_in(path_)}, bytes));
    }

    leveldb_env& env_;
    const std::string path_;
    std::unique_ptr<leveldb::WritableFile> base_;
    const int descriptor_;
    // Touched by the thread that appends alone.
    std::uint64_t appended_ = 0;
    bool failed_ = false, closed_ = false;
    std::atomic<std::uint64_t> flushed_ = 0;
};

/// A table, mapped while the budget lasts and read otherwise. Reads past its end are errors, not
/// faults: LevelDB asks for what the manifest promises, and the file may have been cut.
class leveldb_env::table final : public leveldb::RandomAccessFile {
public:
    table(std::string path, int descriptor, std::size_t size,
          std::shared_ptr<std::atomic<std::int64_t>> budget)
        : path_{std::move(path)}, descriptor_{descriptor}, size_{size}, budget_{std::move(budget)} {
        const auto need = static_cast<std::int64_t>(size_);
        if (need > 0 && budget_->fetch_sub(need) >= need) {
            void* where = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, descriptor_, 0);
            if (where != MAP_FAILED) base_ = static_cast<const char*>(where);
        }
        if (base_ == nullptr) budget_->fetch_add(need > 0 ? need : 0);
    }
    ~table() override {
        if (base_ != nullptr) {
            ::munmap(const_cast<char*>(base_), size_);
            budget_->fetch_add(static_cast<std::int64_t>(size_));
        }
        ::close(descriptor_);
    }

    leveldb::Status Read(std::uint64_t offset, std::size_t n, leveldb::Slice* out,
                         char* scratch) const override {
        ++table_reads;
        if (base_ != nullptr) {
            if (offset > size_ || n > size_ - offset) return cut_short();
            *out = {base_ + offset, n};
            return leveldb::Status::OK();
        }
        const auto read = read_whole(reads_of(descriptor_), offset, {scratch, n});
        if (!read) return failed("read", path_, read.error());
        if (*read < n) return cut_short();
        *out = {scratch, n};
        return leveldb::Status::OK();
    }

private:
    leveldb::Status cut_short() const {
        return leveldb::Status::Corruption(path_, "shorter than what was written");
    }

    const std::string path_;
    const int descriptor_;
    const std::size_t size_;
    std::shared_ptr<std::atomic<std::int64_t>> budget_;
    const char* base_ = nullptr;
};

leveldb_env::leveldb_env(watermark& marks, durability durable, std::size_t mapped_bytes_max)
    : EnvWrapper{leveldb::Env::Default()},
      marks_{marks},
      durable_{durable},
      mappable_bytes_{std::make_shared<std::atomic<std::int64_t>>(
          static_cast<std::int64_t>(mapped_bytes_max))} {}

leveldb_env::~leveldb_env() {
    if (early_lock_ != nullptr) (void)EnvWrapper::UnlockFile(early_lock_);
}

leveldb::Status leveldb_env::lock_early(const std::string& path) {
    return EnvWrapper::LockFile(path, &early_lock_);
}

leveldb::Status leveldb_env::LockFile(const std::string& path, leveldb::FileLock** out) {
    if (early_lock_ == nullptr) return EnvWrapper::LockFile(path, out);
    *out = std::exchange(early_lock_, nullptr);
    return leveldb::Status::OK();
}

leveldb::Status leveldb_env::new_file(const std::string& path,
                                      std::unique_ptr<leveldb::WritableFile>& out) {
    leveldb::WritableFile* file = nullptr;
    const auto s = EnvWrapper::NewWritableFile(path, &file);
    out.reset(file);
    return s;
}

leveldb::Status leveldb_env::new_mapped_log(const std::string& path,
                                            std::unique_ptr<leveldb::WritableFile>& out) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return failed("create", path, errno);
    out = std::make_unique<mapped_log>(path, fd);
    return leveldb::Status::OK();
}

leveldb::Status leveldb_env::NewSequentialFile(const std::string& path,
                                               leveldb::SequentialFile** out) {
    leveldb::SequentialFile* file = nullptr;
    auto s = EnvWrapper::NewSequentialFile(path, &file);
    if (s.ok()) *out = new whole_reads{std::unique_ptr<leveldb::SequentialFile>{file}};
    return s;
}

leveldb::Status leveldb_env::NewWritableFile(const std::string& path, leveldb::WritableFile** out) {
    std::unique_ptr<leveldb::WritableFile> base;
    if (!is_journal(path)) {
        auto s = new_file(path, base);
        if (!s.ok()) return s;
        *out = path.ends_with(".ldb") ? new named_table{path, std::move(base)} : base.release();
        return s;
    }
    const bool mapped = path.ends_with(".log") && durable_ == durability::process;
    auto s = mapped && can_map_logs(path) ? new_mapped_log(path, base) : new_file(path, base);
    if (!s.ok()) return s;
    // LevelDB syncs a directory with the manifest only, so a synced log could lose its name (#193),
    // and the watermark must name no log that can be lost.
    s = sync_directory_of(path);
    if (s.ok()) s = as_status(marks_.begun(std::string{name_in(path)}));
    if (!s.ok()) return s;
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return failed("open", path, errno);
    auto file = std::make_unique<journal>(*this, path, std::move(base), descriptor);
    if (path.ends_with(".log")) {
        const std::lock_guard lock{mutex_};
        logs_.push_back(file.get());
    }
    *out = file.release();
    return s;
}

leveldb::Status leveldb_env::NewAppendableFile(const std::string& path, leveldb::WritableFile**) {
    return leveldb::Status::NotSupported(path, "logs are never appended to after a reopening");
}

leveldb::Status leveldb_env::NewRandomAccessFile(const std::string& path,
                                                 leveldb::RandomAccessFile** out) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        const int why = errno;
        if (why == ENOENT) return leveldb::Status::NotFound(path, std::strerror(why));
        return failed("open", path, why);
    }
    struct stat facts {};
    if (::fstat(descriptor, &facts) != 0) {
        const int why = errno;
        ::close(descriptor);
        return failed("stat", path, why);
    }
    *out = new table{path, descriptor, static_cast<std::size_t>(facts.st_size), mappable_bytes_};
    return leveldb::Status::OK();
}

leveldb::Status leveldb_env::GetChildren(const std::string& path, std::vector<std::string>* out) {
    out->clear();
    auto names = names_in(path);
    if (!names && names.error() == ENOENT)
        return leveldb::Status::NotFound(path, std::strerror(ENOENT));
    if (!names) return failed("list", path, names.error());
    *out = *std::move(names);
    return leveldb::Status::OK();
}

bool leveldb_env::FileExists(const std::string& path) {
    const int why = look_for(path);
    return why != ENOENT && why != ENOTDIR;
}

leveldb::Status leveldb_env::RemoveFile(const std::string& path) {
    if (is_manifest(path) && may_be_current(path))
        return leveldb::Status::IOError(path, "is the manifest that CURRENT names");
    if (is_journal(path)) {
        {
            const std::lock_guard lock{mutex_};
            unsynced_.erase(path);
        }
        auto s = as_status(marks_.dropped(std::string{name_in(path)}));
        if (!s.ok()) return s;
    }
    const int why = remove_name(path);
    return why == 0 ? leveldb::Status::OK() : failed("remove", path, why);
}

leveldb::Status leveldb_env::RenameFile(const std::string& from, const std::string& to) {
    if (const int why = rename_until_seen(from, to); why != 0) return failed("rename", from, why);
    return sync_directory_of(to);  // LevelDB never syncs CURRENT's new name (#195)
}

leveldb::Status leveldb_env::sync_logs() {
    // Held across the sync: the log must not be closed under it. Commits do not take this mutex,
    // only the change to a new log does.
    const std::lock_guard lock{mutex_};
    while (!unsynced_.empty()) {
        const auto& [path, bytes] = *unsynced_.begin();
        const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
        if (descriptor < 0) return failed("open", path, errno);
        const int why = ::fdatasync(descriptor) == 0 ? 0 : errno;
        ::close(descriptor);
        if (why != 0) return failed("sync", path, why);
        auto s = as_status(marks_.synced(std::string{name_in(path)}, bytes));
        if (!s.ok()) return s;
        unsynced_.erase(unsynced_.begin());
    }
    for (auto* log : logs_)
        if (auto s = log->sync_flushed(); !s.ok()) return s;
    return leveldb::Status::OK();
}

}  // namespace casement::engine
