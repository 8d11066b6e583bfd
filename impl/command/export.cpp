// casement export: a directory of the store becomes a real one, with bytes, modes, times and links.
// A tree goes only into a directory that was made for it, or was empty. A file gets its name when
// it is written, so that a kill leaves no half of one under it.

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include <fmt/format.h>

#include <casement/blob/options.hpp>
#include <casement/tree/list.hpp>

#include "command.hpp"
#include "counts.hpp"
#include "disk.hpp"
#include "engines.hpp"
#include "mirror_names.hpp"
#include "placing.hpp"
#include "progress.hpp"
#include "workers.hpp"

namespace casement::command {

namespace {

/// A directory that is being filled. It gets its own mode and mtime when the last who works in it
/// lets go of it: before, a read-only one could not be filled, and each new name would move its
/// mtime.
class growing_directory {
public:
    growing_directory(std::shared_ptr<open_directory> made, std::shared_ptr<growing_directory> in,
                      const tree::facts& about, counts& n)
        : made_{std::move(made)}, in_{std::move(in)}, about_{about}, n_{n} {}
    growing_directory(const growing_directory&) = delete;
    growing_directory& operator=(const growing_directory&) = delete;
    ~growing_directory() {
        const int why = set_facts(*made_, about_);
        if (why == 0) return;
        warn(system_error(why, "set mode and time of", made_->path()).message());
        ++n_.failed;
    }
    [[nodiscard]] const std::shared_ptr<open_directory>& at() const { return made_; }

private:
    std::shared_ptr<open_directory> made_;
    std::shared_ptr<growing_directory> in_;  // outlives this one: its mtime is set after ours
    tree::facts about_;
    counts& n_;
};

class exporter {
public:
    explicit exporter(vault& v) : vault_{v} {}

    result<void> run(const std::string& from, const std::string& to, bool as_json) {
        auto here = vault_.look(from);
        if (!here) return within(std::move(here), "export", from);
        const progress bar{"export", tally_, !as_json};
        workers crew{std::max(1u, std::thread::hardware_concurrency())};
        auto walked = tree::is_directory(here->what) ? export_tree(here->what, to, crew)
                                                     : export_one(here->what, to, crew);
        auto finished = crew.finish();
        if (!walked) return walked;
        if (!finished) return finished;
        if (stop_requested()) return fail(errc::cancelled, "export", from, "stopped");
        return sync();
    }

    [[nodiscard]] const counts& done() const { return counts_; }

private:
    using place_on_disk = std::shared_ptr<growing_directory>;

    result<void> export_tree(const tree::entry& from, const std::string& to, workers& crew) {
        if (::mkdir(to.c_str(), 0700) != 0 && errno != EEXIST)
            return fail_system(errno, "make directory", to);
        auto top = open_directory::open(to);
        if (!top) return passed(top);
        top_ = *top;
        auto empty = (*top)->for_each_name([&](const std::string& name) -> result<void> {
            return fail(errc::not_empty, "export", to, "holds '" + printable(name) + "'");
        });
        if (!empty) return empty;
        auto about = tree::facts_of(vault_.rows(), from);
        if (!about) return passed(about);
        return fill(from,
                    std::make_shared<growing_directory>(*std::move(top), nullptr, *about, counts_),
                    crew);
    }

    result<void> export_one(const tree::entry& e, const std::string& to, workers& crew) {
        auto found = open_directory::open_above(to);
        if (!found) return passed(found);
        top_ = found->first;
        crew.add(
            [this, name = std::move(found->second), e] { return export_entry(*top_, name, e); });
        return {};
    }

    result<void> fill(const tree::entry& from, const place_on_disk& into, workers& crew) {
        ++counts_.directories;
        auto names = tree::list(vault_.rows(), from);
        if (!names) return passed(names);
        for (const auto& listed : *names) {
            if (stop_requested()) return {};
            auto row = listed.row();
            if (!row) return passed(row);
            std::string name{listed.name()};
            if (tree::is_directory(*row)) {
                auto inside = make_directory(*row, name, into);
                auto filled = inside ? fill(*row, *inside, crew) : passed_over(inside.error());
                if (!filled) return filled;
                continue;
            }
            const bool more = crew.add([this, into, name = std::move(name), e = *std::move(row)] {
                return export_entry(*into->at(), name, e);
            });
            if (!more) return {};  // the failure is told by the crew
        }
        return names->status();
    }

