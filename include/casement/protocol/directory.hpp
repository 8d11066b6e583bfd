#pragma once
// A directory node's life (SPEC F4d, F18; DESIGN D6). A pure machine over the directory's head:
// its children change, and it takes a new base, only while it is alive. That it was empty when
// it was removed is the operation's guard, not this machine's.

#include <cstdint>

#include <boost/hana/tuple.hpp>

#include <casement/machine/check.hpp>
#include <casement/machine/machine.hpp>

namespace casement::protocol {

struct directory {
    // Tags are on disk: never change one.

    /// No such node. Never the same as a new directory (SPEC F4d: absent is never rev 0).
    struct absent {
        static constexpr std::uint8_t tag = 0;
        bool operator==(const absent&) const = default;
    };
    struct alive {
        static constexpr std::uint8_t tag = 1;
        bool operator==(const alive&) const = default;
    };
    /// Its object is being made, or has taken its place: nothing in it changes any more.
    struct sealed {
        static constexpr std::uint8_t tag = 2;
        bool operator==(const sealed&) const = default;
    };
    struct removed {
        static constexpr std::uint8_t tag = 3;
        bool operator==(const removed&) const = default;
    };
    /// Shows an object, and takes no writes (SPEC F20).
    struct mounted {
        static constexpr std::uint8_t tag = 4;
        bool operator==(const mounted&) const = default;
    };

    // clang-format off
    struct make {};
    struct mount {};
    struct put_child {};    // a name appears, or its target changes
    struct drop_child {};
    struct rebase {};       // base and layer epoch are swapped
    struct seal {};
    struct unseal {};
    struct remove {};
    // clang-format on

    static constexpr auto states = hana::tuple_t<absent, alive, sealed, removed, mounted>;
    static constexpr auto events =
        hana::tuple_t<make, mount, put_child, drop_child, rebase, seal, unseal, remove>;
    using initial = absent;
    static constexpr auto final_states = hana::tuple_t<removed>;

    // clang-format off
    constexpr alive   operator()(absent,  make)       const { return {}; }
    constexpr mounted operator()(absent,  mount)      const { return {}; }
    constexpr alive   operator()(alive,   put_child)  const { return {}; }
    constexpr alive   operator()(alive,   drop_child) const { return {}; }
    constexpr alive   operator()(alive,   rebase)     const { return {}; }
    constexpr sealed  operator()(alive,   seal)       const { return {}; }
    constexpr alive   operator()(sealed,  unseal)     const { return {}; }
    constexpr removed operator()(alive,   remove)     const { return {}; }
    constexpr removed operator()(sealed,  remove)     const { return {}; }
    constexpr removed operator()(mounted, remove)     const { return {}; }
    // clang-format on
};

static_assert(prove<directory>());

}  // namespace casement::protocol
