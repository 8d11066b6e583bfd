#pragma once
// What every command of the `casement` program shares: its options, how it answers people and
// programs, and its exit codes. One thread, but for `stop_requested`.

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <casement/core/error.hpp>
#include <casement/vault.hpp>

namespace casement::command {

using json = nlohmann::ordered_json;

/// What a script can rely on.
inline constexpr int exit_ok = 0;      // done; the answer is yes
inline constexpr int exit_no = 1;      // the answer is no: not found, exists, differs, unfit
inline constexpr int exit_usage = 2;   // the command line makes no sense
inline constexpr int exit_failed = 3;  // the store or the system failed

/// The options that every command takes, and what the chosen one does.
struct settings {
    bool as_json = false;
    engine::durability durable = engine::durability::power;
    std::function<int()> run;  // set by the command that was named
};

/// `name` with its one-line description, an example in its --help, and the common options.
CLI::App* add_command(CLI::App& app, settings& common, const std::string& name,
                      const std::string& description, const std::string& example);

/// The store's path, which every command but `doctor` and `explore` takes first.
void add_store(CLI::App* command, std::string& store);

/// For options that count: 0 or more. CLI11 by itself takes -1, and all that is too great, for the
/// greatest number there is.
[[nodiscard]] CLI::Validator whole_number();

/// The exit code of an error: what a caller can change is a no, all else a failure.
[[nodiscard]] int exit_code_of(const error& e);

/// Tells of a failure, on standard error or as JSON on standard output; gives the exit code.
[[nodiscard]] int failed(const settings& common, const error& e);

/// Text as it is. What does not arrive is seen when the program ends, of standard output, and
/// nowhere, of standard error: there is nobody left to tell.
void write_to(std::FILE* stream, std::string_view text);
/// "casement: ..." on standard error, also beside JSON.
void say(std::string_view text);
/// "casement: warning: ..." on standard error, also beside JSON.
void warn(const std::string& text);

/// One JSON document a line on standard output.
void print(const json& document);
/// A line of text on standard output.
void print_line(std::string_view line);

/// A name or a path for people and for JSON: printable; two different names never look alike.
/// Adds `key`, and `key_hex` with the bytes where the text is not exactly them.
void put_name(json& into, const std::string& key, std::string_view bytes);

/// An error for JSON: code, message, and the chain of causes.
[[nodiscard]] json to_json(const error& e);

/// "1.4 MiB"; exact below 1 KiB.
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);
/// "2026-11-21 14:02:03.123456789" in local time; "@seconds" where the calendar ends.
[[nodiscard]] std::string human_time(timestamp t);
/// "drwxr-xr-x": `kind` is one of d, -, l.
[[nodiscard]] std::string human_mode(char kind, std::uint32_t mode);

/// True once Ctrl-C or SIGTERM has come: finish what is begun, and stop. They are listened to from
/// the first question on: a command that never asks is ended by them, as any program, and the store
/// survives that. A signal that is ignored already stays so. Any thread.
[[nodiscard]] bool stop_requested();

// The commands, each in the file of its name or of its kind.
void add_init(CLI::App& app, settings& common);
void add_import(CLI::App& app, settings& common);
void add_export(CLI::App& app, settings& common);
void add_mirror(CLI::App& app, settings& common);
void add_verify(CLI::App& app, settings& common);
void add_show_commands(CLI::App& app, settings& common);      // ls, tree, stat, cat
void add_change_commands(CLI::App& app, settings& common);    // mkdir, mv, rm, ln, cp
void add_write_commands(CLI::App& app, settings& common);     // write, finalize, leases
void add_snapshot_commands(CLI::App& app, settings& common);  // snapshot(s), restore, forget ...
void add_fsck(CLI::App& app, settings& common);
void add_gc(CLI::App& app, settings& common);
void add_compact(CLI::App& app, settings& common);
void add_promote(CLI::App& app, settings& common);
void add_rebuild(CLI::App& app, settings& common);
void add_stats(CLI::App& app, settings& common);
void add_doctor(CLI::App& app, settings& common);
void add_explore(CLI::App& app, settings& common);

}  // namespace casement::command
