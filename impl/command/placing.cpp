#include "placing.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>
#include <utility>

#include <casement/core/file_calls.hpp>

#include "mirror_names.hpp"

namespace casement::command {

namespace {

using both_times = std::array<timespec, 2>;

both_times times_of(const tree::facts& about) {
    return {{{0, UTIME_OMIT}, to_timespec(about.mtime)}};
}

int set_facts_by_number(int number, const tree::facts& about) {
    if (::fchmod(number, about.mode) != 0) return errno;
    return ::futimens(number, times_of(about).data()) == 0 ? 0 : errno;
}

}  // namespace

result<new_file> new_file::create(const open_directory& into, std::string name) {
    const int number = ::openat(into.number(), name.c_str(),
                                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (number < 0) return fail_system(errno, "create", into.path_of(name));
    return new_file{into, std::move(name), number};
}

new_file::new_file(new_file&& other) noexcept
    : into_{std::exchange(other.into_, nullptr)},
      name_{std::move(other.name_)},
      number_{std::move(other.number_)} {}

new_file::~new_file() {
    if (into_ != nullptr)
        (void)mirrored::remove(*into_, name_, false);  // a leftover says what it is
}

result<void> new_file::write(vault::reader& bytes, tally& moved) {
    return bytes.for_each_piece([&](std::string_view piece) -> result<void> {
        moved.bytes += piece.size();
        const int why = append_whole(number_.number(), piece);
        return why == 0 ? result<void>{} : fail_system(why, "write", path());
    });
}

int new_file::set_facts(const tree::facts& about) const {
    return command::set_facts(number_, about);
}

result<void> new_file::sync() const {
    return ::fsync(number_.number()) == 0 ? result<void>{} : fail_system(errno, "sync", path());
}

result<struct stat> new_file::close() {
    struct stat seen {};
    if (::fstat(number_.number(), &seen) != 0) return fail_system(errno, "stat", path());
    if (const int why = number_.close(); why != 0) return fail_system(why, "close", path());
    return seen;
}

result<void> make_link(const open_directory& into, const std::string& name,
                       const std::string& target) {
    if (::symlinkat(target.c_str(), into.number(), name.c_str()) != 0)
        return fail_system(errno, "make link", into.path_of(name));
    return {};
}

int set_facts(const descriptor& of, const tree::facts& about) {
    return set_facts_by_number(of.number(), about);
}

int set_facts(const open_directory& of, const tree::facts& about) {
    return set_facts_by_number(of.number(), about);
}

int set_facts(const open_directory& in, const std::string& name, bool is_link,
              const tree::facts& about) {
    if (!is_link && ::fchmodat(in.number(), name.c_str(), about.mode, AT_SYMLINK_NOFOLLOW) != 0)
        return errno;
    const auto times = times_of(about);
    return ::utimensat(in.number(), name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) == 0 ? 0
                                                                                          : errno;
}

}  // namespace casement::command
