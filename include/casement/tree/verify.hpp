#pragma once
// The whole store held against itself (SPEC W6): every row decodes, every name leads to a node or a
// stored content, every byte hashes to its name, and the counts agree. Reads only; any thread.
// Beside writers, more so of other processes, what they are in the middle of looks amiss.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <casement/core/error.hpp>
#include <casement/core/hash.hpp>
#include <casement/kv/operation.hpp>
#include <casement/tree/contents.hpp>
#include <casement/tree/file_node.hpp>
#include <casement/tree/list.hpp>
#include <casement/tree/look_up.hpp>
#include <casement/tree/snapshot.hpp>
#include <casement/tree/verify_staged.hpp>

namespace casement::tree {

/// Something that is not as it must be; `path` where it is known to whom it belongs.
struct problem {
    std::optional<std::string> path;
    error what;
};

/// What was looked at, and what was wrong with it.
struct verification {
    std::uint64_t directories = 0, files = 0, links = 0;  // that the root leads to
    std::uint64_t open_files = 0;                         // likewise; they have no object yet
    std::uint64_t contents = 0, bytes = 0;                // that were read and hashed
    std::uint64_t rows = 0;
    std::vector<problem> problems;  // the first `problems_max`
    std::uint64_t problem_count = 0;

    static constexpr std::size_t problems_max = 1000;

    void add(std::optional<std::string> path, error e) {
        if (++problem_count <= problems_max) problems.push_back({std::move(path), std::move(e)});
    }
};

namespace detail {

/// A decoded row of one table, or the problem that it is none.
template <row R>
std::optional<R> decoded(std::string_view key, std::string_view value, verification& v) {
    auto r = decode<R>(value);
    if (!r || !parse_row_key<R>(key)) {
        v.add({}, error{errc::corrupt, "read row", std::string{key}, "not what was written"});
        return std::nullopt;
    }
    return r;
}

/// Calls `each(key, value)` for all rows of one table.
template <row R, store S, class Each>
void for_each_row(const S& kv, std::string_view from, verification& v, Each each) {
    const std::string prefix{R::table};
    auto rows = kv.scan(prefix + std::string{from}, after_prefix(prefix));
    for (; rows.valid(); rows.next()) each(rows.key(), rows.value());
    if (auto s = rows.status(); !s) v.add({}, std::move(s).error());
}

template <store S, blob::file_system FS>
class verifier {
public:
    using stop = std::function<bool()>;
    using tell = std::function<void(std::uint64_t bytes)>;

    verifier(const S& kv, contents<S, FS>& c, stop asked, tell read)
        : kv_{kv},
          contents_{c},
          asked_{std::move(asked)},
          read_{std::move(read)},
          staged_{c.files().staging(), read_} {}

    verification run(std::optional<std::uint64_t> sample) {
        count_rows();
        if (sample)
            check_sample(*sample);
        else
            for_each_row<content>(kv_, "", out_,
                                  [&](auto key, auto value) { check_content(key, value); });
        check_operations();
        walk_tree();
        if (!sample) {
            expect_count(packed_frame::table, packed_, "frames", "the contents lie in ");
            check_files();
        }
        return std::move(out_);
    }

private:
    // Every block of the database is read here, so that damage shows wherever it is.
    void count_rows() {
        auto rows = all_rows(kv_);
        for (; rows.valid(); rows.next()) {
            ++out_.rows;
            ++tables_[rows.key().front()];
        }
        if (auto s = rows.status(); !s) out_.add({}, std::move(s).error());
        for (const auto& [table, n] : tables_)
            if (known_tables.find(table) == std::string_view::npos && !is_users(table))
                out_.add({}, error{errc::corrupt, "count rows", std::string{table},
                                   std::to_string(n) + " rows of no known table"});
    }

    // Outcomes of forgotten eras may be there until the next sweep; of eras to come there are none.
    void check_operations() {
        const auto kept = read<retention>(kv_, {});
        if (!kept) return out_.add({}, kept.error());
        const auto eras = eras_of(*kept);
        if (eras.oldest > eras.newest)
            out_.add({},
                     error{errc::corrupt, "check retention", "", "the eras end before they begin"});
        for_each_row<operation>(kv_, "", out_, [&](auto key, auto value) {
            const auto row = decoded<operation>(key, value, out_);
            if (row && parse_row_key<operation>(key)->era > eras.newest)
                out_.add({}, error{errc::corrupt, "check operation", std::string{key},
                                   "is of an era that has not begun"});
        });
    }

