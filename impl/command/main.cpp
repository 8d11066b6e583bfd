// The casement command: takes real directories into a store and out again.

#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "command.hpp"

namespace casement::command {

namespace {

int run(int count, char** words) {
    CLI::App app{"casement: a store of directory trees, content-addressed and crash-safe"};
    app.set_version_flag("--version", CASEMENT_VERSION);
    app.require_subcommand(1);
    app.footer(
        "Exit codes: 0 ok, 1 the answer is no, 2 bad usage, 3 the store or the system failed.\n"
        "Example:\n  casement init my.store && casement import my.store /usr/include /include");
    settings common;
    add_init(app, common);
    add_import(app, common);
    add_export(app, common);
    add_mirror(app, common);
    add_show_commands(app, common);
    add_change_commands(app, common);
    add_write_commands(app, common);
    add_snapshot_commands(app, common);
    add_fsck(app, common);
    add_gc(app, common);
    add_compact(app, common);
    add_promote(app, common);
    add_rebuild(app, common);
    add_verify(app, common);
    add_stats(app, common);
    add_doctor(app, common);
    add_explore(app, common);
    try {
        app.parse(count, words);
    } catch (const CLI::ParseError& e) {
        const int code = app.exit(e);
        return code == 0 ? exit_ok : exit_usage;
    }
    listen_for_stop();
    const int code = common.run();
    // Output that did not arrive is a failure: `casement ls ... > /dev/full` must not say ok.
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
        std::perror("casement: standard output");
        return exit_failed;
    }
    return code;
}

}  // namespace

}  // namespace casement::command

int main(int count, char** words) {
    try {
        return casement::command::run(count, words);
    } catch (const std::exception& e) {  // out of memory, or a bug: nothing of ours throws
        fmt::print(stderr, "casement: {}\n", e.what());
        return casement::command::exit_failed;
    }
}
