// casement import: a real directory goes into a store. Names are bytes; what is there already, with
// the same size, mode and mtime, is not read again, so a second run resumes the first.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include <casement/tree/ensure_path.hpp>

#include "command.hpp"
#include "disk.hpp"
#include "engines.hpp"
#include "progress.hpp"
#include "workers.hpp"

namespace casement::command {

namespace {

struct import_options {
    std::string store, source, path = "/";
    std::string durable = "power";
    unsigned jobs = 0;
    bool acknowledge = false;
    bool link = false;
};

/// With syncs, threads mostly wait, and those that wait together share a sync.
constexpr unsigned jobs_with_syncs = 16;
/// A file that changes while it is read is read again, this often in all.
constexpr int reads_max = 3;

struct import_counts : counts {
    std::atomic<std::uint64_t> unchanged = 0, skipped = 0;
};

class importer {
public:
    importer(vault& v, const import_options& o, bool as_json)
        : vault_{v}, options_{o}, as_json_{as_json} {}

    result<void> run() {
        struct stat s {};
        if (::stat(options_.source.c_str(), &s) != 0)
            return fail_system(errno, "import", options_.source);
        struct stat own {};
        if (::stat(vault_.path().c_str(), &own) == 0) own_ = {own.st_dev, own.st_ino};
        std::jthread counter;
        if (progress::on_terminal() && !as_json_)
            counter = std::jthread{[this](const std::stop_token& stop) { count(stop); }};
        const progress bar{"import", tally_, !as_json_ && !options_.acknowledge};
        const bool syncs = options_.durable == "power";
        const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
        workers crew{options_.jobs != 0 ? options_.jobs : syncs ? jobs_with_syncs : cores};
        auto walked = S_ISDIR(s.st_mode) ? import_tree(s, crew) : import_one(crew);
        auto finished = crew.finish();
        if (!finished) return finished;
        if (!walked && walked.error().code() != errc::cancelled) return walked;
        if (stop_requested())
            return fail(errc::cancelled, "import", options_.source,
                        "stopped; what was stored stays, and another run goes on from here");
        return {};
    }

    [[nodiscard]] const import_counts& done() const { return counts_; }

private:
    using directory = std::shared_ptr<open_directory>;

    result<void> import_tree(const struct stat& s, workers& crew) {
        auto source = open_directory::open(options_.source);
        if (!source) return passed(source);
        const auto about = facts_of(s);
        auto node = vault_.make_path(options_.path, about);
        if (!node) return passed(node);
        auto facts = vault_.set_facts(options_.path, about.mode, about.mtime);
        if (!facts) return facts;
        acknowledge("directory", options_.source);
        return import_directory(*source, *node, crew);
    }

    /// A single file or link: PATH is its name, or the directory that it goes into.
    result<void> import_one(workers& crew) {
        auto found = open_directory::open_above(options_.source);
        if (!found) return passed(found);
        const auto& [parent, name] = *found;
        auto where = tree::reach(vault_.client(), options_.path);
        if (!where) return passed(where);
        auto into = tree::reach_directory(vault_.client(), *where);
        if (!into) return passed(into);
        if (*into) return import_name(parent, name, name, **into, crew);
        return import_name(parent, name, std::string{where->found->key().name},
                           where->parent.node(), crew);
    }

    result<void> import_directory(const directory& from, tree::node_id into, workers& crew) {
        return from->for_each_name(
            [&](const std::string& name) { return import_name(from, name, name, into, crew); });
    }

