#include "opening.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace casement {

namespace {

// Byte 0: whether others may come. Byte 1 + n: an opening makes files under numbers from n on.
constexpr off_t who_comes = 0, numbers = 1;

struct flock bytes(short kind, off_t begin, off_t length) {
    struct flock l {};
    l.l_type = kind;
    l.l_whence = SEEK_SET;
    l.l_start = begin;
    l.l_len = length;
    return l;
}

result<void> set(int file, const std::string& path, struct flock l) {
    if (::fcntl(file, F_OFD_SETLK, &l) == 0) return {};
    const int why = errno;
    if (why == EAGAIN || why == EACCES)
        return fail(errc::in_use, "lock rows", path, "another has the store open");
    return fail_system(why, "lock rows", path);
}

}  // namespace

opening::~opening() {
    if (file_ < 0) return;
    // A child of the process may have the file open still.
    (void)set(file_, path_, bytes(F_UNLCK, who_comes, 0));
    ::close(file_);
}

result<opening> opening::take(const std::string& path, short kind) {
    opening o;
    o.path_ = path;
    o.file_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (o.file_ < 0) return fail_system(errno, "lock rows", path);
    if (auto locked = set(o.file_, path, bytes(kind, who_comes, 1)); !locked) return passed(locked);
    return o;
}

result<opening> opening::alone(const std::string& path) { return take(path, F_WRLCK); }
result<opening> opening::shared(const std::string& path) { return take(path, F_RDLCK); }

result<void> opening::share() {
    if (file_ < 0) return {};
    return set(file_, path_, bytes(F_RDLCK, who_comes, 1));
}

result<void> opening::writes_from(std::uint64_t first) {
    if (file_ < 0 || first_ == first) return {};
    const auto at = [](std::uint64_t n) { return numbers + static_cast<off_t>(n); };
    // The new one first: at no time is there none. Several may have the same.
    if (auto locked = set(file_, path_, bytes(F_RDLCK, at(first), 1)); !locked) return locked;
    const auto before = std::exchange(first_, first);
    return before ? set(file_, path_, bytes(F_UNLCK, at(*before), 1)) : result<void>{};
}

result<blob::other_openings> opening::others() const {
    blob::other_openings found;
    if (file_ < 0) return found;
    const auto look = [&](struct flock l) -> result<std::optional<off_t>> {
        if (::fcntl(file_, F_OFD_GETLK, &l) != 0)
            return fail_system(errno, "look for others", path_);
        return l.l_type == F_UNLCK ? std::nullopt : std::optional{l.l_start};
    };
    const auto anybody = look(bytes(F_WRLCK, who_comes, 1));
    if (!anybody) return std::unexpected{anybody.error()};
    found.any = anybody->has_value();
    // The kernel shows any one of them; those below it are asked for until there are none.
    for (off_t length = 0; found.write_from != 0;) {
        const auto one = look(bytes(F_WRLCK, numbers, length));
        if (!one) return std::unexpected{one.error()};
        if (!*one) break;
        length = std::max<off_t>(**one - numbers, 0);
        found.write_from = static_cast<std::uint64_t>(length);
    }
    return found;
}

}  // namespace casement