    void check_sample(std::uint64_t n) {
        // Digests are uniform: a random one is followed by a random content.
        std::mt19937_64 random{std::random_device{}()};
        for (std::uint64_t i = 0; i < n && !asked_(); ++i) {
            std::string from;
            for (int word = 0; word < 4; ++word) append_big64(from, random());
            const std::string prefix{content::table};
            auto rows = kv_.scan(prefix + from, after_prefix(prefix));
            if (!rows.valid()) rows = kv_.scan(prefix, after_prefix(prefix));
            if (rows.valid()) check_content(rows.key(), rows.value());
            if (auto s = rows.status(); !s) out_.add({}, std::move(s).error());
        }
    }

    void check_content(std::string_view key, std::string_view value) {
        if (asked_()) return;
        auto row = decoded<content>(key, value, out_);
        if (!row) return;
        const digest name = *parse_row_key<content>(key);
        const auto& where = row->where;
        if (where.kind == blob::placement::packed) {
            files_named_.insert(blob::to_pack_position(where.position).pack.value);
            ++packed_;
            check_frame(where);
        }
        if (where.kind == blob::placement::dedicated) files_named_.insert(where.id.value);
        if (auto good = hash_matches({name, where.size}); !good) {
            bad_.emplace(to_hex(name), good.error());
            return;
        }
        ++out_.contents;
        out_.bytes += where.size;
    }

    // What a pack has to keep is known by its frames' rows alone.
    void check_frame(const blob::descriptor& where) {
        const auto frame = read<packed_frame>(kv_, {where.position});
        if (!frame) return out_.add({}, frame.error());
        if (!frame->exists() || **frame != packed_frame{where.content, where.size})
            out_.add({}, error{errc::corrupt, "check frame", to_hex(where.content),
                               "no row says that it lies where it does"});
    }

    result<void> hash_matches(const object::file_object& file) {
        return contents_.check(file, [&](std::size_t n) -> result<void> {
            if (asked_()) return fail(errc::cancelled, "verify", to_hex(file.content));
            read_(n);
            return {};
        });
    }

    void walk_tree() {
        auto dir = read_directory(kv_, root);
        if (!dir) return out_.add("/", std::move(dir).error());
        walk(root, "");
        if (asked_()) return;
        // Every head was met on the way from the root.
        expect_count(head::table, layers_.size(), "directories");
        expect_count(rev::table, layers_.size(), "revs");
        expect_count(binding::table, layers_.size() - 1 + out_.open_files, "bindings");
        expect_count(file_row::table, out_.open_files, "files");
        expect_count(lease_row::table, out_.open_files, "leases");
        check_shown();
        check_snapshots();
        check_sentences();
        for (const auto& [name, what] : bad_)
            if (!told_.contains(name)) out_.add({}, what);
    }

    void walk(node_id node, const std::string& path) {
        ++out_.directories;
        if (layers_.contains(node.value))
            return out_.add(path, error{errc::corrupt, "walk", path, "reached a second time"});
        auto names = list(kv_, node);
        layers_[node.value] = names ? names->of().layer().value : 0;
        if (!names) return out_.add(path.empty() ? "/" : path, std::move(names).error());
        for (const auto& listed : *names) {
            if (asked_()) return;
            const std::string here = path + "/" + std::string{listed.name()};
            auto row = listed.row();
            if (!row)
                out_.add(here, std::move(row).error());
            else
                check_entry(node, listed.name(), *row, here);
        }
        if (auto s = names->status(); !s) out_.add(path, std::move(s).error());
    }

