#include <casement/blob/posix.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <casement/core/assert.hpp>
#include <casement/core/file_calls.hpp>
#include <casement/core/pace.hpp>

namespace casement::blob {

namespace {

int open_number(const std::string& path, int flags) {
    int number = -1;
    do {
        number = ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0644);
    } while (number < 0 && errno == EINTR);
    return number;
}

}  // namespace

posix_file::posix_file(posix_file&& other) noexcept
    : number_{std::exchange(other.number_, -1)},
      lost_{other.lost_.load()},
      path_{std::move(other.path_)} {}

posix_file& posix_file::operator=(posix_file&& other) noexcept {
    if (this == &other) return *this;
    if (number_ >= 0) ::close(number_);
    number_ = std::exchange(other.number_, -1);
    lost_ = other.lost_.load();
    path_ = std::move(other.path_);
    return *this;
}

posix_file::~posix_file() {
    if (number_ >= 0) ::close(number_);
}

result<void> posix_file::usable(const char* operation) const {
    require(number_ >= 0, "an open file");
    if (lost_) return fail(errc::io, operation, path_, "a sync of this file failed before");
    return {};
}

result<void> posix_file::write_at(std::uint64_t offset, std::string_view bytes) {
    if (auto ready = usable("write"); !ready) return ready;
    if (const int number = write_whole(writes_of(number_), offset, bytes))
        return fail_system(number, "write", path_);
    return {};
}

result<std::size_t> posix_file::read_at(std::uint64_t offset, std::span<char> into) const {
    if (auto ready = usable("read"); !ready) return passed(ready);
    const transferred n = read_whole(reads_of(number_), offset, into);
    if (!n) return fail_system(n.error(), "read", path_);
    return *n;
}

result<std::uint64_t> posix_file::size() const {
    require(number_ >= 0, "an open file");
    struct ::stat seen {};
    if (::fstat(number_, &seen) != 0) return fail_system(errno, "stat open file", path_);
    return static_cast<std::uint64_t>(seen.st_size);
}

posix_mapping::~posix_mapping() {
    if (begin_ != nullptr) ::munmap(begin_, length_);
}

result<posix_mapping> posix_file::map(std::uint64_t offset, std::uint64_t length) const {
    if (auto ready = usable("map"); !ready) return passed(ready);
    static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const auto before = offset % page;  // a mapping begins with a page
    void* const begin = ::mmap(nullptr, length + before, PROT_READ, MAP_SHARED, number_,
                               static_cast<::off_t>(offset - before));
    if (begin == MAP_FAILED) {
        auto why = system_error(errno, "map", path_);
        const bool never = errno == ENODEV || errno == EINVAL || errno == EPERM || errno == EACCES;
        return std::unexpected{never ? std::move(why).as(errc::unsupported) : std::move(why)};
    }
    return posix_mapping{
        begin, length + before, {static_cast<const char*>(begin) + before, length}};
}

void posix_file::start_writeback(std::uint64_t offset, std::uint64_t length) const {
#ifdef SYNC_FILE_RANGE_WRITE
    // A hint: where it fails, the sync that follows does the work and reports the error.
    (void)::sync_file_range(number_, static_cast<::off64_t>(offset), static_cast<::off64_t>(length),
                            SYNC_FILE_RANGE_WRITE);
#else
    (void)offset, (void)length;
#endif
}

result<void> posix_file::sync() {
    if (auto ready = usable("sync"); !ready) return ready;
    if (::fdatasync(number_) == 0) return {};
    lost_ = true;
    return fail_system(errno, "sync", path_);
}

result<void> posix_file::close() {
    require(number_ >= 0, "an open file");
    // EINTR leaves the descriptor closed on Linux: closing again could close another thread's file.
    if (::close(std::exchange(number_, -1)) != 0 && errno != EINTR)
        return fail_system(errno, "close", path_);
    return {};
}

result<posix_file> posix_file_system::create(const std::string& path) {
    const int number = open_number(path, O_RDWR | O_CREAT | O_EXCL);
    if (number < 0) return fail_system(errno, "create", path);
    return posix_file{number, path};
}

