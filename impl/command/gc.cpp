// casement gc: what nothing leads to goes.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "sheet.hpp"

namespace casement::command {

namespace {

struct gc_options {
    std::string store;
    std::optional<std::uint64_t> grace_s;
    bool dry_run = false;
};

result<void> collect(const settings& common, const gc_options& o, vault& v) {
    collect_options how;
    if (o.grace_s)
        how.grace = std::chrono::seconds{*o.grace_s};
    else if (!v.may_be_shared())
        how.grace = {};
    how.dry_run = o.dry_run;
    how.stop = stop_requested;
    auto done = v.collect(how);
    if (!done) return passed(done);
    sheet answer;
    answer.add("contents", done->contents);
    answer.add("blocks", done->blocks);
    answer.add("bytes", done->bytes, human_bytes(done->bytes));
    answer.add("unnamed", done->unnamed);
    answer.add("unnamed_bytes", done->unnamed_bytes, human_bytes(done->unnamed_bytes));
    if (!o.dry_run) {
        answer.add("condemned", done->condemned);
        answer.add("revived", done->revived);
        answer.add("erased", done->erased);
        answer.add("erased_bytes", done->erased_bytes, human_bytes(done->erased_bytes));
        answer.add("waiting", done->waiting);
        answer.add("entries_swept", done->entries_swept);
        answer.add("files_removed", done->files_removed);
        answer.add("outcomes_gone", done->operations_forgotten);
    }
    answer.print(common);
    return {};
}

}  // namespace

void add_gc(CLI::App& app, settings& common) {
    auto [command, o] = add_store_command<gc_options>(
        app, common, "gc", "Take away what no name and no snapshot leads to",
        "casement gc my.store --dry-run", collect);
    command->add_flag("--dry-run", o.dry_run, "Only say what would go");
    command
        ->add_option("--grace", o.grace_s,
                     "Seconds that what is condemned waits for who reads it still; else 0, or "
                     "600 where others can have the store open, too")
        ->check(whole_number());
}

}  // namespace casement::command
