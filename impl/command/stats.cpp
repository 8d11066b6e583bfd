// casement stats: what a store holds and what it costs. Reads each row but the bytes of files; its
// memory does not grow with the store.

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include <sys/stat.h>

#include <casement/blob/checksum.hpp>

#include "sheet.hpp"

namespace casement::command {

namespace {

using dentry = protocol::dentry;

struct amount {
    std::uint64_t count = 0, bytes = 0;

    void add(std::uint64_t n) {
        ++count;
        bytes += n;
    }
};

struct totals {
    std::uint64_t directories = 1;  // the root has no entry
    std::uint64_t links = 0, rows = 0;
    std::uint64_t open_files = 0;     // by name: not finalized
    amount files;                     // by name: equal files count each
    std::array<amount, 4> placed;     // contents, by placement
    std::uint64_t content_bytes = 0;  // of all contents, each once
    std::uint64_t frame_bytes = 0;    // of packs, that contents lie in

    [[nodiscard]] amount& placed_as(blob::placement kind) {
        return placed.at(static_cast<std::size_t>(kind) - 1);
    }
    [[nodiscard]] const amount& placed_as(blob::placement kind) const {
        return placed.at(static_cast<std::size_t>(kind) - 1);
    }
};

// --- rows ------------------------------------------------------------------------------------

/// Counts every row, and reads what the small ones say. Rows of files' own bytes and of chunk sums
/// are not read, however few: their numbers follow from the contents' rows.
class row_counter {
public:
    explicit row_counter(const vault& v) : now_{v.rows().snapshot()} {}

    result<totals> run() {
        const auto bytes = std::string{tree::inline_bytes::table},
                   sums = std::string{tree::sums::table};
        if (auto r = range("", bytes); !r) return passed(r);
        if (auto r = range(after_prefix(bytes), sums); !r) return passed(r);
        if (auto r = range(after_prefix(sums), "\xff"); !r) return passed(r);
        return n_;
    }

private:
    result<void> range(std::string_view first, std::string_view last) {
        auto rows = now_.scan(first, last);
        for (; rows.valid(); rows.next()) {
            if (auto on = unless_stopped("count rows", ""); !on) return on;
            ++n_.rows;
            auto counted = result<void>{};
            if (rows.key().front() == tree::entry::table) counted = entry(rows.key(), rows.value());
            if (rows.key().front() == tree::content::table)
                counted = content(rows.key(), rows.value());
            if (rows.key().front() == tree::packed_frame::table) counted = frame(rows.value());
            if (!counted) return counted;
        }
        return rows.status();
    }

    result<void> entry(std::string_view key, std::string_view value) {
        const auto where = parse_row_key<tree::entry>(key);
        const auto row = decode<tree::entry>(value);
        if (!where || !row) return fail(errc::corrupt, "read row", std::string{key}, "no entry");
        if (auto shown = is_shown(*where); !shown)
            return passed(shown);
        else if (!*shown)
            return {};
        if (tree::directory_in(*row) != nullptr) ++n_.directories;
        if (std::holds_alternative<dentry::symlink>(row->target)) ++n_.links;
        if (tree::file_in(*row) != nullptr) ++n_.open_files;
        if (const auto* object = std::get_if<dentry::object>(&row->target);
            object != nullptr && object->id.kind == protocol::obj_id::file)
            n_.files.add(row->about.size);
        return {};
    }

    /// Is the entry of the layer that its directory shows? Entries come a directory at a time.
    result<bool> is_shown(const tree::entry::key& where) {
        if (parent_ != where.parent) {
            auto head = read<tree::head>(now_, where.parent);
            if (!head) return passed(head);
            parent_ = where.parent;
            layer_.reset();
            if (head->exists()) layer_ = (*head)->layer;
        }
        return layer_ == where.layer;
    }

    result<void> content(std::string_view key, std::string_view value) {
        const auto where = blob::read_descriptor(value, key);  // all that the row has
        if (!where) return std::unexpected{where.error()};
        n_.placed_as(where->kind).add(where->size);
        n_.content_bytes += where->size;
        const auto chunks = blob::chunk_count(where->size);
        if (where->kind == blob::placement::inline_row)
            ++n_.rows;
        else if (chunks > 1)
            n_.rows += (chunks + blob::sums_per_row - 1) / blob::sums_per_row;
        return {};
    }

    result<void> frame(std::string_view value) {
        const auto row = decode<tree::packed_frame>(value);
        if (!row) return fail(errc::corrupt, "read row", "", "no frame");
        n_.frame_bytes += tree::frame_bytes(row->size);
        return {};
    }

