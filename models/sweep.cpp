// Two processes have one store open (SPEC W4): one makes a file and then the row that names it; the
// other sweeps what no row names. It sees the file and not the write: what saves the file is that
// it asks, after it has listed the files and before it reads the rows, from which number on others
// make theirs. What an opening says of that is a lock in truth, here a file that bears the number.

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <casement/blob/files.hpp>
#include <casement/kv/transaction.hpp>

#include "disk_story.hpp"
#include "stories.hpp"

namespace casement::models::sweep_story {
namespace {

using check::actor;
using check::story;
using disk = check::simulated_files<disk_calls>;

/// A name in the store, and where its bytes are.
struct file_row {
    static constexpr char table = 'f';
    using key = std::uint64_t;
    blob::descriptor where;
};

constexpr std::string_view song = "la la la";
constexpr blob::blob_id leftover{7};  // below all that anybody takes
constexpr auto openings = "/store/open";

/// When the sweeper asks what others may be making.
enum class asks : std::uint8_t { in_time, too_early, never };

[[nodiscard]] std::string opening_of(std::uint64_t first) {
    return std::string{openings} + "/" + std::to_string(first);
}

result<std::optional<std::uint64_t>> others_in(disk& fs) {
    auto names = fs.list(openings);
    if (!names) return passed(names);
    std::optional<std::uint64_t> lowest;
    for (const auto& name : *names) {
        std::uint64_t first = 0;
        std::from_chars(name.data(), name.data() + name.size(), first);
        lowest = std::min(lowest.value_or(first), first);
    }
    return lowest;
}

result<void> put(actor& me, disk fs) {
    auto files = blob::files<disk>::open(std::move(fs), "/store", ids_of(me), dedicated_blobs());
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
                    .put<file_row>(1, {sealed->what()})
                    .commit();
    if (done || done.error().code() == errc::unknown_outcome) std::move(*sealed).published();
    return done ? result<void>{} : passed(done);
}

void writer(actor& me) {
    me.doing("open");
    disk fs{me.disk().ask()};
    const auto first = me.ids().next();
    if (!first) return me.answer("no number");
    if (auto said = fs.create(opening_of(*first)); !said) return me.answer("not opened");
    me.doing("put");
    const auto done = put(me, fs);
    me.doing("close");
    (void)fs.remove(opening_of(*first));
    me.answer(done ? "put" : std::string{name_of(done.error().code())});
}

template <asks When>
void sweeper(actor& me) {
    me.doing("sweep");
    disk fs{me.disk().ask()};
    auto how = dedicated_blobs();
    const auto early = When == asks::too_early ? others_in(fs) : std::nullopt;
    how.others = [&] {
        return When == asks::in_time ? others_in(fs) : result<std::optional<std::uint64_t>>{early};
    };
    auto files = blob::files<disk>::open(fs, "/store", ids_of(me), how);
    if (!files) return me.answer("not opened");
    const auto swept = files->sweep([&](const blob::stored_file& f) -> result<bool> {
        const auto row = read<file_row>(me.store(), 1);
        if (!row) return std::unexpected{row.error()};
        return row->exists() && (*row)->where.id.value == f.id;
    });
    me.answer(!swept ? "not swept" : std::to_string(swept->removed.size()) + " swept");
}

[[nodiscard]] check::complaint bytes_of_every_row(const check::moment& m) {
    const auto row = read<file_row>(m.store(), 1);
    if (!row->exists()) return "";
    const auto bytes = bytes_on(m.disk(), (*row)->where);
    if (!bytes) return bytes.error().message();
    return *bytes == song ? "" : "the row points to other bytes";
}

template <asks When>
story beside_a_put(std::string name) {
    story tale{std::move(name)};
    const check::shared_disk_calls calls{disk_with(openings)};
    check::simulated_files fs{calls};
    const blob::layout where{"/store"};
    require(fs.make_directory(where.shelf(blob::layout::shelf_of(leftover))).has_value() &&
                fs.create(where.file_of(leftover)).has_value(),
            "a leftover");
    tale.has(calls.disk().settled());
    tale.acts("writer", writer);
    tale.acts("sweeper", sweeper<When>, 2);
    tale.strikes({.crashes = 1});
    tale.always("a row's bytes are there, and whole", bytes_of_every_row);
    tale.sometimes("it is put",
                   [](const check::rows& now) { return read<file_row>(now, 1)->exists(); });
    tale.sometimes("a leftover is swept",
                   [](const check::moment& m) { return m.answer(1) == "1 swept"; });
    return tale;
}

}  // namespace

std::vector<situation> situations() {
    return {
        {"sweep-put", "a file is swept that another process is about to name", 0,
         [](size) { return beside_a_put<asks::in_time>("a put, and another sweeps"); }},
        {"sweep-put-early", "who sweeps has asked before it listed what others write", 0,
         [](size) { return beside_a_put<asks::too_early>("a put, and another asks too early"); },
         true},
        {"sweep-put-unasked", "who sweeps does not ask what others write", 0,
         [](size) { return beside_a_put<asks::never>("a put, and another does not ask"); }, true}};
}

}  // namespace casement::models::sweep_story
