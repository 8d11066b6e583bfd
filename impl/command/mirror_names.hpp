#pragma once
// Names of a mirror's or an export's destination, which may bend the rules (SPEC W3): each call
// waits up to half a second for what passes by, and follows no link. Any thread.

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/core/error.hpp>
#include <casement/core/hash.hpp>

#include "disk.hpp"

namespace casement::command::mirrored {

using directory_ptr = std::shared_ptr<open_directory>;

/// What a name is, or nothing. One that a listing has shown is waited for.
[[nodiscard]] result<std::optional<struct stat>> look(const open_directory& in,
                                                      const std::string& name, bool is_listed);

enum class onto : std::uint8_t {
    nothing,   // `exists` if anything has the name, also one that is the same there
    anything,  // but a directory
};

/// Gives a finished file or link its name, in one step.
[[nodiscard]] result<void> rename_to(const open_directory& in, const std::string& from,
                                     const std::string& to, onto what);

/// Removes a name; a directory only if it is empty (`not_empty`). What is gone already is well.
[[nodiscard]] result<void> remove(const open_directory& in, const std::string& name,
                                  bool is_directory);
/// Removes a directory with all that is in it; not where another file system is mounted on it.
[[nodiscard]] result<void> remove_all(const directory_ptr& in, const std::string& name);

/// Opens a directory to change it; one that shuts its owner out is opened up first.
[[nodiscard]] result<directory_ptr> open_to_fill(const directory_ptr& in, const std::string& name);
void open_up(const open_directory& d);

/// All names of a directory, in byte order.
[[nodiscard]] result<std::vector<std::string>> names_in(const open_directory& in);

/// The SHA-256 of a file's bytes, as its object's id, and their number. `illegal` for what is none.
struct measured {
    digest object{};
    std::uint64_t size = 0;
};
[[nodiscard]] result<measured> measure(const open_directory& in, const std::string& name);
/// The same of an open file, which is at `path` for people; `seen(n)` is called after each n bytes,
/// and may end it.
[[nodiscard]] result<measured> measure(const descriptor& file, const std::string& path,
                                       const std::function<result<void>(std::size_t)>& seen);

/// Does a directory lie in another one, or is it that?
[[nodiscard]] result<bool> lies_in(const open_directory& inner, const struct stat& outer);

/// Directories by their paths below the destination, as few as lead to the last one open.
class open_chain {
public:
    /// Where they are opened to fill them, their modes may change.
    open_chain(directory_ptr top, bool to_fill) : top_{std::move(top)}, to_fill_{to_fill} {}

    /// Null where no directories lead there: a name is missing, or is a link, or a file.
    [[nodiscard]] result<directory_ptr> at(std::string_view path);

private:
    struct level {
        std::string path;
        directory_ptr open;
    };
    directory_ptr top_;
    const bool to_fill_;
    std::vector<level> levels_;
};

}  // namespace casement::command::mirrored
