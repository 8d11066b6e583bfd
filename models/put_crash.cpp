// A put is interrupted by a loss of power (SPEC W2, race 16): bytes are written and synced, then
// their name, and only then does a row point to them. Whoever finds the row finds the bytes, whole.
// Disks that say they have synced and have not show what each sync is for.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <casement/blob/files.hpp>
#include <casement/kv/transaction.hpp>

#include "disk_story.hpp"
#include "stories.hpp"

namespace casement::models::put_crash_story {
namespace {

using check::actor;
using check::story;

/// A name in the store, and where its bytes are.
struct file_row {
    static constexpr char table = 'f';
    using key = std::uint64_t;
    blob::descriptor where;
};

constexpr std::string_view song = "la la la";

blob::options chosen(blob::placement kind) {
    blob::options o;
    o.sizes.inline_max = 1;
    o.sizes.dedicated_min = kind == blob::placement::dedicated ? 2 : 100;
    o.magic = [] { return std::uint64_t{0x5ca1ab1e}; };
    return o;
}

template <class Ask>
result<void> put(actor& me, Ask ask, const blob::options& how) {
    me.doing("put");
    using disk = check::simulated_files<Ask>;
    auto files = blob::files<disk>::open(disk{ask}, "/store", ids_of(me), how);
    if (!files) return passed(files);
    auto staged = files->stage();
    if (!staged) return passed(staged);
    if (auto written = staged->write(song); !written) return written;
    auto measured = std::move(*staged).measure();
    if (!measured) return passed(measured);
    auto sealed = std::move(*measured).seal();
    if (!sealed) return passed(sealed);
    auto done = transaction{me.store()}
                    .expect_absent<file_row>(1, "the name is free")
                    .template put<file_row>(1, {sealed->what()})
                    .commit();
    // What may have been committed keeps its bytes.
    if (done || done.error().code() == errc::unknown_outcome) std::move(*sealed).published();
    if (!done) return passed(done);
    return {};
}

/// Reads what the row points to as the store does, verified.
check::complaint bytes_of_every_row(const check::moment& m, const blob::options& how) {
    const auto row = read<file_row>(m.store(), 1);
    if (!row->exists()) return "";
    using disk = check::simulated_files<check::shared_disk_calls>;
    auto files =
        blob::files<disk>::open(disk{check::shared_disk_calls{m.disk()}}, "/store", {}, how);
    if (!files) return files.error().message();
    std::string bytes(song.size(), '\0');
    const auto n = files->read((*row)->where, {}, 0, bytes);
    if (!n) return n.error().message();
    return *n == song.size() && bytes == song ? "" : "the row points to other bytes";
}

using teller = std::function<void(actor&)>;

template <class Ask>
teller putter(const blob::options& how) {
    return [how](actor& me) {
        const auto done = put(me, Ask{me.disk().ask()}, how);
        me.answer(done ? "put" : std::string{name_of(done.error().code())});
    };
}

story with_laws(story tale, const blob::options& how) {
    tale.always("a row's bytes are there, and whole",
                [how](const check::moment& m) { return bytes_of_every_row(m, how); });
    tale.every_change("a name that is taken stays as it is", [](const check::change& c) {
        const auto old = read<file_row>(c.before, 1), now = read<file_row>(c.after, 1);
        return !old->exists() || (now->exists() && (*old)->where == (*now)->where);
    });
    tale.sometimes("it is put",
                   [](const check::rows& now) { return read<file_row>(now, 1)->exists(); });
    return tale;
}

template <class Ask>
story puts(std::string name, blob::placement kind, size s, const check::disk_rules& rules = {}) {
    const auto how = chosen(kind);
    const auto empty = disk_under(rules).settled();
    story tale{std::move(name)};
    tale.has(empty);
    tale.actors(s.actors ? s.actors : 1, "putter", s.turns ? s.turns : 2, putter<Ask>(how));
    tale.strikes({.crashes = 1, .lost_replies = 1, .power_losses = 1});
    tale.sometimes("a loss leaves a file that no row names", [empty](const check::moment& m) {
        return m.answer(0) == "crashed" && !read<file_row>(m.store(), 1)->exists() &&
               m.disk() != empty;
    });
    return with_laws(std::move(tale), how);
}

/// One of the first syncs fails, and what it was asked to write is never written.
template <class Ask>
story puts_on_a_failing_disk(std::string name, blob::placement kind) {
    const auto how = chosen(kind);
    story tale{std::move(name)};
    tale.has(disk_with());
    tale.acts(
        "putter",
        [how](actor& me) {
            static const std::vector<std::string> ways{"a first sync fails", "a second sync fails",
                                                       "no sync fails"};
            file_call c;
            c.what = file_call::fail_sync;
            c.length = (me.choose(ways) + 1) % ways.size();
            (void)me.disk().ask()(c);
            putter<Ask>(how)(me);
        },
        2);
    tale.strikes({.power_losses = 1});
    tale.sometimes("a put fails", [](const check::moment& m) { return m.answer(0) == "io"; });
    return with_laws(std::move(tale), how);
}

}  // namespace

std::vector<situation> situations() {
    constexpr auto dedicated = blob::placement::dedicated, packed = blob::placement::packed;
    return {{"put-crash", "a row points to a file that a loss of power has cut short", 16,
             [](size s) { return puts<disk_calls>("a put, and the power is lost", dedicated, s); }},
            {"put-crash-packed", "a row points into a pack that a loss of power has cut short", 16,
             [](size s) {
                 return puts<disk_calls>("a put into a pack, and the power is lost", packed, s);
             }},
            {"put-crash-unsynced", "a row points to bytes that were not synced", 16,
             [](size s) {
                 return puts<forgets<file_call::sync>>("a put on a disk that forgets bytes",
                                                       dedicated, s);
             },
             true},
            {"put-crash-packed-unsynced", "a row points into a pack that was not synced", 16,
             [](size s) {
                 return puts<forgets<file_call::sync>>(
                     "a put into a pack on a disk that forgets bytes", packed, s);
             },
             true},
            {"put-crash-unnamed", "a row points to a file whose name was not synced", 16,
             [](size s) {
                 return puts<forgets<file_call::sync_directory>>(
                     "a put on a disk that forgets names", dedicated, s);
             },
             true},
            {"put-crash-unnamed-journal", "the same where a journal makes names durable too", 16,
             [](size s) {
                 return puts<forgets<file_call::sync_directory>>(
                     "a put on a disk whose journal keeps names in their order", dedicated, s,
                     {.leaves = check::journal::ordered});
             }},
            {"put-crash-drvfs", "a row points to bytes that a Windows disk has lost", 16,
             [](size s) {
                 return puts<disk_calls>("a put on a Windows disk, and the power is lost",
                                         dedicated, s, check::a_drvfs_disk);
             }},
            {"put-crash-nfs", "a row points to bytes that a server has lost", 16,
             [](size s) {
                 return puts<disk_calls>("a put on an NFS share, and the power is lost", packed, s,
                                         check::an_nfs_disk);
             }},
            {"put-sync-fails", "a row points to bytes whose sync has failed", 16,
             [](size) {
                 return puts_on_a_failing_disk<disk_calls>("a put whose sync fails", dedicated);
             }},
            {"put-sync-fails-packed", "a row points into a pack whose sync has failed", 16,
             [](size) {
                 return puts_on_a_failing_disk<disk_calls>("a put into a pack whose sync fails",
                                                           packed);
             }},
            {"put-sync-fails-trusted", "a second sync is believed after a first one has failed", 16,
             [](size) {
                 return puts_on_a_failing_disk<trusts_a_second_sync>(
                     "a put that believes a second sync", dedicated);
             },
             true}};
}

}  // namespace casement::models::put_crash_story
