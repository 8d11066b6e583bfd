#pragma once
// Names of files on disks that keep them loosely: a scanner holds a file for a moment, and what was
// just renamed is not found for another (Windows disks, shared folders). A rename or a removal
// waits up to half a second for that to pass. All answer 0 or the errno that stays. Any thread.

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <casement/core/system_calls.hpp>

namespace casement::engine {

inline void wait_for(std::chrono::milliseconds pause) { std::this_thread::sleep_for(pause); }

/// Renames a file that nobody has open, and waits until it is seen under its new name: LevelDB, or
/// who opens the store next, would take a name that is not there for a loss.
[[nodiscard]] inline int rename_until_seen(const std::string& from, const std::string& to) {
    const auto rename = [&] { return std::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno; };
    const auto see = [&] { return ::access(to.c_str(), F_OK) == 0 ? 0 : errno; };
    const int why = until_passed(rename, wait_for);
    return why != 0 ? why : until_passed(see, wait_for, may_appear);
}

[[nodiscard]] inline int remove_name(const std::string& path) {
    const auto remove = [&] { return ::unlink(path.c_str()) == 0 ? 0 : errno; };
    return until_passed(remove, wait_for);
}

/// Whether a file is there. Where nobody can tell, it is: who took it for missing might make a new
/// one in its place.
[[nodiscard]] inline bool may_be_there(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/// The names in a directory; on an error, none.
[[nodiscard]] inline int list_names(const std::string& path, std::vector<std::string>& out) {
    out.clear();
    const std::unique_ptr<::DIR, int (*)(::DIR*)> open{::opendir(path.c_str()), ::closedir};
    if (open == nullptr) return errno;
    const int why =
        each_name(open.get(), [&](std::string_view name) { return out.emplace_back(name), true; });
    if (why != 0) out.clear();
    return why;
}

}  // namespace casement::engine
