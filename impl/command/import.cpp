// casement import: a real directory goes into a store. Names are bytes; what is there already, with
// the same size, mode and mtime, is not read again, so a second run resumes the first; with
// --checksum it is read, and stored again where its bytes are others; with --heal the store's bytes
// are, and those of the source take the place of damaged ones.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <expected>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include <casement/tree/ensure_path.hpp>

#include "command.hpp"
#include "counts.hpp"
#include "disk.hpp"
#include "engines.hpp"
#include "mirror_names.hpp"
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
    bool checksum = false;
    bool heal = false;
};

/// With syncs, threads mostly wait, and those that wait together share a sync.
constexpr unsigned jobs_with_syncs = 16;
/// A file that changes while it is read is read again, this often in all.
constexpr int reads_max = 3;

struct import_counts : counts {
    std::atomic<std::uint64_t> unchanged = 0, skipped = 0, healed = 0;
};

class importer {
public:
    importer(vault& v, const import_options& o, bool as_json)
        : vault_{v}, options_{o}, as_json_{as_json} {}

    result<void> run() {
        struct stat s {};
        if (::stat(options_.source.c_str(), &s) != 0)
            return fail_system(errno, "import", options_.source);
        if (!S_ISDIR(s.st_mode) && !S_ISREG(s.st_mode))
            return fail(errc::unsupported, "import", options_.source, kind_of(s));
        if (::stat(vault_.path().c_str(), &own_) != 0)
            return fail_system(errno, "stat", vault_.path());
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
        auto inside = mirrored::lies_in(**source, own_);
        if (!inside) return passed(inside);
        if (*inside) return fail(errc::illegal, "import", options_.source, "it is in the store");
        const auto about = facts_of(s);
        auto node = vault_.make_path(options_.path, about);
        if (!node) return passed(node);
        auto facts =
            vault_.set_facts(options_.path, about.mode, about.mtime, tree::last_link::follow);
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
        result<void> ended;
        auto listed = from->for_each_name([&](const std::string& name) {
            return ended = import_name(from, name, name, into, crew);
        });
        if (!ended) return ended;
        return listed ? result<void>{} : passed_over(of_source(listed.error()));
    }

