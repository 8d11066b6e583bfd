#include "examine.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <casement/core/file_calls.hpp>
#include <casement/core/pace.hpp>
#include <casement/core/system_calls.hpp>

#include "command.hpp"
#include "disk.hpp"
#include "vault/opening.hpp"

namespace casement::command {

namespace {

using probe::finding;
using probe::grade;

// --- what the kernel says --------------------------------------------------------------------

/// The id of the mount that a descriptor is on: by the descriptor, for prefixes of paths lie where
/// mounts are stacked.
std::optional<std::uint64_t> mount_id(int number) {
    std::ifstream facts{"/proc/self/fdinfo/" + std::to_string(number)};
    for (std::string key, value; facts >> key && std::getline(facts, value);)
        if (key == "mnt_id:") return std::strtoull(value.c_str(), nullptr, 10);
    return std::nullopt;
}

result<ground> ground_of(const std::string& path) {
    const descriptor here{path, O_RDONLY | O_DIRECTORY};
    if (!here) return fail_system(errno, "open", path);
    struct statfs facts {};
    if (::fstatfs(here.number(), &facts) != 0) return fail_system(errno, "statfs", path);
    ground g;
    // The field is signed and of different widths: 0xff534d42 must not come out negative.
    g.magic = static_cast<std::uint32_t>(facts.f_type);
    g.kind = probe::kind_of_magic(g.magic);
    const auto id = mount_id(here.number());
    std::ifstream table{"/proc/self/mountinfo"};
    for (std::string line; id && std::getline(table, line);)
        if (auto m = probe::parse_mount(line); m && m->id == *id) {
            g.where = *std::move(m);
            g.kind = probe::kind_of(g.where);
        }
    return g;
}

std::vector<finding> known(const ground& g) {
    auto all = probe::known_of(g.kind, g.where);
    if (g.where.type.empty())
        all.push_back(
            {"mount", grade::note, "not in the mount table: judged by behaviour alone", {}});
    else if (!probe::agree(g.kind, g.magic))
        all.push_back({"mount",
                       grade::note,
                       fmt::format("the mount table says {}, statfs says {}", g.where.type,
                                   probe::kind_of_magic(g.magic)),
                       {}});
    return all;
}

// --- trying ----------------------------------------------------------------------------------

finding good(std::string check, std::string detail) {
    return {std::move(check), grade::good, std::move(detail), {}};
}

/// "rename: Permission denied (EACCES)".
std::string refused(std::string_view what, int number) {
    const char* name = ::strerrorname_np(number);
    const char* text = ::strerrordesc_np(number);
    return fmt::format("{}: {} ({})", what, text != nullptr ? text : "unknown error",
                       name != nullptr ? name : std::to_string(number).c_str());
}

/// What keeps a directory from being removed for a moment: a scanner, a file that is not found, one
/// that a file system keeps hidden until all know that it is closed.
bool may_yet_go(int number) { return may_pass(number) || number == ENOENT || number == ENOTEMPTY; }

/// A directory below the path, gone when the examination ends.
class scratch {
public:
    static result<scratch> make(const std::string& below) {
        std::string path = below + "/.casement-doctor-XXXXXX";
        if (::mkdtemp(path.data()) == nullptr)
            return fail_system(errno, "make directory in", below);
        return scratch{std::move(path)};
    }
    scratch(scratch&& other) noexcept : path_{std::exchange(other.path_, {})} {}
    scratch& operator=(scratch&&) = delete;
    ~scratch() { (void)remove(); }  // `remove` was called if somebody is to know

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string operator/(std::string_view name) const {
        return path_ + "/" + std::string{name};
    }

