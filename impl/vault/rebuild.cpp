#include <casement/rebuild.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include <casement/tree/verify.hpp>

#include "marker.hpp"
#include "root.hpp"

namespace casement {

namespace {

namespace fs = std::filesystem;
using rows_type = vault::rows_type;

/// What lies of root 0 in the store's own directory.
constexpr std::array<std::string_view, 5> parts_of_root_0{"engine", "meta", "blobs", "packs",
                                                          "staging"};

result<void> remove_all(const std::string& path) {
    std::error_code why;
    fs::remove_all(path, why);
    if (why) return fail_system(why.value(), "remove", path);
    return {};
}

/// A root without a marker goes, with its rows, wherever they are.
result<void> remove_root(const std::string& store, std::uint64_t number,
                         const vault_options& options) {
    auto erased = erase_rows_elsewhere(marker::directory_of(store, number), options);
    if (!erased) return erased;
    if (number != 0) return remove_all(marker::directory_of(store, number));
    for (const auto part : parts_of_root_0)
        if (auto gone = remove_all(store + '/' + std::string{part}); !gone) return gone;
    return {};
}

bool has_part_of_root_0(const std::string& store) {
    std::error_code why;
    return std::ranges::any_of(parts_of_root_0, [&](std::string_view part) {
        return fs::exists(store + '/' + std::string{part}, why);
    });
}

result<void> set_mark(rows_type& rows, std::uint64_t rebuild) {
    auto mark = read<tree::rebuild_mark>(rows, {});
    if (!mark) return passed(mark);
    auto set = transaction{rows}
                   .replace(*mark, tree::rebuild_mark{rebuild}, "nobody else rebuilds")
                   .commit();
    if (!set) return passed(set);
    return rows.sync();
}

class rebuilder {
public:
    rebuilder(const std::string& store, const rebuild_options& how) : store_{store}, how_{how} {
        options_.cache_bytes = how.cache_bytes;
        options_.engines = how.engines;
        options_.alone = true;
    }

    result<rebuild_report> run() {
        auto old = open_newest_root(store_, options_);
        if (!old) return passed(old);
        from_ = *std::move(old);
        const auto& were = from_.opened->sizes;
        const blob::thresholds sizes{how_.inline_max.value_or(were.inline_max),
                                     how_.dedicated_min.value_or(were.dedicated_min),
                                     how_.pack_max.value_or(were.pack_max)};
        if (auto possible = blob::check(sizes); !possible) return passed(possible);
        if (how_.dry_run) return would_do(sizes);
        number_ = how_.to ? 0 : from_.number + 1;
        where_ = how_.to.value_or(marker::directory_of(store_, number_));
        if (auto known = choose_rows(); !known) return passed(known);
        if (auto ready = take_up(sizes); !ready) return passed(ready);
        auto done = tree::rebuild(*from_.opened->contents, *to_->contents, rebuild_,
                                  {how_.bytes_a_second, how_.links, how_.stop, how_.tell});
        if (!done) return passed(done);
        static_cast<tree::rebuilt&>(report_) = *done;
        if (auto good = verify(); !good) return passed(good);
        if (auto taken = take_place(); !taken) return passed(taken);
        return report_;
    }

private:
    // --- what would be done ----------------------------------------------------------------------

    result<rebuild_report> would_do(const blob::thresholds& sizes) {
        auto planned = tree::plan_rebuild(from_.opened->rows, sizes);
        if (!planned) return passed(planned);
        static_cast<tree::rebuilt&>(report_) = *planned;
        return report_;
    }

    // --- the new root ----------------------------------------------------------------------------

    /// Its rows are where one says, else as those of the old one: beside them, under a name of its
    /// own.
    result<void> choose_rows() {
        if (how_.rows_at) {
            options_.rows_at = *how_.rows_at;
            return {};
        }
        auto old = address_of_rows(marker::directory_of(store_, from_.number));
        if (!old) return passed(old);
        if (!*old) return {};
        if (how_.to)
            return fail(errc::illegal, "choose rows", **old,
                        "another store cannot have its rows there: say where");
        const auto suffix = root_suffix(from_.number);
        if (from_.number > 0 && (*old)->ends_with(suffix))
            (*old)->resize((*old)->size() - suffix.size());
        options_.rows_at = **old + root_suffix(number_);
        return {};
    }
    static std::string root_suffix(std::uint64_t number) { return "." + std::to_string(number); }

