#pragma once
// The other side of import, export and mirror: real directories, reached by descriptor and name, so
// that no path is too long and no rename in between leads astray. Values; a directory from any
// thread.

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <casement/core/clock.hpp>
#include <casement/core/error.hpp>
#include <casement/tree/rows.hpp>

namespace casement::command {

/// An open file, closed at last; below 0 where it could not be opened.
class descriptor {
public:
    explicit descriptor(int number) : number_{number} {}
    descriptor(const std::string& path, int flags)
        : number_{::open(path.c_str(), flags | O_CLOEXEC, 0644)} {}
    descriptor(descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    explicit operator bool() const { return number_ >= 0; }
    [[nodiscard]] int number() const { return number_; }
    /// The errno, or 0: some file systems tell only here that bytes were lost.
    [[nodiscard]] int close() {
        return ::close(std::exchange(number_, -1)) == 0 || errno == EINTR ? 0 : errno;
    }

private:
    int number_;
};

/// An open directory, and where it is for people. Shared by those who still work in it.
class open_directory {
public:
    [[nodiscard]] static result<std::shared_ptr<open_directory>> open(const std::string& path);
    [[nodiscard]] static result<std::shared_ptr<open_directory>> open_in(
        const std::shared_ptr<open_directory>& parent, const std::string& name);
    /// The directory that a path's last name is in, and that name: "b" is in ".".
    [[nodiscard]] static result<std::pair<std::shared_ptr<open_directory>, std::string>> open_above(
        const std::string& path);

    open_directory(const open_directory&) = delete;
    open_directory& operator=(const open_directory&) = delete;
    ~open_directory();

    [[nodiscard]] int number() const { return number_; }
    /// For people and for acknowledgements: may be longer than the system takes.
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string path_of(std::string_view name) const;

    /// What a name is, not following links.
    [[nodiscard]] result<struct stat> look(const std::string& name) const;
    [[nodiscard]] result<std::string> read_link(const std::string& name) const;

    /// Calls `each(name)` for every name but "." and "..", as the system has them; stops with its
    /// first error.
    [[nodiscard]] result<void> for_each_name(
        const std::function<result<void>(const std::string&)>& each) const;

private:
    open_directory(int number, std::string path) : number_{number}, path_{std::move(path)} {}
    int number_;
    std::string path_;
};

[[nodiscard]] tree::facts facts_of(const struct stat& s);
[[nodiscard]] timestamp mtime_of(const struct stat& s);
[[nodiscard]] timespec to_timespec(timestamp t);

}  // namespace casement::command
