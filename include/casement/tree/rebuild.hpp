#pragma once
// A store's rows and bytes, brought into an empty one (SPEC B8): each row as it is, each content to
// the place that the new store's thresholds give it. Bytes are durable before the rows that name
// them, and each commit says how far it is: stopped anywhere, the next one goes on there. Nobody
// else changes either of the two meanwhile. Memory: one payload below `dedicated_min`, and the rows
// of a batch. One thread.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/blob/frame_copy.hpp>
#include <casement/core/error.hpp>
#include <casement/core/pace.hpp>
#include <casement/kv/id_blocks.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/tree/contents.hpp>
#include <casement/tree/leases.hpp>
#include <casement/tree/packed_frames.hpp>
#include <casement/tree/rows.hpp>

namespace casement::tree {

/// What a rebuild brought over.
struct rebuilt {
    std::uint64_t rows = 0;                      // as they are
    std::uint64_t contents = 0, bytes = 0;       // all of them
    std::uint64_t moved = 0, moved_bytes = 0;    // of those, to another placement
    std::uint64_t linked = 0, linked_bytes = 0;  // and those of which no byte was copied
    std::uint64_t staged = 0;                    // files that are not finalized

    bool operator==(const rebuilt&) const = default;
};

/// In the old store: nobody has opened it since this rebuild began.
struct rebuild_mark {
    static constexpr char table = '!';
    struct key {
        std::uint8_t beside_the_settings = 'm';
    };
    std::uint64_t rebuild = 0;  // a number given once
};

/// In the new store, until it is whole.
struct rebuild_progress {
    static constexpr char table = '!';
    struct key {
        std::uint8_t beside_the_settings = 'p';
    };
    std::uint64_t rebuild = 0;
    std::string up_to;  // the key of the last row that was brought over
    rebuilt so_far;
};

/// How a store is brought over.
struct rebuilding {
    double bytes_a_second = 0;  // copied, at most; 0: no limit
    /// Dedicated files get a second name instead of a copy, where they can.
    bool links = true;
    /// Asked between rows: true ends it with `cancelled`, and the next one goes on.
    std::function<bool()> stop = [] { return false; };
    std::function<void(std::uint64_t bytes)> tell = [](std::uint64_t) {};
};

namespace detail {

/// The rows that a rebuild brings over. Tables that it writes anew, for they say where bytes are
/// and who made the rows, are not even read.
template <readable S>
class rows_to_rebuild {
public:
    /// REQUIRES: `at` does not change meanwhile, and outlives this
    explicit rows_to_rebuild(const S& at, std::string_view first = {"\0", 1}) : at_{at} {
        go_to(first);
    }

    [[nodiscard]] bool valid() const { return rows_->valid(); }
    [[nodiscard]] std::string_view key() const { return rows_->key(); }
    [[nodiscard]] std::string_view value() const { return rows_->value(); }
    [[nodiscard]] result<void> status() const { return rows_->status(); }
    void next() {
        rows_->next();
        pass_over();
    }

private:
    static constexpr std::string_view written_anew{"!#ip"};

    void go_to(std::string_view first) {
        rows_.emplace(at_.scan(first, "\xff"));
        pass_over();
    }
    void pass_over() {
        if (!valid() || written_anew.find(key().front()) == std::string_view::npos) return;
        go_to(after_prefix(std::string{key().front()}));
    }

    const S& at_;
    std::optional<decltype(std::declval<const S&>().scan("", ""))> rows_;
};

template <store S, blob::file_system FS>
class rebuilder {
public:
    rebuilder(contents<S, FS>& from, contents<S, FS>& to, const rebuilding& how)
        : from_{from}, to_{to}, how_{how}, pace_{how.bytes_a_second} {}

    result<rebuilt> run(std::uint64_t rebuild) {
        if (auto begun = begin(rebuild); !begun) return passed(begun);
        const auto first = at_->up_to + '\0';
        rows_to_rebuild rows{from_.rows(), first};
        for (; rows.valid(); rows.next()) {
            if (how_.stop()) return fail(errc::cancelled, "rebuild", "", "stopped as asked");
            if (auto taken = take(rows.key(), rows.value()); !taken) return passed(taken);
            up_to_ = rows.key();
            if (puts_.size() >= rows_a_commit || bytes_ >= bytes_a_commit)
                if (auto made = commit(); !made) return passed(made);
        }
        if (auto whole = rows.status(); !whole) return passed(whole);
        if (auto made = commit(); !made) return passed(made);
        if (auto same = compare(); !same) return passed(same);
        return at_->so_far;
    }

private:
    struct row_to_put {
        std::string key, value;
    };
    // A content is four rows at most, and the progress is one more, guarded.
    static constexpr std::size_t rows_a_commit = commit_rows_max - 6;
    static constexpr std::size_t bytes_a_commit = 1u << 20;

