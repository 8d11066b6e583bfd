#pragma once
// What is stored, and whether something leads to it (SPEC F21): names, bases, open files, snapshots
// and the rows of applications, down to the last block. Reads only, and in bounded memory: what is
// named is met slice by slice, and each slice is one more walk over all that names.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <casement/core/error.hpp>
#include <casement/core/hash.hpp>
#include <casement/kv/row.hpp>
#include <casement/object/file_object.hpp>
#include <casement/tree/collection.hpp>
#include <casement/tree/content.hpp>
#include <casement/tree/digest_slices.hpp>
#include <casement/tree/objects.hpp>
#include <casement/tree/reach.hpp>
#include <casement/tree/rows.hpp>
#include <casement/tree/snapshot.hpp>

namespace casement::tree {

/// How to look.
struct surveying {
    /// Asked between rows: true ends it with `cancelled`.
    std::function<bool()> stop = [] { return false; };
    /// Kept in memory at once, 32 bytes each. All that is named is walked over once for each half
    /// of it, at most. At least 2.
    std::size_t names_max = std::size_t{1} << 18;
};

/// A content, or a directory's block, that is not just named: nothing leads there, or it is
/// condemned, or both.
struct surveyed {
    condemned::key which;
    std::uint64_t bytes = 0;
    bool named = false;
    std::optional<seen<condemned>> sentence;
};

/// All that something leads to.
struct named_total {
    std::uint64_t contents = 0, blocks = 0, bytes = 0;

    bool operator==(const named_total&) const = default;
};

namespace detail {

/// The sentences of one table's things, for who goes over that table in the order of its rows.
template <readable R>
class sentences_beside {
public:
    sentences_beside(const R& at, char table)
        : rows_{at.scan(row_key<condemned>({static_cast<std::uint8_t>(table), {}}),
                        after_prefix(std::string{condemned::table, table}))} {}

    /// REQUIRES: asked in the order of the keys
    [[nodiscard]] result<std::optional<seen<condemned>>> of(const condemned::key& which) {
        const auto key = row_key<condemned>(which);
        while (rows_.valid() && rows_.key() < key) rows_.next();
        if (auto whole = rows_.status(); !whole) return passed(whole);
        if (!rows_.valid() || rows_.key() != key) return std::nullopt;
        auto sentence = seen_in_scan<condemned>(rows_.key(), rows_.value(), version{});
        if (!sentence) return passed(sentence);
        return std::optional{*std::move(sentence)};
    }

private:
    decltype(std::declval<const R&>().scan("", "")) rows_;
};

template <readable R, class Take>
class surveyor {
public:
    surveyor(const R& at, const surveying& how, Take& take)
        : at_{at}, how_{how}, take_{take}, reached_{how.names_max} {}

    result<named_total> run() {
        do {
            auto all = names();
            if (all) all = blocks();
            if (all) all = contents();
            if (!all) return within(std::move(all), "look for what is named", "");
        } while (reached_.next());
        return total_;
    }

private:
    result<void> unless_stopped() const {
        if (how_.stop()) return fail(errc::cancelled, "survey", "");
        return {};
    }
    template <class Each>
    result<void> each_row(const std::string& prefix, const Each& each) {
        auto rows = at_.scan(prefix, after_prefix(prefix));
        for (; rows.valid(); rows.next()) {
            if (auto on = unless_stopped(); !on) return on;
            if (auto told = each(rows.key(), rows.value()); !told) return told;
        }
        return rows.status();
    }
    template <class Each>
    result<void> each_row(char table, const Each& each) {
        return each_row(std::string(1, table), each);
    }

    // --- what is named ---------------------------------------------------------------------------

    // Entries that nobody sees any more count as names: they are swept soon, and then do not.
    result<void> names() {
        object_walk<R> walk{at_};
        auto s = roots<entry>(walk, [](const entry& e) { return object_in(e); });
        if (s) s = roots<head>(walk, [](const head& h) { return h.base ? &*h.base : nullptr; });
        if (s)
            s = roots<file_row>(walk, [](const file_row& f) {
                const auto* final = std::get_if<protocol::file::finalized>(&f.now);
                return final ? &final->object : nullptr;
            });
        if (s) s = roots<snapshot>(walk, [](const snapshot& kept) { return &kept.root; });
        reached_.seal();
        return s;
    }
    template <row T, class ObjectOf>
    result<void> roots(object_walk<R>& walk, const ObjectOf& object_of) {
        return each_row(T::table, [&](auto key, auto value) -> result<void> {
            const auto v = decode<T>(value);
            if (!v) return fail(errc::corrupt, "read row", std::string{key});
            return reach(walk, object_of(*v));
        });
    }

