#pragma once
// Takes into the store what it has links to (SPEC B1): the bytes are copied, verified on the way
// and durable before the content's row names them in the place of the link, guarded as it was seen.
// What lies behind the link is left alone, so nobody else who uses it notices. Beside readers,
// writers and collectors; stopped anywhere, the next one goes on. Memory: one payload below
// `dedicated_min`.

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <casement/core/error.hpp>
#include <casement/core/pace.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/tree/contents.hpp>

namespace casement::tree {

/// How links are promoted.
struct promoting {
    double bytes_a_second = 0;  // copied, at most; 0: no limit
    bool dry_run = false;       // only counts
    /// Asked between contents: true ends it with `cancelled`; what was done stays.
    std::function<bool()> stop = [] { return false; };
};

/// What came of it.
struct promoted {
    std::uint64_t links = 0, link_bytes = 0;  // as it found them
    std::uint64_t taken = 0, taken_bytes = 0;
    std::vector<error> refused;  // what is gone, or is not what was linked: the link stays

    bool operator==(const promoted&) const = default;
};

/// What one promotion came to: another was faster, or a collector, or it is no link.
enum class promotion : std::uint8_t { made, not_needed };

/// Takes one content in. `corrupt` where its bytes have changed, `not_found` or `need_pull` where
/// they are not to be had; `unknown_outcome`.
template <store S, blob::file_system FS>
[[nodiscard]] result<promotion> promote(contents<S, FS>& c, const digest& which, pace<>& speed) {
    auto row = read_content(c.rows(), which);
    if (!row) return passed(row);
    if (!row->exists() || (*row)->where.kind != blob::placement::external)
        return promotion::not_needed;
    const auto& was = (*row)->where;
    auto bytes = c.open(object::file_object{which, was.size});
    if (!bytes) return passed(bytes);
    auto staged = c.stage(was.size);
    if (!staged) return passed(staged);
    auto copied = bytes->for_each_piece([&](std::string_view piece) {
        speed.take(piece.size());
        return staged->write(piece);
    });
    if (!copied) return passed(copied);
    auto measured = std::move(*staged).measure();
    if (!measured) return passed(measured);
    if (measured->content() != which) {
        (void)std::move(*measured).abandon();  // the error to tell is this
        return fail(errc::corrupt, "promote", was.uri, "it is not what was linked");
    }
    auto sealed = std::move(*measured).seal();
    if (!sealed) return passed(sealed);
    fresh_bytes<FS> fresh{*std::move(sealed)};
    transaction t{c.rows()};
    t.expect(*row, "the content is the link that was read");
    auto fence = c.fence_over(fresh);
    if (!fence) return passed(fence);
    (*fence)(t);
    put_place<S, FS>(t, which, fresh);
    auto made = t.commit();
    if (made || made.error().code() == errc::unknown_outcome)
        (void)std::move(std::get<blob::staged<blob::sealed, FS>>(fresh)).published();
    if (made) return promotion::made;
    if (made.error().code() != errc::conflict) return passed(made);
    // Whoever was faster has taken it in, or away; or has swept, and then it stays for the next.
    c.fence().look_again();
    return promotion::not_needed;
}

/// Takes every link in.
template <store S, blob::file_system FS>
[[nodiscard]] result<promoted> promote_all(contents<S, FS>& c, const promoting& how) {
    promoted n;
    pace<> speed{how.bytes_a_second};
    const std::string table{content::table};
    const auto at = held_snapshot(c.rows());
    auto rows = at.scan(table, after_prefix(table));
    for (; rows.valid(); rows.next()) {
        const auto which = parse_row_key<content>(rows.key());
        const auto where = blob::read_descriptor(rows.value(), rows.key());
        if (!which || !where)
            return where ? fail(errc::corrupt, "read row", std::string{rows.key()}, "no content")
                         : std::unexpected{where.error()};
        if (where->kind != blob::placement::external) continue;
        if (how.stop()) return fail(errc::cancelled, "promote", "", "stopped as asked");
        ++n.links;
        n.link_bytes += where->size;
        if (how.dry_run) continue;
        auto done = promote(c, *which, speed);
        if (done && *done == promotion::made) {
            ++n.taken;
            n.taken_bytes += where->size;
        }
        if (done) continue;
        const auto code = done.error().code();
        if (code != errc::corrupt && code != errc::not_found && code != errc::need_pull)
            return passed(done);
        n.refused.push_back(std::move(done).error());
    }
    if (auto whole = rows.status(); !whole) return passed(whole);
    return n;
}

}  // namespace casement::tree
