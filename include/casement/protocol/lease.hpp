#pragma once
// The right to write a file (SPEC F14). A pure machine over the lease's row. Each grant and each
// revocation takes the next lease_seq; time is only carried here, never compared by order: it
// decides who may ask, not who is right (DESIGN D7).

#include <cstdint>

#include <boost/hana/tuple.hpp>

#include <casement/core/clock.hpp>
#include <casement/machine/check.hpp>
#include <casement/machine/machine.hpp>
#include <casement/protocol/ids.hpp>

namespace casement::protocol {

struct lease {
    // Tags are on disk: never change one.

    struct free {
        static constexpr std::uint8_t tag = 0;
        lease_seq seq;
        bool operator==(const free&) const = default;
    };
    struct held {
        static constexpr std::uint8_t tag = 1;
        session_id session;
        lease_seq seq;
        timestamp expires;
        bool operator==(const held&) const = default;
    };

    // clang-format off
    struct grant  { session_id session; lease_seq seq; timestamp expires; };
    struct use    { session_id session; lease_seq seq; };   // a write or a flush under the lease
    struct renew  { session_id session; lease_seq seq; timestamp expires; };
    struct close  { session_id session; lease_seq seq; };
    struct expire { lease_seq seq; timestamp expires; };    // the very deadline that has passed
    struct revoke { lease_seq seq; };
    // clang-format on

    static constexpr auto states = hana::tuple_t<free, held>;
    static constexpr auto events = hana::tuple_t<grant, use, renew, close, expire, revoke>;
    using initial = free;
    static constexpr auto final_states = hana::tuple_t<free>;

    template <class S>
    using if_holder = guarded<S, lease_seq, session_id>;

    // clang-format off
    constexpr guarded<held, lease_seq>
        operator()(free s, grant e) const { return {{e.session, next(s.seq), e.expires}}; }
    constexpr if_holder<held>
        operator()(held s, use)     const { return {s}; }
    constexpr if_holder<held>
        operator()(held s, renew e) const { return {{s.session, s.seq, e.expires}}; }
    constexpr if_holder<free>
        operator()(held s, close)   const { return {{s.seq}}; }
    constexpr guarded<free, lease_seq, timestamp>
        operator()(held s, expire)  const { return {{next(s.seq)}}; }
    constexpr guarded<free, lease_seq>
        operator()(held s, revoke)  const { return {{next(s.seq)}}; }
    // clang-format on
};

static_assert(prove<lease>());

}  // namespace casement::protocol
