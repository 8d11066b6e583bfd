#include "mirror_names.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <span>
#include <utility>

#include <casement/core/file_calls.hpp>
#include <casement/core/hash.hpp>
#include <casement/core/pace.hpp>
#include <casement/core/system_calls.hpp>
#include <casement/object/file_object.hpp>

#include "mirror_record.hpp"

namespace casement::command::mirrored {

namespace {

int errno_of(int done) { return done == 0 ? 0 : errno; }

/// Says "there is no such call here": then another way is tried.
bool is_unsupported(int number) {
    return number == EINVAL || number == ENOSYS || number == EOPNOTSUPP || number == EPERM ||
           number == EMLINK;
}

/// Where modes are a mapped attribute, a read-only file can be neither replaced nor removed. The
/// next attempt can then.
void make_writable(const open_directory& in, const std::string& name) {
    struct stat seen {};
    if (::fstatat(in.number(), name.c_str(), &seen, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(seen.st_mode) && (seen.st_mode & 0200) == 0)
        ::fchmodat(in.number(), name.c_str(), (seen.st_mode & 07777) | 0200, AT_SYMLINK_NOFOLLOW);
}

int rename_over(const open_directory& in, const std::string& from, const std::string& to) {
    const int why = errno_of(::renameat(in.number(), from.c_str(), in.number(), to.c_str()));
    if (why == EACCES) make_writable(in, to);
    return why;
}

/// A link is a name that was free, on any file system that has links.
int link_then_remove(const open_directory& in, const std::string& from, const std::string& to) {
    struct stat seen {};
    if (::fstatat(in.number(), from.c_str(), &seen, AT_SYMLINK_NOFOLLOW) != 0) return errno;
    struct stat there {};
    const int why = errno_of(::linkat(in.number(), from.c_str(), in.number(), to.c_str(), 0));
    // Over a network, a call whose answer was lost is made twice.
    const bool is_done =
        why == EEXIST && ::fstatat(in.number(), to.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
        there.st_ino == seen.st_ino && there.st_dev == seen.st_dev && there.st_nlink == 2;
    if (why != 0 && !is_done) return why;
    // What cannot be removed is a leftover, which the next run removes. To be removed, it may have
    // become writable: under both its names.
    (void)remove(in, from, false);
    if (S_ISREG(seen.st_mode) && (seen.st_mode & 0200) == 0)
        ::fchmodat(in.number(), to.c_str(), seen.st_mode & 07777, AT_SYMLINK_NOFOLLOW);
    return 0;
}

/// The last resort, where nobody but ourselves should give names: who does so between the two calls
/// loses them.
int look_then_rename(const open_directory& in, const std::string& from, const std::string& to) {
    static std::mutex one_at_a_time;
    const std::lock_guard lock{one_at_a_time};
    struct stat seen {};
    if (::fstatat(in.number(), to.c_str(), &seen, AT_SYMLINK_NOFOLLOW) == 0) return EEXIST;
    return errno == ENOENT ? rename_over(in, from, to) : errno;
}

int rename_onto_nothing(const open_directory& in, const std::string& from, const std::string& to) {
    int why =
        errno_of(::renameat2(in.number(), from.c_str(), in.number(), to.c_str(), RENAME_NOREPLACE));
    if (is_unsupported(why)) why = link_then_remove(in, from, to);
    if (is_unsupported(why)) why = look_then_rename(in, from, to);
    return why;
}

}  // namespace

result<std::optional<struct stat>> look(const open_directory& in, const std::string& name,
                                        bool is_listed) {
    struct stat seen {};
    const auto see = [&] {
        return errno_of(::fstatat(in.number(), name.c_str(), &seen, AT_SYMLINK_NOFOLLOW));
    };
    const int why = is_listed ? until_passed(see, steady_waiting::wait, may_appear) : see();
    if (why == 0) return seen;
    if (why == ENOENT) return std::nullopt;
    return fail_system(why, "stat", in.path_of(name));
}

result<void> rename_to(const open_directory& in, const std::string& from, const std::string& to,
                       onto what) {
    const auto attempt = [&] {
        return what == onto::anything ? rename_over(in, from, to)
                                      : rename_onto_nothing(in, from, to);
    };
    const int why = until_passed(attempt, steady_waiting::wait);
    return why == 0 ? result<void>{} : fail_system(why, "rename", in.path_of(to));
}

result<void> remove(const open_directory& in, const std::string& name, bool is_directory) {
    const auto attempt = [&] {
        const int why =
            errno_of(::unlinkat(in.number(), name.c_str(), is_directory ? AT_REMOVEDIR : 0));
        if (why == EACCES && !is_directory) make_writable(in, name);
        return why;
    };
    const int why = until_passed(attempt, steady_waiting::wait);
    if (why == 0 || why == ENOENT) return {};
    if (why == EEXIST) return fail_system(ENOTEMPTY, "remove", in.path_of(name));
    return fail_system(why, "remove", in.path_of(name));
}

result<void> remove_all(const directory_ptr& in, const std::string& name) {
    auto inside = open_to_fill(in, name);
    if (!inside) return passed(inside);
    struct stat outer {};
    struct stat inner {};
    if (::fstat(in->number(), &outer) != 0 || ::fstat((*inside)->number(), &inner) != 0)
        return fail_system(errno, "stat", (*inside)->path());
    if (outer.st_dev != inner.st_dev) return fail_system(EXDEV, "remove", (*inside)->path());
    auto names = names_in(**inside);  // all at once: names that go confuse who lists them
    if (!names) return passed(names);
    for (const auto& each : *names) {
        auto what = look(**inside, each, true);
        if (!what) return passed(what);
        if (!*what) continue;
        auto gone =
            S_ISDIR((*what)->st_mode) ? remove_all(*inside, each) : remove(**inside, each, false);
        if (!gone) return gone;
    }
    return remove(*in, name, true);
}

result<directory_ptr> open_to_fill(const directory_ptr& in, const std::string& name) {
    auto opened = open_directory::open_in(in, name);
    if (!opened && opened.error().system() == EACCES) {
        ::fchmodat(in->number(), name.c_str(), 0700, AT_SYMLINK_NOFOLLOW);
        opened = open_directory::open_in(in, name);
    }
    if (opened) open_up(**opened);
    return opened;
}

void open_up(const open_directory& d) {
    struct stat about {};  // who may not change the mode is refused what follows
    if (::fstat(d.number(), &about) == 0 && (about.st_mode & 0700) != 0700)
        ::fchmod(d.number(), (about.st_mode & 07777) | 0700);
}

result<std::vector<std::string>> names_in(const open_directory& in) {
    std::vector<std::string> all;
    auto listed = in.for_each_name([&](const std::string& name) -> result<void> {
        all.push_back(name);
        return {};
    });
    if (!listed) return passed(listed);
    std::ranges::sort(all);
    return all;
}

result<measured> measure(const descriptor& file, const std::string& path,
                         const std::function<result<void>(std::size_t)>& seen) {
    thread_local std::string piece(std::size_t{1} << 20, '\0');
    sha256 hash;
    object::file_object all;
    for (;;) {
        const auto n = read_whole(reads_of(file.number()), all.size, piece);
        if (!n) return fail_system(n.error(), "read", path);
        hash.update(std::string_view{piece}.substr(0, *n));
        all.size += *n;
        if (auto more = seen(*n); !more) return passed(more);
        if (*n < piece.size()) break;
    }
    all.content = hash.finish();
    return measured{object::id_of(all).digest, all.size};
}

result<measured> measure(const open_directory& in, const std::string& name) {
    descriptor file{-1};
    const auto attempt = [&] {
        file = descriptor{
            ::openat(in.number(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)};
        return file ? 0 : errno;
    };
    if (const int why = until_passed(attempt, steady_waiting::wait); why != 0)
        return fail_system(why, "open", in.path_of(name));
    struct stat about {};
    if (::fstat(file.number(), &about) != 0) return fail_system(errno, "stat", in.path_of(name));
    if (!S_ISREG(about.st_mode)) return fail(errc::illegal, "read", in.path_of(name), "is no file");
    return measure(file, in.path_of(name), [](std::size_t) { return result<void>{}; });
}

result<bool> lies_in(const open_directory& inner, const struct stat& outer) {
    constexpr int as_place = O_PATH | O_DIRECTORY | O_CLOEXEC;
    descriptor here{::openat(inner.number(), ".", as_place)};
    struct stat last {};
    for (;;) {
        struct stat about {};
        if (!here || ::fstat(here.number(), &about) != 0)
            return fail_system(errno, "look above", inner.path());
        if (about.st_dev == outer.st_dev && about.st_ino == outer.st_ino) return true;
        if (about.st_dev == last.st_dev && about.st_ino == last.st_ino) return false;  // the root
        last = about;
        here = descriptor{::openat(here.number(), "..", as_place)};
    }
}

result<directory_ptr> open_chain::at(std::string_view path) {
    while (!levels_.empty() && path != levels_.back().path && !is_below(path, levels_.back().path))
        levels_.pop_back();
    auto here = levels_.empty() ? top_ : levels_.back().open;
    std::size_t done = levels_.empty() ? 0 : levels_.back().path.size() + 1;
    while (done < path.size()) {
        const auto end = std::min(path.find('/', done), path.size());
        const std::string name{path.substr(done, end - done)};
        auto next = to_fill_ ? open_to_fill(here, name) : open_directory::open_in(here, name);
        if (!next) {
            const int why = next.error().system();
            if (why == ENOENT || why == ENOTDIR || why == ELOOP) return directory_ptr{};
            return next;
        }
        here = *std::move(next);
        levels_.push_back({std::string{path.substr(0, end)}, here});
        done = end + 1;
    }
    return here;
}

}  // namespace casement::command::mirrored
