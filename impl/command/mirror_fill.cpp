// The second pass of a mirror. One thread walks through the store, and beside it through the names
// that the destination has and those that the record knows; many threads settle names. A directory
// is over when the last who works in it lets go of it.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <casement/core/hash.hpp>
#include <casement/core/pace.hpp>
#include <casement/core/system_calls.hpp>
#include <casement/object/file_object.hpp>

#include "mirror_directory.hpp"
#include "mirror_log.hpp"
#include "mirror_run.hpp"
#include "placing.hpp"
#include "store_walk.hpp"
#include "workers.hpp"

namespace casement::command {

namespace {

using mirrored::placed;
using turn = mirrored::run_log::turn;
using seen_there = std::optional<struct stat>;

/// With syncs, threads mostly wait, and those that wait together share some of them.
constexpr unsigned mirror_jobs_with_syncs = 16;

std::string path_in(const std::string& directory, const std::string& name) {
    return directory.empty() ? name : directory + '/' + name;
}

using mirrored::filled_directory;
using place = std::shared_ptr<filled_directory>;

/// One name of the store that is no directory, and what is known of it.
struct unsettled {
    place in;
    std::string name;
    tree::entry what;
    std::optional<placed> known;
    bool is_listed;
    std::shared_ptr<turn> its_turn;

    [[nodiscard]] std::string path() const { return path_in(in->path, name); }
    /// For people.
    [[nodiscard]] std::string where() const { return in->at ? in->at->path_of(name) : path(); }
};

class filling {
public:
    filling(mirror_run& run, const mirrored::memory& before)
        : run_{run},
          how_{run.how},
          open_{run.top, false},
          log_{how_.dry_run ? nullptr : run.top, before.record(), how_.durable == "power"} {}

    result<bool> run(mirrored::known_names known, const tree::entry& from, bool is_new) {
        known_ = std::move(known);
        const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
        const bool syncs = how_.durable == "power" && !how_.dry_run;
        workers crew{how_.jobs != 0 ? how_.jobs : syncs ? mirror_jobs_with_syncs : cores};
        auto walked = walk(from, is_new, crew);
        above_.clear();
        auto finished = crew.finish();
        if (finished) finished = walked;
        if (finished && stop_requested()) finished = mirror_stopped(run_);
        if (finished && log_.has_begun()) finished = sync();
        auto logged = log_.close();
        if (!finished) return passed(finished);
        return logged;
    }

private:
    // --- the walk: one thread ----------------------------------------------------------------

    result<void> walk(const tree::entry& from, bool is_new, workers& crew) {
        store_walk names{run_.store, from};
        for (;;) {
            if (stop_requested()) return {};
            const auto step = names.next();
            if (!step) return std::unexpected{step.error()};
            switch (*step) {
                case store_walk::step::enter: {
                    auto inside = enter(names, is_new);
                    if (!inside) return passed(inside);
                    if (*inside)
                        above_.push_back(*std::move(inside));
                    else
                        names.pass_by();
                    break;
                }
                case store_walk::step::name:
                    if (!bring(names, crew)) return {};  // the failure is told by the crew
                    break;
                case store_walk::step::leave: finish_directory(); break;
                case store_walk::step::end: return known_status_;
            }
            if (!known_status_) return known_status_;
        }
    }

    bool bring(const store_walk& names, workers& crew) {
        const auto& in = above_.back();
        unsettled u{in, names.name(), names.entry(), {}, pass_names(*in, names.name()), {}};
        drop_until(names.path());
        if (known_.now() && known_.now()->path == names.path()) {
            u.known = *known_.now();
            go_on();
        }
        u.its_turn = log_.take_turn();
        return crew.add([this, u = std::move(u)]() mutable { return settle(u); });
    }

    /// Past all names of the destination that come before: the store has none of them. Has the
    /// destination this one?
    static bool pass_names(filled_directory& d, const std::string& name) {
        auto& i = d.passed_by;
        for (; i < d.listed.size() && d.listed[i] < name; ++i)
            d.strangers.push_back(std::move(d.listed[i]));
        if (i == d.listed.size() || d.listed[i] != name) return false;
        ++i;
        return true;
    }

