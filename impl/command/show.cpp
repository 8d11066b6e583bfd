// ls, tree, stat and cat: what is in a store. They change nothing but what opening one cleans up.

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <casement/object/object_id.hpp>
#include <casement/tree/file_node.hpp>
#include <casement/tree/leases.hpp>
#include <casement/tree/list.hpp>

#include "sheet.hpp"

namespace casement::command {

namespace {

using dentry = protocol::dentry;
using tree::entry;
using tree::facts;
using tree::node_id;

// --- one name --------------------------------------------------------------------------------

/// What a name points to, with the facts that people ask for.
struct item {
    entry what;
    facts about;

    [[nodiscard]] const node_id* node() const { return tree::directory_in(what); }
    [[nodiscard]] const protocol::obj_id* object() const { return tree::object_in(what); }
    [[nodiscard]] const dentry::symlink* link() const {
        return std::get_if<dentry::symlink>(&what.target);
    }
    [[nodiscard]] bool is_directory() const { return tree::is_directory(what); }
    [[nodiscard]] bool is_file() const { return link() == nullptr && !is_directory(); }

    [[nodiscard]] std::string_view kind() const {
        return link() != nullptr ? "link" : is_file() ? "file" : "directory";
    }
    [[nodiscard]] std::string mode() const {
        return human_mode(link() != nullptr ? 'l' : is_file() ? '-' : 'd', about.mode);
    }
};

/// The size of a file that is not finalized is that of its staged bytes, by now.
result<item> item_of(const vault& v, entry what) {
    auto about = tree::facts_of(v.rows(), what);
    if (!about) return passed(about);
    if (const auto* file = tree::file_in(what)) {
        const auto size = v.size_of(*file);
        if (!size && size.error().code() != errc::not_found) return std::unexpected{size.error()};
        if (size) about->size = *size;
    }
    return item{std::move(what), *about};
}

result<tree::end_of_path> find(const vault& v, std::string_view operation, const std::string& path,
                               tree::last_link last) {
    auto here = v.look(path, last);
    return here ? here : within(std::move(here), std::string{operation}, path);
}

/// Adds what every answer about a name has.
void describe(json& into, const item& one) {
    into["kind"] = one.kind();
    into["mode"] = fmt::format("{:04o}", one.about.mode);
    into["mtime_ns"] = one.about.mtime.ns;
    if (one.is_file()) into["size"] = one.about.size;
    if (one.link() != nullptr) put_name(into, "target", one.link()->path);
    if (const auto* node = one.node()) into["node"] = node->value;
    if (const auto* file = tree::file_in(one.what)) into["node"] = file->value;
}

/// "name", and where it leads if it is a link.
std::string label(std::string_view name, const item& one) {
    std::string text = printable(name);
    if (one.link() != nullptr) text += " -> " + printable(one.link()->path);
    return text;
}

// --- ls --------------------------------------------------------------------------------------

struct ls_options {
    std::string store, path, after;
    bool details = false;
    std::optional<std::uint64_t> limit;
};

void show(const settings& common, const ls_options& o, std::string_view name, const item& one) {
    if (common.as_json) {
        json document;
        put_name(document, "name", name);
        describe(document, one);
        return print(document);
    }
    if (!o.details) return print_line(printable(name));
    const std::string size = one.is_file() ? std::to_string(one.about.size) : "-";
    print_line(fmt::format("{} {:>13} {} {}", one.mode(), size, human_time(one.about.mtime),
                           label(name, one)));
}

result<void> show_directory(const settings& common, const ls_options& o, const vault& v,
                            const entry& directory) {
    auto names = tree::list(v.rows(), directory, o.after);
    if (!names) return passed(names);
    std::uint64_t left = o.limit.value_or(UINT64_MAX);
    for (const auto& listed : *names) {
        if (left-- == 0) return {};
        if (auto on = unless_stopped("list", o.path); !on) return on;
        if (!o.details && !common.as_json) {  // names alone: no row is decoded
            print_line(printable(listed.name()));
            continue;
        }
        auto row = listed.row();
        if (!row) return passed(row);
        auto one = item_of(v, *std::move(row));
        if (!one) return passed(one);
        show(common, o, listed.name(), *one);
    }
    return names->status();
}

result<void> list(const settings& common, const ls_options& o, const vault& v) {
    auto here = find(v, "list", o.path, tree::last_link::keep);
    if (!here) return passed(here);
    if (tree::is_directory(here->what)) return show_directory(common, o, v, here->what);
    // A link that leads to a directory lists it; any other is shown itself, dangling ones too.
    if (const auto there = v.look(o.path); there && tree::is_directory(there->what))
        return show_directory(common, o, v, there->what);
    auto one = item_of(v, here->what);
    if (!one) return passed(one);
    show(common, o, here->name, *one);
    return {};
}

void add_ls(CLI::App& app, settings& common) {
    auto [command, o] = add_store_command<ls_options>(app, common, "ls",
                                                      "List a directory, its names in byte order",
                                                      "casement ls my.store /include -l", list);
    command->add_option("PATH", o.path, "A directory, a file or a link; the root if none is given");
    command->add_flag("-l,--long", o.details, "Mode, size, time of change, and where links lead");
    command->add_option("--after", o.after, "Begin after this name (the last of the page before)");
    command->add_option("--limit", o.limit, "Show at most this many names")->check(whole_number());
}

// --- tree ------------------------------------------------------------------------------------

struct tree_options {
    std::string store, path;
    std::optional<std::uint64_t> depth;
};

/// Prints as it goes: what it holds grows with the depth, not with the number of names.
class tree_printer {
public:
    tree_printer(const settings& common, const tree_options& o, const vault& v)
        : common_{common}, o_{o}, v_{v} {}

