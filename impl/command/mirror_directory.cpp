#include "mirror_directory.hpp"

#include <casement/core/hash.hpp>

namespace casement::command::mirrored {

namespace {

std::uint64_t number_of(const struct stat& s) {
    return s.st_ino ^ static_cast<std::uint64_t>(s.st_dev) * 0x9e3779b97f4a7c15u;
}

}  // namespace

void filled_directory::open_up() {
    changed = true;
    std::call_once(opened_up_, [this] { mirrored::open_up(*at); });
}

bool filled_directory::is_alias(const std::string& name, bool is_listed, const struct stat& there) {
    const auto own = checksum_of(name);
    owner other{};
    {
        const std::lock_guard lock{mutex_};
        const auto [its, is_first] = owners_.try_emplace(number_of(there), owner{own, is_listed});
        if (is_first || its->second.name == own) return false;
        other = its->second;
    }
    // Two names of one file are two names if both are listed: hard links.
    return !(is_listed && other.is_listed) && !lists_both(name, other.name);
}

filled_directory::naming filled_directory::claim(const std::string& name, bool is_listed,
                                                 const struct stat& there) {
    naming until_named{naming_};
    const std::lock_guard lock{mutex_};
    owners_.insert_or_assign(number_of(there), owner{checksum_of(name), is_listed});
    return until_named;
}

void filled_directory::disclaim(const std::string& name, const struct stat& there) {
    const std::lock_guard lock{mutex_};
    const auto its = owners_.find(number_of(there));
    if (its != owners_.end() && its->second.name == checksum_of(name)) owners_.erase(its);
}

bool filled_directory::lists_both(const std::string& name, std::uint64_t other) {
    // Files may share one number: the other may be on its way to its name.
    const std::unique_lock lock{naming_};
    int seen = 0;
    const auto read = at->for_each_name([&](const std::string& each) -> result<void> {
        seen += each == name || checksum_of(each) == other ? 1 : 0;
        return {};
    });
    return read && seen == 2;
}

std::string filled_directory::spelling_of(const struct stat& there) {
    std::call_once(spelled_, [this] {
        // What is not seen is not taken over either.
        (void)at->for_each_name([&](const std::string& name) -> result<void> {
            if (const auto s = at->look(name)) spellings_.emplace(number_of(*s), name);
            return {};
        });
    });
    const auto its = spellings_.find(number_of(there));
    return its == spellings_.end() ? "" : its->second;
}

bool filled_directory::is_spelled_otherwise(const struct stat& there) {
    const std::lock_guard lock{mutex_};
    const auto its = owners_.find(number_of(there));
    return its != owners_.end() && !its->second.is_listed;
}

}  // namespace casement::command::mirrored