    /// Past all known names that come before; the store has none of them.
    void drop_until(const std::string& path, bool with_those_below = true) {
        while (known_.now() && mirrored::in_order(known_.now()->path, path) < 0 &&
               (with_those_below || !mirrored::is_below(known_.now()->path, path))) {
            drop(*known_.now());
            go_on();
        }
    }

    /// The first pass has removed it, unless it could not.
    void drop(const placed& p) {
        const auto its_turn = log_.take_turn();
        const auto [above, name] = parent_and_name(p.path);
        const auto in = open_.at(above);
        if (!in) return;  // it is told when the walk gets there
        const auto& here = *above_.back();
        const bool is_listed =
            above == here.path && std::ranges::binary_search(here.strangers, name);
        const auto there = *in ? mirrored::look(**in, name, is_listed) : seen_there{};
        if (!there) return;
        const bool holds_foreign = run_.remaining.contains(p.path);
        if (!*there || !is_as_placed(p, **in, name, **there) ||
            (holds_foreign && how_.remove_foreign))
            return its_turn->tell(mirrored::gone{p.path});
        if (above == above_.back()->path && !holds_foreign) above_.back()->spared.insert(name);
    }

    void go_on() {
        if (auto next = known_.next(); !next && known_status_) known_status_ = std::move(next);
    }

    /// Null where it cannot be: that is told, and all below it stays as it is.
    result<place> enter(const store_walk& names, bool is_new) {
        auto about = tree::facts_of(run_.store.rows(), names.entry());
        if (!about) return passed(about);
        if (above_.empty()) return enter_top(*about, is_new);
        auto& in = *above_.back();
        const auto& path = names.path();
        const bool is_listed = pass_names(in, names.name());
        drop_until(path, false);
        const bool is_known = known_.now() && (known_.now()->path == path ||
                                               mirrored::is_below(known_.now()->path, path));
        auto inside = open_inside(above_.back(), names.name(), *about, is_listed, is_known);
        if (inside) return inside;
        while (known_.now() && mirrored::in_order(known_.now()->path, path) <= 0) go_on();
        if (auto over = run_.pass_over(inside.error()); !over) return passed(over);
        return nullptr;
    }

    result<place> enter_top(const tree::facts& about, bool is_new) {
        auto top = directory(nullptr, "", about);
        top->at = run_.top;
        if (is_new || !top->at) return top;
        if (auto seen = see_inside(*top); !seen) return passed(seen);
        return top;
    }

    place directory(const place& in, std::string path, const tree::facts& about) {
        return std::make_shared<filled_directory>(in, std::move(path), about,
                                                  [this](filled_directory& d) { leave(d); });
    }

    /// What a directory is and has that was there before.
    result<void> see_inside(filled_directory& d) {
        struct stat found {};
        if (::fstat(d.at->number(), &found) != 0) return fail_system(errno, "stat", d.at->path());
        d.found = found;
        auto names = mirrored::names_in(*d.at);
        if (!names) return passed(names);
        for (auto& name : *names) {
            if (!mirrored::is_own(name, d.path.empty()))
                d.listed.push_back(std::move(name));
            else if (mirrored::is_unfinished(name) && !how_.dry_run)
                if (auto left = mirrored::remove(*d.at, name, false); !left) return left;
        }
        return {};
    }

    result<place> open_inside(const place& in, const std::string& name, const tree::facts& about,
                              bool is_listed, bool is_known) {
        auto d = directory(in, path_in(in->path, name), about);
        const auto where = in->at ? in->at->path_of(name) : d->path;
        if (mirrored::is_own(name, in->path.empty())) return is_ours(where);
        if (!in->at) return d;
        seen_there there;
        if (in->found) {
            auto seen = mirrored::look(*in->at, name, is_listed);
            if (!seen) return passed(seen);
            there = *seen;
        }
        if (there) {
            if (!is_listed && !is_known && is_another_name(*in, *there)) return is_another(where);
            const bool may_be = is_known || how_.takes_over();
            // A directory has no bytes to lose: one of this very name is taken as it is.
            if (S_ISDIR(there->st_mode) ? !may_be && !is_listed : !may_be) return in_the_way(where);
            if (in->is_alias(name, is_listed, *there)) return is_another(where);
            if (S_ISDIR(there->st_mode)) return open_there(std::move(d), name, there->st_mode);
            if (how_.dry_run) return d;
            in->open_up();
            if (auto gone = mirrored::remove(*in->at, name, false); !gone) return passed(gone);
        }
        if (how_.dry_run) return d;
        return make(std::move(d), name);
    }