    /// Goes on with what an earlier rebuild has left, if nothing has changed since; else anew.
    result<void> take_up(const blob::thresholds& sizes) {
        if (auto left = resumable(sizes); !left || *left)
            return left ? result<void>{} : passed(left);
        to_.reset();
        if (auto gone = clear(); !gone) return gone;
        const auto number = from_.opened->ids.next();
        if (!number) return std::unexpected{number.error()};
        rebuild_ = *number;
        auto made = store_root::make(where_, options_, sizes);
        if (!made) return passed(made);
        to_ = *std::move(made);
        return set_mark(from_.opened->rows, rebuild_);
    }

    result<bool> resumable(const blob::thresholds& sizes) {
        auto mark = read<tree::rebuild_mark>(from_.opened->rows, {});
        if (!mark) return passed(mark);
        auto rows_at = address_of_rows(where_);
        if (!rows_at) return passed(rows_at);
        std::error_code why;
        if (!*rows_at && !fs::exists(where_ + "/meta", why)) return false;
        auto left = store_root::open(where_, options_, store_format);
        if (!left && left.error().code() == errc::in_use) return passed(left);
        if (!left) return false;
        auto so_far = read<tree::rebuild_progress>((*left)->rows, {});
        is_left_ = so_far && so_far->exists();
        if (!is_left_ || !mark->exists() || (*so_far)->rebuild != (*mark)->rebuild ||
            (*left)->sizes != sizes || rows_at->value_or("") != options_.rows_at)
            return false;
        to_ = *std::move(left);
        rebuild_ = (*mark)->rebuild;
        report_.resumed = true;
        auto swept = to_->sweep(sweeps::all);
        return swept ? result<bool>{true} : passed(swept);
    }

    /// An empty directory, whose own name is durable.
    result<void> clear() {
        if (how_.to) {
            // Directories of these names may be anybody's: what no rebuild has left is not touched.
            if (is_left_)
                if (auto gone = remove_root(*how_.to, 0, options_); !gone) return gone;
            return marker::claim(*how_.to, {});
        }
        if (auto gone = remove_root(store_, number_, options_); !gone) return gone;
        vault::file_system disk;
        if (auto made = disk.make_directory(where_); !made) return made;
        auto synced = disk.sync_directory(store_);
        return synced ? result<void>{} : passed(synced);
    }

    /// Every byte is read back and hashed, every name followed, and the counts are compared.
    result<void> verify() {
        if (auto swept = to_->sweep(sweeps::all); !swept) return passed(swept);
        auto found = tree::verify(to_->rows, *to_->contents, {}, how_.stop, how_.tell);
        if (how_.stop()) return fail(errc::cancelled, "verify", where_, "stopped as asked");
        if (found.problem_count > 0) {
            auto first = std::move(found.problems.front());
            return std::unexpected{
                std::move(first.what)
                    .within("verify what was rebuilt", first.path.value_or(where_))
                    .as(errc::corrupt)};
        }
        report_.verified_bytes = found.bytes;
        return {};
    }

    result<void> take_place() {
        auto so_far = read<tree::rebuild_progress>(to_->rows, {});
        if (!so_far) return passed(so_far);
        auto mark = read<tree::rebuild_mark>(to_->rows, {});
        if (!mark) return passed(mark);
        auto whole = transaction{to_->rows}
                         .expect(*so_far, "the rebuild is where it was left")
                         .template erase<tree::rebuild_progress>({})
                         .replace(*mark, tree::rebuild_mark{rebuild_}, "nobody has opened it")
                         .commit();
        if (!whole) return passed(whole);
        if (auto closed = to_->rows.close(); !closed) return closed;
        to_.reset();
        vault::file_system disk;
        const auto marked = marker::write(disk, how_.to.value_or(store_), {store_format, number_});
        if (!marked) return marked;
        return from_.opened->rows.close();
    }

