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
using tree::entry;
using tree::facts;
using tree::node_id;

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
    bool recursive = false;
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

/// Copies a directory's names, a commit each. What was copied stays, also of a copy that was
/// stopped; a second one finds it and goes on.
class tree_copy {
public:
    explicit tree_copy(vault& v) : v_{v} {}

    /// Makes `name` in `parent` a directory with all that `from` has, replacing files by files.
    result<void> directory(const entry& from, node_id parent, std::string_view name) {
        auto about = tree::facts_of(v_.rows(), from);
        if (!about) return passed(about);
        auto made = v_.settle_directory(parent, name, *about);
        if (!made) return passed(made);
        ++directories_;
        std::string copied;  // where a collector comes between, it looks again from here on
        return retry(retries_, [&] { return names_after(copied, from, made->first); });
    }

    [[nodiscard]] json counts() const {
        return {{"directories", directories_}, {"files", files_}, {"links", links_}};
    }

private:
    result<void> names_after(std::string& last, const entry& from, node_id parent) {
        const auto since = tree::kept_since::now(v_.rows());
        if (!since) return std::unexpected{since.error()};
        auto names = tree::list(v_.rows(), from, last);
        if (!names) return passed(names);
        for (const auto& listed : *names) {
            std::string name{listed.name()};
            if (auto on = unless_stopped("copy", name); !on) return on;
            auto row = listed.row();
            if (!row) return passed(row);
            if (auto copied = one(*row, parent, name, *since); !copied)
                return within(std::move(copied), "copy", name);
            last = std::move(name);
        }
        return names->status();
    }

    result<void> one(const entry& what, node_id parent, std::string_view name,
                     const tree::kept_since& since) {
        if (tree::directory_in(what) != nullptr) return directory(what, parent, name);
        auto made = v_.settle_copy(parent, name, what, since);
        if (!made) return passed(made);
        const bool link = std::holds_alternative<dentry::symlink>(what.target);
        ++(link ? links_ : tree::is_directory(what) ? directories_ : files_);
        return {};
    }

    vault& v_;
    retry_count retries_;
    std::uint64_t directories_ = 0, files_ = 0, links_ = 0;
};

result<void> copy_directory(const settings& common, const from_to& o, vault& v,
                            const tree::end_of_path& source) {
    auto destination = tree::reach(v.client(), o.to);
    if (!destination) return passed(destination);
    auto into = tree::reach_directory(v.client(), *destination);
    if (!into) return passed(into);
    // Into the directory that is there, under its own name.
    const node_id parent = *into ? **into : destination->parent.node();
    const std::string as{*into ? std::string_view{source.name} : destination->found->key().name};
    auto above = tree::read_ancestry(v.rows(), parent);
    if (!above) return passed(above);
    if (above->contains(*source.node()))
        return fail(errc::loop, "copy", o.from, "the copy would come to lie in itself");
    tree_copy work{v};
    if (auto copied = work.directory(source.what, parent, as); !copied) return copied;
    auto also = name("to", o.to);
    also.update(work.counts());
    done(common, "cp", o.from, std::move(also));
    return {};
}

result<void> copy_any(const settings& common, const from_to& o, vault& v) {
    auto source = v.look(o.from, tree::last_link::keep);
    if (!source) return passed(source);
    if (tree::is_directory(source->what) && !o.recursive)
        return fail(errc::is_a_directory, "copy", o.from, "a directory; -r copies it");
    if (source->node() != nullptr) return copy_directory(common, o, v, *source);
    if (auto copied = v.copy(o.from, o.to); !copied) return copied;
    done(common, "cp", o.from, name("to", o.to));
    return {};
}

result<void> copy(const settings& common, const from_to& o, vault& v) {
    auto copied = copy_any(common, o, v);
    return copied ? copied : within(std::move(copied), "cp", o.from);
}

void add_cp(CLI::App& app, settings& common) {
    auto [command, o] = add_store_command<from_to>(
        app, common, "cp", "Copy names: the bytes are there once, whatever points to them",
        "casement cp -r my.store /music /backup/music", copy);
    command->add_option("FROM", o.from, "A file or a link; a directory with -r")->required();
    command->add_option("TO", o.to, "The new name, or a directory to copy into")->required();
    command->add_flag("-r,--recursive", o.recursive, "Directories with all that is in them");
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
