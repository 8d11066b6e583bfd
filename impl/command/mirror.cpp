// casement mirror: a plain directory elsewhere is brought up to date with a directory of the store.
// Only what has changed is moved, and a crash leaves each name old or new.

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include <casement/core/system_calls.hpp>

#include "engines.hpp"
#include "mirror_run.hpp"
#include "placing.hpp"

namespace casement::command {

namespace {

class mirrorer {
public:
    mirrorer(vault& v, const mirror_options& o, bool as_json)
        : how_{o}, run_{v, o, as_json}, bar_{"mirror", run_.moved, !as_json} {}

    result<void> run() {
        auto from = run_.store.look(how_.path);
        if (!from) return within(std::move(from), "mirror", how_.path);
        if (!tree::is_directory(from->what))
            return fail(errc::not_a_directory, "mirror", how_.path);
        if (auto opened = open_top(); !opened) return opened;
        auto before = remember();
        if (!before) return passed(before);
        if (auto ours = is_of_this_store(); !ours) return ours;
        auto known = before->names();
        if (!known) return passed(known);
        if (auto pruned = prune_mirror(run_, *std::move(known), from->what); !pruned) return pruned;
        // A run was cut short: what it left is one record, before another run begins a log.
        if (before->has_log() && !how_.dry_run) {
            if (auto settled = before->settle(); !settled) return settled;
            before = mirrored::memory::read(run_.top, true);
            if (!before) return passed(before);
        }
        const auto changed = fill_mirror(run_, *before, from->what, is_new_);
        if (!changed) return std::unexpected{changed.error()};
        return *changed ? settle(before->record() != 0, from->what) : result<void>{};
    }

    [[nodiscard]] const mirror_counts& done() const { return run_.n; }

private:
    result<void> open_top() {
        if (auto apart = stays_apart(); !apart) return apart;
        if (auto made = make_top(); !made) return made;
        auto top = open_directory::open(how_.destination);
        if (!top && how_.dry_run && top.error().code() == errc::not_found) return {};
        if (!top) return passed(top);
        run_.top = *std::move(top);
        return lock();
    }

    result<void> make_top() {
        if (how_.dry_run) return {};
        if (::mkdir(how_.destination.c_str(), 0700) != 0)
            return errno == EEXIST ? result<void>{}
                                   : fail_system(errno, "make directory", how_.destination);
        is_new_ = true;
        if (how_.durable != "power") return {};
        auto above = open_directory::open_above(own_path());
        if (!above) return passed(above);
        if (::fsync(above->first->number()) != 0 && !cannot_sync_names(errno))
            return fail_system(errno, "sync directory", above->first->path());
        return {};
    }

    /// Without what a shell adds at the end.
    [[nodiscard]] std::string own_path() const {
        auto path = how_.destination;
        while (path.size() > 1 && path.ends_with('/')) path.pop_back();
        return path;
    }

    /// Neither the destination in the store nor the store in the destination: one would be taken
    /// for the other's.
    result<void> stays_apart() const {
        auto there = open_directory::open(how_.destination);
        if (!there && there.error().code() == errc::not_found) {
            auto above = open_directory::open_above(own_path());
            if (!above) return passed(above);
            return lies_outside(*above->first);
        }
        if (!there) return passed(there);
        if (auto outside = lies_outside(**there); !outside) return outside;
        struct stat destination {};
        if (::fstat((*there)->number(), &destination) != 0)
            return fail_system(errno, "stat", how_.destination);
        auto store = open_directory::open(run_.store.path());
        if (!store) return passed(store);
        auto inside = mirrored::lies_in(**store, destination);
        if (!inside) return passed(inside);
        if (*inside)
            return fail(errc::illegal, "mirror", how_.destination, "the store itself is in it");
        return {};
    }

    result<void> lies_outside(const open_directory& destination) const {
        struct stat store {};
        if (::stat(run_.store.path().c_str(), &store) != 0)
            return fail_system(errno, "stat", run_.store.path());
        auto inside = mirrored::lies_in(destination, store);
        if (!inside) return passed(inside);
        if (*inside) return fail(errc::illegal, "mirror", how_.destination, "it is in the store");
        return {};
    }

