#pragma once
// A file's bytes: all of them, or why not. What is judged by its end must not end where a read
// failed.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include <casement/core/error.hpp>
#include <casement/core/file_calls.hpp>

namespace casement::engine {

/// One that grows meanwhile is read as far as it went.
[[nodiscard]] inline result<std::string> whole_file(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return fail_system(errno, "open", path);
    std::string bytes;
    struct stat facts {};
    int why = ::fstat(file, &facts) == 0 ? 0 : errno;
    if (why == 0) {
        bytes.resize(static_cast<std::size_t>(facts.st_size));
        const auto n = read_whole(reads_of(file), 0, bytes);
        why = n ? 0 : n.error();
        bytes.resize(n.value_or(0));
    }
    ::close(file);
    if (why != 0) return fail_system(why, "read", path);
    return bytes;
}

}  // namespace casement::engine
