// A file is opened, written, closed and finalized, and the power is lost in any gap (races 16 and
// 17): whoever comes next finishes it, what a row names is there and whole, and nothing is left
// over. And equal bytes are finalized twice at once, or beside one who takes away what no name has.

#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <casement/tree/collect.hpp>
#include <casement/tree/finalize_file.hpp>
#include <casement/tree/leases.hpp>
#include <casement/tree/open_file.hpp>

#include "disk_story.hpp"
#include "stories.hpp"
#include "tree_story.hpp"

namespace casement::models::file_crash_story {
namespace {

using file = protocol::file;

constexpr std::string_view song = "ab";

/// Time that does not pass, and leases that have run out when they are granted: who was writing
/// when the power was lost is dead.
struct no_time {
    [[nodiscard]] timestamp now() const { return {0}; }
};

[[nodiscard]] std::string_view name_of_change(change_kind k) {
    switch (k) {
        case change_kind::create_file: return "create_file";
        case change_kind::open_writer: return "open_writer";
        case change_kind::close_writer: return "close_writer";
        case change_kind::reclaim: return "reclaim";
        case change_kind::prepare: return "prepare";
        case change_kind::abort: return "abort";
        default: return "finalize";
    }
}

/// A client that names each operation as it commits, in the words of the other stories of files.
class told_client {
public:
    using store_type = stage;
    explicit told_client(actor& me) : me_{me}, by_{by(me)} {}

