#pragma once
// A file node's life (SPEC F3, F14-F16). A pure machine over the file's row; who holds the lease
// stands in the lease's row, and the two numbers move together. Every event carries the lease_seq
// that its sender saw, so a stale writer or finalizer is `fenced` whatever has happened since.

#include <cstdint>

#include <boost/hana/tuple.hpp>

#include <casement/machine/check.hpp>
#include <casement/machine/machine.hpp>
#include <casement/protocol/ids.hpp>

namespace casement::protocol {

struct file {
    // Tags are on disk: never change one.

    /// A writer may write into `staging`.
    struct working {
        static constexpr std::uint8_t tag = 1;
        lease_seq seq;
        staging_id staging;
        bool operator==(const working&) const = default;
    };
    /// Nobody writes; the bytes wait for the next writer or for a finalizer.
    struct cooling {
        static constexpr std::uint8_t tag = 2;
        lease_seq seq;
        staging_id staging;
        bool operator==(const cooling&) const = default;
    };
    /// Somebody hashes the bytes, and holds nothing meanwhile: anybody may abort or resume it.
    struct finalizing {
        static constexpr std::uint8_t tag = 3;
        lease_seq seq;
        staging_id staging;
        bool operator==(const finalizing&) const = default;
    };
    struct finalized {
        static constexpr std::uint8_t tag = 4;
        lease_seq seq;
        obj_id object;
        bool operator==(const finalized&) const = default;
    };

    // clang-format off
    struct reopen  { lease_seq seq; staging_id staging; };  // with a staging file of its own
    struct write   { lease_seq seq; };
    struct flush   { lease_seq seq; };
    struct close   { lease_seq seq; };
    struct revoke  { lease_seq seq; };                      // the lease expired or was taken back
    struct prepare { lease_seq seq; };
    struct abort   { lease_seq seq; };
    struct commit  { lease_seq seq; obj_id object; };
    // clang-format on

    static constexpr auto states = hana::tuple_t<working, cooling, finalizing, finalized>;
    static constexpr auto events =
        hana::tuple_t<reopen, write, flush, close, revoke, prepare, abort, commit>;
    using initial = cooling;  // a file is born closed and empty
    static constexpr auto final_states = hana::tuple_t<finalized>;

    template <class S>
    using fenced = guarded<S, lease_seq>;

    // clang-format off
    constexpr fenced<working>
        operator()(cooling s,    reopen e) const { return {{next(s.seq), e.staging}}; }
    constexpr fenced<working>
        operator()(finalized s,  reopen e) const { return {{next(s.seq), e.staging}}; }
    constexpr fenced<working>
        operator()(working s,    write)    const { return {s}; }
    constexpr fenced<working>
        operator()(working s,    flush)    const { return {s}; }
    constexpr fenced<cooling>
        operator()(working s,    close)    const { return {{s.seq, s.staging}}; }
    constexpr fenced<cooling>
        operator()(working s,    revoke)   const { return {{next(s.seq), s.staging}}; }
    constexpr fenced<finalizing>
        operator()(cooling s,    prepare)  const { return {{s.seq, s.staging}}; }
    constexpr fenced<cooling>
        operator()(finalizing s, abort)    const { return {{s.seq, s.staging}}; }
    constexpr fenced<finalized>
        operator()(finalizing s, commit e) const { return {{s.seq, e.object}}; }
    constexpr guarded<finalized, lease_seq, obj_id>             // opened, and never written
        operator()(finalized s,  commit)   const { return {s}; }
    // clang-format on
};

static_assert(prove<file>());

}  // namespace casement::protocol