    result<place> open_there(place d, const std::string& name, mode_t mode) {
        auto opened = open_directory::open_in(d->in->at, name);
        d->is_shut = !opened && opened.error().system() == EACCES && !how_.dry_run;
        if (d->is_shut) opened = mirrored::open_to_fill(d->in->at, name);
        if (!opened) return passed(opened);
        d->at = *std::move(opened);
        if (auto seen = see_inside(*d); !seen) return passed(seen);
        d->found->st_mode = mode;
        return d;
    }

    result<place> make(place d, const std::string& name) {
        auto& in = *d->in;
        // One that is forgotten loses nothing: whoever finds it takes it as it is.
        auto told = log_.touch({d->path, placed::directory, {}, d->wanted, {}, false}, false);
        if (!told) return passed(told);
        in.open_up();
        if (::mkdirat(in.at->number(), name.c_str(), 0700) != 0) {
            if (errno == EEXIST) return is_another(in.at->path_of(name));
            return fail_system(errno, "make directory", in.at->path_of(name));
        }
        auto opened = open_directory::open_in(in.at, name);
        if (!opened) return passed(opened);
        d->at = *std::move(opened);
        struct stat made {};
        if (::fstat(d->at->number(), &made) == 0) (void)in.claim(name, false, made);
        return d;
    }

    void finish_directory() {
        auto& d = *above_.back();
        for (; d.passed_by < d.listed.size(); ++d.passed_by)
            d.strangers.push_back(std::move(d.listed[d.passed_by]));
        drop_until(d.path);
        if (known_.now() && known_.now()->path == d.path) {
            d.known = *known_.now();
            go_on();
        }
        d.its_turn = log_.take_turn();
        above_.pop_back();
    }

    // --- one name: any thread ----------------------------------------------------------------

    result<void> settle(unsettled& u) {
        if (stop_requested()) return {};
        auto done = try_to_settle(u);
        ++run_.moved.files;
        if (!done)
            if (auto logged = log_.status(); !logged) return logged;
        return done ? done : run_.pass_over(done.error());
    }

    result<void> try_to_settle(unsettled& u) {
        auto& d = *u.in;
        if (mirrored::is_own(u.name, d.path.empty())) return is_ours(u.where());
        auto wanted = wanted_of(u);
        if (!wanted) return within(std::move(wanted), "mirror", u.where());
        seen_there there;
        if (d.at && d.found) {
            auto seen = mirrored::look(*d.at, u.name, u.is_listed);
            if (!seen) return passed(seen);
            there = *seen;
        }
        if (!there) return put(u, *wanted, there);
        if (!u.is_listed && !u.known && is_another_name(d, *there)) return is_another(u.where());
        if (!u.known && !how_.takes_over()) return in_the_way(u.where());
        if (d.is_alias(u.name, u.is_listed, *there)) {
            if (u.known) u.its_turn->tell(mirrored::gone{wanted->path});
            return is_another(u.where());
        }
        return holds(u, *wanted, *there) ? settle_facts(u, *wanted, *there)
                                         : put(u, *wanted, there);
    }

    result<placed> wanted_of(const unsettled& u) {
        placed p{u.path(), placed::file, {}, u.what.about, {}, true};
        if (const auto* link = link_in(u.what)) {
            p.kind = placed::link;
            p.content = sha256_of(link->path);
            return p;
        }
        if (const auto* object = tree::object_in(u.what)) {
            p.content = object->digest;
            return p;
        }
        // A file that is not finalized has no name for its bytes yet.
        auto bytes = run_.store.read_entry(u.what);
        if (!bytes) return passed(bytes);
        sha256 hash;
        auto read = bytes->for_each_piece([&](std::string_view piece) -> result<void> {
            hash.update(piece);
            return {};
        });
        if (!read) return passed(read);
        p.wanted.size = bytes->size();
        p.content = object::id_of({hash.finish(), bytes->size()}).digest;
        return p;
    }