    result<void> run() {
        auto here = find(v_, "tree", o_.path, tree::last_link::follow);
        if (!here) return passed(here);
        if (!tree::is_directory(here->what)) return fail(errc::not_a_directory, "tree", o_.path);
        if (!common_.as_json) print_line(o_.path.empty() ? "/" : printable(o_.path));
        std::string at = o_.path.substr(0, o_.path.find_last_not_of('/') + 1);
        if (!at.empty() && at.front() != '/') at.insert(0, "/");
        if (auto all = below(here->what, at, "", 1); !all) return all;
        print_totals();
        return {};
    }

private:
    result<void> below(const entry& directory, const std::string& at, const std::string& indent,
                       std::uint64_t depth) {
        if (o_.depth && depth > *o_.depth) return {};
        auto names = tree::list(v_.rows(), directory);
        if (!names) return passed(names);
        for (auto next = names->begin(); next != names->end();) {
            if (auto on = unless_stopped("tree", o_.path); !on) return on;
            const auto& listed = *next;
            const std::string name{listed.name()};
            auto row = listed.row();
            if (!row) return passed(row);
            auto one = item_of(v_, *std::move(row));
            if (!one) return passed(one);
            ++next;  // `listed` is gone; whether this name is the last is known only now
            const bool last = next == names->end();
            const std::string path = at + "/" + name;
            show(name, path, *one, indent, last, depth);
            if (one->is_directory())
                if (auto all = below(one->what, path, indent + (last ? "    " : "│   "), depth + 1);
                    !all)
                    return all;
        }
        return names->status();
    }

    void show(const std::string& name, const std::string& path, const item& one,
              const std::string& indent, bool last, std::uint64_t depth) {
        ++(one.link() != nullptr ? links_ : one.is_file() ? files_ : directories_);
        bytes_ += one.is_file() ? one.about.size : 0;
        if (!common_.as_json)
            return print_line(indent + (last ? "└── " : "├── ") + label(name, one));
        json document;
        put_name(document, "path", path);
        document["depth"] = depth;
        describe(document, one);
        print(document);
    }

    void print_totals() const {
        if (common_.as_json)
            return print({{"directories", directories_},
                          {"files", files_},
                          {"links", links_},
                          {"bytes", bytes_}});
        print_line(fmt::format("\n{} {}, {} {}, {} {}, {}", directories_,
                               directories_ == 1 ? "directory" : "directories", files_,
                               files_ == 1 ? "file" : "files", links_,
                               links_ == 1 ? "link" : "links", human_bytes(bytes_)));
    }

