// A writer is frozen while it writes, and thaws when its bytes are being hashed (race 11, SPEC
// F4f). In its own process the staging file's epoch refuses it; across processes nobody can, and so
// what is hashed is copied on the way into a file that no writer ever opened.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/blob/staging_files.hpp>
#include <casement/kv/transaction.hpp>

#include "disk_story.hpp"
#include "stories.hpp"

namespace casement::models::frozen_writer_story {
namespace {

using blob::staging_id;
using check::actor;
using check::story;

/// What was published, and whether the writer was told that its last bytes are in.
struct object_row {
    static constexpr char table = 'o';
    using key = std::uint64_t;
    blob::descriptor where;
    bool told = false;
};

constexpr std::string_view first = "abcd", last = "WXYZ";
constexpr staging_id staged{1};
constexpr std::string_view staged_path = "/store/staging/0000000000000001";

/// Copies the bytes and hashes them, as a finalizer does; `between` is called after each piece.
template <class Disk, class Between>
result<blob::staged<blob::sealed, Disk>> build(blob::files<Disk>& files,
                                               const blob::staged_reader<Disk>& from,
                                               const Between& between) {
    auto into = files.stage();
    if (!into) return passed(into);
    auto all = from.for_each_piece(
        [&](std::string_view piece) -> result<void> {
            auto done = into->write(piece);
            between();
            return done;
        },
        first.size() / 2);
    if (!all) return passed(all);
    auto measured = std::move(*into).measure();
    if (!measured) return passed(measured);
    return std::move(*measured).seal();
}

// --- in one process ------------------------------------------------------------------------------

/// Two threads of one process, told as one actor who chooses when the writer thaws. Calls of the
/// handle table exclude each other by its lock, so the call is the grain.
template <class Fence>
result<void> writes_and_finalizes(actor& me) {
    me.doing("write");
    using disk = check::staged_disk;
    auto files = blob::files<disk>::open(me.disk(), "/store", ids_of(me), dedicated_blobs());
    if (!files) return passed(files);
    blob::staging_files<disk, Fence> staging{me.disk(), files->where(), blob::durability::process};
    auto writer = staging.create(staged);
    if (!writer) return passed(writer);
    if (auto written = writer->write_at(0, first); !written) return written;
    bool thawed = false, told = false;
    const auto may_thaw = [&] {
        static const std::vector<std::string> ways{"write on", "stay frozen"};
        if (thawed || me.choose(ways) == 1) return;
        thawed = true;
        told = writer->write_at(0, last).has_value();
    };
    may_thaw();
    auto sealed = staging.read_sealed(staged);
    if (!sealed) return passed(sealed);
    auto made = build(*files, *sealed, may_thaw);
    if (!made) return passed(made);
    may_thaw();
    me.doing("publish");
    const auto done =
        transaction{me.store()}.template put<object_row>(1, {made->what(), told}).commit();
    if (done) std::move(*made).published();
    me.answer(!thawed ? "frozen" : told ? "in time" : "refused");
    return {};
}

template <class Fence>
story in_one_process(std::string name) {
    story tale{std::move(name)};
    tale.has(disk_with("/store/staging"));
    tale.acts("process", [](actor& me) {
        if (const auto done = writes_and_finalizes<Fence>(me); !done)
            me.answer(std::string{name_of(done.error().code())});
    });
    tale.always("the object has what the writer was told is in", [](const check::moment& m) {
        const auto row = read<object_row>(m.store(), 1);
        if (!row->exists()) return std::string{};
        const auto bytes = bytes_on(m.disk(), (*row)->where);
        if (!bytes) return bytes.error().message();
        return *bytes == ((*row)->told ? last : first) ? "" : "it has '" + *bytes + "'";
    });
    tale.sometimes("the writer is in time",
                   [](const check::moment& m) { return m.answer(0) == "in time"; });
    tale.sometimes("the writer thaws, and is refused",
                   [](const check::moment& m) { return m.answer(0) == "refused"; });
    return tale;
}

/// Nobody compares the epochs.
struct no_fence {
    static constexpr bool too_late(std::uint64_t, std::uint64_t) { return false; }
};

// --- across processes ----------------------------------------------------------------------------

/// A process that was frozen in the middle of a write, and knows nothing of what has become of it.
void thaws(actor& me) {
    me.doing("write");
    auto file = me.disk().open(std::string{staged_path});
    if (!file) return me.answer("too late");
    me.answer(file->write_at(0, last) ? "written" : "not written");
}

/// Publishes a copy, or the staging file itself: then what was hashed may change.
template <bool Copies>
result<void> finalizes(actor& me) {
    me.doing("publish");
    auto fs = me.disk();
    auto files = blob::files<check::staged_disk>::open(fs, "/store", ids_of(me), dedicated_blobs());
    if (!files) return passed(files);
    auto sealed = files->staging().read_sealed(staged);
    if (!sealed) return passed(sealed);
    auto made = build(*files, *sealed, [] {});
    if (!made) return passed(made);
    if (!Copies) {
        auto renamed = fs.rename(std::string{staged_path}, files->where().file_of(made->what().id));
        if (!renamed) return renamed;
    }
    const auto done = transaction{me.store()}.put<object_row>(1, {made->what()}).commit();
    if (done) std::move(*made).published();
    return files->staging().remove(staged);
}

template <bool Copies>
story across_processes(std::string name) {
    story tale{std::move(name)};
    const check::shared_disk_calls calls{disk_with("/store/staging")};
    auto file = still_files{calls}.create(std::string{staged_path});
    require(file && file->write_at(0, first), "a file that is written");
    tale.has(calls.disk());
    tale.acts("frozen", thaws);
    tale.acts("finalizer", [](actor& me) {
        const auto done = finalizes<Copies>(me);
        me.answer(done ? "published" : std::string{name_of(done.error().code())});
    });
    tale.strikes({.crashes = 1});
    tale.always("what is published stays what was hashed", [](const check::moment& m) {
        const auto row = read<object_row>(m.store(), 1);
        if (!row->exists()) return std::string{};
        const auto bytes = bytes_on(m.disk(), (*row)->where);
        return bytes ? "" : bytes.error().message();
    });
    tale.sometimes("the writer thaws under the finalizer", [](const check::moment& m) {
        return m.answer(0) == "written" && m.answer(1) == "published";
    });
    return tale;
}

}  // namespace

std::vector<situation> situations() {
    return {
        {"frozen-writer", "a writer that was frozen writes into bytes that are being hashed", 11,
         [](size) {
             return in_one_process<blob::by_epoch>("a writer thaws, and the bytes are sealed");
         }},
        {"frozen-writer-unfenced", "the same, where nobody compares the epochs", 11,
         [](size) { return in_one_process<no_fence>("a writer thaws, and nothing keeps it out"); },
         true},
        {"frozen-process", "a process that was frozen writes into bytes that were hashed", 11,
         [](size) { return across_processes<true>("a process thaws, and a copy is published"); }},
        {"frozen-process-published", "the same, where what it has open is published", 11,
         [](size) { return across_processes<false>("a process thaws, and has the object open"); },
         true}};
}

}  // namespace casement::models::frozen_writer_story