    /// Numbers that the old store has given are not given again.
    result<void> begin(std::uint64_t rebuild) {
        auto at = read<rebuild_progress>(to_.rows(), {});
        if (!at) return passed(at);
        if (at->exists() && (*at)->rebuild != rebuild)
            return fail(errc::illegal, "rebuild", "", "this is what another rebuild has left");
        if (!at->exists()) {
            auto given = read<allocator>(from_.rows(), {});
            if (!given) return passed(given);
            auto free = read<allocator>(to_.rows(), {});
            if (!free) return passed(free);
            transaction t{to_.rows()};
            t.replace(*at, rebuild_progress{rebuild, {}, {}}, "no rebuild has begun");
            if (given->exists() && (!free->exists() || (*free)->next < (*given)->next))
                t.replace(*free, **given, "no number was given meanwhile");
            if (auto made = t.commit(); !made) return within(std::move(made), "begin rebuild", "");
            at = read<rebuild_progress>(to_.rows(), {});
            if (!at) return passed(at);
        }
        at_ = **at;
        seen_ = *std::move(at);
        return {};
    }

    result<void> take(std::string_view key, std::string_view value) {
        const char table = key.front();
        if (table == content::table) return take_content(key, value);
        if (table == file_row::table)
            if (auto staged = take_staged(key, value); !staged) return staged;
        put(std::string{key}, std::string{value});
        ++at_->so_far.rows;
        return {};
    }

    void put(std::string key, std::string value) {
        bytes_ += key.size() + value.size();
        puts_.push_back({std::move(key), std::move(value)});
    }
    template <row R>
    void put(const typename R::key& key, const R& value) {
        put(row_key<R>(key), encode(value));
    }

    // --- bytes -----------------------------------------------------------------------------------

    result<void> take_content(std::string_view key, std::string_view value) {
        auto old = blob::read_descriptor(value, key);
        if (!old) return passed(old);
        const auto of = old->content;
        auto placed = old->kind == blob::placement::external ? result<blob::descriptor>{*old}
                                                             : place_anew(*old);
        if (!placed) return within(std::move(placed), "rebuild content", to_hex(of));
        auto& n = at_->so_far;
        ++n.contents;
        n.bytes += placed->size;
        if (placed->kind != old->kind) {
            ++n.moved;
            n.moved_bytes += placed->size;
        }
        put(std::string{key}, encode(content{*placed}));
        how_.tell(placed->size);
        return {};
    }

    result<blob::descriptor> place_anew(blob::descriptor d) {
        const auto was = std::exchange(d.kind, blob::place(d.size, to_.files().chosen().sizes));
        d.position = 0;
        if (was == blob::placement::dedicated && d.kind == was && how_.links) {
            auto linked = to_.files().link_from(from_.files(), d.id);
            if (!linked) return passed(linked);
            if (*linked) {
                linked_.insert(d.id.value);
                ++at_->so_far.linked;
                at_->so_far.linked_bytes += d.size;
                return d;
            }
        }
        auto bytes = from_.open(object::file_object{d.content, d.size});
        if (!bytes) return passed(bytes);
        pace_.take(d.size);
        if (d.kind == blob::placement::dedicated) return in_a_file(d, *bytes);
        std::string all(d.size, '\0');
        const auto n = bytes->read_at(0, all);
        if (!n) return std::unexpected{n.error()};
        if (d.kind == blob::placement::packed) return in_a_pack(d, all);
        put<inline_bytes>(d.content, {std::move(all)});
        return d;
    }

    result<blob::descriptor> in_a_pack(const blob::descriptor& d, std::string_view payload) {
        auto copy = to_.files().copy_frame(d, payload);
        if (!copy) return passed(copy);
        auto placed = copy->what();
        put<packed_frame>({placed.position}, {placed.content, placed.size});
        frames_.push_back(*std::move(copy));
        return placed;
    }

    result<blob::descriptor> in_a_file(const blob::descriptor& d, file_reader<FS>& bytes) {
        auto file = to_.files().begin_file(d.id);
        if (!file) return passed(file);
        auto written =
            bytes.for_each_piece([&](std::string_view piece) { return file->append(piece); });
        if (!written) {
            (void)file->remove();  // the first error is the one to tell
            return passed(written);
        }
        auto named = file->finish();
        if (!named) return passed(named);
        return d;
    }

    /// The bytes of a file that may be written go on in a file of the new store's own.
    result<void> take_staged(std::string_view key, std::string_view value) {
        const auto file = decode<file_row>(value);
        if (!file) return fail(errc::corrupt, "read row", std::string{key}, "no file");
        const auto id = staging_of(file->now);
        if (!id || *id == staging_id{}) return {};
        auto bytes = from_.files().staging().read(*id);
        if (!bytes) return passed(bytes);
        auto& staging = to_.files().staging();
        if (auto free = staging.remove(*id); !free) return free;
        auto copy = staging.create(*id);
        if (!copy) return passed(copy);
        std::uint64_t offset = 0;
        auto copied = bytes->for_each_piece([&](std::string_view piece) {
            pace_.take(piece.size());
            return copy->write_at(std::exchange(offset, offset + piece.size()), piece);
        });
        if (!copied) return copied;
        ++at_->so_far.staged;
        return copy->finish();
    }

