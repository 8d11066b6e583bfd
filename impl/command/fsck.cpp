// casement fsck: the rows of the tree against each other, and what mends them.

#include <string>

#include <casement/tree/fsck.hpp>

#include "sheet.hpp"

namespace casement::command {

namespace {

struct fsck_options {
    std::string store;
    bool repair = false, dry_run = false;
};

void print_fault(const settings& common, const tree::fault& f, bool mended) {
    if (common.as_json) {
        json line{{"fault", f.what}, {"where", f.where}, {"mended", mended}};
        if (!f.remedy.empty()) line["remedy"] = f.remedy;
        return print(line);
    }
    const auto remedy = f.remedy.empty() ? "nothing mends it" : f.remedy;
    print_line(fmt::format("{}: {} ({}{})", f.where, f.what, mended ? "mended: " : "", remedy));
}

int check(const settings& common, const fsck_options& o) {
    auto v = vault::open(o.store, opened_for(common.durable));
    if (!v) return failed(common, v.error());
    auto told = tree::fsck(v->client(), o.repair && !o.dry_run);
    auto closed = v->close();
    if (!told) return failed(common, told.error());
    if (!closed) return failed(common, closed.error());
    for (const auto& f : told->found) print_fault(common, f, told->mended > 0 && !f.remedy.empty());
    // What came to light by mending the rest, and could not be mended.
    for (const auto& f : told->left)
        if (!f.remedy.empty()) print_fault(common, f, false);
    if (common.as_json)
        print(
            {{"faults", told->found.size()}, {"mends", told->mended}, {"left", told->left.size()}});
    else
        print_line(fmt::format("{} faults; {} mends; {} left", told->found.size(), told->mended,
                               told->left.size()));
    return told->left.empty() ? exit_ok : exit_no;
}

}  // namespace

void add_fsck(CLI::App& app, settings& common) {
    auto o = std::make_shared<fsck_options>();
    auto* command = add_command(app, common, "fsck", "Hold the rows of the tree against each other",
                                "casement fsck my.store --repair");
    add_store(command, o->store);
    command->add_flag("--repair", o->repair, "Mend what can be mended; nothing named is lost");
    command->add_flag("--dry-run", o->dry_run, "Only say what is found, and what would mend it");
    command->callback([o, &common] { common.run = [o, &common] { return check(common, *o); }; });
}

}  // namespace casement::command
