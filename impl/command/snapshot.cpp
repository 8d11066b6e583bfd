// snapshot, snapshots, restore, mount, unmount and forget: directories kept as they were.

#include <cstdint>
#include <string>
#include <string_view>

#include <casement/object/object_id.hpp>
#include <casement/tree/pins.hpp>
#include <casement/tree/snapshot.hpp>

#include "sheet.hpp"

namespace casement::command {

namespace {

struct snapshot_options {
    std::string store, name, path, aside;
};

result<void> take(const settings& common, const snapshot_options& o, vault& v) {
    auto taken = v.take_snapshot(o.path, o.name);
    if (!taken) return within(std::move(taken), "snapshot", o.path);
    for (const auto& path : taken->left_out())
        warn("left out '" + printable(path) + "': it is not finalized");
    sheet answer;
    answer.add_name("snapshot", o.name);
    answer.add_name("path", o.path);
    answer.add("object", object::to_text(taken->object()));
    answer.add("directories", taken->directories());
    answer.add("files", taken->files());
    answer.add("links", taken->links());
    answer.add("bytes", taken->about().size, human_bytes(taken->about().size));
    answer.add("bytes_added", taken->bytes_written(), human_bytes(taken->bytes_written()));
    answer.add("left_out", taken->left_out().size());
    answer.print(common);
    return {};
}

void add_snapshot(CLI::App& app, settings& common) {
    auto [command, o] = add_store_command<snapshot_options>(
        app, common, "snapshot", "Keep a directory, and all below it, as it is now",
        "casement snapshot my.store /music monday", take);
    command->add_option("PATH", o.path, "The directory")->required();
    command->add_option("NAME", o.name, "What the snapshot is called")->required();
}

struct snapshots_options {
    std::string store;
};

result<void> list_snapshots(const settings& common, const snapshots_options&, const vault& v) {
    auto pins = tree::read_pins(v.rows());
    if (!pins) return passed(pins);
    for (const auto& p : *pins) {
        if (common.as_json) {
            json one;
            put_name(one, "snapshot", p.name);
            put_name(one, "path", p.what.path);
            one["taken_ns"] = p.what.taken.ns;
            one["object"] = object::to_text(p.what.root);
            one["directories"] = p.what.directories;
            one["files"] = p.what.files;
            one["links"] = p.what.links;
            one["bytes"] = p.what.about.size;
            one["bytes_pinned"] = p.bytes;
            one["bytes_pinned_alone"] = p.bytes_alone;
            print(one);
            continue;
        }
        print_line(fmt::format("{}  {}  {}: {} files, pins {}, {} alone", human_time(p.what.taken),
                               printable(p.name), printable(p.what.path), p.what.files,
                               human_bytes(p.bytes), human_bytes(p.bytes_alone)));
    }
    return {};
}

void add_snapshots(CLI::App& app, settings& common) {
    add_store_command<snapshots_options>(app, common, "snapshots",
                                         "List the snapshots, and what bytes each pins",
                                         "casement snapshots my.store", list_snapshots);
}

/// A command that does one thing, and says so to programs only.
template <class Act>
std::pair<CLI::App*, snapshot_options&> add_act(CLI::App& app, settings& common,
                                                const std::string& what,
                                                const std::string& description,
                                                const std::string& example, Act act) {
    return add_store_command<snapshot_options>(
        app, common, what, description, example,
        [what, act](const settings& s, const snapshot_options& o, vault& v) -> result<void> {
            auto acted = act(o, v);
            if (!acted) return within(std::move(acted), what, o.path.empty() ? o.name : o.path);
            if (!s.as_json) return {};
            json document{{"done", what}};
            if (!o.name.empty()) put_name(document, "snapshot", o.name);
            if (!o.path.empty()) put_name(document, "path", o.path);
            print(document);
            return {};
        });
}

void takes_name(CLI::App* command, snapshot_options& o) {
    command->add_option("NAME", o.name, "The snapshot's name")->required();
}
void takes_path(CLI::App* command, snapshot_options& o, const std::string& description) {
    command->add_option("PATH", o.path, description)->required();
}

void add_restore(CLI::App& app, settings& common) {
    auto [command, o] =
        add_act(app, common, "restore", "Point a path to a snapshot; nothing is copied",
                "casement restore my.store monday /music --aside music.tuesday",
                [](const auto& of, vault& v) { return v.restore(of.name, of.path, of.aside); });
    takes_name(command, o);
    takes_path(command, o, "Where it is to appear; free, unless --aside is given");
    command->add_option("--aside", o.aside,
                        "Move what is there to this name beside it, in the same commit");
}

void add_mounts(CLI::App& app, settings& common) {
    auto [mount, m] = add_act(app, common, "mount", "Show a snapshot to readers alone",
                              "casement mount my.store monday /monday",
                              [](const auto& of, vault& v) { return v.mount(of.name, of.path); });
    takes_name(mount, m);
    takes_path(mount, m, "Where it is to appear; free");
    auto [unmount, u] = add_act(app, common, "unmount", "Take a mounted snapshot away again",
                                "casement unmount my.store /monday",
                                [](const auto& of, vault& v) { return v.unmount(of.path); });
    takes_path(unmount, u, "Where it is mounted");
}

void add_forget(CLI::App& app, settings& common) {
    auto [command, o] =
        add_act(app, common, "forget", "Forget a snapshot: what it alone pins may be collected",
                "casement forget my.store monday",
                [](const auto& of, vault& v) { return v.forget_snapshot(of.name); });
    takes_name(command, o);
}

}  // namespace

void add_snapshot_commands(CLI::App& app, settings& common) {
    add_snapshot(app, common);
    add_snapshots(app, common);
    add_restore(app, common);
    add_mounts(app, common);
    add_forget(app, common);
}

}  // namespace casement::command
