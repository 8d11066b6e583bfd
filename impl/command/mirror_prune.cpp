// The first pass of a mirror, and what both share.

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "mirror_run.hpp"
#include "store_walk.hpp"

namespace casement::command {

using mirrored::placed;

void mirror_run::tell(const std::string& what, const std::string& path) {
    const std::lock_guard lock{output_};
    if (!as_json_) return print_line(fmt::format("{} '{}'", what, printable(path)));
    json line{{"told", what}};
    put_name(line, "path", path);
    print(line);
}

void mirror_run::would(const std::string& what, const std::string& path) {
    if (how.dry_run) tell("would " + what, path);
}

result<void> mirror_run::pass_over(const error& e) {
    if (e.code() == errc::no_space || e.code() == errc::read_only) return std::unexpected{e};
    warn(e.message());
    ++n.failed;
    return {};
}

result<void> mirror_run::unless_refused(int why, const std::string& path) {
    if (why == 0) return {};
    auto e = system_error(why, "set mode and time of", path);
    if (why != EPERM && why != EINVAL && why != EOPNOTSUPP && why != ENOSYS)
        return std::unexpected{std::move(e)};
    if (!refusal_told_.exchange(true)) warn(e.message() + ": the destination has its own");
    return {};
}

std::uint8_t kind_of(const struct stat& s) {
    return S_ISREG(s.st_mode)   ? placed::file
           : S_ISDIR(s.st_mode) ? placed::directory
           : S_ISLNK(s.st_mode) ? placed::link
                                : 0;
}

bool is_as_placed(const placed& p, const open_directory& in, const std::string& name,
                  const struct stat& there) {
    if (kind_of(there) != p.kind) return false;
    if (p.kind == placed::directory) return true;
    const auto shown = facts_of(there);
    const bool untouched = shown.size == p.shown.size && shown.mtime == p.shown.mtime;
    if (untouched && p.kind == placed::file) return true;
    if (p.kind == placed::link) {
        const auto target = in.read_link(name);
        return target && (sha256_of(*target) == p.content || (!p.sure && untouched));
    }
    if (p.sure) return false;
    const auto bytes = mirrored::measure(in, name);
    return bytes && bytes->object == p.content;
}

std::pair<std::string, std::string> parent_and_name(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return {"", path};
    return {path.substr(0, slash), path.substr(slash + 1)};
}

namespace {

class pruning {
public:
    pruning(mirror_run& run, mirrored::known_names known)
        : run_{run}, known_{std::move(known)}, open_{run.top, !run.how.dry_run} {}

    result<void> run(const tree::entry& from) {
        store_walk walk{run_.store, from};
        for (;;) {
            if (stop_requested()) return mirror_stopped(run_);
            const auto step = walk.next();
            if (!step) return std::unexpected{step.error()};
            if (*step == store_walk::step::enter) continue;
            const bool at_end = *step == store_walk::step::end;
            const bool is_directory = *step == store_walk::step::leave;
            if (!at_end && !is_directory) count(walk.entry());
            // All that comes before is not in the store.
            while (known_.now() &&
                   (at_end || mirrored::in_order(known_.now()->path, walk.path()) < 0))
                if (auto gone = take_away(); !gone) return gone;
            if (at_end) return {};
            if (!known_.now() || known_.now()->path != walk.path()) continue;
            const auto kind = is_directory            ? placed::directory
                              : link_in(walk.entry()) ? placed::link
                                                      : placed::file;
            auto on = known_.now()->kind == kind ? known_.next() : take_away();
            if (!on) return on;
        }
    }

private:
    void count(const tree::entry& e) {
        ++run_.moved.files_total;
        run_.moved.bytes_total += link_in(e) ? 0 : e.about.size;
    }

    result<void> take_away() {
        if (auto gone = remove(*known_.now()); !gone)
            if (auto over = run_.pass_over(gone.error()); !over) return over;
        return known_.next();
    }

    result<void> remove(const placed& p) {
        const auto [above, name] = parent_and_name(p.path);
        auto in = open_.at(above);
        if (!in) return passed(in);
        if (!*in || name.empty()) return {};  // gone with its directory; the top is never removed
        auto there = mirrored::look(**in, name, false);
        if (!there) return passed(there);
        if (!*there || !is_as_placed(p, **in, name, **there)) return {};
        if (p.kind == placed::directory) return remove_directory(p.path, *in, name);
        if (!run_.how.dry_run)
            if (auto gone = mirrored::remove(**in, name, false); !gone) return gone;
        removed(p.path, above);
        return {};
    }

    result<void> remove_directory(const std::string& path, const mirrored::directory_ptr& in,
                                  const std::string& name) {
        auto left = run_.how.dry_run ? would_be_left(path, in, name) : is_left(in, name);
        if (!left) return passed(left);
        if (*left)
            run_.remaining.insert(path);
        else
            removed(path, parent_and_name(path).first);
        return {};
    }

    /// Removes it, unless something is in it that is not ours.
    static result<bool> is_left(const mirrored::directory_ptr& in, const std::string& name) {
        auto gone = mirrored::remove(*in, name, true);
        if (gone) return false;
        if (gone.error().code() != errc::not_empty) return passed(gone);
        auto inside = open_directory::open_in(in, name);
        if (!inside) return passed(inside);
        auto names = mirrored::names_in(**inside);
        if (!names) return passed(names);
        for (const auto& each : *names) {
            if (!mirrored::is_unfinished(each)) return true;
            if (auto done = mirrored::remove(**inside, each, false); !done) return passed(done);
        }
        gone = mirrored::remove(*in, name, true);
        if (!gone) return passed(gone);
        return false;
    }

    result<bool> would_be_left(const std::string& path, const mirrored::directory_ptr& in,
                               const std::string& name) {
        std::uint64_t names = 0;
        auto inside = open_directory::open_in(in, name);
        if (!inside) return passed(inside);
        auto listed = (*inside)->for_each_name([&](const std::string& each) -> result<void> {
            names += mirrored::is_unfinished(each) ? 0 : 1;
            return {};
        });
        if (!listed) return passed(listed);
        const auto ours = gone_in_.extract(path);
        return names > (ours ? ours.mapped() : 0);
    }

    void removed(const std::string& path, const std::string& above) {
        ++run_.n.removed;
        run_.would("remove", path);
        if (run_.how.dry_run) ++gone_in_[above];
    }

    mirror_run& run_;
    mirrored::known_names known_;
    mirrored::open_chain open_;
    /// Of a dry run: how many names of a directory would be removed, until that is met itself.
    std::map<std::string, std::uint64_t> gone_in_;
};

}  // namespace

result<void> prune_mirror(mirror_run& run, mirrored::known_names known, const tree::entry& from) {
    return pruning{run, std::move(known)}.run(from);
}

}  // namespace casement::command
