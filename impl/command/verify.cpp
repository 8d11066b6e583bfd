// casement verify: bytes against hashes, names against nodes, counts against counts.

#include <fmt/format.h>

#include <casement/tree/verify.hpp>

#include "command.hpp"
#include "engines.hpp"
#include "progress.hpp"

namespace casement::command {

namespace {

void print_problem(const settings& common, const tree::problem& p) {
    if (common.as_json) {
        json line{{"problem", to_json(p.what)}};
        if (p.path) put_name(line, "path", *p.path);
        print(line);
    } else {
        print_line(fmt::format("{}: {}", p.path ? printable(*p.path) : "?", p.what.message()));
    }
}

int report(const settings& common, const tree::verification& v) {
    for (const auto& p : v.problems) print_problem(common, p);
    if (common.as_json)
        print({{"directories", v.directories},
               {"files", v.files},
               {"open_files", v.open_files},
               {"links", v.links},
               {"contents", v.contents},
               {"bytes", v.bytes},
               {"rows", v.rows},
               {"problems", v.problem_count}});
    else
        print_line(fmt::format(
            "{} directories, {} files, {} links; {} contents ({}) read and hashed; {} rows; {}",
            v.directories, v.files, v.links, v.contents, human_bytes(v.bytes), v.rows,
            v.problem_count == 0 ? "no problem" : fmt::format("{} PROBLEMS", v.problem_count)));
    return v.problem_count == 0 ? exit_ok : exit_no;
}

}  // namespace

void add_verify(CLI::App& app, settings& common) {
    struct verify_options {
        std::string store;
        std::optional<std::uint64_t> sample;
    };
    auto o = std::make_shared<verify_options>();
    auto* command = add_command(app, common, "verify", "Hold the store against its hashes",
                                "casement verify my.store --sample 1000");
    add_store(command, o->store);
    command->add_option("--sample", o->sample, "Hash this many contents, picked at random")
        ->check(whole_number());
    command->callback([o, &common] {
        common.run = [o, &common] {
            auto how = opened_for();
            how.alone = true;  // what others write meanwhile would look amiss
            auto v = vault::open(o->store, how);
            if (!v) return failed(common, v.error());
            tally n;
            tree::verification found;
            {
                const progress bar{"verify", n, !common.as_json};
                found = tree::verify(v->rows(), v->contents(), o->sample, stop_requested,
                                     [&](std::uint64_t bytes) { n.bytes += bytes; });
            }
            // A store that cannot be closed well has told its reason by then, or tells it now.
            if (auto closed = v->close(); !closed && found.problem_count == 0)
                return failed(common, closed.error());
            if (stop_requested())
                return failed(common, error{errc::cancelled, "verify", o->store, "stopped"});
            return report(common, found);
        };
    });
}

}  // namespace casement::command