    /// The errno of what could not be removed, or 0.
    int remove() {
        if (path_.empty()) return 0;
        std::error_code why;
        std::vector<std::string> all;  // first, as names that go confuse who lists them
        for (std::filesystem::directory_iterator here{path_, why}, end; !why && here != end;
             here.increment(why))
            all.push_back(here->path());
        all.push_back(std::exchange(path_, {}));
        for (const auto& one : all) {
            const auto attempt = [&] { return std::remove(one.c_str()) == 0 ? 0 : errno; };
            if (const int stays = until_passed(attempt, steady_waiting::wait, may_yet_go);
                stays != 0)
                return stays;
        }
        return why.value();
    }

private:
    explicit scratch(std::string path) : path_{std::move(path)} {}
    std::string path_;
};

/// As a store writes: in as many calls as it takes. False leaves the errno.
bool write_at(int number, std::uint64_t offset, std::string_view bytes) {
    const int why = write_whole(writes_of(number), offset, bytes);
    if (why != 0) errno = why;
    return why == 0;
}

/// A new file that holds `bytes`, open for reading and writing.
descriptor file_of(const std::string& path, std::string_view bytes) {
    descriptor file{path, O_RDWR | O_CREAT | O_EXCL};
    if (file && !write_at(file.number(), 0, bytes)) return descriptor{-1};
    return file;
}

/// What a file begins with, "" if it cannot be read.
std::string read_back(int number, std::size_t size) {
    std::string bytes(size, '\0');
    bytes.resize(read_whole(reads_of(number), 0, bytes).value_or(0));
    return bytes;
}

/// Waits for a name to be found, as the check of renames has told whether that takes time.
std::string read_back(const std::string& path, std::size_t size) {
    const auto seen = [&] { return ::access(path.c_str(), F_OK) == 0 ? 0 : errno; };
    (void)until_passed(seen, steady_waiting::wait, may_appear);
    const descriptor file{path, O_RDONLY};
    return file ? read_back(file.number(), size) : "";
}

/// Waits for a scanner to let go, as a store does. False leaves the errno.
bool rename_to(const std::string& from, const std::string& to) {
    const auto attempt = [&] { return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno; };
    return (errno = until_passed(attempt, steady_waiting::wait)) == 0;
}

constexpr std::string_view elsewhere = "keep the store elsewhere";

finding writes(const scratch& s) {
    const auto unfit = [](std::string_view what) {
        return finding{"write", grade::unfit, refused(what, errno), std::string{elsewhere}};
    };
    const auto path = s / "write";
    const auto file = file_of(path, "casement");
    if (!file) return unfit("write a file");
    if (::fsync(file.number()) != 0) return unfit("sync a file");
    if (read_back(path, 8) != "casement")
        return {"write", grade::unfit, "what was written is not what is read",
                std::string{elsewhere}};
    return good("write", "a file is written, synced and read back");
}

finding renames(const scratch& s) {
    const auto from = s / "rename-from", to = s / "rename-to";
    const auto file = file_of(from, "1");
    struct stat seen {};
    if (!file || !rename_to(from, to))
        return {"rename", grade::unfit, refused("rename a file", errno), std::string{elsewhere}};
    const auto weak = [](std::string what) {
        return finding{"rename", grade::weak, std::move(what),
                       "a store works here, as it waits until it sees what it has renamed; other "
                       "programs may not"};
    };
    if (::stat(to.c_str(), &seen) != 0)
        return weak(refused("a renamed file that is still open, asked for by its name", errno));
    if (::fstat(file.number(), &seen) != 0 || ::pwrite(file.number(), "2", 1, 0) != 1)
        return weak(refused("a renamed file, asked by the descriptor", errno));
    if (::stat(from.c_str(), &seen) == 0) return weak("the old name is still there after a rename");
    return good("rename", "a renamed file is there at once, by name and by descriptor");
}

finding replaces(const scratch& s) {
    const auto from = s / "replace-from", to = s / "replace-to";
    const auto news = file_of(from, "new"), old = file_of(to, "old");
    if (!news || !old)
        return {"replace", grade::unfit, refused("write a file", errno), std::string{elsewhere}};
    if (!rename_to(from, to)) {
        const int why = errno;
        { const descriptor closing = file_of(s / "replace-plain", "old"); }
        { const descriptor closing = file_of(s / "replace-by", "new"); }
        if (!rename_to(s / "replace-by", s / "replace-plain"))
            return {"replace", grade::unfit, refused("rename over a file", errno),
                    std::string{elsewhere}};
        return {"replace", grade::weak, refused("rename over a file that is open", why),
                "let no other program hold the store's files open"};
    }
    if (read_back(to, 3) != "new" || read_back(old.number(), 3) != "old")
        return {"replace", grade::weak,
                "after a rename over a file, old and new bytes are mixed up",
                std::string{probe::keep_it_native}};
    return good("replace", "a rename replaces a file, and who has the old one open reads on");
}

/// Whether now and then something holds a file that nobody has open.
finding scanners(const scratch& s) {
    const auto from = s / "scanned", to = s / "scanned-by-nobody";
    constexpr int files = 32;  // for it may be every tenth
    int refusals = 0, last = 0;
    for (int i = 0; i < files; ++i) {
        { const auto closing = file_of(from, "bytes that a scanner reads"); }
        const auto rename = [&] {
            if (::rename(from.c_str(), to.c_str()) == 0) return 0;
            if (may_pass(errno)) ++refusals, last = errno;
            return errno;
        };
        if (until_passed(rename, steady_waiting::wait) != 0)
            break;  // `rename` tells what does not pass
    }
    if (refusals == 0) return good("scanners", "nothing else holds a new file");
    const auto what = fmt::format("rename {} files, refused {} times", files, refusals);
    return {"scanners", grade::weak, refused(what, last),
            "a store tries again for half a second; keep scanners and indexers out of it"};
}

finding transfers(const scratch& s) {
    const auto file = file_of(s / "transfers", "");
    const std::string bytes(std::size_t{1} << 20, 't');
    const auto n = file ? ::pwrite(file.number(), bytes.data(), bytes.size(), 0) : -1;
    if (n < 0)
        return {"transfers", grade::unfit, refused("write 1 MiB", errno), std::string{elsewhere}};
    if (n == static_cast<ssize_t>(bytes.size())) return good("transfers", "1 MiB in one call");
    return {"transfers", grade::weak,
            fmt::format("a write of {} bytes stops after {}", bytes.size(), n),
            "a store works here, as it goes on from there; other programs may not"};
}

finding syncs_directories(const scratch& s) {
    const descriptor here{s.path(), O_RDONLY | O_DIRECTORY};
    if (here && ::fsync(here.number()) == 0)
        return good("directories", "a directory can be synced");
    return {"directories", grade::weak, refused("sync a directory", errno),
            "new names may be lost in a power cut; " + std::string{probe::keep_it_native}};
}

/// Takes LevelDB's lock in another process, which then ends: 0, or the errno it got.
int lock_elsewhere(const std::string& path) {
    const pid_t child = ::fork();
    if (child < 0) return errno;
    if (child == 0) {  // only calls that are safe between fork and exit
        struct flock whole {};
        whole.l_type = F_WRLCK;
        whole.l_whence = SEEK_SET;
        const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
        ::_exit(file >= 0 && ::fcntl(file, F_SETLK, &whole) == 0 ? 0 : errno & 0xff);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

finding locks(const scratch& s) {
    const auto path = s / "LOCK";
    const auto file = file_of(path, "");
    const auto unfit = [](std::string what) {
        return finding{"locks", grade::unfit, std::move(what),
                       "two processes could open one store: " + std::string{elsewhere}};
    };
    if (!file) return unfit(refused("make a lock file", errno));
    if (const int why = lock_elsewhere(path); why != 0) return unfit(refused("take a lock", why));
    struct flock whole {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    if (::fcntl(file.number(), F_SETLK, &whole) != 0)
        return unfit(refused("take a lock whose holder has ended", errno));
    if (lock_elsewhere(path) == 0) return unfit("two processes held one exclusive lock");
    return good("locks", "a lock excludes other processes, and goes with its holder");
}

// As the processes do that share a store whose rows are elsewhere (vault/opening.hpp).
finding shares(const scratch& s) {
    const auto path = s / "engine";
    const auto weak = [](std::string what) {
        return finding{"sharing", grade::weak, std::move(what),
                       "where a store's rows are on a cluster, open it once at a time"};
    };
    if (!file_of(path, "")) return weak(refused("make a lock file", errno));
    const auto seen = [&]() -> result<bool> {
        auto one = opening::shared(path), other = opening::shared(path);
        if (!one || !other) return passed(one ? other : one);
        if (auto told = one->writes_from(3); !told) return passed(told);
        const auto others = other->others();
        if (!others) return std::unexpected{others.error()};
        const auto alone = opening::alone(path);
        if (!alone && alone.error().code() != errc::in_use) return std::unexpected{alone.error()};
        return !alone && others->write_from == 3u;
    }();
    if (!seen) return weak(seen.error().message());
    if (!*seen) return weak("locks of a part of a file are not seen by who has it open, too");
    return good("sharing", "who shares a store sees what the others hold");
}

finding maps(const scratch& s) {
    const auto file = file_of(s / "map", std::string(4096, 'a'));
    if (!file)
        return {"mapping", grade::unfit, refused("write a file", errno), std::string{elsewhere}};
    void* where = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
    if (where == MAP_FAILED)
        return {"mapping", grade::note, refused("map a file", errno) + "; it is read instead", {}};
    auto* bytes = static_cast<volatile char*>(where);
    const bool read_through = ::pwrite(file.number(), "b", 1, 0) == 1 && bytes[0] == 'b';
    bytes[1] = 'c';
    const bool written_through = read_back(file.number(), 2) == "bc";
    ::munmap(where, 4096);
    if (read_through && written_through)
        return good("mapping", "mapped and written bytes agree at once");
    return {"mapping", grade::unfit, "mapped and written bytes disagree",
            "rows are read through mappings: " + std::string{elsewhere}};
}

/// Exports to here suffer; a store's own names are short, lower-case and plain.
constexpr std::string_view only_exports = "a store works here; what is exported to here loses that";

finding case_matters(const scratch& s) {
    const auto file = file_of(s / "Case", "");
    struct stat seen {};
    if (!file || ::stat((s / "cASE").c_str(), &seen) == 0)
        return {"case", grade::weak, "names are the same in upper and lower case",
                std::string{only_exports}};
    return good("case", "names differ in upper and lower case");
}

finding names(const scratch& s) {
    const std::array<std::pair<std::string, std::string_view>, 8> odd{{
        {std::string(255, 'n'), "255 bytes"},
        {"#", "'#'"},
        {"a:b", "':'"},
        {"\xff\xfe", "no UTF-8"},
        {"-n", "a leading '-'"},
        {"new\nline", "a newline"},
        {"end. ", "a dot or a blank at its end"},
        {"\"'\\", "quotes and backslashes"},
    }};
    std::string missing;
    for (const auto& [name, what] : odd) {
        { const descriptor made = file_of(s / name, ""); }
        bool found = false;
        std::error_code why;
        for (std::filesystem::directory_iterator here{s.path(), why}, end; !why && here != end;
             here.increment(why))
            found = found || here->path().filename().native() == name;
        if (!found) missing += (missing.empty() ? "" : "; ") + std::string{what};
    }
    if (missing.empty()) return good("odd names", "255 bytes, any byte but '/' and NUL");
    return {"odd names", grade::weak, "no file can have a name with: " + missing,
            std::string{only_exports}};
}

finding keeps_facts(const scratch& s) {
    const auto path = s / "facts";
    const auto file = file_of(path, "");
    const std::array<timespec, 2> times{
        {{1'000'000'001, 123'456'789}, {1'000'000'001, 123'456'789}}};
    struct stat seen {};
    if (!file || ::fchmod(file.number(), 0741) != 0 ||
        ::futimens(file.number(), times.data()) != 0 || ::stat(path.c_str(), &seen) != 0)
        return {"mode, mtime", grade::weak, refused("set mode and mtime", errno),
                std::string{only_exports}};
    std::string lost;
    if ((seen.st_mode & 07777) != 0741)
        lost = fmt::format("mode 0741 came back as {:04o}", seen.st_mode & 07777);
    if (seen.st_mtim.tv_sec != times[1].tv_sec || seen.st_mtim.tv_nsec != times[1].tv_nsec)
        lost += fmt::format("{}a time came back {} ns off", lost.empty() ? "" : "; ",
                            (seen.st_mtim.tv_sec - times[1].tv_sec) * 1'000'000'000 +
                                (seen.st_mtim.tv_nsec - times[1].tv_nsec));
    if (lost.empty()) return good("mode, mtime", "kept, to the nanosecond");
    return {"mode, mtime", grade::weak, lost, std::string{only_exports}};
}

finding symbolic_links(const scratch& s) {
    std::array<char, 32> target{};
    if (::symlink("somewhere", (s / "symlink").c_str()) == 0 &&
        ::readlink((s / "symlink").c_str(), target.data(), target.size()) == 9 &&
        std::string_view{target.data()} == "somewhere")
        return good("symlinks", "kept");
    return {"symlinks", grade::weak, refused("make a symbolic link", errno),
            std::string{only_exports}};
}

finding hard_links(const scratch& s) {
    const auto file = file_of(s / "link-from", "");
    struct stat seen {};
    if (file && ::link((s / "link-from").c_str(), (s / "link-to").c_str()) == 0 &&
        ::fstat(file.number(), &seen) == 0 && seen.st_nlink == 2)
        return good("hard links", "kept");
    return {"hard links", grade::note, refused("make a hard link", errno), {}};
}

finding large_files(const scratch& s, std::string_view kind) {
    if (kind == "vfat")
        return {"large files", grade::weak, "none of 4 GiB or more",
                "a store with longer files cannot be here"};
    if (kind == "exfat")  // it would write all the zeros
        return {"large files", grade::note, "not tried: there are no sparse files", {}};
    constexpr off_t size = off_t{5} << 30;
    const auto file = file_of(s / "large", "");
    struct stat seen {};
    if (!file || ::ftruncate(file.number(), size) != 0 ||
        ::pwrite(file.number(), "!", 1, size - 1) != 1 || ::fstat(file.number(), &seen) != 0 ||
        seen.st_size != size)
        return {"large files", grade::weak, refused("a file of 5 GiB", errno),
                "no file that long can be stored or exported here"};
    const bool sparse = seen.st_blocks * 512 < size / 2;
    return good("large files", sparse ? "5 GiB, sparse" : "5 GiB; none is sparse");
}

finding reserves(const scratch& s) {
    const auto file = file_of(s / "reserve", "");
    if (file && ::fallocate(file.number(), 0, 0, 1 << 20) == 0)
        return good("reserving", "space can be reserved");
    return {"reserving", grade::note, refused("reserve space", errno), {}};
}

finding nameless(const scratch& s) {
    const descriptor file{s.path(), O_RDWR | O_TMPFILE};
    if (file) return good("nameless", "files can be made without a name");
    return {"nameless", grade::note, refused("make a file without a name", errno), {}};
}

finding speed(const scratch& s) {
    using clock = std::chrono::steady_clock;
    const auto file = file_of(s / "speed", "");
    std::vector<std::int64_t> times;
    const std::string page(4096, 's');
    for (int i = 0; i < 16; ++i) {
        const auto begin = clock::now();
        if (!file || !write_at(file.number(), static_cast<std::uint64_t>(i) * 4096, page) ||
            ::fdatasync(file.number()) != 0)
            return {"sync", grade::unfit, refused("sync a page", errno), std::string{elsewhere}};
        times.push_back(std::chrono::nanoseconds{clock::now() - begin}.count());
    }
    std::ranges::nth_element(times, times.begin() + 8);
    const double us = static_cast<double>(times[8]) / 1000;
    const auto told = us < 1000 ? fmt::format("a page is synced in {:.1f} us", us)
                                : fmt::format("a page is synced in {:.1f} ms", us / 1000);
    // The fastest disks take tens of microseconds: who takes less has not asked one.
    if (us >= 15) return good("sync", told + " (median of 16)");
    return {"sync", grade::weak, told + ": no disk is so fast, so none was written",
            "what is synced here does not survive a loss of power"};
}

finding space(const scratch& s) {
    struct statvfs facts {};
    if (::statvfs(s.path().c_str(), &facts) != 0)
        return {"space", grade::note, refused("ask for the free space", errno), {}};
    const auto bytes = std::uint64_t{facts.f_bavail} * facts.f_frsize;
    auto told = human_bytes(bytes) + " free";
    // Some file systems make inodes as they need them, and say that there are none.
    if (facts.f_files > 0) told += fmt::format(", {} inodes", facts.f_favail);
    constexpr std::uint64_t least = 16 * blob::MiB, little = blob::GiB;
    if (bytes < least)
        return {"space", grade::unfit, told, "a store needs 16 MiB to work at all: make room"};
    if (bytes < little || (facts.f_files > 0 && facts.f_favail < 1024))
        return {"space", grade::weak, told, "make room"};
    return good("space", told);
}

using probe_one = finding (*)(const scratch&);

/// What a store relies on, and what other programs and exports do.
constexpr std::array store_checks{renames,           replaces, scanners, transfers,
                                  syncs_directories, locks,    maps,     space};
constexpr std::array other_checks{shares,     case_matters, names,    keeps_facts, symbolic_links,
                                  hard_links, reserves,     nameless, speed};

std::vector<finding> try_out(const std::string& path, const ground& g, scope asked) {
    auto all = known(g);
    auto made = scratch::make(path);
    if (!made) {
        all.push_back({"write", grade::unfit, made.error().message(),
                       "make it writable, or keep the store elsewhere"});
        return all;
    }
    all.push_back(writes(*made));
    if (all.back().is == grade::unfit) return all;  // all that follows would say the same
    for (const probe_one one : store_checks) all.push_back(one(*made));
    if (asked == scope::everything) {
        for (const probe_one one : other_checks) all.push_back(one(*made));
        all.push_back(large_files(*made, g.kind));
    }
    if (const int why = made->remove(); why != 0)
        all.push_back({"remove", grade::weak, refused("remove the files of this examination", why),
                       "remove the .casement-doctor directory by hand"});
    return all;
}

}  // namespace

grade examination::verdict() const {
    const auto worst = std::ranges::max(findings, {}, &finding::is).is;
    // A note is no fault: it says what a store does without.
    return worst == grade::note ? grade::good : worst;
}

result<examination> examine(const std::string& path, scope asked) {
    auto g = ground_of(path);
    if (!g) return within(std::move(g), "examine", path);
    auto all = try_out(path, *g, asked);
    return examination{*std::move(g), std::move(all)};
}

}  // namespace casement::command
