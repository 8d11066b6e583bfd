// casement doctor: tells whether a store can live in a directory, and why not.

#include <memory>
#include <string>

#include <fmt/format.h>

#include "command.hpp"
#include "examine.hpp"

namespace casement::command {

namespace {

using probe::grade;

void print_document(const std::string& path, const examination& found) {
    const auto& [g, all] = found;
    json document;
    put_name(document, "path", path);
    document["verdict"] = name_of(found.verdict());
    auto& system = document["file_system"];
    system = {{"kind", g.kind}, {"magic", fmt::format("{:#x}", g.magic)}};
    put_name(system, "type", g.where.type);
    put_name(system, "mounted_at", g.where.point);
    put_name(system, "source", g.where.source);
    put_name(system, "options", g.where.options);
    auto& checks = document["checks"] = json::array();
    for (const auto& f : all) {
        json one{{"check", f.check}, {"is", name_of(f.is)}};
        put_name(one, "detail", f.detail);
        if (!f.advice.empty()) one["advice"] = f.advice;
        checks.push_back(std::move(one));
    }
    print(document);
}

void print_report(const std::string& path, const examination& found) {
    const auto& [g, all] = found;
    print_line(fmt::format("{} is on {} ({} mounted at {}, {:#x})", printable(path),
                           g.kind.empty() ? "an unknown file system" : g.kind,
                           printable(g.where.source), printable(g.where.point), g.magic));
    for (const auto& f : all)
        print_line(fmt::format("  {:<6} {:<11}  {}", name_of(f.is), f.check, printable(f.detail)));
    print_line(fmt::format("verdict: {}", name_of(found.verdict())));
    for (const auto& f : all)
        if (f.is >= grade::weak) print_line(fmt::format("  {}: {}", printable(f.detail), f.advice));
}

}  // namespace

void add_doctor(CLI::App& app, settings& common) {
    auto path = std::make_shared<std::string>();
    auto* command = add_command(app, common, "doctor", "Tell whether a directory can hold a store",
                                "casement doctor /mnt/disk && casement init /mnt/disk/my.store");
    command->add_option("PATH", *path, "A directory; nothing in it is touched")->required();
    command->callback([&common, path] {
        common.run = [&common, path] {
            const auto found = examine(*path, scope::everything);
            if (!found) return failed(common, found.error());
            (common.as_json ? print_document : print_report)(*path, *found);
            return found->verdict() == grade::unfit ? exit_no : exit_ok;
        };
    });
}

}  // namespace casement::command
