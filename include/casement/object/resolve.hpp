#pragma once
// Follows a path through immutable directories (SPEC F11): one block a level and name, links
// included. It stops where a link leads out of the tree, for only the layer above knows what is
// there. What was resolved stays true for ever.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <casement/core/name.hpp>
#include <casement/object/dir_object.hpp>

namespace casement::object {

/// What to do with a link at the very end of the path, as `stat` and `lstat` differ.
enum class last_link : std::uint8_t { follow, keep };

/// The path's end lies in the tree.
struct inside {
    std::optional<dir_entry> entry;  // as its directory has it; none for the root
    unsigned symlinks = 0;           // followed on the way

    bool operator==(const inside&) const = default;
};

/// A link leads out of the tree.
struct outside {
    std::string path;       // all that is left: from the store's root if it begins with '/', else
                            // from the tree's root, and then it begins with ".."
    unsigned symlinks = 0;  // followed on the way, this one included

    bool operator==(const outside&) const = default;
};

/// Where a path ends.
using resolution = std::variant<inside, outside>;

namespace detail {

/// A walk down the tree: where it is, and what is still to be walked.
struct path_walk {
    obj_id root;
    std::vector<dir_entry> down{};   // the directories from the root to here, without the root
    std::optional<dir_entry> end{};  // a file, or a link that is kept
    std::string left;
    unsigned symlinks = 0;

    /// Cuts the next step off `left`; empty at the end.
    [[nodiscard]] std::string step();

    [[nodiscard]] const obj_id& here() const {
        return down.empty() ? root : std::get<obj_id>(down.back().target);
    }

    /// Takes a link in: its path comes before what is left. `loop` past the limit.
    [[nodiscard]] result<void> follow(const symlink& link, unsigned limit);
};

/// `resolve_in_object_tree` of a path that has "." and ".." where a link brought them.
template <block_source F>
[[nodiscard]] result<resolution> walk_down(F&& fetch, const obj_id& root, std::string_view path,
                                           unsigned symlink_limit, last_link last) {
    path_walk walk{.root = root, .left = std::string{path}};
    for (auto name = walk.step(); !name.empty(); name = walk.step()) {
        if (walk.end)
            return fail(errc::not_a_directory, "resolve", std::string{path}, walk.end->name);
        if (name == ".") continue;
        if (name == "..") {
            if (walk.down.empty()) return outside{".." + walk.left, walk.symlinks};
            walk.down.pop_back();
            continue;
        }
        auto entry = dirobj_get_child(fetch, walk.here(), name);
        if (!entry) return within(std::move(entry), "resolve", std::string{path});
        if (!*entry) return fail(errc::not_found, "resolve", std::string{path}, name);
        if (const auto* link = std::get_if<symlink>(&(*entry)->target)) {
            if (last == last_link::keep && walk.left.find_first_not_of('/') == walk.left.npos) {
                walk.end = std::move(**entry);
                continue;
            }
            if (auto taken = walk.follow(*link, symlink_limit); !taken)
                return within(std::move(taken), "resolve", std::string{path});
            if (walk.left.starts_with('/')) return outside{walk.left, walk.symlinks};
        } else if (std::get<obj_id>((*entry)->target).kind == obj_id::directory) {
            walk.down.push_back(std::move(**entry));
        } else {
            walk.end = std::move(**entry);
        }
    }
    if (!walk.end && !walk.down.empty()) walk.end = std::move(walk.down.back());
    return inside{std::move(walk.end), walk.symlinks};
}

}  // namespace detail

/// Where `path` ends, from the directory `root`. Relative links start in their own directory.
/// `not_found`, `not_a_directory` (something more after a file), `bad_name` (as `split_path`),
/// `loop` (more than `symlink_limit` links), and what `dirobj_get_child` finds.
template <block_source F>
[[nodiscard]] result<resolution> resolve_in_object_tree(F&& fetch, const obj_id& root,
                                                        std::string_view path,
                                                        unsigned symlink_limit,
                                                        last_link last = last_link::follow) {
    if (auto good = split_path(path); !good) return passed(good);
    return detail::walk_down(fetch, root, path, symlink_limit, last);
}

}  // namespace casement::object