    /// An error from here ends the import: what is wrong with one name is told and passed over.
    result<void> import_name(const directory& from, const std::string& name, const std::string& as,
                             tree::node_id into, workers& crew) {
        if (stop_requested()) return fail(errc::cancelled, "import", from->path_of(name));
        auto s = from->look(name);
        if (!s) return passed_over(of_source(s.error()));
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
            return done ? result<void>{} : passed_over(done.error());
        });
        if (!more) return fail(errc::cancelled, "import", from->path_of(name));
        return {};
    }

    result<void> import_subdirectory(const directory& from, const std::string& name,
                                     const std::string& as, tree::node_id into,
                                     const struct stat& s, workers& crew) {
        if (s.st_dev == own_.st_dev && s.st_ino == own_.st_ino) {
            warn("skipped '" + printable(from->path_of(name)) + "': it is the store itself");
            ++counts_.skipped;
            return {};
        }
        auto source = open_directory::open_in(from, name);
        if (!source) return passed_over(of_source(source.error()));
        auto made = vault_.settle_directory(into, as, facts_of(s));
        if (!made) return passed_over(std::move(made).error().within("import", (*source)->path()));
        ++(made->second == settled::unchanged ? counts_.unchanged : counts_.directories);
        acknowledge("directory", (*source)->path());
        return import_directory(*source, made->first, crew);
    }

    /// What went wrong with one name, and on which side.
    struct trouble {
        trouble(error e) : why{std::move(e)} {}  // of the store, whose calls answer errors
        error why;
        bool is_of_source = false;
    };
    template <class T>
    using step = std::expected<T, trouble>;

    static trouble of_source(error e) {
        trouble t{std::move(e)};
        t.is_of_source = true;
        return t;
    }
    static std::unexpected<trouble> unread(int why, std::string operation,
                                           const std::string& path) {
        return std::unexpected{of_source(system_error(why, std::move(operation), path))};
    }
    template <class T>
    static std::unexpected<trouble> at(step<T> done, const std::string& path) {
        auto t = std::move(done).error();
        if (!t.is_of_source) t.why = std::move(t.why).within("import", path);
        return std::unexpected{std::move(t)};
    }

    step<void> import_link(const directory& from, const std::string& name, const std::string& as,
                           tree::node_id into) {
        auto s = from->look(name);
        if (!s) return std::unexpected{of_source(s.error())};
        auto target = from->read_link(name);
        if (!target) return std::unexpected{of_source(target.error())};
        auto done = vault_.settle_link(into, as, *target, facts_of(*s));
        if (!done) return within(std::move(done), "import", from->path_of(name));
        ++(*done == settled::unchanged ? counts_.unchanged : counts_.links);
        ++tally_.files;
        acknowledge("link", from->path_of(name));
        return {};
    }

    step<void> import_file(const directory& from, const std::string& name, const std::string& as,
                           tree::node_id into) {
        const descriptor file{
            ::openat(from->number(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)};
        if (!file) return unread(errno, "open", from->path_of(name));
        const int fd = file.number();
        for (int reads = 1;; ++reads) {
            struct stat before {};
            if (::fstat(fd, &before) != 0) return unread(errno, "stat", from->path_of(name));
            const auto about = facts_of(before);
            const auto path = from->path_of(name);
            std::string uri;  // of what is linked
            if (is_linked(about)) {
                auto found = uri_of(fd, path);
                if (!found) return std::unexpected{std::move(found).error()};
                uri = *std::move(found);
            }
            auto same = is_stored(file, path, into, as, about, uri);
            if (!same) return at(std::move(same), path);
            if (*same) {
                ++counts_.unchanged;
                stored(about.size, path);
                return {};
            }
            auto done = uri.empty() ? store(fd, into, as, about, path)
                                    : settle_link_to(fd, into, as, uri, about, path);
            if (!done) return at(std::move(done), path);
            if (*done) {
                ++counts_.files;
                counts_.bytes += about.size;
                stored(about.size, path);
                return {};
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
    step<bool> store(int fd, tree::node_id into, const std::string& as, const tree::facts& about,
                     const std::string& path) {
        auto bytes = read_all(fd, about.size, path);
        if (!bytes) return std::unexpected{std::move(bytes).error()};
        struct stat after {};
        if (::fstat(fd, &after) != 0) return unread(errno, "stat", path);
        if (facts_of(after) != about) return false;
        const auto there =
            options_.heal ? tree::stored_before::verified : tree::stored_before::trusted;
        auto done = vault_.settle_file(into, as, *std::move(bytes), about, there);
        if (!done) return passed(done);
        if (*done == settled::healed) ++counts_.healed;
        return true;
    }

    /// Where the file lies, whatever links its path went through.
    static step<std::string> uri_of(int fd, const std::string& path) {
        std::error_code why;
        const auto whole =
            std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), why).native();
        if (why) return unread(why.value(), "find the path of", path);
        struct stat open {
        }, named{};
        if (::fstat(fd, &open) != 0) return unread(errno, "stat", path);
        if (::stat(whole.c_str(), &named) != 0 || named.st_dev != open.st_dev ||
            named.st_ino != open.st_ino)
            return unread(ESTALE, "find the path of", path);
        return blob::file_uri(whole);
    }

    /// It is read by its path, too, so what is linked is what was hashed.
    step<bool> settle_link_to(int fd, tree::node_id into, const std::string& as,
                              const std::string& uri, const tree::facts& about,
                              const std::string& path) {
        auto done = vault_.settle_external(into, as, uri, about);
        if (!done && done.error().code() == errc::conflict) return false;
        if (!done && done.error().code() == errc::io)
            return std::unexpected{of_source(std::move(done).error())};
        if (!done) return passed(done);
        tally_.bytes += about.size;
        struct stat after {};
        if (::fstat(fd, &after) != 0) return unread(errno, "stat", path);
        return facts_of(after) == about;
    }

    /// Is the name there with these facts, and as a link to `uri`, if that is not empty? Then it is
    /// read again only with --checksum; what the store has of it, with --heal.
    step<bool> is_stored(const descriptor& source, const std::string& path, tree::node_id into,
                         const std::string& as, const tree::facts& about, const std::string& uri) {
        auto dir = tree::read_directory(vault_.rows(), into);
        if (!dir) return passed(dir);
        auto there = tree::look_up(vault_.rows(), *dir, as);
        if (!there) return passed(there);
        const auto* object = there->exists() ? tree::object_in(**there) : nullptr;
        if (object == nullptr || (*there)->about != about) return false;
        const auto sound = options_.heal ? is_sound(*object, path) : result<bool>{true};
        if (!sound) return std::unexpected{sound.error()};
        if (!*sound) {
            if (auto cure = expect_cure(source, path, *object, about.size); !cure)
                return std::unexpected{std::move(cure).error()};
            return false;
        }
        auto placed = is_placed(*object, about, uri);
        if (!placed) return passed(placed);
        return *placed && options_.checksum ? has_bytes_of(source, path, *object) : *placed;
    }

    /// The row of its bytes, as it was seen.
    result<seen<tree::content>> content_of(const protocol::obj_id& object) {
        auto file = vault_.contents().object_of(object);
        if (!file) return passed(file);
        return tree::read_content(vault_.rows(), file->content);
    }

    result<bool> is_sound(const protocol::obj_id& object, const std::string& path) {
        const auto content = content_of(object);
        const bool stored =
            !content || !content->exists() || (*content)->where.kind != blob::placement::external;
        if (!stored) return true;  // what is behind a link is not the store's
        std::uint64_t read = 0;
        auto sound = vault_.contents().check(object, [&](std::size_t n) -> result<void> {
            read += n;
            tally_.bytes += n;
            if (stop_requested()) return fail(errc::cancelled, "import", path);
            return {};
        });
        if (!sound || options_.checksum) tally_.bytes -= read;  // its source is read, too
        if (sound) return true;
        if (!tree::is_damage(sound.error())) return passed(sound);
        warn(printable(path) + ": " + sound.error().message());
        return false;
    }

    /// The source has the bytes that were stored. Others under the same facts are taken only with
    /// --checksum: it is the source that may have lost its own.
    step<void> expect_cure(const descriptor& source, const std::string& path,
                           const protocol::obj_id& object, std::uint64_t size) {
        if (options_.checksum) return {};
        auto same = has_bytes_of(source, path, object);
        if (!same) return std::unexpected{std::move(same).error()};
        if (!*same)
            return std::unexpected{
                of_source(error{errc::conflict, "heal", path,
                                "it has other bytes than were stored; --checksum takes them"})};
        tally_.bytes -= size;  // it is read once more
        return {};
    }

    step<bool> has_bytes_of(const descriptor& source, const std::string& path,
                            const protocol::obj_id& object) {
        const auto seen = [&](std::size_t n) -> result<void> {
            tally_.bytes += n;
            if (stop_requested()) return fail(errc::cancelled, "import", path);
            return {};
        };
        const auto bytes = mirrored::measure(source, path, seen);
        if (!bytes) return std::unexpected{of_source(bytes.error())};
        if (bytes->object == object.digest) return true;
        tally_.bytes -= bytes->size;  // it is read once more
        return false;
    }

    /// Are its bytes where this import would have them?
    result<bool> is_placed(const protocol::obj_id& object, const tree::facts& about,
                           const std::string& uri) {
        if (about.size <= vault_.sizes().inline_max) return true;
        auto content = content_of(object);
        if (!content) return passed(content);
        if (!content->exists()) return false;
        // What is behind a link is not in the store, and who imports may be about to delete it.
        const auto& where = (*content)->where;
        if (where.kind == blob::placement::external) return where.uri == uri;
        return true;
    }

    step<vault::staged_file> read_all(int fd, std::uint64_t size, const std::string& path) {
        thread_local std::string piece(1 << 20, '\0');
        auto bytes = vault_.stage(size);
        if (!bytes) return passed(bytes);
        for (off_t offset = 0;;) {
            if (stop_requested()) return fail(errc::cancelled, "import", path);
            const auto n = ::pread(fd, piece.data(), piece.size(), offset);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return unread(errno, "read", path);
            if (n == 0) return *std::move(bytes);
            auto taken = bytes->write(std::string_view{piece}.substr(0, static_cast<size_t>(n)));
            if (!taken) return passed(taken);
            offset += n;
            tally_.bytes += static_cast<std::uint64_t>(n);
        }
    }

    void stored(std::uint64_t size, const std::string& path) {
        ++tally_.files;
        const auto kind = blob::place(size, vault_.sizes());
        if (options_.link && kind != blob::placement::inline_row)
            return acknowledge("external", path);
        switch (kind) {
            case blob::placement::inline_row: acknowledge("inline", path); break;
            case blob::placement::packed: acknowledge("packed", path); break;
            default: acknowledge("dedicated", path);
        }
    }

    /// Told and counted; but what the store cannot do, it cannot do for the next name either.
    result<void> passed_over(const trouble& t) {
        const error& e = t.why;
        if (e.code() == errc::cancelled) return {};
        switch (t.is_of_source ? errc::not_found : e.code()) {
            case errc::no_space:
            case errc::unknown_outcome:
            case errc::read_only: return std::unexpected{e};
            case errc::io: return std::unexpected{e};
            case errc::corrupt:
                if (!options_.heal) return std::unexpected{e};  // who heals looks for what is left
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

    vault& vault_;
    const import_options& options_;
    const bool as_json_;
    struct stat own_ {};  // of the store
    import_counts counts_;
    tally tally_;
    std::uint64_t files_seen_ = 0, bytes_seen_ = 0;
    std::mutex output_;
};

int report(const settings& common, const importer& work, const result<void>& ran) {
    const auto& n = work.done();
    const bool stopped = !ran && ran.error().code() == errc::cancelled;
    if (!ran && !stopped) return failed(common, ran.error());
    const auto healed = n.healed.load();
    if (common.as_json) {
        auto document = n.to_json();
        document.update({{"unchanged", n.unchanged.load()},
                         {"skipped", n.skipped.load()},
                         {"healed", healed},
                         {"failed", n.failed.load()},
                         {"stopped", stopped}});
        print(document);
    } else {
        print_line(fmt::format("{}; {} unchanged, {} skipped, {} failed{}", n.to_text(),
                               n.unchanged.load(), n.skipped.load(), n.failed.load(),
                               healed > 0 ? fmt::format("; {} healed", healed) : ""));
    }
    if (stopped) say(ran.error().message());
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
    command->add_flag("--checksum", o->checksum,
                      "Read also what has the size, mode and mtime that are stored");
    auto* heal = command->add_flag("--heal", o->heal,
                                   "Read also what is stored, and replace what is damaged");
    command
        ->add_flag("--link", o->link,
                   "Leave the bytes of larger files where they are, and store where that is")
        ->excludes(heal);
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