    // --- rows ------------------------------------------------------------------------------------

    result<void> commit() {
        for (auto& f : frames_)
            if (auto synced = f.sync(); !synced) return synced;
        std::set<unsigned> shelves;
        for (const auto id : linked_)
            if (shelves.insert(blob::layout::shelf_of(blob::blob_id{id})).second)
                if (auto named = to_.files().sync_name(blob::blob_id{id}); !named)
                    return passed(named);
        at_->up_to = up_to_;
        put(row_key<rebuild_progress>({}), encode(*at_));
        const auto there = seen_->unchanged("the rebuild is where it was left");
        std::vector<write> writes;
        for (const auto& p : puts_) writes.push_back({write::kind::put, p.key, p.value});
        auto made = to_.rows().commit({{&there, 1}, writes});
        if (made || made.error().code() == errc::unknown_outcome)
            for (auto& f : frames_) f.published();
        if (!made) return within(std::move(made), "rebuild", "");
        auto next = read<rebuild_progress>(to_.rows(), {});
        if (!next) return passed(next);
        seen_ = *std::move(next);
        frames_.clear();
        linked_.clear();
        puts_.clear();
        bytes_ = 0;
        return {};
    }

    /// Row by row, whoever wrote them: nothing is there but what was, and all of it.
    result<void> compare() {
        rows_to_rebuild old{from_.rows()}, now{to_.rows()};
        for (;;) {
            const bool was = old.valid(), is = now.valid();
            for (const auto* rows : {&old, &now})
                if (auto whole = rows->status(); !whole) return whole;
            if (!was && !is) return {};
            if (!was || !is || old.key() != now.key() ||
                !is_same(old.key(), old.value(), now.value()))
                return fail(errc::corrupt, "compare with rebuilt rows",
                            std::string{was ? old.key() : now.key()}, "they differ");
            old.next();
            now.next();
        }
    }
    /// Of a content, all but where it lies.
    static bool is_same(std::string_view key, std::string_view old, std::string_view now) {
        if (key.front() != content::table) return old == now;
        auto a = blob::read_descriptor(old, key), b = blob::read_descriptor(now, key);
        if (!a || !b) return false;
        a->kind = b->kind;
        a->position = b->position;
        return *a == *b;
    }

    contents<S, FS>& from_;
    contents<S, FS>& to_;
    const rebuilding& how_;
    pace<> pace_;
    std::optional<rebuild_progress> at_;
    std::optional<seen<rebuild_progress>> seen_;
    std::string up_to_;
    std::vector<row_to_put> puts_;
    std::size_t bytes_ = 0;  // of those
    std::vector<blob::frame_copy<FS>> frames_;
    std::set<std::uint64_t> linked_;
};

}  // namespace detail

/// What a rebuild would do: reads the contents' rows, and no byte of them.
template <store S>
[[nodiscard]] result<rebuilt> plan_rebuild(const S& from, const blob::thresholds& sizes) {
    rebuilt n;
    detail::rows_to_rebuild rows{from};
    for (; rows.valid(); rows.next()) {
        if (rows.key().front() != content::table) {
            ++n.rows;
            continue;
        }
        const auto d = blob::read_descriptor(rows.value(), rows.key());
        if (!d) return std::unexpected{d.error()};
        ++n.contents;
        n.bytes += d->size;
        if (d->kind == blob::placement::external) continue;
        const auto kind = blob::place(d->size, sizes);
        n.moved += kind != d->kind;
        n.moved_bytes += kind != d->kind ? d->size : 0;
        const bool stays = kind == d->kind && kind == blob::placement::dedicated;
        n.linked += stays;
        n.linked_bytes += stays ? d->size : 0;
    }
    if (auto whole = rows.status(); !whole) return passed(whole);
    return n;
}

/// Brings all of `from` into `to`, which is empty, or was left by a rebuild of the same number;
/// compares every row, and answers what it did. The bytes are compared by verifying `to` (see
/// verify.hpp). `corrupt` where a content of `from` cannot be read. What is left to the caller is
/// the row of the progress, which goes last.
template <store S, blob::file_system FS>
[[nodiscard]] result<rebuilt> rebuild(contents<S, FS>& from, contents<S, FS>& to,
                                      std::uint64_t number, const rebuilding& how) {
    return detail::rebuilder{from, to, how}.run(number);
}

}  // namespace casement::tree
