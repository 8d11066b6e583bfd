#include "disk.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include <casement/core/system_calls.hpp>

namespace casement::command {

namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;
constexpr int as_directory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

}  // namespace

result<std::shared_ptr<open_directory>> open_directory::open(const std::string& path) {
    // A link to the directory that was named is what the caller meant; links below are links.
    const int fd = ::open(path.c_str(), as_directory & ~O_NOFOLLOW);
    if (fd < 0) return fail_system(errno, "open directory", path);
    return std::shared_ptr<open_directory>{new open_directory{fd, path}};
}

result<std::shared_ptr<open_directory>> open_directory::open_in(
    const std::shared_ptr<open_directory>& parent, const std::string& name) {
    const int fd = ::openat(parent->number(), name.c_str(), as_directory);
    if (fd < 0) return fail_system(errno, "open directory", parent->path_of(name));
    return std::shared_ptr<open_directory>{new open_directory{fd, parent->path_of(name)}};
}

result<std::pair<std::shared_ptr<open_directory>, std::string>> open_directory::open_above(
    const std::string& path) {
    const auto slash = path.rfind('/');
    auto above = open(slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash));
    if (!above) return passed(above);
    return std::pair{*std::move(above), path.substr(slash == std::string::npos ? 0 : slash + 1)};
}

open_directory::~open_directory() { ::close(number_); }

std::string open_directory::path_of(std::string_view name) const {
    return path_ + (path_.ends_with('/') ? "" : "/") + std::string{name};
}

result<struct stat> open_directory::look(const std::string& name) const {
    struct stat s {};
    if (::fstatat(number_, name.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0)
        return fail_system(errno, "stat", path_of(name));
    return s;
}

result<std::string> open_directory::read_link(const std::string& name) const {
    std::string target(4096, '\0');
    const auto n = ::readlinkat(number_, name.c_str(), target.data(), target.size());
    if (n < 0) return fail_system(errno, "read link", path_of(name));
    target.resize(static_cast<std::size_t>(n));
    return target;
}

result<void> open_directory::for_each_name(
    const std::function<result<void>(const std::string&)>& each) const {
    const int fd = ::openat(number_, ".", as_directory);
    if (fd < 0) return fail_system(errno, "open directory", path_);
    const std::unique_ptr<DIR, int (*)(DIR*)> names{::fdopendir(fd), ::closedir};
    if (names == nullptr) {
        const int why = errno;
        ::close(fd);
        return fail_system(why, "list", path_);
    }
    result<void> done;
    const int why = each_name(names.get(), [&](std::string_view name) {
        done = each(std::string{name});
        return done.has_value();
    });
    return why != 0 ? fail_system(why, "list", path_) : done;
}

tree::facts facts_of(const struct stat& s) {
    const bool counted = S_ISREG(s.st_mode) || S_ISLNK(s.st_mode);
    return {s.st_mode & 07777u, mtime_of(s), counted ? static_cast<std::uint64_t>(s.st_size) : 0};
}

timestamp mtime_of(const struct stat& s) {
    return {static_cast<std::int64_t>(s.st_mtim.tv_sec) * ns_per_second + s.st_mtim.tv_nsec};
}

timespec to_timespec(timestamp t) {
    timespec out{};
    out.tv_sec = t.ns / ns_per_second;
    out.tv_nsec = t.ns % ns_per_second;
    if (out.tv_nsec < 0) {
        out.tv_nsec += ns_per_second;
        --out.tv_sec;
    }
    return out;
}

}  // namespace casement::command
