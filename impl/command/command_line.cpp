#include "command_line.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

#include "command.hpp"

namespace casement::command {

struct command_line::known {
    CLI::App app{"A store of directory trees, content-addressed and crash-safe", "casement"};
    settings common;

    known() {
        app.set_version_flag("--version", CASEMENT_VERSION);
        app.require_subcommand(0, 1);  // so that a word which is no command is told by name
        app.footer(
            "Exit codes: 0 ok, 1 the answer is no, 2 bad usage, 3 the store or the system failed.\n"
            "Example:\n  casement init my.store && casement import my.store /usr/include /include");
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
#ifdef CASEMENT_HAS_STORIES
        add_explore(app, common);
#endif
    }
};

namespace {

/// CLI11 quotes what it does not understand as it is: a word could clear the screen.
std::string harmless(const std::string& text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool steers = (byte < 0x20 && c != '\n') || byte == 0x7f;
        out += steers ? printable({&c, 1}) : std::string(1, c);
    }
    return out;
}

}  // namespace

command_line::command_line(std::vector<std::string> words) : known_{std::make_unique<known>()} {
    std::ranges::reverse(words);  // as CLI11 takes them
    try {
        known_->app.parse(std::move(words));
        if (!known_->common.run) throw CLI::RequiredError("A command");
    } catch (const CLI::ParseError& e) {
        std::ostringstream out, err;
        code_ = known_->app.exit(e, out, err) == 0 ? exit_ok : exit_usage;
        out_ = harmless(out.str());
        err_ = harmless(err.str());
        known_->common.run = nullptr;
    }
}

command_line::command_line(command_line&&) noexcept = default;
command_line& command_line::operator=(command_line&&) noexcept = default;
command_line::~command_line() = default;

const std::function<int()>& command_line::run() const { return known_->common.run; }

}  // namespace casement::command