    /// Does the name stand for these bytes, or this path? By the record, where the destination says
    /// what it said then; else by its bytes.
    bool holds(const unsettled& u, const placed& wanted, const struct stat& there) {
        if (kind_of(there) != wanted.kind) return false;
        if (const auto* link = link_in(u.what)) {
            const auto target = u.in->at->read_link(u.name);
            return target && *target == link->path;
        }
        const auto shown = facts_of(there);
        const auto& k = u.known;
        const bool recorded = k && k->kind == placed::file && k->content == wanted.content;
        const bool untouched =
            recorded && k->sure && shown.size == k->shown.size && shown.mtime == k->shown.mtime;
        if (untouched && !how_.verify) return true;
        const auto size = recorded && k->sure ? k->shown.size : wanted.wanted.size;
        const bool may_be = recorded || !k || !k->sure;
        if (!may_be || shown.size != size) return false;
        ++run_.n.compared;
        const auto bytes = measure(u, there.st_mode & 07777);
        const bool same = bytes && bytes->object == wanted.content;
        if (!same && untouched) {
            ++run_.n.repaired;
            warn("'" + printable(u.where()) + "' has other bytes than were written there");
        }
        return same;
    }

    /// Also of a file that shuts its owner out, for as long as it takes.
    result<mirrored::measured> measure(const unsettled& u, mode_t mode) {
        const auto& in = *u.in->at;
        auto bytes = mirrored::measure(in, u.name);
        if (bytes || bytes.error().system() != EACCES || how_.dry_run) return bytes;
        const auto change = [&](mode_t to) {
            return ::fchmodat(in.number(), u.name.c_str(), to, AT_SYMLINK_NOFOLLOW) == 0;
        };
        if (!change(mode | 0400)) return bytes;
        bytes = mirrored::measure(in, u.name);
        if (!change(mode)) return fail_system(errno, "set mode of", u.where());
        return bytes;
    }

    result<void> settle_facts(unsettled& u, placed& wanted, const struct stat& there) {
        const bool is_link = wanted.kind == placed::link;
        const auto agree = [&](const tree::facts& a, const tree::facts& b) {
            return a.mtime == b.mtime && (is_link || a.mode == b.mode);
        };
        wanted.shown = facts_of(there);
        const auto& k = u.known;
        const bool asked_before = k && k->wanted == wanted.wanted;
        if (agree(wanted.shown, wanted.wanted) ||
            (asked_before && k->sure && agree(wanted.shown, k->shown))) {
            ++run_.n.unchanged;
            run_.moved.bytes_total -= is_link ? 0 : wanted.wanted.size;
            if (!k || *k != wanted) u.its_turn->tell(wanted);
            return {};
        }
        if (how_.dry_run) {
            ++run_.n.facts;
            run_.would("set mode and time of", wanted.path);
            return {};
        }
        const auto set = [&] { return set_facts(*u.in->at, u.name, is_link, wanted.wanted); };
        const int why = until_passed(set, steady_waiting::wait);
        if (auto done = run_.unless_refused(why, u.where()); !done) return done;
        auto seen = mirrored::look(*u.in->at, u.name, true);
        if (!seen) return passed(seen);
        if (*seen) wanted.shown = facts_of(**seen);
        u.its_turn->tell(wanted);
        ++run_.n.facts;
        run_.moved.bytes_total -= is_link ? 0 : wanted.wanted.size;
        return {};
    }

    result<void> put(unsettled& u, placed& wanted, seen_there there) {
        if (there && S_ISDIR(there->st_mode)) {
            if (auto cleared = clear(u); !cleared) return cleared;
            there.reset();
        }
        const bool is_link = wanted.kind == placed::link;
        if (!how_.dry_run)
            if (auto done = is_link ? put_link(u, wanted, there) : put_file(u, wanted, there);
                !done)
                return done;
        ++(is_link ? run_.n.links : run_.n.files);
        if (!is_link) run_.n.bytes += wanted.wanted.size;
        run_.would(is_link ? "make link" : "write", wanted.path);
        return {};
    }

