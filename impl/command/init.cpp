// casement init: makes a store, where one can live.

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "command.hpp"
#include "engines.hpp"
#include "examine.hpp"

namespace casement::command {

namespace {

namespace fs = std::filesystem;

/// The directory that says what a store at `path` would be on: itself if it is there and empty,
/// else the first above it that is. Nothing if something is at `path`, and init will say what.
std::string ground_below(const std::string& path) {
    std::error_code why;
    auto here = fs::absolute(path, why).lexically_normal();
    if (fs::exists(here, why) && !(fs::is_directory(here, why) && fs::is_empty(here, why)))
        return {};
    while (!fs::is_directory(here, why) && here.has_relative_path()) here = here.parent_path();
    return here.string();
}

/// The doctor's short form: warns of what is weak; an error if a store cannot live there.
result<void> see_doctor(const std::string& path) {
    const auto ground = ground_below(path);
    if (ground.empty()) return {};
    const auto found = examine(ground, scope::store_only);
    if (!found) return std::unexpected{found.error()};
    const auto worst = std::ranges::max(found->findings, {}, &probe::finding::is);
    if (worst.is == probe::grade::unfit)
        return fail(errc::unsupported, "examine", ground, worst.detail + "; " + worst.advice);
    for (const auto& f : found->findings)
        if (f.is == probe::grade::weak)
            warn(fmt::format("{}: {}; {}", printable(ground), printable(f.detail), f.advice));
    return {};
}

}  // namespace

void add_init(CLI::App& app, settings& common) {
    struct init_options {
        std::string store, rows_at;
        blob::thresholds sizes;
        bool anyway = false;
    };
    auto o = std::make_shared<init_options>();
    auto* command =
        add_command(app, common, "init", "Make an empty store",
                    "casement init my.store\n"
                    "  casement init my.store --engine etcd://host1:2379,host2:2379/my-store");
    add_store(command, o->store);
    command->add_option("--inline-max", o->sizes.inline_max, "Bytes of the largest blob in a row")
        ->capture_default_str()
        ->check(whole_number());
    command
        ->add_option("--dedicated-min", o->sizes.dedicated_min,
                     "Bytes of the smallest blob with a file of its own")
        ->capture_default_str()
        ->check(whole_number());
    command->add_option("--pack-max", o->sizes.pack_max, "Bytes of the longest pack")
        ->capture_default_str()
        ->check(whole_number());
    command->add_option("--engine", o->rows_at,
                        "Where its rows are, etcd://HOST:PORT,.../PREFIX; else in it");
    command->add_flag("--anyway", o->anyway,
                      "Do not ask whether a store can live there (see casement doctor)");
    command->callback([o, &common] {
        common.run = [o, &common] {
            if (auto fit = o->anyway ? result<void>{} : see_doctor(o->store); !fit)
                return failed(common, std::move(fit).error().within("init", o->store));
            auto how = opened_for();
            how.rows_at = o->rows_at;
            auto v = vault::create(o->store, how, o->sizes);
            if (!v) return failed(common, v.error());
            if (auto closed = v->close(); !closed) return failed(common, closed.error());
            if (common.as_json) {
                json line{{"format", store_format}};
                put_name(line, "store", o->store);
                print(line);
            } else {
                print_line("made a store in " + printable(o->store));
            }
            return exit_ok;
        };
    });
}

}  // namespace casement::command