    [[nodiscard]] stage& rows() const { return by_.rows(); }
    template <class Id>
    [[nodiscard]] result<Id> next() const {
        return by_.template next<Id>();
    }
    template <class Kind, class O>
    [[nodiscard]] result<O> commit(transaction<stage>& t, Kind what, O outcome) const {
        if constexpr (std::same_as<Kind, change_kind>) me_.doing(name_of_change(what));
        return by_.commit(t, what, std::move(outcome));
    }

private:
    actor& me_;
    unrecorded<stage> by_;
};

template <class Ask>
using contents_on = contents<stage, check::simulated_files<Ask>>;

template <class Ask>
result<contents_on<Ask>> open_contents(actor& me, Ask ask) {
    using disk = check::simulated_files<Ask>;
    auto files = blob::files<disk>::open(disk{ask}, "/store", ids_of(me), dedicated_blobs());
    if (!files) return passed(files);
    return contents_on<Ask>{me.store(), *std::move(files)};
}

/// The node at the path; or nothing: it is an object, or no file is there.
[[nodiscard]] std::optional<node_id> file_at(const auto& kv, std::string_view path) {
    const auto at = resolve(kv, path);
    const auto* node = at && at->exists() ? file_in(**at->found) : nullptr;
    return node ? std::optional{*node} : std::nullopt;
}

[[nodiscard]] bool is_object(const auto& kv, std::string_view path) {
    const auto at = resolve(kv, path);
    return at && at->exists() && object_in(**at->found) != nullptr;
}

// --- a loss of power -----------------------------------------------------------------------------

/// Opens, writes and closes /x; nothing to do where somebody has prepared it.
template <class C, class Bytes>
result<node_id> written(C& who, Bytes& bytes, retry_count& retries) {
    if (const auto node = file_at(who.rows(), "/x")) {
        const auto now = read_file_node(who.rows(), *node);
        if (now && std::holds_alternative<file::finalizing>(now->file()->now)) return *node;
    }
    auto w = open_file(who, bytes, "/x", open_how::create_or_truncate, std::chrono::nanoseconds{0},
                       0644, retries, no_time{});
    if (!w) return passed(w);
    if (auto done = w->append(song); !done) return passed(done);
    if (auto done = w->close(); !done) return passed(done);
    return w->grant().node();
}

/// A process from its beginning: sweeps, and then brings /x to its end from wherever it is.
template <class Ask>
result<void> run(actor& me, Ask ask) {
    me.doing("begin");
    auto bytes = open_contents(me, ask);
    if (!bytes) return passed(bytes);
    if (auto swept = sweep_staging(me.store(), bytes->files().staging()); !swept)
        return passed(swept);
    if (!is_object(me.store(), "/x")) {
        told_client who{me};
        retry_count retries;
        const auto node = written(who, *bytes, retries);
        if (!node) return std::unexpected{node.error()};
        if (auto made = finalize_file(who, *bytes, *node, retries, no_time{}); !made)
            return passed(made);
    }
    const auto left = bytes->files().staging().list();
    if (left && !left->files.empty()) me.broken("a staging file is left over");
    return {};
}

/// What the file's row names is on the disk, and whole when somebody may hash it.
complaint staged_bytes_are_there(const check::moment& m) {
    const auto node = file_at(m.store(), "/x");
    if (!node) return "";
    const auto now = read_file_node(m.store(), *node);
    if (!now) return now.error().message();
    const auto id = staging_of(now->file()->now);
    if (!id || *id == staging_id{}) return "";
    auto there = files_on(m.disk()).open(blob::layout{"/store"}.file_of(*id));
    if (!there) return there.error().message();
    std::string found(song.size() + 1, '\0');
    const auto n = there->read_at(0, found);
    if (!n) return n.error().message();
    const bool hashed = std::holds_alternative<file::finalizing>(now->file()->now);
    return hashed && found.substr(0, *n) != song ? "other bytes than were written are hashed" : "";
}

complaint contents_are_whole(const check::moment& m) {
    const std::string first{tree::content::table};
    for (auto r = m.store().scan(first, after_prefix(first)); r.valid(); r.next()) {
        const auto bytes = bytes_on(m.disk(), decode<tree::content>(r.value())->where);
        if (!bytes) return bytes.error().message();
        if (*bytes != song) return "a content has other bytes than were written";
    }
    return "";
}

bool is_finished(const rows& now) { return is_object(now, "/x"); }

/// Forgets the bytes of blobs alone: what is staged is durable.
struct forgets_blobs {
    disk_calls others;
    file_answer operator()(const file_call& c) const {
        const bool blob = c.path.find("/blobs/") != std::string::npos;
        return blob && c.what == file_call::sync ? file_answer{} : others(c);
    }
};

template <class Ask>
story power_is_lost(std::string name, int turns = 2) {
    story tale{std::move(name)};
    tale.begins([](memory_store& kv) { plot{kv}; });
    tale.has(disk_with());
    tale.acts(
        "process",
        [](actor& me) {
            const auto done = run(me, Ask{me.disk().ask()});
            me.answer(done ? "done" : std::string{name_of(done.error().code())});
        },
        turns);
    tale.strikes({.power_losses = 1});
    tale.always("what a file's row names is there", staged_bytes_are_there);
    tale.always("a content's bytes are there, and whole", contents_are_whole);
    tale.recoverable("it is finished in the end", is_finished);
    tale.sometimes("it is finished", is_finished);
    return tale;
}

// --- equal bytes ---------------------------------------------------------------------------------

/// Two files of equal bytes, written and closed.
simulated_disk two_written(story& tale) {
    const check::shared_disk_calls calls{disk_with("/store/staging")};
    auto fs = still_files{calls};
    tale.begins([&](memory_store& kv) {
        plot tree{kv};
        for (const std::string name : {"x", "y"}) {
            const auto at = *resolve(kv, "/" + name);
            require(create_file(tree.by(), any_rev{at.parent}, name, {}).has_value(), "a file");
            const auto was = *read_file_node(kv, *file_at(kv, "/" + name));
            const auto mine = open_writer(tree.by(), was, {});
            auto f = fs.create(blob::layout{"/store"}.file_of(mine->staging()));
            require(f && f->write_at(0, song), "its bytes");
            require(close_writer(tree.by(), *mine).has_value(), "a closed file");
        }
    });
    return calls.disk();
}

void finalizes(actor& me, std::string_view path) {
    me.doing("begin");
    auto bytes = open_contents(me, me.disk().ask());
    const auto node = file_at(me.store(), path);
    if (!bytes || !node) return me.answer("no file");
    told_client who{me};
    retry_count retries;
    const auto made = finalize_file(who, *bytes, *node, retries, no_time{});
    me.answer(made ? "finalized" : std::string{name_of(made.error().code())});
}

/// What no row names, nobody keeps; nobody crashes here, so there is nothing of the kind.
complaint one_copy(const check::moment& m) {
    if (m.answer(0) != "finalized" || m.answer(1) != "finalized") return "";
    auto files =
        blob::files<still_files>::open(files_on(m.disk()), "/store", {}, dedicated_blobs());
    const auto all = files->list_files();
    return all && all->files.size() == 1 ? "" : "there is not one copy";
}

story equal_bytes() {
    story tale{"two files of equal bytes are finalized"};
    tale.has(two_written(tale));
    tale.acts("first", [](actor& me) { finalizes(me, "/x"); });
    tale.acts("second", [](actor& me) { finalizes(me, "/y"); });
    tale.always("equal bytes are there once", one_copy);
    tale.always("a content's bytes are there, and whole", contents_are_whole);
    tale.sometimes("both are finalized", [](const check::moment& m) {
        return m.answer(0) == "finalized" && m.answer(1) == "finalized";
    });
    return tale;
}

/// Takes the content away, if no name leads to it.
void collects(actor& me) {
    me.doing("collect");
    const auto done = tree::collect(by(me), {.now = {}});
    me.answer(!done                 ? "not done"
              : done->erased > 0    ? "collected"
              : done->condemned > 0 ? "too late"
                                    : "in use");
}

complaint objects_have_contents(const rows& now) {
    for (const auto* path : {"/x", "/y"})
        if (is_object(now, path) && !read<tree::content>(now, sha256_of(song))->exists())
            return std::string{path} + " has no content";
    return "";
}

/// Race 12: the content is there, no name has it, and it is named and taken away at once.
story collected() {
    story tale{"a file is finalized, and its content is taken away"};
    auto disk = two_written(tale);
    const check::shared_disk_calls calls{disk};
    // As a first finalization of it has left the content, and its name is gone since.
    blob::descriptor where;
    auto files = blob::files<still_files>::open(still_files{calls}, "/store",
                                                {[] { return result<blob::blob_id>{{7}}; }, {}},
                                                dedicated_blobs());
    auto put = files->stage();
    require(put && put->write(song), "its bytes");
    auto sealed = std::move(*std::move(*put).measure()).seal();
    require(sealed.has_value(), "a content");
    where = sealed->what();
    std::move(*sealed).published();
    tale.begins([&](memory_store& kv) {
        const object::file_object what{where.content, where.size};
        (void)transaction{kv}
            .put<tree::content>(what.content, {where})
            .put<object_row>(object::id_of(what), {object::to_bytes(what)})
            .commit();
    });
    tale.has(calls.disk());
    tale.acts("finalizer", [](actor& me) { finalizes(me, "/x"); });
    tale.acts("collector", collects);
    tale.always("an object has its content", objects_have_contents);
    tale.sometimes("it is finalized after the content is taken away", [](const check::moment& m) {
        return m.answer(0) == "finalized" && m.answer(1) == "collected";
    });
    tale.sometimes("the collector is too late", [](const check::moment& m) {
        return m.answer(0) == "finalized" && m.answer(1) == "too late";
    });
    return tale;
}

}  // namespace

std::vector<situation> situations() {
    return {
        {"file-crash", "a loss of power leaves a file whose bytes are not what its row says", 16,
         [](size) {
             return power_is_lost<disk_calls>("a file is written, and the power is lost");
         }},
        {"file-crash-unsynced", "the same, on a disk that forgets bytes", 16,
         [](size) {
             return power_is_lost<forgets<file_call::sync>>(
                 "a file is written on a disk that forgets bytes");
         },
         true},
        {"file-crash-unnamed", "the same, on a disk that forgets names", 16,
         [](size) {
             return power_is_lost<forgets<file_call::sync_directory>>(
                 "a file is written on a disk that forgets names");
         },
         true},
        {"file-crash-unsynced-object", "the same, on a disk that forgets the bytes of objects", 16,
         [](size) {
             return power_is_lost<forgets_blobs>(
                 "a file is finalized on a disk that forgets objects");
         },
         true},
        {"file-crash-alone", "a loss of power leaves a file half-way, and nobody comes after", 17,
         [](size) {
             return power_is_lost<disk_calls>("the power is lost, and nobody comes after", 1);
         },
         true},
        {"equal-files", "two finalizers of equal bytes leave a copy that no row names", 12,
         [](size) { return equal_bytes(); }},
        {"file-collected", "a name is given to a content that is taken away at that moment", 12,
         [](size) { return collected(); }}};
}

}  // namespace casement::models::file_crash_story
