// mkdir, mv, rm, ln and cp: changes of names. No command here reads or writes a byte of a file.

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <casement/core/clock.hpp>
#include <casement/tree/ensure_path.hpp>
#include <casement/tree/list.hpp>

#include "sheet.hpp"

namespace casement::command {

namespace {

using dentry = protocol::dentry;
using tree::facts;

/// What was done, for programs; people are told of failures only.
void done(const settings& common, std::string_view what, std::string_view path, json also = {}) {
    if (!common.as_json) return;
    json document{{"done", what}};
    put_name(document, "path", path);
    if (!also.is_null()) document.update(also);
    print(document);
}

json name(const std::string& key, std::string_view bytes) {
    json one;
    put_name(one, key, bytes);
    return one;
}

// --- mkdir -----------------------------------------------------------------------------------

struct mkdir_options {
    std::string store, path, mode = "0755";
    bool parents = false;
};

std::optional<std::uint32_t> mode_in(std::string_view text) {
    std::uint32_t mode = 0;
    const auto [end, why] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
    if (why != std::errc{} || end != text.data() + text.size() || mode > 07777) return std::nullopt;
    return mode;
}

result<void> make(const settings& common, const mkdir_options& o, vault& v) {
    const facts about{mode_in(o.mode).value_or(0755), system_clock{}.now(), 0};
    auto made = o.parents ? v.make_path(o.path, about) : v.make_directory(o.path, about);
    if (!made) return within(std::move(made), "mkdir", o.path);
    done(common, "mkdir", o.path, {{"node", made->value}});
    return {};
}

void add_mkdir(CLI::App& app, settings& common) {
    auto [command, o] =
        add_store_command<mkdir_options>(app, common, "mkdir", "Make a directory",
                                         "casement mkdir -p my.store /music/albums/1973", make);
    command->add_option("PATH", o.path, "The directory")->required();
    command->add_flag("-p,--parents", o.parents,
                      "Make what is missing above too; a directory that is there is well");
    command->add_option("--mode", o.mode, "Permissions of what is made, octal")
        ->check([](const std::string& text) -> std::string {
            return mode_in(text) ? "" : "'" + printable(text) + "' is no octal mode up to 7777";
        })
        ->capture_default_str();
}

// --- mv --------------------------------------------------------------------------------------

struct from_to {
    std::string store, from, to;
};

result<void> move(const settings& common, const from_to& o, vault& v) {
    if (auto moved = v.move(o.from, o.to); !moved) return within(std::move(moved), "mv", o.from);
    done(common, "mv", o.from, name("to", o.to));
    return {};
}

void add_mv(CLI::App& app, settings& common) {
    auto [command, o] =
        add_store_command<from_to>(app, common, "mv", "Rename, or move into a directory",
                                   "casement mv my.store /music/1937 /music/1973", move);
    command->add_option("FROM", o.from, "A file, a link or a directory, with all in it")
        ->required();
    command->add_option("TO", o.to, "The new name, or a directory to move into")->required();
}

// --- rm --------------------------------------------------------------------------------------

struct rm_options {
    std::string store, path;
    bool recursive = false;
};

result<void> remove(const settings& common, const rm_options& o, vault& v) {
    auto gone = o.recursive ? v.remove_all(o.path) : v.remove(o.path);
    if (!gone) return within(std::move(gone), "rm", o.path);
    done(common, "rm", o.path);
    return {};
}

void add_rm(CLI::App& app, settings& common) {
    auto [command, o] = add_store_command<rm_options>(
        app, common, "rm", "Remove a file, a link or an empty directory",
        "casement rm -r my.store /music/demos", remove);
    command->add_option("PATH", o.path, "What to remove; links are not followed")->required();
    command->add_flag("-r,--recursive", o.recursive, "A directory with all that is in it");
}

// --- ln --------------------------------------------------------------------------------------

struct ln_options {
    std::string store, target, path;
    bool symbolic = false;
};

result<void> make_link(const settings& common, const ln_options& o, vault& v) {
    retry_count retries;
    auto made = retry(retries, [&]() -> result<void> {
        auto here = v.resolve(o.path, tree::last_link::keep);
        if (!here) return passed(here);
        const auto taken = [&] { return fail(errc::exists, "make link", o.path); };
        if (here->exists()) return taken();
        auto outcome = tree::create(v.client(), tree::any_rev{here->parent},
                                    here->found->key().name, dentry::create_symlink{o.target},
                                    {0777, system_clock{}.now(), o.target.size()});
        if (!outcome) return passed(outcome);
        if (std::holds_alternative<tree::already_exists>(*outcome)) return taken();
        return {};
    });
    if (!made) return within(std::move(made), "ln", o.path);
    done(common, "ln", o.path, name("target", o.target));
    return {};
}

void add_ln(CLI::App& app, settings& common) {
    auto [command, o] = add_store_command<ln_options>(
        app, common, "ln", "Make a symbolic link",
        "casement ln -s my.store ../1973/song.flac /best/song.flac", make_link);
    command->add_option("TARGET", o.target, "Where it leads, there or not")->required();
    command->add_option("PATH", o.path, "The link")->required();
    command->add_flag("-s,--symbolic", o.symbolic, "Say so: a store has links of this kind only")
        ->required();
}

// --- cp --------------------------------------------------------------------------------------

struct cp_options : from_to {
    bool recursive = false, onto = false;
    double rate = 0;
};

result<void> copy_any(const settings& common, const cp_options& o, vault& v) {
    auto source = v.look(o.from, tree::last_link::keep);
    if (!source) return passed(source);
    if (tree::is_directory(source->what) && !o.recursive)
        return fail(errc::is_a_directory, "copy", o.from, "a directory; -r copies it");
    auto copied = v.copy_all(o.from, o.to, {o.rate, o.onto, stop_requested});
    if (!copied) return passed(copied);
    auto also = name("to", o.to);
    if (source->node() != nullptr)
        also.update({{"directories", copied->directories},
                     {"files", copied->files},
                     {"links", copied->links},
                     {"unchanged", copied->unchanged}});
    done(common, "cp", o.from, std::move(also));
    return {};
}

result<void> copy(const settings& common, const cp_options& o, vault& v) {
    auto copied = copy_any(common, o, v);
    return copied ? copied : within(std::move(copied), "cp", o.from);
}

void add_cp(CLI::App& app, settings& common) {
    auto [command, o] = add_store_command<cp_options>(
        app, common, "cp", "Copy names: the bytes are there once, whatever points to them",
        "casement cp -r my.store /music /backup/music", copy);
    command->add_option("FROM", o.from, "A file or a link; a directory with -r")->required();
    command->add_option("TO", o.to, "The new name, or a directory to copy into")->required();
    auto* recursive =
        command->add_flag("-r,--recursive", o.recursive, "Directories with all that is in them");
    command
        ->add_flag("-T,--onto", o.onto,
                   "TO is the copy itself, also if it is there: goes on where a copy was stopped")
        ->needs(recursive);
    command->add_option("--rate", o.rate, "So many names a second at most")
        ->check(CLI::NonNegativeNumber);
}

}  // namespace

void add_change_commands(CLI::App& app, settings& common) {
    add_mkdir(app, common);
    add_mv(app, common);
    add_rm(app, common);
    add_ln(app, common);
    add_cp(app, common);
}

}  // namespace casement::command
