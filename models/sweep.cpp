// Two processes have one store open (SPEC W4): one makes a file and then the row that names it; the
// other sweeps what no row names. It sees the file and not the write. Two things save the file: it
// asks from which number on others make theirs, and leaves those; and it raises a fence over all
// lower ones before it reads the rows, so that a commit that is on its way still, of somebody who
// is not there any more, names nothing (tree/sweep_fence.hpp). What an opening says is a lock in
// truth, here a file that bears the number.

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <casement/tree/contents.hpp>

#include "content_story.hpp"
#include "stories.hpp"

namespace casement::models::sweep_story {
namespace {

using disk = check::simulated_files<disk_calls>;

constexpr blob::blob_id leftover{7};  // below all that anybody takes
constexpr auto openings = "/store/open";

/// How the sweeper goes about it.
struct ways {
    bool asks = true;
    bool fences = true;
};

[[nodiscard]] std::string opening_of(std::uint64_t first) {
    return std::string{openings} + "/" + std::to_string(first);
}

/// The lowest number that any of the others makes files under.
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

result<bool> put(actor& me, disk fs, bool fences) {
    auto files = blob::files<disk>::open(std::move(fs), "/store", ids_of(me), dedicated_blobs());
    if (!files) return passed(files);
    tree::contents<check::stage, disk> contents{me.store(), *std::move(files), fences};
    auto stored = store_bytes(contents, kept);
    return stored ? contents.settle(*stored) : passed(stored);
}

template <ways How>
void writer(actor& me) {
    me.doing("open");
    disk fs{me.disk().ask()};
    const auto first = me.ids().next();
    if (!first) return me.answer("no number");
    if (auto said = fs.create(opening_of(*first)); !said) return me.answer("not opened");
    me.doing("create");  // whose commit it is, but for the name
    const auto done = put(me, fs, How.fences);
    me.doing("close");
    (void)fs.remove(opening_of(*first));
    me.answer(done ? "put" : std::string{name_of(done.error().code())});
}

template <ways How>
void sweeper(actor& me) {
    me.doing("sweep");
    disk fs{me.disk().ask()};
    const auto own = me.ids().next();
    const auto others = How.asks ? others_in(fs) : std::nullopt;
    auto files = blob::files<disk>::open(fs, "/store", ids_of(me), dedicated_blobs());
    if (!own || !others || !files) return me.answer("not opened");
    const auto below = std::min(*own, others->value_or(*own));
    bool first = How.fences;
    const auto swept = files->sweep(
        [&](const blob::stored_file& f) -> result<bool> {
            if (std::exchange(first, false))
                if (auto raised = tree::raise_fence(me.store(), below); !raised)
                    return passed(raised);
            const auto row = read_content(me.store(), sha256_of(kept));
            if (!row) return std::unexpected{row.error()};
            return row->exists() && (*row)->where.id.value == f.id;
        },
        {.end = below});
    me.answer(!swept ? "not swept" : std::to_string(swept->removed.size()) + " swept");
}

template <ways How>
story beside_a_put(std::string name, check::faults strikes = {}) {
    story tale{std::move(name)};
    const check::shared_disk_calls calls{disk_with(openings)};
    check::simulated_files fs{calls};
    const blob::layout where{"/store"};
    require(fs.make_directory(where.shelf(blob::layout::shelf_of(leftover))).has_value() &&
                fs.create(where.file_of(leftover)).has_value(),
            "a leftover");
    tale.has(calls.disk().settled());
    tale.acts("writer", writer<How>);
    tale.acts("sweeper", sweeper<How>);
    tale.strikes(strikes);
    tale.always("a content's bytes are where its row says", the_bytes_are_there);
    tale.sometimes("it is put", [](const rows& now) { return !contents_of(now).empty(); });
    tale.sometimes("a leftover is swept", answered(1, "1 swept"));
    return tale;
}

/// Each over the numbers below its own, and so one of them over fewer than the other.
story two_sweeps() {
    story tale{"two sweeps raise the fence"};
    tale.actors(2, "sweeper", 1, [](actor& me) {
        me.doing("sweep");
        const auto own = me.ids().next();
        const bool raised = own && tree::raise_fence(me.store(), *own);
        me.answer(raised ? "raised" : "not raised");
    });
    tale.spells(check::spelled_rows<allocator, tree::sweep_fence>());
    tale.every_change("the fence is never lowered", [](const check::change& c) {
        const auto before = read<tree::sweep_fence>(c.before, {});
        const auto after = read<tree::sweep_fence>(c.after, {});
        return !before->exists() || (after->exists() && (*after)->below >= (*before)->below);
    });
    tale.sometimes("both have raised it", [](const check::moment& m) {
        return m.answer(0) == "raised" && m.answer(1) == "raised";
    });
    return tale;
}

}  // namespace

std::vector<situation> situations() {
    constexpr check::faults late{.crashes = 1, .lost_replies = 1, .zombies = 1};
    return {
        {"two-sweeps", "a sweep lowers the fence that another has raised", 0,
         [](size) { return two_sweeps(); }},
        {"sweep-put", "a file is swept that a commit on its way still names", 0,
         [=](size) { return beside_a_put<ways{}>("a put, and another sweeps", late); }},
        {"sweep-put-unfenced", "the same where the sweep raises no fence", 0,
         [=](size) {
             return beside_a_put<ways{.fences = false}>("a put, and another sweeps unfenced", late);
         },
         true},
        {"sweep-put-unasked", "a writer is taken for gone, and turned away by the fence", 0,
         [](size) { return beside_a_put<ways{.asks = false}>("a put, and another does not ask"); }},
        {"sweep-put-careless", "who sweeps neither asks nor raises a fence", 0,
         [](size) {
             return beside_a_put<ways{.asks = false, .fences = false}>(
                 "a put, and another sweeps carelessly");
         },
         true}};
}

}  // namespace casement::models::sweep_story