    vault::rows_type::view now_;
    totals n_;
    tree::node_id parent_;  // of the last entry, and the layer that it shows
    std::optional<tree::layer_id> layer_;
};

// --- files -----------------------------------------------------------------------------------

struct used {
    std::uint64_t files = 0, bytes = 0;
    std::uint64_t disk_bytes = 0;  // what the file system gave for them
};

/// The files below a directory; one that comes or goes meanwhile may be missed.
result<used> used_below(const std::string& directory) {
    namespace fs = std::filesystem;
    used all;
    std::error_code why;
    for (fs::recursive_directory_iterator here{directory, why}, end; !why && here != end;
         here.increment(why)) {
        struct stat s {};
        if (::lstat(here->path().c_str(), &s) != 0 || !S_ISREG(s.st_mode)) continue;
        ++all.files;
        all.bytes += static_cast<std::uint64_t>(s.st_size);
        all.disk_bytes += static_cast<std::uint64_t>(s.st_blocks) * 512;
    }
    if (why) return fail_system(why.value(), "list", directory);
    return all;
}

/// Less is not worth a word; and what a writer gave up a moment ago is no waste yet.
constexpr std::uint64_t dead_bytes_unwarned = 1 << 20;

struct stats_options {
    std::string store;
    bool levels = false;
};

void add_amount(sheet& answer, const std::string& key, const amount& n) {
    answer.add(key, {{"contents", n.count}, {"bytes", n.bytes}},
               fmt::format("{} contents, {}", n.count, human_bytes(n.bytes)));
}

result<void> tell(const settings& common, const stats_options& o, vault& v) {
    auto counted = row_counter{v}.run();
    if (!counted) return within(std::move(counted), "stats", o.store);
    const totals& n = *counted;
    sheet answer;
    answer.add_name("store", o.store);
    answer.add("directories", n.directories);
    answer.add("files", n.files.count);
    answer.add("open_files", n.open_files);
    answer.add("links", n.links);
    answer.add("logical_bytes", n.files.bytes, human_bytes(n.files.bytes) + " by name");
    answer.add("stored_bytes", n.content_bytes, human_bytes(n.content_bytes) + " of contents");
    const double ratio = n.content_bytes == 0 ? 1.0
                                              : static_cast<double>(n.files.bytes) /
                                                    static_cast<double>(n.content_bytes);
    answer.add("dedupe_ratio", ratio, fmt::format("{:.3f}", ratio));
    add_amount(answer, "inline", n.placed_as(blob::placement::inline_row));
    add_amount(answer, "packed", n.placed_as(blob::placement::packed));
    add_amount(answer, "dedicated", n.placed_as(blob::placement::dedicated));
    add_amount(answer, "external", n.placed_as(blob::placement::external));
    answer.add("rows", n.rows);

    std::uint64_t disk_bytes = 0;
    used packs;
    for (const std::string part : {"meta", "blobs", "packs", "staging"}) {
        if (!std::filesystem::exists(v.root() + "/" + part)) continue;  // nothing was staged yet
        const auto found = used_below(v.root() + "/" + part);
        if (!found) return std::unexpected{found.error()};
        disk_bytes += found->disk_bytes;
        if (part == "packs") packs = *found;
        answer.add(
            part,
            {{"files", found->files}, {"bytes", found->bytes}, {"disk_bytes", found->disk_bytes}},
            fmt::format("{} files, {}, {} on disk", found->files, human_bytes(found->bytes),
                        human_bytes(found->disk_bytes)));
    }
    answer.add("retries", v.retries());
    answer.add("retries_waited_us", v.retries_waited().count());
    answer.add("disk_bytes", disk_bytes, human_bytes(disk_bytes));
    // What no row names any more and is no hole either.
    const auto taken = std::min(packs.bytes, packs.disk_bytes);
    const auto dead = taken - std::min(n.frame_bytes, taken);
    answer.add("packs_live", n.frame_bytes, human_bytes(n.frame_bytes));
    answer.add("packs_dead", dead, human_bytes(dead));
    if (dead > dead_bytes_unwarned && dead > taken / 20)
        warn(fmt::format("{} of {} in packs are dead: casement compact {}", human_bytes(dead),
                         human_bytes(taken), o.store));
    if (o.levels) answer.add("levels", v.rows().report(), "\n" + v.rows().report());
    answer.print(common);
    return {};
}

}  // namespace

void add_stats(CLI::App& app, settings& common) {
    auto [command, o] = add_store_command<stats_options>(
        app, common, "stats", "Count what a store holds and what it costs",
        "casement stats my.store --levels", tell);
    command->add_flag("--levels", o.levels, "Also how the rows lie in LevelDB's levels");
}

}  // namespace casement::command
