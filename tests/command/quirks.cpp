// File systems that bend the rules, for the doctor to find out: a library to preload that makes one
// system call lie or refuse as QUIRK says. It changes calls on the doctor's own files only, by
// their names, or of those kinds that nothing else in the command makes meanwhile; and on all files
// where a store has to live with it: "scanners everywhere", "names come late", "transfers stop".

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

bool quirk(std::string_view name) {
    const char* chosen = std::getenv("QUIRK");
    return chosen != nullptr && name == chosen;
}

int refuse(int number) {
    errno = number;
    return -1;
}

/// The call that this library stands in front of.
template <class F>
F* real(const char* name) {
    return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

bool is_directory(int file) {
    struct stat about {};
    return ::fstat(file, &about) == 0 && S_ISDIR(about.st_mode);
}

bool is_file(int file) {
    struct stat about {};
    return ::fstat(file, &about) == 0 && S_ISREG(about.st_mode);
}

size_t cut(int file, size_t size) {
    constexpr size_t most = 999;
    return size > most && quirk("transfers stop") && is_file(file) ? most : size;
}

/// Each change of a name takes three attempts.
bool scanner_holds() {
    static std::atomic<int> attempts = 0;
    return quirk("scanners everywhere") && ++attempts % 3 != 0;
}

/// What was just renamed, and how often it will still not be found.
thread_local std::string late_name;
thread_local int late = 0;

bool is_late(const char* path) { return late > 0 && path == late_name && --late >= 0; }

bool ends(const char* path, std::string_view end) { return std::string_view{path}.ends_with(end); }

int control(const char* name, int file, int what, void* argument) {
    if (what == F_SETLK && quirk("no locks")) return refuse(ENOLCK);
    if (what == F_SETLK && quirk("locks lie")) return 0;
    if (what == F_OFD_SETLK && quirk("no locks of parts")) return refuse(EINVAL);
    if (what == F_OFD_SETLK && quirk("locks of parts lie")) return 0;
    return real<int(int, int, ...)>(name)(file, what, argument);
}

int open_file(const char* name, const char* path, int flags, mode_t mode) {
    if ((flags & O_TMPFILE) == O_TMPFILE && quirk("no nameless files")) return refuse(EOPNOTSUPP);
    if (ends(path, "/#") && quirk("no hash")) return refuse(EINVAL);
    if (is_late(path)) return refuse(ENOENT);
    return real<int(const char*, int, ...)>(name)(path, flags, mode);
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const auto mode = va_arg(rest, mode_t);
    va_end(rest);
    return open_file("open", path, flags, mode);
}

int open64(const char* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const auto mode = va_arg(rest, mode_t);
    va_end(rest);
    return open_file("open64", path, flags, mode);
}

int fcntl(int file, int what, ...) {
    va_list rest;
    va_start(rest, what);
    void* argument = va_arg(rest, void*);
    va_end(rest);
    return control("fcntl", file, what, argument);
}

int fcntl64(int file, int what, ...) {
    va_list rest;
    va_start(rest, what);
    void* argument = va_arg(rest, void*);
    va_end(rest);
    return control("fcntl64", file, what, argument);
}

int rename(const char* from, const char* to) noexcept {
    if (ends(from, "rename-from") && quirk("no rename")) return refuse(EACCES);
    static int scanned = 0;
    if (ends(from, "scanned") && quirk("a scanner passes by") && ++scanned % 3 == 0)
        return refuse(EACCES);
    if (ends(to, "replace-to") && quirk("open files stay")) return refuse(EBUSY);
    if (std::strstr(to, "replace") != nullptr && quirk("no replacing")) return refuse(EEXIST);
    if (scanner_holds()) return refuse(EACCES);
    const int done = real<int(const char*, const char*)>("rename")(from, to);
    if (done == 0 && quirk("names come late")) late_name = to, late = 2;
    return done;
}

int unlink(const char* path) noexcept {
    if (scanner_holds()) return refuse(EACCES);
    return real<int(const char*)>("unlink")(path);
}

int access(const char* path, int how) noexcept {
    if (is_late(path)) return refuse(ENOENT);
    return real<int(const char*, int)>("access")(path, how);
}

int stat(const char* path, struct stat* out) noexcept {
    if (ends(path, "rename-to") && quirk("renamed is gone")) return refuse(ENOENT);
    if (ends(path, "rename-from") && quirk("old name stays")) return 0;
    if (ends(path, "cASE") && quirk("no case")) return 0;
    if (is_late(path)) return refuse(ENOENT);
    return real<int(const char*, struct stat*)>("stat")(path, out);
}

int fsync(int file) {
    if (is_directory(file) && quirk("no directory sync")) return refuse(EINVAL);
    if (!is_directory(file) && quirk("no sync")) return refuse(EIO);
    return real<int(int)>("fsync")(file);
}

int fdatasync(int file) {
    if (is_directory(file) && quirk("no directory sync")) return refuse(EINVAL);
    if (quirk("sync lies")) return 0;
    return real<int(int)>("fdatasync")(file);
}

void* mmap(void* at, size_t size, int access, int how, int file, off_t offset) noexcept {
    const bool shared = file >= 0 && (how & MAP_SHARED) != 0 && (access & PROT_WRITE) != 0;
    if (shared && quirk("no mapping")) return errno = ENODEV, MAP_FAILED;
    const auto call = real<void*(void*, size_t, int, int, int, off_t)>("mmap");
    if (shared && quirk("stale mapping"))
        return call(at, size, access, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return call(at, size, access, how, file, offset);
}

int fchmod(int file, mode_t mode) noexcept {
    if (quirk("no modes")) return 0;
    return real<int(int, mode_t)>("fchmod")(file, mode);
}

int futimens(int file, const timespec* times) noexcept {
    timespec coarse[2] = {times[0], times[1]};
    if (quirk("coarse times")) coarse[1].tv_nsec -= coarse[1].tv_nsec % 100;
    return real<int(int, const timespec*)>("futimens")(file, coarse);
}

int symlink(const char* target, const char* path) noexcept {
    if (quirk("no symlinks")) return refuse(EPERM);
    return real<int(const char*, const char*)>("symlink")(target, path);
}

int link(const char* from, const char* to) noexcept {
    if (quirk("no hard links")) return refuse(EPERM);
    return real<int(const char*, const char*)>("link")(from, to);
}

int ftruncate(int file, off_t size) noexcept {
    if (quirk("no large files")) return refuse(EFBIG);
    return real<int(int, off_t)>("ftruncate")(file, size);
}

int fallocate(int file, int mode, off_t offset, off_t size) {
    if (quirk("no reserving")) return refuse(EOPNOTSUPP);
    return real<int(int, int, off_t, off_t)>("fallocate")(file, mode, offset, size);
}

int statvfs(const char* path, struct statvfs* out) noexcept {
    const int done = real<int(const char*, struct statvfs*)>("statvfs")(path, out);
    if (quirk("full")) out->f_bavail = 0;
    if (quirk("little room")) out->f_bavail = (500u << 20) / out->f_frsize;
    if (quirk("few inodes")) out->f_files = 1000, out->f_favail = 7;
    return done;
}

ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
    size = cut(file, size);
    if (quirk("writes stop")) size = std::min<size_t>(size, 99);
    return real<ssize_t(int, const void*, size_t, off_t)>("pwrite")(file, bytes, size, offset);
}

ssize_t write(int file, const void* bytes, size_t size) {
    return real<ssize_t(int, const void*, size_t)>("write")(file, bytes, cut(file, size));
}

ssize_t read(int file, void* into, size_t size) {
    return real<ssize_t(int, void*, size_t)>("read")(file, into, cut(file, size));
}

ssize_t pread(int file, void* into, size_t size, off_t offset) {
    const auto call = real<ssize_t(int, void*, size_t, off_t)>("pread");
    const auto n = call(file, into, cut(file, size), offset);
    if (n == 8 && size == 8 && quirk("reads lie")) static_cast<char*>(into)[3] ^= 1;
    return n;
}

int remove(const char* path) noexcept {
    if (quirk("cannot remove")) return refuse(EBUSY);
    return real<int(const char*)>("remove")(path);
}

}  // extern "C"
