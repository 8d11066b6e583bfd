#pragma once
// What is stored, and whether something leads to it (SPEC F21): names, bases, open files, snapshots
// and the rows of applications, down to the last block. Reads only.

#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <casement/core/error.hpp>
#include <casement/core/hash.hpp>
#include <casement/kv/row.hpp>
#include <casement/object/file_object.hpp>
#include <casement/tree/collection.hpp>
#include <casement/tree/contents.hpp>
#include <casement/tree/objects.hpp>
#include <casement/tree/reach.hpp>
#include <casement/tree/rows.hpp>
#include <casement/tree/snapshot.hpp>

namespace casement::tree {

/// What is stored, and whether something leads to it, at one instant. Comes only from
/// `survey_of`.
class survey {
public:
    struct stored {
        condemned::key which;
        std::uint64_t bytes = 0;
        std::optional<seen<tree::condemned>> sentence;
    };

    [[nodiscard]] const std::vector<stored>& unnamed() const { return unnamed_; }
    /// Something leads to them, and they are condemned.
    [[nodiscard]] const std::vector<stored>& wronged() const { return wronged_; }
    [[nodiscard]] std::uint64_t contents() const { return contents_; }
    [[nodiscard]] std::uint64_t blocks() const { return blocks_; }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

private:
    template <readable R>
    friend class surveyor;
    std::vector<stored> unnamed_, wronged_;
    std::uint64_t contents_ = 0, blocks_ = 0, bytes_ = 0;
};

/// Looks at a store at one instant. One thread; used once. Memory: some 100 bytes for each thing
/// that is stored.
template <readable R>
class surveyor {
public:
    /// REQUIRES: `at` does not change meanwhile, and outlives this
    surveyor(const R& at, const std::function<bool()>& stop) : at_{at}, stop_{stop}, walk_{at} {}

    [[nodiscard]] result<survey> run() {
        auto all = names();
        if (all) all = contents_of_files();
        if (all) all = rows_of_users();
        if (all) all = sentences();
        if (all) all = sort_blocks();
        if (all) all = sort_contents();
        if (!all) return within(std::move(all), "look for what is named", "");
        return std::move(seen_);
    }

private:
    template <class Each>
    result<void> each_row(char table, const Each& each) {
        const std::string first(1, table);
        auto rows = at_.scan(first, after_prefix(first));
        for (; rows.valid(); rows.next()) {
            if (stop_()) return fail(errc::cancelled, "collect", "");
            if (auto told = each(rows.key(), rows.value()); !told) return told;
        }
        return rows.status();
    }
    template <row T, class Each>
    result<void> each(const Each& told) {
        return each_row(T::table, [&](auto key, auto value) -> result<void> {
            const auto k = parse_row_key<T>(key);
            const auto v = decode<T>(value);
            if (!k || !v) return fail(errc::corrupt, "read row", std::string{key});
            return told(*k, *v);
        });
    }

    // Entries that nobody sees any more count as names: they are swept soon, and then do not.
    result<void> names() {
        auto s = each<entry>([&](const auto&, const entry& e) { return reach(object_in(e)); });
        if (!s) return s;
        s = each<head>([&](auto, const head& h) { return reach(h.base ? &*h.base : nullptr); });
        if (!s) return s;
        s = each<file_row>([&](auto, const file_row& f) {
            const auto* final = std::get_if<protocol::file::finalized>(&f.now);
            return reach(final ? &final->object : nullptr);
        });
        if (!s) return s;
        return each<snapshot>([&](const auto&, const snapshot& kept) { return reach(&kept.root); });
    }

    result<void> reach(const obj_id* id) {
        if (id == nullptr) return {};
        if (id->kind == obj_id::file) return files_.insert(id->digest), result<void>{};
        return walk_.below(
            *id, "",
            [&](const obj_id& block) -> result<void> {
                if (stop_()) return fail(errc::cancelled, "collect", "");
                blocks_.insert(block.digest);
                return {};
            },
            [&](const std::string&, const object::dir_entry& e) -> result<void> {
                const auto* file = std::get_if<obj_id>(&e.target);
                if (file != nullptr && file->kind == obj_id::file) files_.insert(file->digest);
                return {};
            });
    }