    void check_entry(node_id parent, std::string_view name, const entry& e,
                     const std::string& here) {
        using d = protocol::dentry;
        if (const auto* inode = std::get_if<d::inode>(&e.target)) {
            auto bound = read<binding>(kv_, inode->node);
            if (!bound)
                out_.add(here, std::move(bound).error());
            else if (!bound->exists() || (*bound)->parent != parent || (*bound)->name != name)
                out_.add(here, error{errc::corrupt, "check binding", here, "is not bound here"});
            if (directory_in(e) != nullptr)
                walk(inode->node, here);
            else
                check_open_file(inode->node, here);
        } else if (is_directory(e)) {
            const auto in = objects_below(*object_in(e), here);
            out_.directories += in.directories;
            out_.files += in.files;
            out_.links += in.links;
        } else if (const auto* object = object_in(e)) {
            ++out_.files;
            if (auto good = check_object(*object, e.about.size); !good)
                out_.add(here, std::move(good).error());
        } else if (std::holds_alternative<d::symlink>(e.target)) {
            ++out_.links;
        } else {
            out_.add(here, error{errc::corrupt, "check entry", here, "points to nothing"});
        }
    }

    struct names_below {
        std::uint64_t directories = 0, files = 0, links = 0;
    };

    /// What is in a directory object, itself included; looked at once, wherever it is met.
    names_below objects_below(const obj_id& dir, const std::string& path) {
        if (const auto known = objects_.find(dir); known != objects_.end()) return known->second;
        names_below sum{.directories = 1};
        const auto blocks = blocks_in(kv_);
        if (auto good = object::dirobj_check(blocks, dir); !good)
            out_.add(path, std::move(good).error());
        for (const auto& e : object::dir_view{blocks, dir}) {
            if (!e || asked_()) break;  // told above
            const auto* id = std::get_if<obj_id>(&e->target);
            const std::string here = path + '/' + e->name;
            if (id == nullptr) {
                ++sum.links;
            } else if (id->kind == obj_id::file) {
                ++sum.files;
                if (auto good = check_object(*id, e->size); !good)
                    out_.add(here, std::move(good).error());
            } else {
                const auto in = objects_below(*id, here);
                sum.directories += in.directories;
                sum.files += in.files;
                sum.links += in.links;
            }
        }
        objects_.emplace(dir, sum);
        return sum;
    }

    // What a snapshot leads to is stored; it is not counted, for no name of the tree leads there.
    void check_snapshots() {
        for_each_row<snapshot>(kv_, "", out_, [&](auto key, auto value) {
            if (const auto row = decoded<snapshot>(key, value, out_))
                (void)objects_below(row->root, "snapshot " + std::string{key.substr(1)});
        });
    }

    // A collector's sentence is about something that is stored.
    void check_sentences() {
        for_each_row<condemned>(kv_, "", out_, [&](auto key, auto value) {
            if (!decoded<condemned>(key, value, out_)) return;
            const auto which = *parse_row_key<condemned>(key);
            const auto row = which == whole(which.of)
                                 ? kv_.get(row_key<content>(which.of))
                                 : kv_.get(row_key<object_row>({obj_id::directory, which.of}));
            if (!row) return out_.add({}, row.error());
            if (!row->value)
                out_.add(
                    {}, error{errc::corrupt, "check condemned", to_hex(which.of), "is not stored"});
        });
    }

    // An entry is of its directory's layer, or somebody is to sweep it.
    void check_shown() {
        std::set<std::pair<std::uint64_t, std::uint64_t>> hidden_layers;
        for_each_row<hidden>(kv_, "", out_, [&](auto key, auto value) {
            if (!decoded<hidden>(key, value, out_)) return;
            const auto which = *parse_row_key<hidden>(key);
            hidden_layers.emplace(which.node.value, which.layer.value);
            if (const auto dir = layers_.find(which.node.value);
                dir != layers_.end() && dir->second == which.layer.value)
                out_.add({}, error{errc::corrupt, "check layer", std::to_string(which.node.value),
                                   "is to be swept, and is shown"});
        });
        for_each_row<entry>(kv_, "", out_, [&](auto key, auto) {
            const auto at = parse_row_key<entry>(key);
            if (!at) return;  // told where rows are counted
            const auto dir = layers_.find(at->parent.value);
            const bool shown = dir != layers_.end() && dir->second == at->layer.value;
            if (!shown && !hidden_layers.contains({at->parent.value, at->layer.value}))
                out_.add({}, error{errc::corrupt, "check entry", std::string{at->name},
                                   "no directory shows it, and nobody is to sweep it"});
        });
    }

