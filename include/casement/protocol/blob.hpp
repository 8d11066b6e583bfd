#pragma once
// A blob's life in the store (SPEC B, F4g; DESIGN D10). A pure machine over the blob's row.
// Collection condemns in one commit, waits, and erases; whoever meanwhile publishes the same
// content revives it, so dedupe and collection cannot cross.

#include <cstdint>

#include <boost/hana/tuple.hpp>

#include <casement/machine/check.hpp>
#include <casement/machine/machine.hpp>
#include <casement/protocol/ids.hpp>

namespace casement::protocol {

struct blob {
    // Tags are on disk: never change one.

    struct absent {
        static constexpr std::uint8_t tag = 0;
        bool operator==(const absent&) const = default;
    };
    struct staged {
        static constexpr std::uint8_t tag = 1;
        bool operator==(const staged&) const = default;
    };
    struct live {
        static constexpr std::uint8_t tag = 2;
        bool operator==(const live&) const = default;
    };
    /// Nothing named it when the collector looked. Its generation tells two condemnations apart:
    /// the blob may have been revived and condemned again since.
    struct condemned {
        static constexpr std::uint8_t tag = 3;
        generation since;
        bool operator==(const condemned&) const = default;
    };
    /// The bytes are gone or going; the id is never used again.
    struct deleted {
        static constexpr std::uint8_t tag = 4;
        bool operator==(const deleted&) const = default;
    };

    // clang-format off
    struct stage {};
    struct publish {};
    struct abandon {};                          // a staged leftover
    struct pin {};                              // published again while it is there
    struct condemn { generation since; };
    struct revive {};                           // published again while it is condemned
    struct erase { generation since; };         // of this very condemnation
    // clang-format on

    static constexpr auto states = hana::tuple_t<absent, staged, live, condemned, deleted>;
    static constexpr auto events =
        hana::tuple_t<stage, publish, abandon, pin, condemn, revive, erase>;
    using initial = absent;
    static constexpr auto final_states = hana::tuple_t<deleted>;

    // clang-format off
    constexpr staged    operator()(absent,    stage)     const { return {}; }
    constexpr live      operator()(staged,    publish)   const { return {}; }
    constexpr deleted   operator()(staged,    abandon)   const { return {}; }
    constexpr live      operator()(live,      pin)       const { return {}; }
    constexpr condemned operator()(live,      condemn e) const { return {e.since}; }
    constexpr live      operator()(condemned, revive)    const { return {}; }
    constexpr guarded<deleted, generation>
                        operator()(condemned, erase)     const { return {}; }
    // clang-format on
};

static_assert(prove<blob>());

}  // namespace casement::protocol
