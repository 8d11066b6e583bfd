#pragma once
// What a name in a directory points to (SPEC F5-F9, F13, F16-F18). A pure machine over the row of
// the upper layer; it never looks at the base, whose entry an operation lifts first where the upper
// layer has no row for it. A deleted name has no line for finalize or lift: nothing resurrects it.

#include <cstdint>
#include <string>

#include <boost/hana/tuple.hpp>

#include <casement/machine/check.hpp>
#include <casement/machine/machine.hpp>
#include <casement/protocol/ids.hpp>

namespace casement::protocol {

struct dentry {
    // Tags are on disk: never change one.

    /// No row: the base, if there is one, shows through.
    struct absent {
        static constexpr std::uint8_t tag = 0;
        bool operator==(const absent&) const = default;
    };
    struct inode {
        static constexpr std::uint8_t tag = 1;
        node_id node;
        std::uint8_t kind = obj_id::directory;  // as that of the object that it may become
        bool operator==(const inode&) const = default;
    };
    struct object {
        static constexpr std::uint8_t tag = 2;
        obj_id id;
        bool operator==(const object&) const = default;
    };
    struct symlink {
        static constexpr std::uint8_t tag = 3;
        std::string path;
        bool operator==(const symlink&) const = default;
    };
    /// Deleted, and hides the same name in the base.
    struct tombstone {
        static constexpr std::uint8_t tag = 4;
        bool operator==(const tombstone&) const = default;
    };

    // clang-format off
    // create: a name that neither layer has.
    struct create_node    { inode to; };
    struct create_object  { obj_id id; };
    struct create_symlink { std::string path; };

    // lift: the base's entry becomes a row, before something is done to it.
    struct lift_object  { obj_id id; };
    struct lift_symlink { std::string path; };

    // replace_target: but for removal, a rename, and these two, a name never changes its kind.
    struct finalize    { node_id node; obj_id id; };  // of this very node, into its object
    struct instantiate { obj_id id; node_id node; };  // of this very object, into a node over it
    struct replace_object { obj_id id; };
    struct retarget       { std::string path; };

    // Removal, and the source of a rename: `bury` where the base has the name, else the other two.
    struct remove {};
    struct bury {};
    struct move_away {};

    // The destination of a rename: arrive where no name is, displace where one is replaced.
    struct arrive_node         { inode to; };
    struct arrive_object       { obj_id id; };
    struct arrive_symlink      { std::string path; };
    struct displace_by_node    { inode to; };
    struct displace_by_object  { obj_id id; };
    struct displace_by_symlink { std::string path; };

    /// A snapshot took the row into the new base. Never a node's: its bytes may still change.
    struct fold {};
    // clang-format on

    static constexpr auto states = hana::tuple_t<absent, inode, object, symlink, tombstone>;
    static constexpr auto events =
        hana::tuple_t<create_node, create_object, create_symlink, lift_object, lift_symlink,
                      finalize, instantiate, replace_object, retarget, remove, bury, move_away,
                      arrive_node, arrive_object, arrive_symlink, displace_by_node,
                      displace_by_object, displace_by_symlink, fold>;
    using initial = absent;

    // clang-format off
    constexpr inode     operator()(absent,    create_node e)         const { return e.to; }
    constexpr object    operator()(absent,    create_object e)       const { return {e.id}; }
    constexpr symlink   operator()(absent,    create_symlink e)      const { return {e.path}; }
    constexpr inode     operator()(tombstone, create_node e)         const { return e.to; }
    constexpr object    operator()(tombstone, create_object e)       const { return {e.id}; }
    constexpr symlink   operator()(tombstone, create_symlink e)      const { return {e.path}; }

    constexpr object    operator()(absent,    lift_object e)         const { return {e.id}; }
    constexpr symlink   operator()(absent,    lift_symlink e)        const { return {e.path}; }

    constexpr guarded<object, node_id>
                        operator()(inode,     finalize e)            const { return {{e.id}}; }
    constexpr guarded<inode, obj_id>
                        operator()(object,    instantiate e)         const
                                                           { return {{e.node, e.id.kind}}; }
    constexpr object    operator()(object,    replace_object e)      const { return {e.id}; }
    constexpr symlink   operator()(symlink,   retarget e)            const { return {e.path}; }

    constexpr absent    operator()(inode,     remove)                const { return {}; }
    constexpr absent    operator()(object,    remove)                const { return {}; }
    constexpr absent    operator()(symlink,   remove)                const { return {}; }
    constexpr tombstone operator()(inode,     bury)                  const { return {}; }
    constexpr tombstone operator()(object,    bury)                  const { return {}; }
    constexpr tombstone operator()(symlink,   bury)                  const { return {}; }

    constexpr absent    operator()(inode,     move_away)             const { return {}; }
    constexpr absent    operator()(object,    move_away)             const { return {}; }
    constexpr absent    operator()(symlink,   move_away)             const { return {}; }
    constexpr inode     operator()(absent,    arrive_node e)         const { return e.to; }
    constexpr object    operator()(absent,    arrive_object e)       const { return {e.id}; }
    constexpr symlink   operator()(absent,    arrive_symlink e)      const { return {e.path}; }
    constexpr inode     operator()(tombstone, arrive_node e)         const { return e.to; }
    constexpr object    operator()(tombstone, arrive_object e)       const { return {e.id}; }
    constexpr symlink   operator()(tombstone, arrive_symlink e)      const { return {e.path}; }

    constexpr inode     operator()(inode,     displace_by_node e)    const { return e.to; }
    constexpr inode     operator()(object,    displace_by_node e)    const { return e.to; }
    constexpr inode     operator()(symlink,   displace_by_node e)    const { return e.to; }
    constexpr object    operator()(inode,     displace_by_object e)  const { return {e.id}; }
    constexpr object    operator()(object,    displace_by_object e)  const { return {e.id}; }
    constexpr object    operator()(symlink,   displace_by_object e)  const { return {e.id}; }
    constexpr symlink   operator()(inode,     displace_by_symlink e) const { return {e.path}; }
    constexpr symlink   operator()(object,    displace_by_symlink e) const { return {e.path}; }
    constexpr symlink   operator()(symlink,   displace_by_symlink e) const { return {e.path}; }

    constexpr absent    operator()(object,    fold)                  const { return {}; }
    constexpr absent    operator()(symlink,   fold)                  const { return {}; }
    constexpr absent    operator()(tombstone, fold)                  const { return {}; }
    // clang-format on
};

static_assert(prove<dentry>());

}  // namespace casement::protocol