    const std::string& store_;
    const rebuild_options& how_;
    vault_options options_;
    newest_root from_;
    std::uint64_t number_ = 0;  // of the new root
    std::string where_;
    std::uint64_t rebuild_ = 0;  // the number of this rebuild
    bool is_left_ = false;       // what lies there, by a rebuild
    std::unique_ptr<store_root> to_;
    rebuild_report report_;
};

}  // namespace

result<rebuild_report> rebuild(const std::string& store, const rebuild_options& how) {
    auto done = rebuilder{store, how}.run();
    return done ? std::move(done) : within(std::move(done), "rebuild", store);
}

std::string store_roots::directory(const std::string& store, std::uint64_t root) {
    return marker::directory_of(store, root);
}

result<store_roots> roots_of(const std::string& store) {
    auto newest = marker::read(store);
    if (!newest) return passed(newest);
    auto all = marker::list(store);
    if (!all) return passed(all);
    const bool rest_of_0 =
        std::ranges::find(all->whole, 0u) == all->whole.end() && has_part_of_root_0(store);
    store_roots roots{newest->root, {}, rest_of_0 || !all->others.empty()};
    for (const auto n : all->whole)
        if (n < newest->root) roots.backups.push_back(n);
    return roots;
}

result<std::uint64_t> release_backups(const std::string& store, const vault_options& options) {
    auto held = open_newest_root(store, options);
    if (!held) return within(std::move(held), "release backups", store);
    auto all = marker::list(store);
    if (!all) return within(std::move(all), "release backups", store);
    vault::file_system disk;
    std::uint64_t released = 0;
    for (const auto n : all->whole) {
        if (n >= held->number) continue;
        if (auto gone = marker::remove(disk, store, n); !gone)
            return within(std::move(gone), "release backups", store);
        ++released;
    }
    auto rest = all->whole;
    std::ranges::copy(all->others, std::back_inserter(rest));
    if (held->number > 0) rest.push_back(0);
    for (const auto n : rest)
        if (n < held->number)
            if (auto gone = remove_root(store, n, options); !gone)
                return within(std::move(gone), "release backups", store);
    if (auto closed = held->opened->rows.close(); !closed)
        return within(std::move(closed), "release backups", store);
    return released;
}

result<void> return_to_backup(const std::string& store, bool anyway, const vault_options& options) {
    const auto back = [&]() -> result<void> {
        auto alone = options;
        alone.alone = true;
        auto held = open_newest_root(store, alone);
        if (!held) return passed(held);
        auto roots = roots_of(store);
        if (!roots) return passed(roots);
        if (roots->backups.empty())
            return fail(errc::not_found, "find backup", store, "there is none");
        auto mark = read<tree::rebuild_mark>(held->opened->rows, {});
        if (!mark) return passed(mark);
        if (!mark->exists() && !anyway)
            return fail(errc::illegal, "return to backup", store,
                        "it was opened since it was rebuilt, and what was changed would be lost");
        vault::file_system disk;
        if (auto gone = marker::remove(disk, store, held->number); !gone) return gone;
        if (auto closed = held->opened->rows.close(); !closed) return closed;
        held->opened.reset();
        return remove_root(store, held->number, options);
    }();
    return back ? back : within(result<void>{back}, "return to backup", store);
}

result<void> abandon_rebuild(const std::string& store, const vault_options& options) {
    const auto abandoned = [&]() -> result<void> {
        auto held = open_newest_root(store, options);
        if (!held) return passed(held);
        auto all = marker::list(store);
        if (!all) return passed(all);
        for (const auto n : all->others)
            if (n > held->number)
                if (auto gone = remove_root(store, n, options); !gone) return gone;
        if (auto forgot = forget_rebuild(held->opened->rows); !forgot) return forgot;
        return held->opened->rows.close();
    }();
    return abandoned ? abandoned : within(result<void>{abandoned}, "abandon rebuild", store);
}

}  // namespace casement