    result<place_on_disk> make_directory(const tree::entry& child, const std::string& name,
                                         const place_on_disk& into) {
        if (::mkdirat(into->at()->number(), name.c_str(), 0700) != 0)
            return fail_system(errno, "make directory", into->at()->path_of(name));
        auto made = open_directory::open_in(into->at(), name);
        if (!made) return passed(made);
        auto about = tree::facts_of(vault_.rows(), child);
        if (!about) return passed(about);
        return std::make_shared<growing_directory>(*std::move(made), into, *about, counts_);
    }

    /// A name that cannot be exported is told and passed over, a directory with all that is in it;
    /// a full disk ends it all.
    result<void> export_entry(const open_directory& into, const std::string& name,
                              const tree::entry& e) {
        if (stop_requested()) return {};
        const auto* link = std::get_if<protocol::dentry::symlink>(&e.target);
        auto done = link ? export_link(into, name, *link, e.about) : export_file(into, name, e);
        ++tally_.files;
        return done ? done : passed_over(done.error());
    }

    result<void> passed_over(const error& e) {
        if (e.code() == errc::no_space) return std::unexpected{e};
        warn(e.message());
        ++counts_.failed;
        return {};
    }

    result<void> export_link(const open_directory& into, const std::string& name,
                             const protocol::dentry::symlink& link, const tree::facts& about) {
        if (auto made = make_link(into, name, link.path); !made) return made;
        if (const int why = set_facts(into, name, true, about); why != 0)
            return fail_system(why, "set time of", into.path_of(name));
        ++counts_.links;
        return {};
    }

    result<void> export_file(const open_directory& into, const std::string& name,
                             const tree::entry& e) {
        auto size = write_file(into, name, e);
        if (!size) return within(std::move(size), "export", into.path_of(name));
        ++counts_.files;
        counts_.bytes += *size;
        return {};
    }

    result<std::uint64_t> write_file(const open_directory& into, const std::string& name,
                                     const tree::entry& e) {
        if (into.look(name)) return fail_system(EEXIST, "create", into.path_of(name));
        auto bytes = vault_.read_entry(e);
        if (!bytes) return passed(bytes);
        auto file = new_file::create(into, unfinished_ + std::to_string(next_unfinished_++));
        if (!file) return passed(file);
        if (auto written = file->write(*bytes, tally_); !written) return passed(written);
        if (const int why = file->set_facts(e.about); why != 0)
            return fail_system(why, "set mode and time of", into.path_of(name));
        if (auto closed = file->close(); !closed) return passed(closed);
        const auto nothing = mirrored::onto::nothing;
        if (auto named = mirrored::rename_to(into, file->name(), name, nothing); !named)
            return passed(named);
        file->keep();
        return bytes->size();
    }

    /// One sync for the whole tree, instead of one a file. Asks for no name: the last may come
    /// late.
    [[nodiscard]] result<void> sync() const {
        return ::syncfs(top_->number()) == 0 ? result<void>{}
                                             : fail_system(errno, "sync", top_->path());
    }

    vault& vault_;
    std::shared_ptr<open_directory> top_;  // everything goes into it
    const std::string unfinished_ = fmt::format(".casement-export.{:016x}.", blob::random_magic());
    std::atomic<std::uint64_t> next_unfinished_ = 0;
    counts counts_;
    tally tally_;
};

}  // namespace

void add_export(CLI::App& app, settings& common) {
    struct export_options {
        std::string store, path, destination;
    };
    auto o = std::make_shared<export_options>();
    auto* command = add_command(app, common, "export", "Give a directory or a file back",
                                "casement export my.store /include /tmp/include");
    add_store(command, o->store);
    command->add_option("PATH", o->path, "What to export")->required();
    command->add_option("DST", o->destination, "Where to; must not exist, or be an empty directory")
        ->required();
    command->callback([o, &common] {
        common.run = [o, &common] {
            auto v = vault::open(o->store, opened_for());
            if (!v) return failed(common, v.error());
            exporter work{*v};
            if (auto ran = work.run(o->path, o->destination, common.as_json); !ran)
                return ran.error().code() == errc::cancelled ? (say(ran.error().message()), exit_no)
                                                             : failed(common, ran.error());
            if (auto closed = v->close(); !closed) return failed(common, closed.error());
            const auto& n = work.done();
            if (common.as_json) {
                auto document = n.to_json();
                document["failed"] = n.failed.load();
                print(document);
            } else {
                print_line(fmt::format("{}; {} failed", n.to_text(), n.failed.load()));
            }
            return n.failed > 0 ? exit_failed : exit_ok;
        };
    });
}

}  // namespace casement::command