    /// A directory stands where a file or a link goes.
    result<void> clear(const unsettled& u) {
        const auto path = u.path();
        const bool is_ours = u.known && u.known->kind == placed::directory;
        if (how_.dry_run && (how_.remove_foreign || (is_ours && !run_.remaining.contains(path))))
            return {};
        if (how_.dry_run) return fail(errc::not_empty, "remove", u.where());
        u.in->open_up();
        return how_.remove_foreign ? mirrored::remove_all(u.in->at, u.name)
                                   : mirrored::remove(*u.in->at, u.name, true);
    }

    result<void> put_file(unsettled& u, placed& wanted, const seen_there& there) {
        auto& d = *u.in;
        auto bytes = run_.store.read_entry(u.what);
        if (!bytes) return within(std::move(bytes), "mirror", u.where());
        d.open_up();
        auto file = new_file::create(*d.at, mirrored::unfinished_name());
        if (!file) return within(std::move(file), "mirror", u.where());
        if (auto written = file->write(*bytes, run_.moved); !written)
            return within(std::move(written), "mirror", u.where());
        auto done = run_.unless_refused(file->set_facts(wanted.wanted), u.where());
        if (done && how_.durable == "power") done = file->sync();
        if (!done) return within(std::move(done), "mirror", u.where());
        const auto shown = file->close();
        if (!shown) return std::unexpected{shown.error()};
        auto named = give_name(u, wanted, file->name(), *shown, there);
        if (named) file->keep();
        return named;
    }

    result<void> put_link(unsettled& u, placed& wanted, const seen_there& there) {
        auto& d = *u.in;
        d.open_up();
        const auto unfinished = mirrored::unfinished_name();
        if (auto made = make_link(*d.at, unfinished, link_in(u.what)->path); !made)
            return within(std::move(made), "mirror", u.where());
        const auto finish = [&]() -> result<void> {
            const int why = set_facts(*d.at, unfinished, true, wanted.wanted);
            if (auto done = run_.unless_refused(why, u.where()); !done) return done;
            const auto shown = d.at->look(unfinished);
            if (!shown) return std::unexpected{shown.error()};
            return give_name(u, wanted, unfinished, *shown, there);
        };
        auto finished = finish();
        if (!finished) (void)mirrored::remove(*d.at, unfinished, false);
        return finished;
    }

    /// The last step, after which nothing is asked. A crash leaves the old or the new.
    result<void> give_name(unsettled& u, placed& wanted, const std::string& from,
                           const struct stat& shown, const seen_there& there) {
        auto& d = *u.in;
        placed unsure = wanted;
        unsure.sure = false;
        if (u.known) unsure.shown = u.known->shown;
        if (auto told = log_.touch(std::move(unsure)); !told) return told;
        const auto until_named = d.claim(u.name, u.is_listed, shown);
        const auto what = there ? mirrored::onto::anything : mirrored::onto::nothing;
        auto named = mirrored::rename_to(*d.at, from, u.name, what);
        if (!named) d.disclaim(u.name, shown);
        if (!named && named.error().code() == errc::exists) {
            u.its_turn->tell(mirrored::gone{wanted.path});
            return is_another(u.where());
        }
        if (!named) return named;
        wanted.shown = facts_of(shown);
        u.its_turn->tell(wanted);
        return {};
    }

    // --- a directory is over: any thread -----------------------------------------------------

    void leave(filled_directory& d) {
        if (!d.its_turn || stop_requested()) return;  // it was not filled
        if (d.at)
            for (const auto& name : d.strangers) settle_stranger(d, name);
        if (auto done = settle_directory(d); !done) failed(done.error());
    }