result<posix_file> posix_file_system::open(const std::string& path) {
    const int number = open_number(path, O_RDONLY);
    if (number < 0) return fail_system(errno, "open", path);
    return posix_file{number, path};
}

result<void> posix_file_system::make_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0755) != 0) return fail_system(errno, "make directory", path);
    return {};
}

result<bool> posix_file_system::sync_directory(const std::string& path) {
    const int number = open_number(path, O_RDONLY | O_DIRECTORY);
    if (number < 0) return fail_system(errno, "open directory", path);
    const int failed = ::fsync(number) == 0 ? 0 : errno;
    ::close(number);
    if (failed == 0) return true;
    if (cannot_sync_names(failed)) return false;
    return fail_system(failed, "sync directory", path);
}

result<void> posix_file_system::remove(const std::string& path) {
    const auto attempt = [&] { return ::unlink(path.c_str()) == 0 ? 0 : errno; };
    if (const int number = until_passed(attempt, steady_waiting::wait))
        return fail_system(number, "remove", path);
    return {};
}

result<void> posix_file_system::rename(const std::string& from, const std::string& to) {
    const auto attempt = [&] { return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno; };
    if (const int number = until_passed(attempt, steady_waiting::wait))
        return within(result<void>{fail_system(number, "rename to", to)}, "rename", from);
    return {};
}

result<bool> posix_file_system::link(const std::string& from, const std::string& to) {
    const auto attempt = [&] { return ::link(from.c_str(), to.c_str()) == 0 ? 0 : errno; };
    const int number = until_passed(attempt, steady_waiting::wait);
    if (number == 0) return true;
    // EPERM is what Linux says where there are none, and also of files that are not the caller's.
    constexpr std::array cannot{EPERM, EXDEV, EMLINK, EOPNOTSUPP, ENOSYS, EINVAL};
    if (std::ranges::find(cannot, number) != cannot.end()) return false;
    return within(result<bool>{fail_system(number, "link to", to)}, "link", from);
}

result<std::vector<std::string>> posix_file_system::list(const std::string& path) {
    auto names = names_in(path);
    if (!names) return fail_system(names.error(), "list", path);
    std::ranges::sort(*names);
    return *std::move(names);
}

result<entry> posix_file_system::look(const std::string& path) {
    struct ::stat seen {};
    if (::lstat(path.c_str(), &seen) != 0) return fail_system(errno, "look at", path);
    if (S_ISDIR(seen.st_mode)) return entry{entry_kind::directory, 0};
    if (!S_ISREG(seen.st_mode)) return entry{};
    return entry{entry_kind::file, static_cast<std::uint64_t>(seen.st_size)};
}

result<std::uint64_t> posix_file_system::allocated(const std::string& path) {
    struct ::stat seen {};
    if (::lstat(path.c_str(), &seen) != 0) return fail_system(errno, "look at", path);
    constexpr std::uint64_t unit = 512;  // of st_blocks, whatever the file system's own is
    return static_cast<std::uint64_t>(seen.st_blocks) * unit;
}

result<bool> posix_file_system::punch(const std::string& path, std::span<const byte_range> ranges) {
#ifdef FALLOC_FL_PUNCH_HOLE
    const int number = open_number(path, O_WRONLY);
    if (number < 0) return fail_system(errno, "open", path);
    const posix_file opened{number, path};  // closes it; nothing was written that could be lost
    for (const auto& r : ranges) {
        int failed = 0;
        do {
            failed =
                ::fallocate(number, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                            static_cast<::off_t>(r.offset), static_cast<::off_t>(r.length)) == 0
                    ? 0
                    : errno;
        } while (failed == EINTR);
        if (failed == EOPNOTSUPP || failed == ENOSYS) return false;
        if (failed != 0) return fail_system(failed, "punch holes", path);
    }
    return true;
#else
    (void)path, (void)ranges;
    return false;
#endif
}

}  // namespace casement::blob
