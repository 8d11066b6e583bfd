// casement promote: what the store has links to is copied into it.

#include <cstdint>
#include <string>

#include "sheet.hpp"

namespace casement::command {

namespace {

struct promote_options {
    std::string store;
    std::uint64_t rate = 0;
    bool dry_run = false;
};

result<void> promote(const settings& common, const promote_options& o, vault& v) {
    auto done = v.promote({static_cast<double>(o.rate), o.dry_run, stop_requested});
    if (!done) return passed(done);
    sheet answer;
    answer.add("links", done->links);
    answer.add("link_bytes", done->link_bytes, human_bytes(done->link_bytes));
    answer.add("taken", done->taken);
    answer.add("taken_bytes", done->taken_bytes, human_bytes(done->taken_bytes));
    answer.add("refused", done->refused.size());
    answer.print(common);
    for (const auto& e : done->refused) warn(e.message());
    if (done->refused.empty()) return {};
    return fail(
        errc::corrupt, "promote", o.store,
        fmt::format("{} links lead to nothing, or to something else", done->refused.size()));
}

}  // namespace

void add_promote(CLI::App& app, settings& common) {
    auto [command, o] = add_store_command<promote_options>(
        app, common, "promote", "Copy into the store what it has links to",
        "casement import --link my.store ~/songs /songs && casement promote my.store", promote);
    command->add_flag("--dry-run", o.dry_run, "Only count the links");
    command->add_option("--rate", o.rate, "Bytes that are copied a second, at most; 0: no limit")
        ->check(whole_number());
}

}  // namespace casement::command