    /// An error from here ends the import: what is wrong with one name is told and passed over.
    result<void> import_name(const directory& from, const std::string& name, const std::string& as,
                             tree::node_id into, workers& crew) {
        if (stop_requested()) return fail(errc::cancelled, "import", from->path_of(name));
        auto s = from->look(name);
        if (!s) return passed_over(s.error());
        if (S_ISDIR(s->st_mode)) return import_subdirectory(from, name, as, into, *s, crew);
        if (!S_ISREG(s->st_mode) && !S_ISLNK(s->st_mode)) {
            warn("skipped '" + printable(from->path_of(name)) + "': " + kind_of(*s));
            ++counts_.skipped;
            return {};
        }
        const bool link = S_ISLNK(s->st_mode);
        const bool more = crew.add([this, from, name, as, into, link]() -> result<void> {
            if (stop_requested()) return {};
            auto done =
                link ? import_link(from, name, as, into) : import_file(from, name, as, into);
            return done ? done : passed_over(done.error());
        });
        if (!more) return fail(errc::cancelled, "import", from->path_of(name));
        return {};
    }

    result<void> import_subdirectory(const directory& from, const std::string& name,
                                     const std::string& as, tree::node_id into,
                                     const struct stat& s, workers& crew) {
        if (s.st_dev == own_.device && s.st_ino == own_.inode) {
            warn("skipped '" + printable(from->path_of(name)) + "': it is the store itself");
            ++counts_.skipped;
            return {};
        }
        auto source = open_directory::open_in(from, name);
        if (!source) return passed_over(source.error());
        auto made = vault_.settle_directory(into, as, facts_of(s));
        if (!made) return passed_over(std::move(made).error().within("import", (*source)->path()));
        ++(made->second == settled::unchanged ? counts_.unchanged : counts_.directories);
        acknowledge("directory", (*source)->path());
        auto inside = import_directory(*source, made->first, crew);
        return inside || inside.error().code() == errc::cancelled ? inside
                                                                  : passed_over(inside.error());
    }

    result<void> import_link(const directory& from, const std::string& name, const std::string& as,
                             tree::node_id into) {
        auto s = from->look(name);
        if (!s) return passed(s);
        auto target = from->read_link(name);
        if (!target) return passed(target);
        auto done = vault_.settle_link(into, as, *target, facts_of(*s));
        if (!done) return within(std::move(done), "import", from->path_of(name));
        ++(*done == settled::unchanged ? counts_.unchanged : counts_.links);
        ++tally_.files;
        acknowledge("link", from->path_of(name));
        return {};
    }

