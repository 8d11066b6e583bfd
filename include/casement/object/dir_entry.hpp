#pragma once
// One line of an immutable directory: a name, what it points to, and what `ls -l` shows of that.
// A value; it knows nothing of blocks and stores.

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include <casement/core/clock.hpp>
#include <casement/core/codec.hpp>
#include <casement/core/error.hpp>
#include <casement/object/object_id.hpp>

namespace casement::object {

/// Bytes: as long as Linux lets a path be.
inline constexpr std::size_t symlink_bytes_max = 4096;

/// A path, kept as it was given: relative or absolute, with "." and ".." if it has them.
struct symlink {
    static constexpr std::uint8_t kind = 3;  // beside `obj_id::file` and `obj_id::directory`

    std::string path;  // 1 to `symlink_bytes_max` bytes, no NUL

    bool operator==(const symlink&) const = default;
};

/// What a name in an immutable directory stands for.
using dir_target = std::variant<obj_id, symlink>;

struct dir_entry {
    std::string name;  // as `check_name` wants it
    dir_target target;
    std::uint32_t mode = 0;  // permission bits as in POSIX; the kind is the target's
    timestamp mtime{};
    std::uint64_t size = 0;  // bytes of a file; of other kinds whatever the writer finds useful

    bool operator==(const dir_entry&) const = default;
};

/// Can a directory hold `entry`? `bad_name` for its name or its link's path, `illegal` for a target
/// that is neither file, directory nor link.
[[nodiscard]] result<void> check_entry(const dir_entry& entry);

}  // namespace casement::object

/// 1 byte of kind (1 file, 2 directory, 3 link), then the digest or the path.
template <>
struct casement::codec<casement::object::dir_target> {
    static void encode(std::string& out, const object::dir_target& target);
    static bool decode(reader& in, object::dir_target& target);
};
