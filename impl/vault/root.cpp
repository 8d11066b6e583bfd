#include "root.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>
#include <vector>

#include <casement/kv/clocks.hpp>
#include <casement/kv/retry.hpp>
#include <casement/tree/leases.hpp>
#include <casement/tree/rebuild.hpp>

#include "marker.hpp"

namespace casement {

namespace {

/// What a root is: one row, written when it is made.
struct settings {
    static constexpr char table = '!';
    struct key {};
    std::uint64_t format = 0;
    std::uint64_t inline_max = 0, dedicated_min = 0, pack_max = 0;
};

/// Of rows that lie elsewhere: the directory that they are of, by a number that it alone has.
struct home {
    static constexpr char table = '!';
    struct key {
        std::uint8_t beside_the_settings = 'h';
    };
    std::uint64_t number = 0;
};

constexpr std::uint64_t all_numbers = blob::file_numbers{}.end;
constexpr int looks_max = 10;  // at the marker, while others rebuild
constexpr std::size_t address_bytes_max = 4096;

constexpr std::string_view address_name = "/engine";
constexpr std::string_view number_prefix = "of ";

/// Where a root's rows are elsewhere, and the number by which they know it. On two lines.
struct address {
    std::string where;
    std::uint64_t number = 0;
};

std::string path_of_address(const std::string& root) { return root + std::string{address_name}; }

std::string text_of(const address& a) {
    return a.where + "\n" + std::string{number_prefix} + std::to_string(a.number) + "\n";
}

result<std::optional<address>> read_address(const std::string& root) {
    const auto path = path_of_address(root);
    const auto text = small_file::read(path, address_bytes_max);
    if (!text && text.error().code() == errc::not_found) return std::nullopt;
    if (!text) return std::unexpected{text.error()};
    const auto end = std::min(text->find('\n'), text->size());
    address a{text->substr(0, end)};
    const auto digits = std::min(end + 1 + number_prefix.size(), text->size());
    std::from_chars(text->data() + digits, text->data() + text->size(), a.number);
    if (a.where.empty() || text_of(a) != *text)
        return fail(errc::corrupt, "read address", path, "not what was written");
    return a;
}

/// Before there are any rows at it, so that they can be found and taken away whatever happens.
result<address> write_address(const std::string& root, const std::string& where) {
    const address a{where, blob::random_magic()};
    vault::file_system disk;
    auto written = small_file::write(disk, root, path_of_address(root), text_of(a));
    if (!written) return passed(written);
    return a;
}

struct opened_rows {
    engine::any_store rows;
    opening held;
    vault::clock_type clock;
};

/// The rows at an address must be this root's, or, where they are made, nobody's.
result<void> take_home(engine::any_store& kv, const address& a, bool create) {
    auto known = read<home>(kv, {});
    if (!known) return passed(known);
    if (known->exists() && (*known)->number == a.number) return {};
    if (known->exists() || !create)
        return fail(known->exists() ? errc::exists : errc::corrupt, "open rows", a.where,
                    known->exists() ? "they are another store's" : "they are gone");
    auto first = all_rows(kv);
    if (auto read = first.status(); !read) return read;
    if (first.valid()) return fail(errc::exists, "open rows", a.where, "there are others");
    auto ours = transaction{kv}.replace(*known, home{a.number}, "they are nobody's").commit();
    return ours ? result<void>{} : passed(ours);
}

result<opened_rows> open_rows(const std::string& root, const vault_options& o, bool create) {
    auto known = read_address(root);
    if (!known) return passed(known);
    if (create && !*known && !o.rows_at.empty()) {
        auto written = write_address(root, o.rows_at);
        if (!written) return passed(written);
        *known = *std::move(written);
    }
    if (!*known) {
        auto kv = engine::leveldb_store::open(
            root + "/meta",
            {o.durable, create, o.cache_bytes, o.write_buffer_bytes, o.mapped_bytes_max});
        if (!kv) return passed(kv);
        return opened_rows{engine::any_store{*std::move(kv)}, {}, {}};
    }
    const auto path = path_of_address(root);
    auto held = create || o.alone ? opening::alone(path) : opening::shared(path);
    if (!held) return passed(held);
    auto kv = engine::open_at(o.engines, (*known)->where, create);
    if (!kv) return passed(kv);
    if (auto ours = take_home(*kv, **known, create); !ours) return passed(ours);
    const vault::clock_type clock{{}, o.clocks_differ_max};
    if (auto agree = check_clocks(*kv, clock); !agree) return passed(agree);
    return opened_rows{*std::move(kv), *std::move(held), clock};
}

}  // namespace

result<std::optional<std::string>> address_of_rows(const std::string& root) {
    auto known = read_address(root);
    if (!known) return passed(known);
    return *known ? std::optional{std::move((*known)->where)} : std::nullopt;
}

/// The row that says whose they are goes last: what is left is still ours to take away.
result<void> erase_rows_elsewhere(const std::string& root, const vault_options& options) {
    auto known = read_address(root);
    if (!known) return passed(known);
    if (!*known) return {};
    auto held = opening::alone(path_of_address(root));
    if (!held) return passed(held);
    auto kv = engine::open_at(options.engines, (*known)->where, false);
    if (!kv && kv.error().code() == errc::not_found) return {};
    if (!kv) return within(std::move(kv), "erase rows", root);
    auto owner = read<home>(*kv, {});
    if (!owner) return passed(owner);
    if (!owner->exists() || (*owner)->number != (*known)->number) return kv->close();
    for (bool more = true; more;) {
        std::vector<std::string> keys;
        auto row = all_rows(*kv);
        for (; row.valid() && keys.size() < commit_rows_max; row.next())
            if (row.key() != owner->key_bytes()) keys.emplace_back(row.key());
        if (auto good = row.status(); !good) return within(std::move(good), "erase rows", root);
        more = !keys.empty();
        if (!more) keys.emplace_back(owner->key_bytes());
        std::vector<write> writes;
        for (const auto& key : keys) writes.push_back({write::kind::erase, key});
        if (auto gone = kv->commit({{}, writes}); !gone)
            return within(std::move(gone), "erase rows", root);
    }
    return kv->close();
}

result<std::unique_ptr<store_root>> store_root::make(const std::string& where,
                                                     const vault_options& options,
                                                     const blob::thresholds& sizes) {
    if (auto possible = blob::check(sizes); !possible) return passed(possible);
    auto rows = open_rows(where, options, true);
    if (!rows) return passed(rows);
    auto made = std::make_unique<store_root>(std::move(rows->rows), std::move(rows->held),
                                             rows->clock, options);
    auto known = read<settings>(made->rows, {});
    if (!known) return passed(known);
    auto set =
        transaction{made->rows}
            .replace(*known,
                     settings{store_format, sizes.inline_max, sizes.dedicated_min, sizes.pack_max},
                     "the store has no settings yet")
            .commit();
    if (!set) return passed(set);
    made->sizes = sizes;
    if (auto files = made->open_files(where, options); !files) return passed(files);
    return made;
}

result<std::unique_ptr<store_root>> store_root::open(const std::string& where,
                                                     const vault_options& options,
                                                     std::uint64_t format) {
    auto rows = open_rows(where, options, false);
    if (!rows) {
        const bool lost = rows.error().code() == errc::not_found;
        return std::unexpected{lost ? std::move(rows).error().as(errc::corrupt)
                                    : std::move(rows).error()};
    }
    auto opened = std::make_unique<store_root>(std::move(rows->rows), std::move(rows->held),
                                               rows->clock, options);
    auto set = read<settings>(opened->rows, {});
    if (!set) return passed(set);
    if (!set->exists() || (*set)->format != format)
        return fail(errc::corrupt, "read settings", where, "they are missing");
    opened->sizes = {(*set)->inline_max, (*set)->dedicated_min, (*set)->pack_max};
    if (auto files = opened->open_files(where, options); !files) return passed(files);
    return opened;
}

result<void> store_root::open_files(const std::string& where, const vault_options& options) {
    blob::id_source source{
        [this] { return ids.next<blob::blob_id>(); },
        [this] { return ids.next<blob::pack_id>(); },
    };
    auto files = blob::files<vault::file_system>::open(
        vault::file_system{}, where, std::move(source),
        {.sizes = sizes,
         // Rows that others see at once outlive this machine, and so must what they name.
         .durable = held.may_be_shared() ? blob::durability::power : options.durable,
         .others = [this] { return held.others(); },
         .elsewhere = options.elsewhere});
    if (!files) return passed(files);
    contents.emplace(rows, *std::move(files), held.may_be_shared());
    auto lowest = lowest_in_making();  // so that no write has a number below it
    return lowest ? result<void>{} : passed(lowest);
}

result<void> store_root::begin_block(std::uint64_t first) {
    makes_files_ = true;
    return contents ? held.writes_from(contents->files().turn_epoch(first)) : result<void>{};
}

result<std::uint64_t> store_root::sweep_collected() {
    end_numbers();
    auto below = lowest_in_making();
    return below ? sweep_blobs(sweeps::all, *below) : below;
}

/// Ids are never reused, so whatever is named now was named for good. `below` is of before: who
/// makes a file from there on takes a number that is no lower.
result<std::uint64_t> store_root::sweep_blobs(sweeps which, std::uint64_t below) {
    auto known = read<swept>(rows, {});
    if (!known) return passed(known);
    swept_ = known->exists() ? (*known)->below : 0;
    std::optional<std::unordered_set<std::uint64_t>> named;
    const auto is_named = [&](const blob::stored_file& f) -> result<bool> {
        if (!named) {
            auto all = files_named(below);
            if (!all) return passed(all);
            named = *std::move(all);
        }
        return named->contains(f.id);
    };
    auto done = contents->files().sweep(
        is_named, {which == sweeps::all ? 0 : swept_.load(), end_of_sweep(below)});
    if (!done) {
        swept_ = all_numbers;  // who leaves does not say that it was seen
        return passed(done);
    }
    if (named && done->refused.empty() && done->waiting == 0) remember_swept(*known, below);
    return done->removed.size();
}

/// Where nobody else makes files, all of them are looked at.
std::uint64_t store_root::end_of_sweep(std::uint64_t below) const {
    return held.may_be_shared() ? below : all_numbers;
}

/// Numbers below it are given, and whoever made a file under one has named it or given it up.
result<std::uint64_t> store_root::lowest_in_making() {
    auto mine = ids.between([&](std::uint64_t next) -> result<std::uint64_t> {
        const auto lowest = contents->files().turn_epoch(next);
        if (makes_files_)
            if (auto said = held.writes_from(lowest); !said) return passed(said);
        return lowest;
    });
    if (!mine) return mine;
    // Who has taken numbers below it had said so before.
    auto others = held.others();
    if (!others) return passed(others);
    return std::min(*mine, others->write_from.value_or(*mine));
}

/// What is made from here on has numbers that nobody was given yet.
void store_root::end_numbers() {
    if (!held.may_be_shared()) return;
    contents->files().end_pack();
    ids.end_block();
}

result<std::uint64_t> store_root::raise_fence() {
    end_numbers();
    auto below = lowest_in_making();
    if (!below) return below;
    if (auto raised = raise_fence(*below); !raised) return passed(raised);
    return end_of_sweep(*below);
}

result<void> store_root::raise_fence(std::uint64_t below) {
    if (!held.may_be_shared()) return {};
    auto raised = tree::raise_fence(rows, below);
    contents->fence().look_again();
    return raised;
}

/// Where that cannot be, the next sweep looks at more files than it must.
void store_root::remember_swept(const seen<swept>& known, std::uint64_t below) {
    if (known.exists() && (*known).below >= below) return;
    auto done = transaction{rows}.replace(known, swept{below}, "it was swept up to there").commit();
    if (done) swept_ = below;
}

void store_root::begin_swept() {
    if (const auto known = read<swept>(rows, {}); known && !known->exists())
        remember_swept(*known, 0);
}

/// Not where somebody expects leftovers.
void store_root::leave_swept() {
    if (!makes_files_) return;
    const auto known = read<swept>(rows, {});
    if (!known || !known->exists() || (*known)->below != swept_) return;
    contents->files().end_pack();
    if (const auto below = lowest_in_making()) remember_swept(*known, *below);
}

result<void> store_root::expect_leftovers() {
    retry_count tries;
    return retry(tries, [&]() -> result<void> {
        auto known = read<swept>(rows, {});
        if (!known) return passed(known);
        if (!known->exists()) return {};
        auto gone = transaction{rows}
                        .expect(*known, "it was swept up to there")
                        .template erase<swept>({})
                        .commit();
        return gone ? result<void>{} : within(std::move(gone), "expect leftovers", "");
    });
}

/// By rows that nobody changes any more who began before.
result<std::unordered_set<std::uint64_t>> store_root::files_named(std::uint64_t below) {
    if (auto raised = raise_fence(below); !raised) return passed(raised);
    std::unordered_set<std::uint64_t> named;
    const std::string prefix{tree::content::table};
    auto all = rows.scan(prefix, after_prefix(prefix));
    for (; all.valid(); all.next()) {
        const auto where = blob::read_descriptor(all.value(), all.key());  // all that the row has
        if (!where) return std::unexpected{where.error()};
        if (const auto number = tree::file_number(*where)) named.insert(*number);
    }
    if (auto s = all.status(); !s) return passed(s);
    return named;
}

result<std::uint64_t> store_root::sweep(sweeps which) {
    if (which == sweeps::all) end_numbers();
    auto below = lowest_in_making();
    if (!below) return below;
    auto blobs = sweep_blobs(which, *below);
    if (!blobs) return blobs;
    auto staging = tree::sweep_staging(rows, contents->files().staging(), end_of_sweep(*below),
                                       [&] { return raise_fence(*below); });
    if (!staging) return passed(staging);
    return *blobs + staging->removed;
}

result<void> forget_rebuild(vault::rows_type& rows) {
    auto mark = read<tree::rebuild_mark>(rows, {});
    if (!mark) return passed(mark);
    if (!mark->exists()) return {};
    auto gone = transaction{rows}
                    .expect(*mark, "a rebuild has begun")
                    .template erase<tree::rebuild_mark>({})
                    .commit();
    return gone ? result<void>{} : within(std::move(gone), "forget rebuild", "");
}

result<newest_root> open_newest_root(const std::string& store, const vault_options& options,
                                     const std::function<void()>& meanwhile) {
    for (int looks = 1;; ++looks) {
        auto newest = marker::read(store);
        if (!newest) return passed(newest);
        if (newest->format > store_format)
            return fail(errc::newer_format, "read marker", store,
                        "written in format " + std::to_string(newest->format) +
                            "; this reads up to " + std::to_string(store_format));
        meanwhile();
        auto opened =
            store_root::open(marker::directory_of(store, newest->root), options, newest->format);
        // Between the two another may have taken its place; from here on none does.
        auto again = marker::read(store);
        if (!again) return passed(again);
        if (*again == *newest || looks == looks_max) {
            if (!opened) return passed(opened);
            if (*again == *newest) return newest_root{newest->root, *std::move(opened)};
            return fail(errc::conflict, "open root", store, "it is rebuilt again and again");
        }
    }
}

}  // namespace casement
