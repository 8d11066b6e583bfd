#pragma once
// What the kernel says of the file system that holds a path, and what is known of file systems of
// that kind (SPEC W5). Pure: it reads text that others fetched, so tests can show it mounts that no
// test machine has. The behaviour itself is probed by doctor.cpp.

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace casement::command::probe {

/// What a finding means for a store. In this order: a verdict is the worst of its findings.
enum class grade : std::uint8_t { good, note, weak, unfit };

[[nodiscard]] constexpr std::string_view name_of(grade g) {
    constexpr std::array<std::string_view, 4> names{"good", "note", "weak", "unfit"};
    return names[static_cast<std::size_t>(g)];
}

struct finding {
    std::string check;  // one word: "rename", "locks"
    grade is = grade::good;
    std::string detail;  // what was seen
    std::string advice;  // what to do; of weak and unfit ones
};

/// One line of /proc/self/mountinfo.
struct mount {
    std::uint64_t id = 0;
    std::string point, type, source;
    std::string options;  // of the mount, then of the file system, separated by commas
};

namespace detail {

/// The kernel writes spaces, tabs, newlines and backslashes in octal: \040.
inline std::string unescape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned char byte = 0;
        const auto* digits = text.data() + i + 1;
        if (text[i] == '\\' && i + 3 < text.size() &&
            std::from_chars(digits, digits + 3, byte, 8).ptr == digits + 3) {
            out += static_cast<char>(byte);
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

/// Cuts the first word off.
inline std::string_view word(std::string_view& rest) {
    const auto end = std::min(rest.find(' '), rest.size());
    const auto first = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return first;
}

inline bool any_of(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, text) != words.end();
}

}  // namespace detail

/// "36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/root rw,errors=continue".
[[nodiscard]] inline std::optional<mount> parse_mount(std::string_view line) {
    using detail::word;
    mount m;
    const auto id = word(line);
    const auto [end, why] = std::from_chars(id.data(), id.data() + id.size(), m.id);
    if (why != std::errc{} || end != id.data() + id.size()) return std::nullopt;
    for (int skipped = 0; skipped < 3; ++skipped) word(line);
    m.point = detail::unescape(word(line));
    m.options = word(line);
    while (!line.empty() && word(line) != "-") continue;  // optional fields, as many as there are
    m.type = detail::unescape(word(line));
    m.source = detail::unescape(word(line));
    if (m.type.empty() || m.point.empty()) return std::nullopt;
    m.options += "," + std::string{word(line)};
    return m;
}

/// The value of a mount option, "" of one without; nothing if it is not set.
[[nodiscard]] inline std::optional<std::string_view> option(const mount& m, std::string_view name) {
    std::string_view rest = m.options;
    while (!rest.empty()) {
        const auto end = std::min(rest.find(','), rest.size());
        const auto one = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (one == name) return "";
        if (one.starts_with(name) && one[name.size()] == '=') return one.substr(name.size() + 1);
    }
    return std::nullopt;
}

/// The kind that `statfs.f_type` stands for, or "". Several kinds share a number: virtiofs says
/// FUSE, and QEMU's 9p, gVisor and WSL's drvfs all say 9p, so it never decides alone.
[[nodiscard]] constexpr std::string_view kind_of_magic(std::uint64_t magic) {
    switch (magic) {
        case 0xef53: return "ext4";
        case 0x58465342: return "xfs";
        case 0x9123683e: return "btrfs";
        case 0xf2f52010: return "f2fs";
        case 0x2fc12fc1: return "zfs";
        case 0xca451a4e: return "bcachefs";
        case 0x01021994: return "tmpfs";
        case 0x858458f6: return "ramfs";
        case 0x794c7630: return "overlay";
        case 0x01021997: return "9p";
        case 0x65735546: return "fuse";
        case 0x6969: return "nfs";
        case 0xff534d42:
        case 0xfe534d42: return "cifs";
        case 0x53464846: return "drvfs";
        case 0x2011bab0: return "exfat";
        case 0x4d44: return "vfat";
        case 0x7366746e: return "ntfs3";
        case 0x786f4256: return "vboxsf";
        case 0x73717368: return "squashfs";
        case 0x9fa0: return "proc";
        case 0x62656572: return "sysfs";
        default: return "";
    }
}

/// The kind that a mount's type stands for: the type itself, but for the kinds of many names.
[[nodiscard]] inline std::string kind_of(const mount& m) {
    using detail::any_of;
    const std::string_view type = m.type;
    if (any_of(type, {"ext2", "ext3", "ext4"})) return "ext4";
    if (any_of(type, {"drvfs", "wslfs", "lxfs"})) return "drvfs";
    const auto aname = type == "9p" ? option(m, "aname") : std::nullopt;
    if ((aname && aname->starts_with("drvfs")) || m.source.starts_with("drvfs")) return "drvfs";
    if (type.starts_with("fuse.") || type == "fuseblk") return "fuse";
    if (any_of(type, {"nfs", "nfs4"})) return "nfs";
    if (any_of(type, {"cifs", "smb3", "smbfs"})) return "cifs";
    if (any_of(type, {"vfat", "msdos"})) return "vfat";
    if (type == "devtmpfs") return "tmpfs";
    return m.type;
}

inline constexpr std::string_view keep_it_native =
    "keep the store on a native file system (ext4, xfs, btrfs), and mirror it to here";

/// File systems in user space that a network lies under.
[[nodiscard]] inline bool is_remote(const mount& m) {
    return detail::any_of(m.type,
                          {"fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.gcsfuse", "fuse.davfs",
                           "fuse.blobfuse2", "fuse.glusterfs", "fuse.ceph-fuse", "fuse.juicefs",
                           "fuse.onedriver", "fuse.vmhgfs-fuse", "fuse.grpcfuse"});
}

/// What is known of the kind before anything is tried: findings worse than good, and why.
[[nodiscard]] inline std::vector<finding> known_of(std::string_view kind, const mount& m) {
    using detail::any_of;
    std::vector<finding> all;
    const auto weak = [&](std::string check, std::string what, std::string_view todo) {
        all.push_back({std::move(check), grade::weak, std::move(what), std::string{todo}});
    };
    if (any_of(kind, {"tmpfs", "ramfs"}))
        weak("volatile", "volatile: lies in memory and does not survive a restart",
             "use it for stores that may be lost; keep others on a disk");
    // Since 6.18 the mount table says "fsync=volatile".
    if (kind == "overlay" && (option(m, "volatile") || option(m, "fsync") == "volatile"))
        weak("volatile", "volatile: mounted so that syncs do nothing",
             "mount it without 'volatile'");
    else if (kind == "overlay")
        all.push_back(
            {"overlay",
             grade::note,
             "lives as long as its upper directory: a container's goes with the container",
             {}});
    if (kind == "drvfs")
        weak("shared", "shared with Windows: scanners hold files, names and modes are mapped",
             keep_it_native);
    if (any_of(kind, {"9p", "virtiofs", "vboxsf"}))
        weak("shared", "shared with the host: no place for LevelDB", keep_it_native);
    if (const auto cache = option(m, "cache");
        kind == "9p" && cache && any_of(*cache, {"loose", "fscache"}))
        weak("coherence",
             "cache=" + std::string{*cache} + ": what the host writes is not seen here",
             "let nobody but this machine write to it");
    if (any_of(kind, {"nfs", "cifs"}))
        weak("shared", "on another machine: no place for LevelDB", keep_it_native);
    for (const std::string_view off : {"nolock", "nobrl", "local_lock"})
        if (any_of(kind, {"nfs", "cifs"}) && option(m, off).value_or("none") != "none")
            weak("locks", std::string{off} + ": another machine's lock is not seen",
                 "let no other machine open the store");
    if (kind == "nfs" && (option(m, "soft") || option(m, "softerr")))
        weak("soft", "soft: a write may fail because the server is slow", "mount it 'hard'");
    if (is_remote(m))
        weak("shared", m.type + ": on another machine: no place for LevelDB", keep_it_native);
    else if (kind == "fuse")  // the number and the type say nothing of how it behaves
        all.push_back({"user space",
                       grade::note,
                       m.type + ": a program in user space keeps the promises, or not",
                       {}});
    if (any_of(kind, {"vfat", "exfat"}))
        weak("journal",
             "no journal and no permissions: a power cut can damage the file system itself",
             keep_it_native);
    for (const std::string_view off : {"nobarrier", "barrier"})
        if (option(m, off).value_or("1") == (off == "barrier" ? "0" : ""))
            weak("barriers", "mounted without write barriers: a power cut loses what was synced",
                 "mount it with barriers");
    return all;
}

/// A mount table and a statfs that disagree: something else is mounted there than the table says.
[[nodiscard]] inline bool agree(std::string_view kind, std::uint64_t magic) {
    const auto said = kind_of_magic(magic);
    if (said.empty() || said == kind) return true;
    if (said == "fuse") return kind == "virtiofs" || kind == "drvfs";
    if (said == "9p") return kind == "drvfs";
    return said == "tmpfs" && kind == "ramfs";
}

}  // namespace casement::command::probe
