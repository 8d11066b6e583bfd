// casement compact: the dead bytes of packs go back to the disk.

#include <cstdint>
#include <optional>
#include <string>

#include "sheet.hpp"

namespace casement::command {

namespace {

struct compact_options {
    std::string store;
    double dead_percent_max = 5;
    std::uint64_t rate = 0;
    std::optional<std::uint64_t> moves_max;
    bool no_holes = false, dry_run = false;
};

result<void> compact(const settings& common, const compact_options& o, vault& v) {
    tree::compacting how;
    how.dead_share_max = o.dead_percent_max / 100;
    how.punches = !o.no_holes;
    how.bytes_a_second = static_cast<double>(o.rate);
    how.moves_max = o.moves_max;
    how.dry_run = o.dry_run;
    how.stop = stop_requested;
    auto done = v.compact(how);
    if (!done) return passed(done);
    sheet answer;
    answer.add("packs", done->packs);
    answer.add("pack_bytes", done->pack_bytes, human_bytes(done->pack_bytes));
    answer.add("disk_bytes", done->disk_bytes, human_bytes(done->disk_bytes));
    answer.add("live_bytes", done->live_bytes, human_bytes(done->live_bytes));
    answer.add("dead_bytes", done->dead_bytes, human_bytes(done->dead_bytes));
    answer.add("punched", done->punched);
    answer.add("punched_bytes", done->punched_bytes, human_bytes(done->punched_bytes));
    answer.add("rewritten", done->rewritten);
    answer.add("moved", done->moved);
    answer.add("moved_bytes", done->moved_bytes, human_bytes(done->moved_bytes));
    answer.add("removed", done->removed);
    answer.add("removed_bytes", done->removed_bytes, human_bytes(done->removed_bytes));
    answer.add("damaged", done->damaged.size());
    answer.print(common);
    for (const auto& e : done->damaged) warn(e.message());
    if (done->damaged.empty()) return {};
    return fail(errc::corrupt, "compact", o.store,
                fmt::format("{} frames are damaged; their packs stay", done->damaged.size()));
}

}  // namespace

void add_compact(CLI::App& app, settings& common) {
    auto [command, o] = add_store_command<compact_options>(
        app, common, "compact", "Give the dead bytes of packs back to the disk",
        "casement gc my.store && casement compact my.store", compact);
    command->add_flag("--dry-run", o.dry_run, "Only say what would be done");
    command->add_flag("--no-holes", o.no_holes, "Move what is live, also where holes can be made");
    command
        ->add_option("--dead", o.dead_percent_max,
                     "Move nothing while at most so many percent are dead")
        ->check(CLI::Range(0.0, 100.0));
    command->add_option("--rate", o.rate, "Bytes that are moved a second, at most; 0: no limit")
        ->check(whole_number());
    command->add_option("--moves", o.moves_max, "Bytes that are moved, at most")
        ->check(whole_number());
}

}  // namespace casement::command
