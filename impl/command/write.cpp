// write, finalize and leases: files that may still be written, and their way to objects.

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <unistd.h>

#include <casement/core/clock.hpp>
#include <casement/object/object_id.hpp>

#include "sheet.hpp"

namespace casement::command {

namespace {

using open_how = vault::open_how;

// --- write -----------------------------------------------------------------------------------

struct write_options {
    std::string store, path;
    bool append = false, create = false, go_on = false, finalize = false;
    std::uint64_t term_seconds = 60;

    [[nodiscard]] open_how how() const {
        return append   ? open_how::append
               : create ? open_how::create_exclusive
               : go_on  ? open_how::continue_interrupted
                        : open_how::create_or_truncate;
    }
};

/// Some bytes of standard input; none at its end, or when Ctrl-C ends a wait for them.
result<std::string_view> read_input(std::string& buffer) {
    for (;;) {
        if (stop_requested()) return std::string_view{};
        const auto n = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        if (n >= 0) return std::string_view{buffer}.substr(0, static_cast<std::size_t>(n));
        if (errno != EINTR) return fail_system(errno, "read", "standard input");
    }
}

/// Keeps the lease while input comes, however slowly; answers the bytes taken. Who waits for input
/// longer than a term keeps the lease as long as nobody else asks for it.
result<std::uint64_t> take_input(vault::file_writer& w, std::chrono::seconds term) {
    using clock = std::chrono::steady_clock;
    std::string buffer(blob::MiB, '\0');
    std::uint64_t bytes = 0;
    for (auto renewed = clock::now();;) {
        auto piece = read_input(buffer);
        if (!piece) return passed(piece);
        if (piece->empty()) return bytes;
        if (clock::now() - renewed > term / 3) {
            if (auto kept = w.renew(); !kept) return passed(kept);
            renewed = clock::now();
        }
        if (auto written = w.append(*piece); !written) return passed(written);
        bytes += piece->size();
    }
}

result<void> write(const settings& common, const write_options& o, vault& v) {
    const std::chrono::seconds term{o.term_seconds};
    auto w = v.open_file(o.path, o.how(), term);
    if (!w) return within(std::move(w), "write", o.path);
    const auto bytes = take_input(*w, term);
    // What has come is kept, also where no more can: who continues finds it.
    auto size = w->size();
    const auto closed = w->close();
    if (!bytes) return std::unexpected{error{bytes.error()}.within("write", o.path)};
    if (!closed) return std::unexpected{error{closed.error()}.within("write", o.path)};
    if (!size) return within(std::move(size), "write", o.path);
    if (auto on = unless_stopped("write", o.path); !on) return on;
    json also;
    if (o.finalize) {
        auto made = v.finalize(o.path);
        if (!made) return within(std::move(made), "write", o.path);
        also["object"] = object::to_text(*made);
    }
    if (!common.as_json) return {};
    json document{{"done", "write"}};
    put_name(document, "path", o.path);
    document["bytes"] = *bytes;
    document["size"] = *size;
    document["retries"] = v.retries();
    if (!also.is_null()) document.update(also);
    print(document);
    return {};
}

void add_write(CLI::App& app, settings& common) {
    auto [command, o] = add_store_command<write_options>(
        app, common, "write", "Write standard input into a file, which may be written again",
        "tail -f log | casement write my.store /logs/today --append", write);
    command
        ->add_option("PATH", o.path, "The file; made or emptied, unless a way to open it is named")
        ->required();
    auto* append =
        command->add_flag("--append", o.append, "Add to the bytes of a file that is there");
    auto* create = command->add_flag("--create", o.create, "Only where nothing is there");
    auto* go_on = command->add_flag(
        "--continue", o.go_on, "Go on where a writer was interrupted, once its lease has run out");
    append->excludes(create)->excludes(go_on);
    create->excludes(go_on);
    command->add_flag("--finalize", o.finalize, "Make it an object when all bytes are in");
    command
        ->add_option("--term", o.term_seconds,
                     "Others may take the lease this many seconds after the last bytes")
        ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1} << 32))
        ->capture_default_str();
}

// --- finalize --------------------------------------------------------------------------------

struct finalize_options {
    std::string store, path;
};

result<void> finalize(const settings& common, const finalize_options& o, vault& v) {
    auto made = v.finalize(o.path);
    if (!made) return passed(made);
    sheet answer;
    answer.add_name("path", o.path);
    answer.add("object", object::to_text(*made));
    if (common.as_json) answer.add("retries", v.retries());
    answer.print(common);
    return {};
}

void add_finalize(CLI::App& app, settings& common) {
    auto [command, o] = add_store_command<finalize_options>(
        app, common, "finalize", "Make a file, or a directory with all below it, an object",
        "casement finalize my.store /logs/2026", finalize);
    command->add_option("PATH", o.path, "A file that was written, or a directory")->required();
}

// --- leases ----------------------------------------------------------------------------------

struct leases_options {
    std::string store;
    bool reclaim = false;
};

void show(const settings& common, const tree::open_file_info& one, timestamp now) {
    if (common.as_json) {
        json document;
        put_name(document, "path", one.path);
        document["node"] = one.node.value;
        document["state"] = one.state_name();
        document["seq"] = one.seq().value;
        document["session"] = one.lease ? json(one.lease->session.value) : json();
        document["expires_ns"] = one.lease ? json(one.lease->expires.ns) : json();
        document["expired"] = one.lease && one.lease->expires.ns <= now.ns;
        return print(document);
    }
    const auto* until = !one.lease                        ? ""
                        : one.lease->expires.ns <= now.ns ? "  ran out at "
                                                          : "  until ";
    print_line(fmt::format("{:<10} {}{}{}", one.state_name(), printable(one.path), until,
                           one.lease ? human_time(one.lease->expires) : ""));
}

result<void> list_leases(const settings& common, const leases_options& o, vault& v) {
    std::uint64_t reclaimed = 0;
    if (o.reclaim) {
        auto taken = v.reclaim_expired();
        if (!taken) return passed(taken);
        reclaimed = *taken;
    }
    auto all = v.leases();
    if (!all) return passed(all);
    const auto now = system_clock{}.now();
    for (const auto& one : *all) show(common, one, now);
    if (!o.reclaim) return {};
    if (common.as_json)
        print({{"reclaimed", reclaimed}});
    else
        print_line(fmt::format("{} taken back", reclaimed));
    return {};
}

void add_leases(CLI::App& app, settings& common) {
    auto [command, o] = add_store_command<leases_options>(
        app, common, "leases", "List the files that are not finalized, and who may write them",
        "casement leases my.store --reclaim", list_leases);
    command->add_flag("--reclaim", o.reclaim, "First take back every lease that has run out");
}

}  // namespace

void add_write_commands(CLI::App& app, settings& common) {
    add_write(app, common);
    add_finalize(app, common);
    add_leases(app, common);
}

}  // namespace casement::command
