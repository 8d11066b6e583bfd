#pragma once
// Names of files on disks that keep them loosely: a scanner holds a file for a moment, and what was
// just renamed is not found for another (Windows disks, shared folders). Each call waits up to half
// a second for that to pass, and answers 0 or the errno that stays. Any thread.

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

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

}  // namespace casement::engine
