#pragma once
// The system calls on files that more than one layer makes: reads and writes as the loops of
// system_calls.hpp take them, looks at a name, lists of names. They answer an errno where the
// system refuses. Any thread.

#include <dirent.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <casement/core/system_calls.hpp>

namespace casement {

/// What a call has moved that answers -1 where it fails.
[[nodiscard]] inline transferred transferred_or_errno(::ssize_t n) {
    if (n < 0) return std::unexpected{errno};
    return static_cast<std::size_t>(n);
}

/// Of an open file, for `read_whole`.
[[nodiscard]] inline auto reads_of(int file) {
    return [file](std::uint64_t at, std::span<char> into) {
        return transferred_or_errno(
            ::pread(file, into.data(), into.size(), static_cast<::off_t>(at)));
    };
}
/// Of an open file, for `write_whole`.
[[nodiscard]] inline auto writes_of(int file) {
    return [file](std::uint64_t at, std::string_view bytes) {
        return transferred_or_errno(
            ::pwrite(file, bytes.data(), bytes.size(), static_cast<::off_t>(at)));
    };
}

/// Writes all of it where the file stands; answers 0 or the errno.
[[nodiscard]] inline int append_whole(int file, std::string_view bytes) {
    const auto some = [file](std::uint64_t, std::string_view rest) {
        return transferred_or_errno(::write(file, rest.data(), rest.size()));
    };
    return write_whole(some, 0, bytes);
}

/// 0 if something has this name; else the errno.
[[nodiscard]] inline int look_for(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0 ? 0 : errno;
}

/// The names in a directory, but `.` and `..`, in any order: all of them, or the errno.
[[nodiscard]] inline std::expected<std::vector<std::string>, int> names_in(
    const std::string& path) {
    const std::unique_ptr<::DIR, int (*)(::DIR*)> open{::opendir(path.c_str()), ::closedir};
    if (open == nullptr) return std::unexpected{errno};
    std::vector<std::string> names;
    const int why = each_name(open.get(), [&](std::string_view name) {
        names.emplace_back(name);
        return true;
    });
    if (why != 0) return std::unexpected{why};
    return names;
}

}  // namespace casement