    result<void> reach(object_walk<R>& walk, const obj_id* id) {
        if (id == nullptr) return {};
        if (id->kind == obj_id::file) return reached_.insert(id->digest), result<void>{};
        return walk.below(
            *id, "",
            [&](const obj_id& block) -> result<void> {
                reached_.insert(block.digest);
                return unless_stopped();
            },
            [&](const std::string&, const object::dir_entry& e) -> result<void> {
                const auto* file = std::get_if<obj_id>(&e.target);
                if (file != nullptr && file->kind == obj_id::file) reached_.insert(file->digest);
                return {};
            });
    }

    // --- what is stored --------------------------------------------------------------------------

    result<void> blocks() {
        sentences_beside<R> sentences{at_, object_row::table};
        const std::string directories{object_row::table, char{obj_id::directory}};
        return each_row(directories, [&](auto key, std::string_view value) -> result<void> {
            const auto id = parse_row_key<object_row>(key);
            if (!id) return fail(errc::corrupt, "read row", std::string{key});
            if (!reached_.covers(id->digest)) return {};
            const bool named = reached_.contains(id->digest);
            total_.blocks += named;
            auto sentence = sentences.of(block(id->digest));
            if (!sentence) return passed(sentence);
            return tell({block(id->digest), value.size(), named, *std::move(sentence)});
        });
    }

    /// A content is named by the object that its digest and its size make.
    result<void> contents() {
        sentences_beside<R> sentences{at_, content::table};
        auto all = each_row(content::table, [&](auto key, std::string_view value) -> result<void> {
            const auto name = parse_row_key<content>(key);
            const auto where = blob::read_descriptor(value, key);
            if (!name) return fail(errc::corrupt, "read row", std::string{key});
            if (!where) return std::unexpected{where.error()};
            const auto object = object::id_of({*name, where->size}).digest;
            if (!reached_.covers(object)) return {};
            auto sentence = sentences.of(whole(*name));
            if (!sentence) return passed(sentence);
            surveyed what{whole(*name), where->size, true, *std::move(sentence)};
            if (reached_.contains(object)) return tell_content(std::move(what));
            doubtful_.emplace(*name, std::move(what));
            return doubtful_.size() < doubtful_max ? result<void>{} : ask_rows_of_users();
        });
        return all ? ask_rows_of_users() : all;
    }

    /// What an application's rows refer to, nobody but it can tell: any 32 bytes that are the
    /// digest of a content keep it.
    result<void> ask_rows_of_users() {
        for (char table = 'A'; table <= 'Z' && !doubtful_.empty(); ++table) {
            auto s = each_row(table, [&](auto, std::string_view value) -> result<void> {
                digest window;
                for (std::size_t i = 0; i + window.size() <= value.size(); ++i) {
                    std::memcpy(window.data(), value.data() + i, window.size());
                    const auto named = doubtful_.find(window);
                    if (named == doubtful_.end()) continue;
                    auto told = tell_content(std::move(named->second));
                    doubtful_.erase(named);
                    if (!told) return told;
                }
                return {};
            });
            if (!s) return s;
        }
        for (auto& [_, what] : doubtful_) {
            what.named = false;
            if (auto told = tell(std::move(what)); !told) return told;
        }
        doubtful_.clear();
        return {};
    }

    result<void> tell_content(surveyed what) {
        ++total_.contents;
        return tell(std::move(what));
    }
    result<void> tell(surveyed what) {
        if (what.named) total_.bytes += what.bytes;
        if (what.named && !what.sentence) return {};
        return take_(std::move(what));
    }

    /// A digest's first bytes are as good a hash as any.
    struct by_front {
        std::size_t operator()(const digest& d) const {
            std::size_t h = 0;
            std::memcpy(&h, d.data(), sizeof h);
            return h;
        }
    };
    // Contents that no object leads to, for one look at the rows of users: some 200 bytes each.
    static constexpr std::size_t doubtful_max = std::size_t{1} << 14;

    const R& at_;
    const surveying& how_;
    Take& take_;
    digest_slices reached_;
    std::unordered_map<digest, surveyed, by_front> doubtful_;
    named_total total_;
};

}  // namespace detail

/// Surveys the rows of one instant, and calls `take(surveyed)`, which answers `result<void>`, for
/// each thing that is not just named. Ends with the first error of it; `cancelled`; `corrupt`, and
/// `need_pull` for a block that is elsewhere: what it leads to, nobody can tell. What was taken by
/// then stays true. REQUIRES: `at` does not change meanwhile. One thread.
template <readable R, class Take>
[[nodiscard]] result<named_total> survey(const R& at, const surveying& how, Take take) {
    return detail::surveyor<R, Take>{at, how, take}.run();
}

}  // namespace casement::tree