    // A lease and a state that disagree would let two write, or nobody ever again.
    void check_open_file(node_id node, const std::string& here) {
        ++out_.open_files;
        const auto file = read_file_node(kv_, node);
        if (!file) return out_.add(here, file.error());
        if (auto there = staged_.check(file->file()->now); !there)
            out_.add(here, std::move(there).error());
        const auto seq = [](const auto& s) { return s.seq; };
        const auto& now = file->file()->now;
        const auto& lease = file->lease()->now;
        if (std::visit(seq, now) != std::visit(seq, lease) ||
            std::holds_alternative<protocol::file::working>(now) !=
                std::holds_alternative<protocol::lease::held>(lease))
            out_.add(here, error{errc::corrupt, "check lease", here,
                                 "the file's state and its lease disagree"});
    }

    result<void> check_object(const protocol::obj_id& id, std::uint64_t size) {
        auto file = contents_.object_of(id);
        if (!file) return passed(file);
        if (file->size != size)
            return fail(errc::corrupt, "check size", object::to_text(id), "is not the name's size");
        const auto name = to_hex(file->content);
        if (const auto bad = bad_.find(name); bad != bad_.end()) {
            auto what = bad->second;
            told_.insert(name);
            return std::unexpected{std::move(what)};
        }
        auto row = read_content(kv_, file->content);
        if (!row) return passed(row);
        if (!row->exists()) return fail(errc::corrupt, "check content", name, "its row is missing");
        return {};
    }

    void expect_count(char table, std::uint64_t n, std::string_view what,
                      std::string_view by = "the root leads to ") {
        const auto rows = tables_[table];
        if (rows == n) return;
        out_.add({},
                 error{errc::corrupt, "count", std::string{what},
                       std::to_string(rows) + " rows, but " + std::string{by} + std::to_string(n)});
    }

    void check_files() {
        auto listed = contents_.files().list_files();
        if (!listed) return out_.add({}, std::move(listed).error());
        for (const auto& path : listed->strange)
            out_.add({}, error{errc::corrupt, "list blobs", path, "no file of this store"});
        for (const auto& f : listed->files)
            if (!files_named_.contains(f.id))
                out_.add({}, error{errc::corrupt, "list blobs", f.path, "no row names it"});
        staged_.check_rest([&](error e) { out_.add({}, std::move(e)); });
    }

    static constexpr std::string_view known_tables = "!#$bcdfghiklnoprswxz";
    // Rows of the application's own types: they are its business, their blobs are ours.
    [[nodiscard]] static constexpr bool is_users(char table) {
        return table >= 'A' && table <= 'Z';
    }

    const S& kv_;
    contents<S, FS>& contents_;
    stop asked_;
    tell read_;
    staged_verifier<FS> staged_;
    verification out_;
    std::map<char, std::uint64_t> tables_;
    std::map<std::string, error> bad_;      // contents whose bytes are wrong
    std::unordered_set<std::string> told_;  // of those, the ones that a path was told for
    std::unordered_set<std::uint64_t> files_named_;
    std::uint64_t packed_ = 0;                       // contents that lie in packs
    std::map<std::uint64_t, std::uint64_t> layers_;  // of each directory node that was met
    std::unordered_map<obj_id, names_below> objects_;
};

}  // namespace detail

/// Verifies the whole store, or the tree and `sample` contents picked at random. `asked` may end it
/// early; `read` hears of bytes as they are hashed. Memory: some 60 bytes a directory, 8 a
/// blob file.
template <store S, blob::file_system FS>
[[nodiscard]] verification verify(
    const S& kv, contents<S, FS>& c, std::optional<std::uint64_t> sample = {},
    std::function<bool()> asked = [] { return false; },
    std::function<void(std::uint64_t)> read = [](std::uint64_t) {}) {
    return detail::verifier<S, FS>{kv, c, std::move(asked), std::move(read)}.run(sample);
}

}  // namespace casement::tree
