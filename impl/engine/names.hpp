#pragma once
// Names of files on disks that keep them loosely: a scanner holds a file for a moment, and what was
// just renamed is not found for another (Windows disks, shared folders). Each call waits up to half
// a second for that to pass, and answers 0 or the errno that stays. Any thread.

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include <casement/core/file_calls.hpp>
#include <casement/core/pace.hpp>

namespace casement::engine {

/// Renames a file that nobody has open, and waits until it is seen under its new name: LevelDB, or
/// who opens the store next, would take a name that is not there for a loss.
[[nodiscard]] inline int rename_until_seen(const std::string& from, const std::string& to) {
    const auto rename = [&] { return std::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno; };
    const auto see = [&] { return look_for(to); };
    const int why = until_passed(rename, steady_waiting::wait);
    return why != 0 ? why : until_passed(see, steady_waiting::wait, may_appear);
}

[[nodiscard]] inline int remove_name(const std::string& path) {
    const auto remove = [&] { return ::unlink(path.c_str()) == 0 ? 0 : errno; };
    return until_passed(remove, steady_waiting::wait);
}

}  // namespace casement::engine