    void settle_stranger(filled_directory& d, const std::string& name) {
        if (d.spared.contains(name)) return;
        const auto path = path_in(d.path, name);
        const auto there = mirrored::look(*d.at, name, true);
        if (there && (!*there || d.is_spelled_otherwise(**there))) return;
        if (!how_.remove_foreign) {
            ++run_.n.foreign;
            return run_.tell("foreign", path);
        }
        if (!how_.dry_run) {
            d.open_up();
            auto gone = there && S_ISDIR((*there)->st_mode) ? mirrored::remove_all(d.at, name)
                                                            : mirrored::remove(*d.at, name, false);
            if (!gone) return failed(gone.error());
        }
        ++run_.n.removed;
        run_.would("remove", path);
    }

    result<void> settle_directory(filled_directory& d) {
        const auto& k = d.known;
        const bool is_known = k && k->kind == placed::directory && k->sure;
        const auto found = d.found ? facts_of(*d.found) : tree::facts{};
        const bool as_wanted =
            d.found && found.mode == d.wanted.mode && found.mtime == d.wanted.mtime;
        const bool as_before = is_known && k->wanted == d.wanted && d.found && found == k->shown;
        // An mtime alone has moved with what was placed or removed in it: that is not told.
        const bool same =
            is_known && d.found ? k->wanted == d.wanted && found.mode == k->shown.mode : as_wanted;
        ++(!d.found ? run_.n.directories : same ? run_.n.unchanged : run_.n.facts);
        if (how_.dry_run) {
            if (!same) run_.would(d.found ? "set mode and time of" : "make", d.path);
            return {};
        }
        if (as_before && !d.changed && !d.is_shut) return {};
        if (!as_wanted || d.changed || d.is_shut) {
            auto set = run_.unless_refused(set_facts(*d.at, d.wanted), d.at->path());
            if (!set) return set;
        }
        if (as_before && !d.changed) return {};
        struct stat shown {};
        if (::fstat(d.at->number(), &shown) != 0) return fail_system(errno, "stat", d.at->path());
        if (how_.durable == "power" && (d.changed || !d.found) && ::fsync(d.at->number()) != 0 &&
            !cannot_sync_names(errno))
            return fail_system(errno, "sync directory", d.at->path());
        d.its_turn->tell(placed{d.path, placed::directory, {}, d.wanted, facts_of(shown), true});
        return {};
    }

    // --- all of it ---------------------------------------------------------------------------

    /// One sync for the whole tree. Where it fails, the next run trusts no byte of this one.
    result<void> sync() {
        if (::syncfs(run_.top->number()) == 0) return {};
        auto why = fail_system(errno, "sync", how_.destination);
        (void)log_.doubt();  // else the log has failed as well, and says so
        return why;
    }

    void failed(const error& e) {
        warn(e.message());
        ++run_.n.failed;
    }

    static std::unexpected<error> is_ours(std::string where) {
        return fail(errc::exists, "mirror", std::move(where),
                    "a name that mirrors keep for themselves");
    }
    static std::unexpected<error> is_another(std::string where) {
        return fail(errc::exists, "mirror", std::move(where),
                    "the destination takes it for another name, which is there");
    }
    static std::unexpected<error> in_the_way(std::string where) {
        return fail(errc::exists, "mirror", std::move(where),
                    "no mirror has put there what is there; --adopt takes it over");
    }

    /// Where the destination folds names, what it finds may be what another name of the store is
    /// listed as: that one has it.
    bool is_another_name(filled_directory& d, const struct stat& there) {
        const auto spelled = d.spelling_of(there);
        if (spelled.empty()) return false;
        const auto path = how_.path + '/' + path_in(d.path, spelled);
        const auto stored = run_.store.look(path, tree::last_link::keep);
        return stored || stored.error().code() != errc::not_found;
    }

    mirror_run& run_;
    const mirror_options& how_;
    mirrored::open_chain open_;
    mirrored::run_log log_;
    mirrored::known_names known_;
    result<void> known_status_;
    std::vector<place> above_;  // from the top to where the walk is
};

}  // namespace

result<bool> fill_mirror(mirror_run& run, const mirrored::memory& before, const tree::entry& from,
                         bool is_new) {
    auto known = before.names();
    if (!known) return passed(known);
    return filling{run, before}.run(*std::move(known), from, is_new);
}

}  // namespace casement::command
