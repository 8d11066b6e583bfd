// A file system that shows another directory, bent as its options say: the quirks of Windows disks
// in WSL, of shared folders and of cheap FUSE file systems, for programs that make real system
// calls. Without options it is honest. One thread; the kernel remembers no name and no size, so
// that each answer comes from here.
//
//     bent_fs MOUNT_POINT -f -s --below=DIRECTORY [--record=FILE] [-o QUIRK[=NUMBER],...]
//
// It is mounted until it is unmounted or killed, and keeps nothing but what lies in DIRECTORY.

#define FUSE_USE_VERSION 31
#include <fuse.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "crash/record.hpp"

namespace {

using steady = std::chrono::steady_clock;

/// What fuse_opt fills in: C's types, and 0 is honest.
struct quirks {
    char* below;
    char* record;             // a log of all that is done, for who asks what a crash would leave
    unsigned unseen_ms;       // a name is not there (ENOENT) for so long after a rename onto it
    unsigned scan_every;      // every so many renames and removals, a scanner has the file open:
    unsigned scan_ms;         // EACCES, for so long
    unsigned transfer_max;    // a read or a write stops after so many bytes; nothing can be mapped
    unsigned sync_fails;      // the sync of this number answers EIO, once
    unsigned long quota_kib;  // ENOSPC beyond
    unsigned call_fails;      // the call of this number fails, once; looks at names are not counted
    unsigned look_fails;      // the look at a name of this number fails, once
    unsigned fails_with;      // so: an errno
    char* counted;            // a file that is told in the end how many of both there were
    int stays_full;           // from the call of that number on, all fail that need room
    int no_hash;              // no name may have a '#' (EINVAL)
    int no_directory_sync;    // EINVAL
    int folded;               // names are kept in lower case
    int fixed_modes;          // everything is 0777, whatever chmod says
    int coarse_times;         // in steps of 100 ns
    int plain_rename;         // renameat2 knows no flags (EINVAL)
    int no_hard_links;        // EPERM
    int no_modes;             // chmod and utimens answer EPERM, as to who is not the owner
    int read_only_stays;      // what its owner may not write is not replaced or removed (EACCES)
    int one_inode;            // all files have the same number
};

quirks bent{};

constexpr fuse_opt options[] = {
    {"--below=%s", offsetof(quirks, below), 0},
    {"--record=%s", offsetof(quirks, record), 0},
    {"unseen_ms=%u", offsetof(quirks, unseen_ms), 0},
    {"scan_every=%u", offsetof(quirks, scan_every), 0},
    {"scan_ms=%u", offsetof(quirks, scan_ms), 0},
    {"transfer_max=%u", offsetof(quirks, transfer_max), 0},
    {"sync_fails=%u", offsetof(quirks, sync_fails), 0},
    {"quota_kib=%lu", offsetof(quirks, quota_kib), 0},
    {"call_fails=%u", offsetof(quirks, call_fails), 0},
    {"look_fails=%u", offsetof(quirks, look_fails), 0},
    {"fails_with=%u", offsetof(quirks, fails_with), 0},
    {"--counted=%s", offsetof(quirks, counted), 0},
    {"stays_full", offsetof(quirks, stays_full), 1},
    {"no_hash", offsetof(quirks, no_hash), 1},
    {"no_directory_sync", offsetof(quirks, no_directory_sync), 1},
    {"folded", offsetof(quirks, folded), 1},
    {"fixed_modes", offsetof(quirks, fixed_modes), 1},
    {"coarse_times", offsetof(quirks, coarse_times), 1},
    {"plain_rename", offsetof(quirks, plain_rename), 1},
    {"no_hard_links", offsetof(quirks, no_hard_links), 1},
    {"no_modes", offsetof(quirks, no_modes), 1},
    {"read_only_stays", offsetof(quirks, read_only_stays), 1},
    {"one_inode", offsetof(quirks, one_inode), 1},
    FUSE_OPT_END,
};

// --- what the quirks remember ----------------------------------------------------------------

/// Paths that something holds until a moment.
class passing {
public:
    void begin(const std::string& path, unsigned ms) {
        until_[path] = steady::now() + std::chrono::milliseconds{ms};
    }
    void end(const std::string& path) { until_.erase(path); }
    bool holds(const std::string& path) {
        const auto found = until_.find(path);
        if (found == until_.end()) return false;
        if (steady::now() < found->second) return true;
        until_.erase(found);
        return false;
    }

private:
    std::map<std::string, steady::time_point> until_;
};

passing unseen, scanned;
unsigned changes = 0, syncs = 0, calls = 0, looks = 0;
std::int64_t used_bytes = 0;

/// Does a scanner have the file open just now? Who asks again later gets past it.
bool scanner_holds(const std::string& path) {
    if (bent.scan_every == 0) return false;
    if (scanned.holds(path)) return true;
    if (++changes % bent.scan_every != 0) return false;
    scanned.begin(path, bent.scan_ms);
    return true;
}

bool is_refused(std::string_view path) {
    return bent.no_hash && path.find('#', path.rfind('/')) != path.npos;
}

bool stays(const std::string& where) {
    struct stat seen {};
    return bent.read_only_stays && ::lstat(where.c_str(), &seen) == 0 && S_ISREG(seen.st_mode) &&
           (seen.st_mode & 0200) == 0;
}

/// Where it lies.
std::string there(const char* path) {
    std::string name = path;
    if (bent.folded)
        std::ranges::transform(name, name.begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return bent.below + name;
}

std::size_t cut(std::size_t size) {
    return bent.transfer_max == 0 ? size : std::min<std::size_t>(size, bent.transfer_max);
}

/// 0, or what FUSE takes for an errno.
int answer(std::int64_t done) { return done < 0 ? -errno : 0; }

using casement::check::file_call;
std::optional<casement::testing::crash_log> log;

/// Enters a call in the log, unless it failed; answers what FUSE is answered.
int recorded(int done, file_call::kind what, const char* path, std::string bytes = {},
             std::uint64_t offset = 0, std::uint64_t length = 0, std::uint64_t file = 0) {
    if (done >= 0 && log) {
        const bool renamed = what == file_call::rename || what == file_call::link;
        log->add({casement::testing::crash_record::called,
                  {what, path, renamed ? std::move(bytes) : "", file, offset, length,
                   renamed ? "" : std::move(bytes)},
                  {},
                  {}});
    }
    return done;
}

int handle(const fuse_file_info* open) { return static_cast<int>(open->fh); }

std::int64_t size_of(const std::string& where) {
    struct stat seen {};
    return ::lstat(where.c_str(), &seen) == 0 && S_ISREG(seen.st_mode) && seen.st_nlink == 1
               ? seen.st_size
               : 0;
}

/// Counts what a file grows by if it shall reach `end`; false where that is beyond the quota.
bool grows_to(int file, std::int64_t end) {
    struct stat seen {};
    if (bent.quota_kib == 0 || ::fstat(file, &seen) != 0 || end <= seen.st_size) return true;
    const auto grown = used_bytes + end - seen.st_size;
    if (grown > static_cast<std::int64_t>(bent.quota_kib) * 1024) return false;
    used_bytes = grown;
    return true;
}

// --- the calls, by name ----------------------------------------------------------------------

int get_attributes(const char* path, struct stat* out, fuse_file_info* open) {
    const auto where = there(path);
    if (open == nullptr && unseen.holds(where)) return -ENOENT;
    const int done = open != nullptr ? ::fstat(handle(open), out) : ::lstat(where.c_str(), out);
    if (done == 0 && bent.fixed_modes && !S_ISLNK(out->st_mode))
        out->st_mode = (out->st_mode & S_IFMT) | 0777;
    if (done == 0 && bent.one_inode) out->st_ino = 7;
    return answer(done);
}

int read_link(const char* path, char* out, std::size_t size) {
    const auto n = ::readlink(there(path).c_str(), out, size - 1);
    if (n >= 0) out[n] = '\0';
    return answer(n);
}

int make_directory(const char* path, mode_t mode) {
    if (is_refused(path)) return -EINVAL;
    return recorded(answer(::mkdir(there(path).c_str(), mode)), file_call::make_directory, path);
}

int make_link(const char* target, const char* path) {
    if (is_refused(path)) return -EINVAL;
    return answer(::symlink(target, there(path).c_str()));
}

int make_hard_link(const char* from, const char* to) {
    if (is_refused(to)) return -EINVAL;
    if (bent.no_hard_links) return -EPERM;
    return recorded(answer(::link(there(from).c_str(), there(to).c_str())), file_call::link, from,
                    to);
}

int remove_file(const char* path) {
    const auto where = there(path);
    if (scanner_holds(where) || stays(where)) return -EACCES;
    const auto size = size_of(where);
    const int done = ::unlink(where.c_str());
    if (done == 0) used_bytes -= size;
    return recorded(answer(done), file_call::remove, path);
}

int remove_directory(const char* path) { return answer(::rmdir(there(path).c_str())); }

int rename_to(const char* from, const char* to, unsigned flags) {
    const auto old = there(from), target = there(to);
    if (is_refused(to) || (bent.plain_rename && flags != 0)) return -EINVAL;
    if (scanner_holds(old) || stays(target)) return -EACCES;
    const auto replaced = size_of(target);
    if (::renameat2(AT_FDCWD, old.c_str(), AT_FDCWD, target.c_str(), flags) != 0) return -errno;
    used_bytes -= replaced;
    unseen.end(old);
    if (bent.unseen_ms != 0) unseen.begin(target, bent.unseen_ms);
    return recorded(0, file_call::rename, from, to);
}

int change_mode(const char* path, mode_t mode, fuse_file_info*) {
    if (bent.no_modes) return -EPERM;
    return bent.fixed_modes ? 0 : answer(::chmod(there(path).c_str(), mode));
}

int change_owner(const char* path, uid_t user, gid_t group, fuse_file_info*) {
    return answer(::lchown(there(path).c_str(), user, group));
}

int change_times(const char* path, const timespec* given, fuse_file_info*) {
    if (bent.no_modes) return -EPERM;
    timespec times[2] = {given[0], given[1]};
    for (auto& t : times)
        if (bent.coarse_times && t.tv_nsec < 1'000'000'000) t.tv_nsec -= t.tv_nsec % 100;
    return answer(::utimensat(AT_FDCWD, there(path).c_str(), times, AT_SYMLINK_NOFOLLOW));
}

int truncate_to(const char* path, off_t size, fuse_file_info*) {
    const auto where = there(path);
    used_bytes -= std::max<std::int64_t>(0, size_of(where) - size);
    return recorded(answer(::truncate(where.c_str(), size)), file_call::resize, path, {}, 0,
                    static_cast<std::uint64_t>(size));
}

int facts(const char* path, struct statvfs* out) {
    if (::statvfs(there(path).c_str(), out) != 0) return -errno;
    if (bent.quota_kib == 0) return 0;
    const auto left = static_cast<std::int64_t>(bent.quota_kib) * 1024 - used_bytes;
    out->f_bavail = static_cast<fsblkcnt_t>(std::max<std::int64_t>(0, left)) / out->f_frsize;
    return 0;
}

int list(const char* path, void* into, fuse_fill_dir_t fill, off_t, fuse_file_info*,
         fuse_readdir_flags) {
    DIR* open = ::opendir(there(path).c_str());
    if (open == nullptr) return -errno;
    while (const dirent* next = ::readdir(open)) {
        struct stat about {};
        about.st_ino = next->d_ino;
        about.st_mode = static_cast<mode_t>(next->d_type) << 12;
        if (fill(into, next->d_name, &about, 0, fuse_fill_dir_flags{}) != 0) break;
    }
    ::closedir(open);
    return 0;
}

int sync_directory(const char* path, int, fuse_file_info*) {
    if (bent.no_directory_sync) return -EINVAL;
    const int open = ::open(there(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int done = open < 0 ? -errno : answer(::fsync(open));
    if (open >= 0) ::close(open);
    return recorded(done, file_call::sync_directory, path);
}

// --- the calls on an open file ---------------------------------------------------------------

int open_with(const char* path, int flags, mode_t mode, fuse_file_info* open) {
    const int number = ::open(there(path).c_str(), flags | O_CLOEXEC, mode);
    if (number < 0) return -errno;
    open->fh = static_cast<std::uint64_t>(number);
    // The kernel repeats what stops half-way, or fails it, unless each call comes here by itself.
    open->direct_io = bent.transfer_max != 0;
    return 0;
}

int create_file(const char* path, mode_t mode, fuse_file_info* open) {
    if (is_refused(path)) return -EINVAL;
    const int done = open_with(path, open->flags | O_CREAT, mode, open);
    return recorded(done, file_call::create, path, {}, 0, 0, open->fh);
}

int open_file(const char* path, fuse_file_info* open) {
    // The kernel says where the end is.
    const int done = open_with(path, open->flags & ~O_APPEND, 0, open);
    return recorded(done, file_call::open, path, {}, 0, 0, open->fh);
}

int close_file(const char*, fuse_file_info* open) { return answer(::close(handle(open))); }

int read_file(const char*, char* into, std::size_t size, off_t at, fuse_file_info* open) {
    const auto n = ::pread(handle(open), into, cut(size), at);
    return n < 0 ? -errno : static_cast<int>(n);
}

int write_file(const char* path, const char* bytes, std::size_t size, off_t at,
               fuse_file_info* open) {
    size = cut(size);
    if (!grows_to(handle(open), at + static_cast<off_t>(size))) return -ENOSPC;
    const auto n = ::pwrite(handle(open), bytes, size, at);
    if (n < 0) return -errno;
    return recorded(static_cast<int>(n), file_call::write, path,
                    {bytes, static_cast<std::size_t>(n)}, static_cast<std::uint64_t>(at), 0,
                    open->fh);
}

int sync_file(const char* path, int only_data, fuse_file_info* open) {
    if (++syncs == bent.sync_fails) return -EIO;
    const int done = answer(only_data != 0 ? ::fdatasync(handle(open)) : ::fsync(handle(open)));
    return recorded(done, file_call::sync, path, {}, 0, 0, open->fh);
}

int reserve(const char* path, int how, off_t at, off_t size, fuse_file_info* open) {
    if (how == 0 && !grows_to(handle(open), at + size)) return -ENOSPC;
    struct stat seen {};
    if (::fstat(handle(open), &seen) != 0 || ::fallocate(handle(open), how, at, size) != 0)
        return -errno;
    const auto begin = static_cast<std::uint64_t>(at), length = static_cast<std::uint64_t>(size);
    if ((how & FALLOC_FL_PUNCH_HOLE) != 0)
        return recorded(0, file_call::punch, path, {}, begin, length);
    return how == 0 && at + size > seen.st_size
               ? recorded(0, file_call::resize, path, {}, 0, begin + length)
               : 0;
}

// --- the calls that fail by number -----------------------------------------------------------

enum class need : std::uint8_t { no_room, room, a_name };

bool fails_now(need what) {
    if (what == need::a_name) return ++looks == bent.look_fails;
    ++calls;
    if (bent.stays_full != 0) return what == need::room && calls >= bent.call_fails;
    return calls == bent.call_fails;
}

template <need what, auto call>
struct counted;
template <need what, class... Given, int (*call)(Given...)>
struct counted<what, call> {
    static int made(Given... given) {
        return fails_now(what) ? -static_cast<int>(bent.fails_with) : call(given...);
    }
};
template <auto call>
constexpr auto plain = counted<need::no_room, call>::made;
template <auto call>
constexpr auto growing = counted<need::room, call>::made;

void* begin(fuse_conn_info*, fuse_config* how) {
    how->entry_timeout = how->attr_timeout = how->negative_timeout = 0;
    how->use_ino = 1;
    return nullptr;
}

void end(void*) {
    if (bent.counted == nullptr) return;
    std::FILE* out = std::fopen(bent.counted, "w");
    if (out == nullptr) return;
    std::fprintf(out, "%u %u\n", calls, looks);
    std::fclose(out);
}

fuse_operations all_calls() {
    fuse_operations by{};
    by.init = begin;
    by.destroy = end;
    by.getattr = counted<need::a_name, get_attributes>::made;
    by.readlink = plain<read_link>;
    by.mkdir = growing<make_directory>;
    by.symlink = growing<make_link>;
    by.link = growing<make_hard_link>;
    by.unlink = plain<remove_file>;
    by.rmdir = plain<remove_directory>;
    by.rename = plain<rename_to>;
    by.chmod = plain<change_mode>;
    by.chown = plain<change_owner>;
    by.utimens = plain<change_times>;
    by.truncate = plain<truncate_to>;
    by.statfs = plain<facts>;
    by.readdir = plain<list>;
    by.fsyncdir = plain<sync_directory>;
    by.create = growing<create_file>;
    by.open = plain<open_file>;
    by.release = close_file;  // what it answers, nobody is told
    by.read = plain<read_file>;
    by.write = growing<write_file>;
    by.fsync = plain<sync_file>;
    by.fallocate = growing<reserve>;
    return by;
}

}  // namespace

int main(int count, char** words) {
    fuse_args given = FUSE_ARGS_INIT(count, words);
    if (::fuse_opt_parse(&given, &bent, options, nullptr) != 0) return 2;
    if (bent.below == nullptr) {
        std::fputs("usage: bent_fs MOUNT_POINT -f -s --below=DIRECTORY [-o QUIRK,...]\n", stderr);
        return 2;
    }
    if (bent.record != nullptr) log.emplace(bent.record);
    ::umask(0);  // the caller's has been taken off already
    const auto by = all_calls();
    const int code = fuse_main(given.argc, given.argv, &by, nullptr);
    ::fuse_opt_free_args(&given);
    return code;
}