    const settings& common_;
    const tree_options& o_;
    const vault& v_;
    std::uint64_t directories_ = 0, files_ = 0, links_ = 0, bytes_ = 0;
};

result<void> draw(const settings& common, const tree_options& o, const vault& v) {
    return tree_printer{common, o, v}.run();
}

void add_tree(CLI::App& app, settings& common) {
    auto [command, o] =
        add_store_command<tree_options>(app, common, "tree", "Draw all that is in a directory",
                                        "casement tree my.store /include --depth 2", draw);
    command->add_option("PATH", o.path, "The directory; the root if none is given");
    command->add_option("--depth", o.depth, "Show at most this many levels, and count only those")
        ->check(whole_number());
}

// --- stat ------------------------------------------------------------------------------------

struct stat_options {
    std::string store, path;
    bool follow = false;
};

std::string_view name_of_placement(blob::placement kind) {
    switch (kind) {
        case blob::placement::inline_row: return "inline";
        case blob::placement::packed: return "packed";
        case blob::placement::dedicated: return "dedicated";
        case blob::placement::external: return "external";
    }
    std::unreachable();
}

result<void> add_directory(sheet& answer, const vault& v, node_id node) {
    auto dir = tree::read_directory(v.rows(), node);
    if (!dir) return passed(dir);
    answer.add("node", node.value);
    answer.add("rev", (*dir->rev()).n.value);
    answer.add("layer", dir->layer().value);
    return {};
}

/// A file that is not finalized: its state, who has it, and where its bytes are.
result<void> add_open_file(sheet& answer, const vault& v, node_id node) {
    auto file = tree::read_file_node(v.rows().snapshot(), node);
    if (!file) return passed(file);
    const tree::open_file_info about{{}, node, file->file()->now, {}};
    answer.add("node", node.value);
    answer.add("state", std::string{about.state_name()});
    answer.add("lease_seq", about.seq().value);
    if (const auto* held = std::get_if<protocol::lease::held>(&file->lease()->now)) {
        answer.add("session", held->session.value);
        answer.add_time("expires", held->expires);
    }
    if (const auto staged = tree::staging_of(about.now); staged && *staged != tree::staging_id{})
        answer.add("stored_in", blob::layout{""}.file_of(*staged).substr(1));
    return {};
}

/// Where the bytes are: a row, a part of a pack, or a file.
result<void> add_bytes(sheet& answer, vault& v, const protocol::obj_id& id) {
    auto file = v.contents().object_of(id);
    if (!file) return passed(file);
    answer.add("object", object::to_text(id));
    answer.add("content", to_hex(file->content));
    auto row = tree::read_content(v.rows(), file->content);
    if (!row) return passed(row);
    if (!row->exists())
        return fail(errc::corrupt, "read content", to_hex(file->content), "its row is missing");
    const auto& where = (*row)->where;
    answer.add("placement", std::string{name_of_placement(where.kind)});
    answer.add("blob", where.id.value);
    const blob::layout below{""};
    if (where.kind == blob::placement::packed) {
        const auto at = blob::to_pack_position(where.position);
        answer.add("position", at.offset);
        answer.add("stored_in", below.file_of(at.pack).substr(1));
    } else if (where.kind == blob::placement::dedicated) {
        answer.add("position", where.position);
        answer.add("stored_in", below.file_of(where.id).substr(1));
    } else if (where.kind == blob::placement::external) {
        answer.add_name("stored_in", where.uri);
    }
    return {};
}

result<void> tell_about(const settings& common, const stat_options& o, vault& v) {
    auto here = find(v, "stat", o.path, o.follow ? tree::last_link::follow : tree::last_link::keep);
    if (!here) return passed(here);
    auto one = item_of(v, here->what);
    if (!one) return passed(one);

    sheet answer;
    answer.add_name("path", o.path);
    answer.add("kind", std::string{one->kind()});
    answer.add("mode", fmt::format("{:04o}", one->about.mode),
               fmt::format("{} ({:04o})", one->mode(), one->about.mode));
    answer.add_time("mtime", one->about.mtime);
    if (one->is_file())
        answer.add("size", one->about.size,
                   fmt::format("{} ({})", one->about.size, human_bytes(one->about.size)));
    if (one->link() != nullptr) answer.add_name("target", one->link()->path);
    if (const auto* node = one->node())
        if (auto added = add_directory(answer, v, *node); !added) return added;
    if (const auto* file = tree::file_in(one->what))
        if (auto added = add_open_file(answer, v, *file); !added) return added;
    if (one->is_directory() && one->object() != nullptr)
        answer.add("object", object::to_text(*one->object()));
    if (one->is_file() && one->object() != nullptr)
        if (auto added = add_bytes(answer, v, *one->object()); !added) return added;
    // Of a name in a directory that may change, who changed it, and when.
    const auto place =
        v.resolve(o.path, o.follow ? tree::last_link::follow : tree::last_link::keep);
    if (place && place->inner.empty() && !place->is_root() && place->exists()) {
        answer.add("generation", (*place->found)->written.value);
        answer.add("parent_node", place->parent.node().value);
        answer.add("parent_rev", (*place->parent.rev()).n.value);
    }
    answer.print(common);
    return {};
}

void add_stat(CLI::App& app, settings& common) {
    auto [command, o] =
        add_store_command<stat_options>(app, common, "stat", "Tell all that is known of one name",
                                        "casement stat my.store /include/stdio.h", tell_about);
    command->add_option("PATH", o.path, "A directory, a file or a link")->required();
    command->add_flag("-L,--follow", o.follow, "Of a link, tell about what it leads to");
}

// --- cat -------------------------------------------------------------------------------------

struct cat_options {
    std::string store, path;
    std::vector<std::string> more;
    std::uint64_t offset = 0;
    std::optional<std::uint64_t> length;
};

/// A piece of a file as it was read; in JSON its bytes are hexadecimal, two digits a byte.
result<void> put_piece(const settings& common, const std::string& path, std::uint64_t offset,
                       std::string_view bytes) {
    if (common.as_json) {
        std::string hex;
        hex.reserve(bytes.size() * 2);
        for (const char c : bytes) {
            constexpr std::string_view digits = "0123456789abcdef";
            hex += digits[static_cast<unsigned char>(c) >> 4];
            hex += digits[static_cast<unsigned char>(c) & 15];
        }
        json document;
        put_name(document, "path", path);
        document["offset"] = offset;
        document["bytes_hex"] = std::move(hex);
        print(document);
        return {};
    }
    if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size()) return {};
    const int why = errno;
    if (auto on = unless_stopped("read file", path); !on) return on;
    return fail_system(why, "write", "standard output");
}

result<void> put_file(const settings& common, const cat_options& o, const std::string& path,
                      vault::reader& file) {
    const std::uint64_t begin = std::min(o.offset, file.size());
    const std::uint64_t end = begin + std::min(o.length.value_or(UINT64_MAX), file.size() - begin);
    std::string piece(std::min<std::uint64_t>(blob::MiB, end - begin), '\0');
    for (std::uint64_t at = begin; at < end;) {
        if (auto on = unless_stopped("read file", path); !on) return on;
        // Up to the next whole MiB, so that no chunk is read and verified twice.
        const auto size = std::min(
            {blob::MiB - at % blob::MiB, end - at, static_cast<std::uint64_t>(piece.size())});
        const auto n = file.read_at(at, {piece.data(), size});
        if (!n) return std::unexpected{error{n.error()}.within("read file", path)};
        if (*n != size) return fail(errc::corrupt, "read file", path, "it ends early");
        if (auto put = put_piece(common, path, at, {piece.data(), size}); !put) return put;
        at += size;
    }
    return {};
}

result<void> concatenate(const settings& common, const cat_options& o, vault& v) {
    // All are found before a byte of the first is written: a wrong name spoils no output.
    std::vector<vault::reader> files;
    std::vector<std::string> paths{o.path};
    paths.insert(paths.end(), o.more.begin(), o.more.end());
    for (const auto& path : paths) {
        auto file = v.read_file(path);
        if (!file) return passed(file);
        files.push_back(*std::move(file));
    }
    for (std::size_t i = 0; i < files.size(); ++i)
        if (auto done = put_file(common, o, paths[i], files[i]); !done) return done;
    return {};
}

void add_cat(CLI::App& app, settings& common) {
    auto [command, o] = add_store_command<cat_options>(
        app, common, "cat", "Write files' bytes, verified, to standard output",
        "casement cat my.store /music/song.flac --offset 4096 --length 512", concatenate);
    command->add_option("PATH", o.path, "A file")->required();
    // CLI11 takes "[a,b]" for a list where there may be many.
    command->add_option("MORE", o.more, "More files, in this order (begin them with a '/')");
    command->add_option("--offset", o.offset, "Begin at this byte of each file")
        ->check(whole_number());
    command->add_option("--length", o.length, "Write at most this many bytes of each file")
        ->check(whole_number());
}

}  // namespace

void add_show_commands(CLI::App& app, settings& common) {
    add_ls(app, common);
    add_tree(app, common);
    add_stat(app, common);
    add_cat(app, common);
}

}  // namespace casement::command