    /// For as long as the process lives. Where there are no locks, nobody is kept out.
    result<void> lock() {
        const std::string name{mirrored::lock_name};
        const auto open = [&](int how) {
            return descriptor{::openat(run_.top->number(), name.c_str(),
                                       O_RDWR | O_NOFOLLOW | O_CLOEXEC | how, 0600)};
        };
        lock_ = open(0);
        was_here_ = static_cast<bool>(lock_);
        if (!lock_ && errno == ENOENT && how_.dry_run) return {};
        if (!lock_ && errno == ENOENT) lock_ = open(O_CREAT);
        if (!lock_) return fail_system(errno, "open", run_.top->path_of(name));
        if (::flock(lock_.number(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
            return fail(errc::in_use, "mirror", how_.destination,
                        "another mirror is writing there");
        return {};
    }

    /// A mirror of another store is not brought up to date: all that it holds would be removed.
    /// Whose it is stands in the lock, since this program has known stores by number; one that was
    /// cut short in writing it is nobody's.
    result<void> is_of_this_store() {
        if (!lock_ || run_.store.number() == 0) return {};
        const auto ours = fmt::format("{:016x}\n", run_.store.number());
        const auto path = run_.top->path_of(mirrored::lock_name);
        std::string text(ours.size(), '\0');
        const auto n = ::pread(lock_.number(), text.data(), text.size(), 0);
        if (n < 0) return fail_system(errno, "read", path);
        if (text == ours) return {};
        if (static_cast<std::size_t>(n) == text.size() && text.ends_with('\n') && !how_.adopt)
            return fail(errc::illegal, "mirror", how_.destination,
                        "it mirrors another store; --adopt makes it this one's");
        if (how_.dry_run) return {};
        if (::pwrite(lock_.number(), ours.data(), ours.size(), 0) !=
            static_cast<ssize_t>(ours.size()))
            return fail_system(errno, "write", path);
        if (::fsync(lock_.number()) != 0) return fail_system(errno, "sync", path);
        return {};
    }

    /// The record is renamed and the log removed: then the top itself gets its mtime again, which
    /// the record tells already.
    result<void> settle(bool had_record, const tree::entry& from) {
        auto all = mirrored::memory::read(run_.top, had_record);
        if (!all) return passed(all);
        if (auto settled = all->settle(); !settled) return settled;
        auto about = tree::facts_of(run_.store.rows(), from);
        if (!about) return passed(about);
        return run_.unless_refused(set_facts(*run_.top, *about), how_.destination);
    }

    /// What is known of the destination, which is ours, or empty, or adopted.
    result<mirrored::memory> remember() {
        if (!run_.top) return mirrored::memory{};
        auto before = mirrored::memory::read(run_.top, was_here_);
        if (!before && before.error().code() == errc::corrupt && how_.adopt) {
            before = mirrored::memory{};
            if (!how_.dry_run)
                if (auto gone =
                        mirrored::remove(*run_.top, std::string{mirrored::record_name}, false);
                    !gone)
                    return passed(gone);
        }
        if (!before && before.error().code() == errc::corrupt)
            warn("--adopt begins a new record, by the bytes that are there");
        if (!before || !before->is_empty() || how_.adopt) return before;
        auto empty = run_.top->for_each_name([&](const std::string& name) -> result<void> {
            if (mirrored::is_own(name, true)) return {};
            return fail(errc::not_empty, "mirror", how_.destination,
                        "holds '" + printable(name) +
                            "', and no mirror has been here; --adopt "
                            "takes over what is there");
        });
        if (!empty) return passed(empty);
        return before;
    }

    const mirror_options& how_;
    mirror_run run_;
    const progress bar_;
    bool is_new_ = false, was_here_ = false;
    descriptor lock_{-1};
};

int report_mirror(const settings& common, const mirror_options& how, const mirror_counts& n,
                  const result<void>& ran) {
    const bool stopped = !ran && ran.error().code() == errc::cancelled;
    if (!ran && !stopped) return failed(common, ran.error());
    if (common.as_json) {
        auto document = n.to_json();
        document.update({{"compared", n.compared.load()},
                         {"repaired", n.repaired.load()},
                         {"facts", n.facts.load()},
                         {"removed", n.removed.load()},
                         {"unchanged", n.unchanged.load()},
                         {"foreign", n.foreign.load()},
                         {"failed", n.failed.load()},
                         {"dry_run", how.dry_run},
                         {"stopped", stopped}});
        print(document);
    } else {
        print_line(fmt::format(
            "{}{}; {} facts alone, {} removed, {} unchanged, {} foreign; {} compared, {} repaired; "
            "{} failed",
            how.dry_run ? "would be: " : "", n.to_text(), n.facts.load(), n.removed.load(),
            n.unchanged.load(), n.foreign.load(), n.compared.load(), n.repaired.load(),
            n.failed.load()));
    }
    if (stopped) say(ran.error().message());
    return stopped ? exit_no : n.failed > 0 ? exit_failed : exit_ok;
}

}  // namespace

void add_mirror(CLI::App& app, settings& common) {
    auto o = std::make_shared<mirror_options>();
    auto* command = add_command(app, common, "mirror", "Bring a plain directory up to date",
                                "casement mirror my.store /mnt/d/photos --path /photos");
    add_store(command, o->store);
    command
        ->add_option("DST", o->destination,
                     "What to bring up to date; at first it must not exist, or be empty")
        ->required();
    command->add_option("--path", o->path, "The directory of the store")->capture_default_str();
    command->add_flag("--adopt", o->adopt,
                      "Take over what is there under names of the store, by its bytes");
    command->add_flag("--delete", o->remove_foreign,
                      "Remove and replace also what no mirror has put there");
    command->add_flag("--verify", o->verify, "Read all bytes of DST, and repair what differs");
    command->add_flag("--dry-run", o->dry_run, "Say what would be done, and change nothing");
    command->add_option("--durability", o->durable, "What a name that was placed survives")
        ->check(CLI::IsMember({"process", "power"}))
        ->capture_default_str();
    command->add_option("--jobs", o->jobs, "Threads; 0 for what the machine and the disk like")
        ->check(CLI::Range(0u, 256u));
    command->callback([o, &common] {
        common.run = [o, &common] {
            auto v = vault::open(o->store, opened_for());
            if (!v) return failed(common, v.error());
            mirrorer work{*v, *o, common.as_json};
            auto ran = work.run();
            auto closed = v->close();
            return report_mirror(common, *o, work.done(), ran ? closed : ran);
        };
    });
}

}  // namespace casement::command
