// casement rebuild: a store into other thresholds, the current format, or another directory.

#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include <casement/rebuild.hpp>

#include "progress.hpp"
#include "sheet.hpp"

namespace casement::command {

namespace {

constexpr std::string_view embedded = "leveldb";

struct rebuild_words {
    std::string store;
    std::optional<std::uint64_t> inline_max, dedicated_min, pack_max;
    std::optional<std::string> to, rows_at;
    std::uint64_t rate = 0;
    bool no_links = false, dry_run = false;
    bool release = false, back = false, abandon = false, anyway = false;
};

result<void> build(const settings& common, const rebuild_words& o) {
    rebuild_options how;
    how.inline_max = o.inline_max;
    how.dedicated_min = o.dedicated_min;
    how.pack_max = o.pack_max;
    how.to = o.to;
    how.engines = engines();
    how.rows_at = o.rows_at;
    if (how.rows_at == embedded) how.rows_at = "";
    how.bytes_a_second = static_cast<double>(o.rate);
    how.links = !o.no_links;
    how.dry_run = o.dry_run;
    how.stop = stop_requested;
    tally n;
    how.tell = [&](std::uint64_t bytes) { n.bytes += bytes; };
    auto done = [&] {
        const progress bar{"rebuild", n, !common.as_json};
        return rebuild(o.store, how);
    }();
    if (!done) return passed(done);
    sheet answer;
    answer.add("rows", done->rows);
    answer.add("contents", done->contents);
    answer.add("bytes", done->bytes, human_bytes(done->bytes));
    answer.add("moved", done->moved);
    answer.add("moved_bytes", done->moved_bytes, human_bytes(done->moved_bytes));
    answer.add("linked", done->linked);
    answer.add("linked_bytes", done->linked_bytes, human_bytes(done->linked_bytes));
    answer.add("staged", done->staged);
    answer.add("resumed", done->resumed);
    answer.add("verified_bytes", done->verified_bytes, human_bytes(done->verified_bytes));
    answer.print(common);
    return {};
}

result<void> run(const settings& common, const rebuild_words& o) {
    sheet answer;
    const auto with_engines = opened_for(common.durable);
    if (o.release) {
        auto released = release_backups(o.store, with_engines);
        if (!released) return passed(released);
        answer.add("released", *released);
    } else if (o.back) {
        if (auto back = return_to_backup(o.store, o.anyway, with_engines); !back) return back;
        answer.add("back", true);
    } else if (o.abandon) {
        if (auto gone = abandon_rebuild(o.store, with_engines); !gone) return gone;
        answer.add("abandoned", true);
    } else {
        return build(common, o);
    }
    answer.print(common);
    return {};
}

}  // namespace

void add_rebuild(CLI::App& app, settings& common) {
    const auto o = std::make_shared<rebuild_words>();
    auto* command = add_command(app, common, "rebuild", "Build a store anew, and keep the old one",
                                "casement rebuild my.store --inline-max 4096\n"
                                "  casement rebuild my.store --engine etcd://host:2379/my-store\n"
                                "  casement rebuild my.store --release");
    add_store(command, o->store);
    const auto number = [&](const char* name, std::optional<std::uint64_t>& into,
                            const char* what) {
        return command->add_option(name, into, what)->check(whole_number());
    };
    number("--inline-max", o->inline_max, "Bytes of the largest blob in a row");
    number("--dedicated-min", o->dedicated_min, "Bytes of the smallest blob with its own file");
    number("--pack-max", o->pack_max, "Bytes of the longest pack");
    command->add_option("--to", o->to, "Make the new store in this directory instead");
    command->add_option("--engine", o->rows_at,
                        "Where its rows are: leveldb, or etcd://HOST:PORT,.../PREFIX; else as now");
    command->add_option("--rate", o->rate, "Bytes that are copied a second, at most; 0: no limit")
        ->check(whole_number());
    command->add_flag("--no-links", o->no_links, "Copy Dedicated files, too");
    auto* dry = command->add_flag("--dry-run", o->dry_run, "Only say what would be done");
    const auto instead = [&](const char* name, bool& into, const char* what) {
        return command->add_flag(name, into, what)->group("Instead of building, one of");
    };
    // Not an option group: an empty word and an unknown option after it, and CLI11 never returns.
    auto* release = instead("--release", o->release, "Remove the backup");
    auto* back = instead("--back", o->back, "The backup is the store again");
    auto* abandon =
        instead("--abandon", o->abandon, "Remove what a rebuild that was stopped has left");
    release->excludes(back, abandon, dry);
    back->excludes(abandon, dry);
    abandon->excludes(dry);
    command->add_flag("--anyway", o->anyway, "With --back: lose what was changed since");
    command->callback([&common, o] {
        common.run = [&common, o] {
            const auto done = run(common, *o);
            return done ? exit_ok : failed(common, done.error());
        };
    });
}

}  // namespace casement::command
