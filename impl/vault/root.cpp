#include "root.hpp"

#include <utility>

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

constexpr int looks_max = 10;  // at the marker, while others rebuild

result<engine::leveldb_store> open_rows(const std::string& where, const vault_options& o,
                                        bool create) {
    return engine::leveldb_store::open(where + "/meta", {o.durable, create, o.cache_bytes,
                                                         o.write_buffer_bytes, o.mapped_bytes_max});
}

}  // namespace

result<std::unique_ptr<store_root>> store_root::make(const std::string& where,
                                                     const vault_options& options,
                                                     const blob::thresholds& sizes) {
    if (auto possible = blob::check(sizes); !possible) return passed(possible);
    auto rows = open_rows(where, options, true);
    if (!rows) return passed(rows);
    auto made = std::make_unique<store_root>(*std::move(rows), options);
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
    auto opened = std::make_unique<store_root>(*std::move(rows), options);
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
        {.sizes = sizes, .durable = options.durable, .elsewhere = options.elsewhere});
    if (!files) return passed(files);
    contents.emplace(rows, *std::move(files));
    return {};
}

/// Removes blob files that no row names, and answers how many: a crash left them between their sync
/// and their commit, or what they held was collected. Ids are never reused, so whatever is named
/// now was named for good.
result<std::uint64_t> store_root::sweep_blobs() {
    auto listed = contents->files().list_files();
    if (!listed) return passed(listed);
    if (listed->files.empty()) return 0;
    std::optional<std::unordered_set<std::uint64_t>> named;
    auto swept = contents->files().sweep([&](const blob::stored_file& f) -> result<bool> {
        if (!named) {
            auto all = files_named();
            if (!all) return passed(all);
            named = *std::move(all);
        }
        return named->contains(f.id);
    });
    if (!swept) return passed(swept);
    return swept->removed.size();
}

result<std::unordered_set<std::uint64_t>> store_root::files_named() const {
    std::unordered_set<std::uint64_t> named;
    const std::string prefix{tree::content::table};
    auto all = rows.scan(prefix, after_prefix(prefix));
    for (; all.valid(); all.next()) {
        const auto where = blob::read_descriptor(all.value(), all.key());  // all that the row has
        if (!where) return std::unexpected{where.error()};
        if (where->kind == blob::placement::dedicated) named.insert(where->id.value);
        if (where->kind == blob::placement::packed)
            named.insert(blob::to_pack_position(where->position).pack.value);
    }
    if (auto s = all.status(); !s) return passed(s);
    return named;
}

result<std::uint64_t> store_root::sweep() {
    auto swept = sweep_blobs();
    if (!swept) return passed(swept);
    auto staging = tree::sweep_staging(rows, contents->files().staging());
    if (!staging) return passed(staging);
    return *swept + staging->removed;
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
