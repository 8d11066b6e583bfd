#pragma once
// What operations came to (SPEC F22, DESIGN D8): a row for each, written by the very commit that
// does it, kept for a while, and forgotten an era at a time. Who asks later than that is told so,
// and never that nothing happened. After the request log of RIFL (SOSP 2015). Any thread.
//
//   x era, op_id    operation    what it was, its attempts, its outcome
//   w               retention    the eras that are kept

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include <casement/core/clock.hpp>
#include <casement/core/error.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/store.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/protocol/ids.hpp>

namespace casement {

using protocol::op_id;

/// Eras below `oldest` are forgotten; operations are begun in `newest`. No row: era 0 alone.
struct retention {
    static constexpr char table = 'w';
    struct key {};

    std::uint64_t oldest = 0, newest = 0;
    timestamp since;  // the newest began

    bool operator==(const retention&) const = default;
};

/// The eras that are kept; before the first row of them, none has ended.
[[nodiscard]] inline retention eras_of(const seen<retention>& r) {
    return r.exists() ? *r : retention{};
}

/// One operation, however often it is tried. Its name is all that must outlive a crash.
struct op_name {
    std::uint64_t era = 0;
    op_id id;

    bool operator==(const op_name&) const = default;
};

struct operation {
    static constexpr char table = 'x';
    using key = op_name;

    std::uint8_t what = 0;      // kind of change, in numbers of who made it; 0: not happened yet
    std::uint64_t attempt = 0;  // commits of earlier ones can happen no more
    std::string outcome;        // encoded

    bool operator==(const operation&) const = default;
};

/// Whether the operation was committed, in whatever attempt.
[[nodiscard]] inline bool has_happened(const seen<operation>& o) {
    return o.exists() && o->what != 0;
}

/// Begins a new era if the newest is `keep` old, and erases what eras before the last two came to:
/// so an outcome is kept for `keep` at least, and for twice as long if this is called often.
/// Answers the rows erased. Whoever is in the middle of an operation of such an era is refused, not
/// lost. Stopped anywhere, the next call goes on. Scans the rows that it erases.
template <store S>
[[nodiscard]] result<std::uint64_t> forget_operations(S& kv, timestamp now,
                                                      std::chrono::nanoseconds keep) {
    auto kept = read<retention>(kv, {});
    if (!kept) return passed(kept);
    auto eras = eras_of(*kept);
    if (!kept->exists() || now.ns - eras.since.ns >= keep.count()) {
        // Before the first, nobody has looked at a clock: era 0 begins its time now.
        eras = kept->exists() ? retention{eras.newest, eras.newest + 1, now} : retention{0, 0, now};
        auto moved =
            transaction{kv}.replace(*kept, eras, "the eras are as they were seen").commit();
        if (!moved) return within(std::move(moved), "forget operations", "");
    }
    std::uint64_t erased = 0;
    for (const std::string first{operation::table}, last = row_key<operation>({eras.oldest, {}});
         ;) {
        auto old = kv.scan(first, last);
        transaction t{kv};
        for (; old.valid() && t.size() < commit_rows_max; old.next()) {
            const auto key = parse_row_key<operation>(old.key());
            if (!key)
                return fail(errc::corrupt, "forget operations", std::string{old.key()}, "no key");
            t.template erase<operation>(*key);
        }
        if (auto s = old.status(); !s) return passed(s);
        if (t.size() == 0) return erased;
        const auto rows = t.size();
        // No guard: nothing happens any more in an era that is forgotten.
        if (auto gone = t.commit(); !gone) return within(std::move(gone), "forget operations", "");
        erased += rows;
    }
}

}  // namespace casement