    /// From the ids of files that are named to their contents.
    result<void> contents_of_files() {
        return each<object_row>([&](const obj_id& id, const object_row& o) -> result<void> {
            if (id.kind != obj_id::file || !files_.contains(id.digest)) return {};
            const auto file = object::file_object_from_bytes(o.bytes);
            if (!file) return std::unexpected{file.error()};
            named_.insert(file->content);
            return {};
        });
    }

    /// What an application's rows refer to, nobody but it can tell: any 32 bytes that are the
    /// digest of a content keep it.
    result<void> rows_of_users() {
        std::unordered_set<digest, by_front> unnamed;
        auto s = each_row(content::table, [&](auto key, auto) -> result<void> {
            const auto name = parse_row_key<content>(key);
            if (name && !named_.contains(*name)) unnamed.insert(*name);
            return {};
        });
        if (!s) return s;
        for (char table = 'A'; table <= 'Z' && !unnamed.empty(); ++table) {
            s = each_row(table, [&](auto, std::string_view value) -> result<void> {
                digest window;
                for (std::size_t i = 0; i + window.size() <= value.size(); ++i) {
                    std::memcpy(window.data(), value.data() + i, window.size());
                    if (unnamed.contains(window)) named_.insert(window);
                }
                return {};
            });
            if (!s) return s;
        }
        return {};
    }

    result<void> sentences() {
        const std::string first{tree::condemned::table};
        auto rows = at_.scan(first, after_prefix(first));
        for (; rows.valid(); rows.next()) {
            auto token = seen_in_scan<tree::condemned>(rows.key(), rows.value(), version{});
            if (!token) return passed(token);
            sentences_.emplace(token->key().of, *std::move(token));
        }
        return rows.status();
    }

    result<void> sort_blocks() {
        return each_row(object_row::table, [&](auto key, std::string_view value) -> result<void> {
            const auto id = parse_row_key<object_row>(key);
            if (!id) return fail(errc::corrupt, "read row", std::string{key});
            if (id->kind != obj_id::directory) return {};
            const bool named = blocks_.contains(id->digest);
            seen_.blocks_ += named ? 1 : 0;
            sort({block(id->digest), value.size(), {}}, named);
            return {};
        });
    }

    result<void> sort_contents() {
        return each_row(content::table, [&](auto key, std::string_view value) -> result<void> {
            const auto name = parse_row_key<content>(key);
            const auto where = blob::read_descriptor(value, key);
            if (!name) return fail(errc::corrupt, "read row", std::string{key});
            if (!where) return std::unexpected{where.error()};
            const bool named = named_.contains(*name);
            seen_.contents_ += named ? 1 : 0;
            sort({whole(*name), where->size, {}}, named);
            return {};
        });
    }

    void sort(survey::stored what, bool named) {
        if (named) seen_.bytes_ += what.bytes;
        for (auto [s, end] = sentences_.equal_range(what.which.of); s != end; ++s)
            if (s->second.key() == what.which) what.sentence = s->second;
        if (!named)
            seen_.unnamed_.push_back(std::move(what));
        else if (what.sentence)
            seen_.wronged_.push_back(std::move(what));
    }

    /// A digest's first bytes are as good a hash as any.
    struct by_front {
        std::size_t operator()(const digest& d) const {
            std::size_t h = 0;
            std::memcpy(&h, d.data(), sizeof h);
            return h;
        }
    };
    using digests = std::unordered_set<digest, by_front>;

    const R& at_;
    const std::function<bool()>& stop_;
    object_walk<R> walk_;
    digests files_, blocks_, named_;
    std::unordered_multimap<digest, seen<tree::condemned>, by_front> sentences_;
    survey seen_;
};

/// Surveys the rows of one instant. `cancelled` where `stop` answers true; `corrupt`, and
/// `need_pull` for a block that is elsewhere: what it leads to, nobody can tell.
template <readable R>
[[nodiscard]] result<survey> survey_of(const R& at, const std::function<bool()>& stop) {
    return surveyor<R>{at, stop}.run();
}

}  // namespace casement::tree
