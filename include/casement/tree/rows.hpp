#pragma once
// The rows of the tree, cut so that each contract is the equality of one small row (DESIGN D2):
// what does not belong together does not conflict. Plain values.
//
// clang-format off
//   h node                  head      life, layer, mode, mtime,    moved by chmod, seal, rebase
//                                     base
//   r node                  rev       a counter                    moved by every change of a name
//   b node                  binding   parent, name                 moved by renames only
//   f node                  file      state, lease_seq, staging    moved by writers, finalizers
//   l node                  lease     session, seq, expires        moved by who may write
//   d parent, layer, name   entry     target, generation, facts    moved by what it points to
//   z node, layer           hidden    entries that nobody sees     swept by anybody
// clang-format on

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <casement/core/clock.hpp>
#include <casement/core/error.hpp>
#include <casement/core/name.hpp>
#include <casement/kv/row.hpp>
#include <casement/machine/machine.hpp>
#include <casement/protocol/dentry.hpp>
#include <casement/protocol/directory.hpp>
#include <casement/protocol/file.hpp>
#include <casement/protocol/ids.hpp>
#include <casement/protocol/lease.hpp>

namespace casement::tree {

using protocol::generation;
using protocol::layer_id;
using protocol::node_id;
using protocol::obj_id;

/// The root's node. It is made with the store, has no binding, and is never removed or renamed.
inline constexpr node_id root{1};

/// Directories nest at most this deep, so that the guards of a rename fit one commit (DESIGN D5).
inline constexpr int depth_max = 64;

/// What the record of an operation says that it did. On disk: never change one.
enum class change_kind : std::uint8_t {
    create = 1,
    create_directory = 2,
    replace_target = 3,
    set_facts = 4,
    set_directory_facts = 5,
    remove = 6,
    remove_directory = 7,
    rename = 8,
    rename_directory = 9,
    create_file = 10,
    instantiate_file = 11,
    open_writer = 12,
    renew = 13,
    close_writer = 14,
    reclaim = 15,
    prepare = 16,
    abort = 17,
    finalize = 18,
    instantiate_directory = 19,
    finalize_directory = 20,
    rebase = 21,
    mount = 22,
    keep_snapshot = 23,
    forget_snapshot = 24,
    set_aside = 25,
};

/// What an entry has beside its target. They belong to the name, not to the content, so that equal
/// files are one object whatever their times.
struct facts {
    std::uint32_t mode = 0;  // permission bits, 07777
    timestamp mtime;
    std::uint64_t size = 0;  // bytes of a file or of a link's path; 0 of a directory

    bool operator==(const facts&) const = default;
};

/// A directory that is.
struct head {
    static constexpr char table = 'h';
    using key = node_id;

    state<protocol::directory> life;
    layer_id layer;  // of its entries; older layers are no longer seen
    std::uint32_t mode = 0;
    timestamp mtime;
    std::optional<obj_id> base;  // shows where its entries have no row; moves with the layer

    bool operator==(const head&) const = default;
};

/// Moves by one with every change of what a name in the directory points to.
struct rev {
    static constexpr char table = 'r';
    using key = node_id;

    count n;

    bool operator==(const rev&) const = default;
};

/// Where a node's name is: the other half of the entry that points to it (SPEC F17).
struct binding {
    static constexpr char table = 'b';
    using key = node_id;

    node_id parent;
    std::string name;

    bool operator==(const binding&) const = default;
};

/// What a name points to. The generation is never used twice, so two equal targets that were
/// written at different times differ (SPEC F4h).
struct entry {
    static constexpr char table = 'd';
    struct key {
        node_id parent;
        layer_id layer;
        std::string_view name;
    };

    state<protocol::dentry> target;
    generation written;
    facts about;

    bool operator==(const entry&) const = default;
};

/// The intent to sweep the entries of a layer that no directory shows any more: it was folded into
/// a base, or its directory is gone. Nobody changes or reads them again.
struct hidden {
    static constexpr char table = 'z';
    struct key {
        node_id node;
        layer_id layer;
    };

    bool operator==(const hidden&) const = default;
};

/// A file that is written, or was: its state, and the bytes that it has (SPEC F15).
struct file_row {
    static constexpr char table = 'f';
    using key = node_id;

    state<protocol::file> now;

    bool operator==(const file_row&) const = default;
};

/// Who may write it (SPEC F14). Its number and the file's move together.
struct lease_row {
    static constexpr char table = 'l';
    using key = node_id;

    state<protocol::lease> now;

    bool operator==(const lease_row&) const = default;
};

namespace detail {

[[nodiscard]] inline const node_id* inode_in(const entry& e, std::uint8_t kind) {
    const auto* inode = std::get_if<protocol::dentry::inode>(&e.target);
    return inode && inode->kind == kind ? &inode->node : nullptr;
}

}  // namespace detail

/// The directory's node that an entry points to, or null.
[[nodiscard]] inline const node_id* directory_in(const entry& e) {
    return detail::inode_in(e, obj_id::directory);
}

/// The node of the file that an entry points to, while it may still be written; or null.
[[nodiscard]] inline const node_id* file_in(const entry& e) {
    return detail::inode_in(e, obj_id::file);
}

/// Whether the name is deleted over a base that has it.
[[nodiscard]] inline bool is_tombstone(const entry& e) {
    return std::holds_alternative<protocol::dentry::tombstone>(e.target);
}

/// The object that an entry points to, or null.
[[nodiscard]] inline const obj_id* object_in(const entry& e) {
    const auto* object = std::get_if<protocol::dentry::object>(&e.target);
    return object ? &object->id : nullptr;
}

/// Does an entry point to a directory, one that may change or one that never does?
[[nodiscard]] inline bool is_directory(const entry& e) {
    const auto* object = object_in(e);
    return directory_in(e) != nullptr || (object && object->kind == obj_id::directory);
}

/// Can a name point there? `bad_name` for a link's path that is empty, longer than 4096 bytes or
/// has a NUL: no walk could follow it.
[[nodiscard]] inline result<void> check_target(const state<protocol::dentry>& target) {
    const auto* link = std::get_if<protocol::dentry::symlink>(&target);
    if (link == nullptr) return {};
    const char* wrong = link->path.empty()                           ? "empty"
                        : link->path.size() > path_bytes_max         ? "longer than 4096 bytes"
                        : link->path.find('\0') != std::string::npos ? "holds a NUL"
                                                                     : nullptr;
    if (wrong == nullptr) return {};
    return fail(errc::bad_name, "check link", link->path.substr(0, name_bytes_max), wrong);
}

/// Whether the directory was there and took children when it was seen.
[[nodiscard]] inline bool is_alive(const seen<head>& h) {
    return h.exists() && std::holds_alternative<protocol::directory::alive>(h->life);
}

}  // namespace casement::tree