    result<void> import_file(const directory& from, const std::string& name, const std::string& as,
                             tree::node_id into) {
        const descriptor file{
            ::openat(from->number(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)};
        if (!file) return fail_system(errno, "open", from->path_of(name));
        const int fd = file.number();
        for (int reads = 1;; ++reads) {
            struct stat before {};
            if (::fstat(fd, &before) != 0) return fail_system(errno, "stat", from->path_of(name));
            const auto about = facts_of(before);
            auto same = is_stored(into, as, about);
            if (!same) return passed(same);
            if (*same) {
                ++counts_.unchanged;
                return stored(about.size, from->path_of(name));
            }
            const auto path = from->path_of(name);
            auto bytes = is_linked(about) ? result<std::optional<vault::staged_file>>{std::nullopt}
                                          : read_all(fd, path);
            if (!bytes) return passed(bytes);
            auto done = *bytes
                            ? settle_unless_changed(fd, into, as, **std::move(bytes), about, path)
                            : settle_link_to(fd, into, as, about, path);
            if (!done) return within(std::move(done), "import", path);
            if (*done) {
                ++counts_.files;
                counts_.bytes += about.size;
                return stored(about.size, path);
            }
            if (reads == reads_max)
                return fail(errc::conflict, "import", from->path_of(name),
                            "it changes while it is read");
        }
    }

    /// With --link, what would have a row of its own is still stored: a link is hardly smaller.
    [[nodiscard]] bool is_linked(const tree::facts& about) const {
        return options_.link && about.size > vault_.sizes().inline_max;
    }

    /// False if the file is not what it was before it was read.
    result<bool> settle_unless_changed(int fd, tree::node_id into, const std::string& as,
                                       vault::staged_file bytes, const tree::facts& about,
                                       const std::string& path) {
        struct stat after {};
        if (::fstat(fd, &after) != 0) return fail_system(errno, "stat", path);
        if (facts_of(after) != about) return false;
        auto done = vault_.settle_file(into, as, std::move(bytes), about);
        return done ? result<bool>{true} : passed(done);
    }

    /// The link is to the file by its absolute path; it is read by that, too, so what is linked is
    /// what was hashed.
    result<bool> settle_link_to(int fd, tree::node_id into, const std::string& as,
                                const tree::facts& about, const std::string& path) {
        std::error_code why;
        const auto whole = std::filesystem::absolute(path, why).lexically_normal();
        if (why) return fail_system(why.value(), "find the path of", path);
        auto done = vault_.settle_external(into, as, blob::file_uri(whole.native()), about);
        if (!done && done.error().code() == errc::conflict) return false;
        if (!done) return passed(done);
        tally_.bytes += about.size;
        struct stat after {};
        if (::fstat(fd, &after) != 0) return fail_system(errno, "stat", path);
        return facts_of(after) == about;
    }

    /// Is the name there with these facts? Then it is not read again.
    result<bool> is_stored(tree::node_id into, const std::string& as, const tree::facts& about) {
        auto dir = tree::read_directory(vault_.rows(), into);
        if (!dir) return passed(dir);
        auto there = tree::look_up(vault_.rows(), *dir, as);
        if (!there) return passed(there);
        const auto* object = there->exists() ? tree::object_in(**there) : nullptr;
        if (object == nullptr || (*there)->about != about) return false;
        // What is behind a link is not in the store, and who imports may be about to delete it.
        if (options_.link || about.size <= vault_.sizes().inline_max) return true;
        auto file = vault_.contents().object_of(*object);
        if (!file) return passed(file);
        auto content = tree::read_content(vault_.rows(), file->content);
        if (!content) return passed(content);
        return content->exists() && (*content)->where.kind != blob::placement::external;
    }

    result<std::optional<vault::staged_file>> read_all(int fd, const std::string& path) {
        thread_local std::string piece(1 << 20, '\0');
        auto bytes = vault_.stage();
        if (!bytes) return passed(bytes);
        for (off_t offset = 0;;) {
            if (stop_requested()) return fail(errc::cancelled, "import", path);
            const auto n = ::pread(fd, piece.data(), piece.size(), offset);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return fail_system(errno, "read", path);
            if (n == 0) return std::optional{*std::move(bytes)};
            auto taken = bytes->write(std::string_view{piece}.substr(0, static_cast<size_t>(n)));
            if (!taken) return within(std::move(taken), "import", path);
            offset += n;
            tally_.bytes += static_cast<std::uint64_t>(n);
        }
    }

    result<void> stored(std::uint64_t size, const std::string& path) {
        ++tally_.files;
        const auto kind = blob::place(size, vault_.sizes());
        if (options_.link && kind != blob::placement::inline_row)
            return acknowledge("external", path), result<void>{};
        switch (kind) {
            case blob::placement::inline_row: acknowledge("inline", path); break;
            case blob::placement::packed: acknowledge("packed", path); break;
            default: acknowledge("dedicated", path);
        }
        return {};
    }

    /// Told and counted; but what the store cannot do, it cannot do for the next name either.
    result<void> passed_over(const error& e) {
        switch (e.code()) {
            case errc::cancelled: return {};
            case errc::no_space:
            case errc::corrupt:
            case errc::unknown_outcome:
            case errc::read_only: return std::unexpected{e};
            case errc::io:
                if (e.system() != EACCES && e.system() != EPERM) return std::unexpected{e};
                break;
            default: break;
        }
        warn(e.message());
        ++counts_.failed;
        return {};
    }

    /// Whoever reads this line will find the path in the store, whatever happens next.
    void acknowledge(std::string_view kind, const std::string& path) {
        if (!options_.acknowledge) return;
        json line{{"stored", kind}};
        put_name(line, "path", path);
        const std::lock_guard lock{output_};
        print(line);
        std::fflush(stdout);
    }

    void count(const std::stop_token& stop) {
        if (auto top = open_directory::open(options_.source)) count_in(*top, stop);
        tally_.files_total = files_seen_;
        tally_.bytes_total = bytes_seen_;
    }
    void count_in(const directory& dir, const std::stop_token& stop) {
        // What cannot be listed is told by the import itself.
        (void)dir->for_each_name([&](const std::string& name) -> result<void> {
            if (stop.stop_requested()) return fail(errc::cancelled, "count", name);
            auto s = dir->look(name);
            if (!s) return {};
            if (S_ISDIR(s->st_mode)) {
                if (auto sub = open_directory::open_in(dir, name)) count_in(*sub, stop);
            } else if (S_ISREG(s->st_mode) || S_ISLNK(s->st_mode)) {
                ++files_seen_;
                bytes_seen_ += S_ISREG(s->st_mode) ? static_cast<std::uint64_t>(s->st_size) : 0;
            }
            return {};
        });
    }

    static std::string kind_of(const struct stat& s) {
        return S_ISFIFO(s.st_mode)   ? "a FIFO"
               : S_ISSOCK(s.st_mode) ? "a socket"
               : S_ISBLK(s.st_mode)  ? "a block device"
               : S_ISCHR(s.st_mode)  ? "a character device"
                                     : "no file, directory or link";
    }

    struct identity {
        dev_t device = 0;
        ino_t inode = 0;
    };

    vault& vault_;
    const import_options& options_;
    const bool as_json_;
    identity own_;
    import_counts counts_;
    tally tally_;
    std::uint64_t files_seen_ = 0, bytes_seen_ = 0;
    std::mutex output_;
};

int report(const settings& common, const importer& work, const result<void>& ran) {
    const auto& n = work.done();
    const bool stopped = !ran && ran.error().code() == errc::cancelled;
    if (!ran && !stopped) return failed(common, ran.error());
    if (common.as_json) {
        auto document = n.to_json();
        document.update({{"unchanged", n.unchanged.load()},
                         {"skipped", n.skipped.load()},
                         {"failed", n.failed.load()},
                         {"stopped", stopped}});
        print(document);
    } else {
        print_line(fmt::format("{}; {} unchanged, {} skipped, {} failed", n.to_text(),
                               n.unchanged.load(), n.skipped.load(), n.failed.load()));
    }
    if (stopped) fmt::print(stderr, "casement: {}\n", ran.error().message());
    return stopped || n.failed > 0 ? exit_no : exit_ok;
}

}  // namespace

void add_import(CLI::App& app, settings& common) {
    auto o = std::make_shared<import_options>();
    auto* command = add_command(app, common, "import", "Take a real directory into the store",
                                "casement import my.store /usr/include /include");
    add_store(command, o->store);
    command->add_option("SRC", o->source, "A directory, or a file")->required();
    command->add_option("PATH", o->path, "Where it goes in the store; made if missing");
    command->add_option("--durability", o->durable, "What a stored path survives")
        ->check(CLI::IsMember({"process", "power"}))
        ->capture_default_str();
    command->add_option("--jobs", o->jobs, "Threads; 0 for what the machine and the disk like")
        ->check(CLI::Range(0u, 256u));
    command->add_flag("--link", o->link,
                      "Leave the bytes of larger files where they are, and store where that is");
    command->add_flag("--acknowledge", o->acknowledge,
                      "Print each path, in JSON, once it is stored for good");
    command->callback([o, &common] {
        common.run = [o, &common] {
            const auto how = opened_for(o->durable == "process" ? engine::durability::process
                                                                : engine::durability::power);
            auto v = vault::open(o->store, how);
            if (!v) return failed(common, v.error());
            importer work{*v, *o, common.as_json};
            auto ran = work.run();
            auto closed = v->close();
            return report(common, work, ran ? closed : ran);
        };
    });
}

}  // namespace casement::command
