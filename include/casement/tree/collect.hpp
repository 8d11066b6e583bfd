#pragma once
// Takes away what nothing leads to (SPEC F21, F4g; DESIGN D10): contents, files' objects, blocks of
// directories. It looks at the whole store at one instant and condemns; looks again, and erases
// what is condemned still and for long enough, each by a commit of its own that guards just that.
// Beside writers, readers and other collectors; stopped anywhere, the next one goes on. What it
// cannot read ends it: nothing is erased for want of a row.
//
// Why nothing that is named goes: who stores a thing once more revives it, and then the guard of
// its erasure fails. Who names what they reached guards that no collector looked since; so either
// they were done before the second look, which sees their name, or they reached it after, when it
// led somewhere still and was seen too. A wait in between is for readers alone.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <casement/core/clock.hpp>
#include <casement/core/error.hpp>
#include <casement/kv/client.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/object/file_object.hpp>
#include <casement/tree/collection.hpp>
#include <casement/tree/content.hpp>
#include <casement/tree/objects.hpp>
#include <casement/tree/survey.hpp>

namespace casement::tree {

/// How to collect.
struct collecting {
    timestamp now;
    /// What is condemned waits so long at least before it is erased, for those who read it.
    std::chrono::nanoseconds grace{0};
    /// Only says what would be condemned, and changes nothing.
    bool dry_run = false;
    /// Asked between rows and commits: true ends it with `cancelled`.
    std::function<bool()> stop = [] { return false; };
    /// Names it keeps in memory at once, 32 bytes each (see survey.hpp): where there are more, it
    /// walks over them more often.
    std::size_t names_max = surveying{}.names_max;
};

/// What a collector found and did. Bytes are of files' contents and of directories' blocks.
struct collected {
    std::uint64_t contents = 0, blocks = 0, bytes = 0;        // that something leads to
    std::uint64_t unnamed = 0, unnamed_bytes = 0;             // that nothing leads to, at first
    std::uint64_t condemned = 0, revived = 0;                 // by this one
    std::uint64_t erased = 0, erased_bytes = 0, waiting = 0;  // waiting: for the grace to pass
};

namespace detail {

/// Commits many things at once, and one by one where somebody was faster with one of them. Who was
/// is right; what may have been done is not told. `add(transaction, surveyed)` says what to commit.
template <store S, class Add, class Told>
class batches {
public:
    batches(S& kv, Add add, Told told) : kv_{kv}, add_{std::move(add)}, told_{std::move(told)} {}

    /// One that takes so many rows: it is committed by now, or later.
    [[nodiscard]] result<void> take(std::size_t rows, surveyed what) {
        if (rows_ + rows > commit_rows_max)
            if (auto made = commit(); !made) return made;
        some_.push_back(std::move(what));
        rows_ += rows;
        return {};
    }

    /// All that were taken.
    [[nodiscard]] result<void> commit() {
        auto made = together(some_);
        some_.clear();
        rows_ = 0;
        return made;
    }

private:
    result<void> together(std::span<const surveyed> some) {
        if (some.empty()) return {};
        transaction t{kv_};
        result<void> made;
        for (const auto& s : some)
            if (made) made = add_(t, s);
        if (made)
            if (auto done = t.commit(); !done) made = passed(done);
        if (made) {
            for (const auto& s : some) told_(s);
            return {};
        }
        const auto code = made.error().code();
        if (code != errc::conflict && code != errc::unknown_outcome)
            return within(std::move(made), "collect", "");
        if (some.size() == 1) return {};
        for (const auto& s : some)
            if (auto one = together({&s, 1}); !one) return one;
        return {};
    }

    S& kv_;
    Add add_;
    Told told_;
    std::vector<surveyed> some_;
    std::size_t rows_ = 0;  // of those
};

template <client C>
class collector {
    using store_type = typename std::remove_cvref_t<C>::store_type;
    using view = decltype(held_snapshot(std::declval<const store_type&>()));

public:
    collector(C& me, const collecting& how)
        : me_{me}, kv_{me.rows()}, how_{how}, look_{how.stop, how.names_max} {}

    result<collected> run() {
        if (auto first = condemn(); !first) return passed(first);
        if (how_.dry_run) return std::move(done_);
        if (auto second = erase(); !second) return passed(second);
        return std::move(done_);
    }

private:
    /// Whatever nothing leads to, if it is not condemned already.
    result<void> condemn() {
        std::optional<tree::condemned> sentence;
        batches condemned{kv_,
                          [&](auto& t, const surveyed& s) -> result<void> {
                              t.template put<tree::condemned>(s.which, *sentence);
                              return expect_stored(t, s.which);
                          },
                          [&](const surveyed&) { ++done_.condemned; }};
        const auto seen = survey(kv_.snapshot(), look_, [&](surveyed s) -> result<void> {
            if (s.named) return {};
            ++done_.unnamed;
            done_.unnamed_bytes += s.bytes;
            if (s.sentence || how_.dry_run) return {};
            if (!sentence) {
                const auto since = me_.template next<protocol::generation>();
                if (!since) return std::unexpected{since.error()};
                sentence = {casement::step<protocol::blob>(protocol::blob::live{},
                                                           protocol::blob::condemn{*since}),
                            how_.now};
            }
            return condemned.take(2, std::move(s));
        });
        if (!seen) return std::unexpected{seen.error()};
        done_.contents = seen->contents;
        done_.blocks = seen->blocks;
        done_.bytes = seen->bytes;
        return condemned.commit();
    }

    /// What is condemned for long enough, and nothing leads there still. Where something does, it
    /// is not condemned any more.
    result<void> erase() {
        batches revived{kv_,
                        [](auto& t, const surveyed& s) -> result<void> {
                            t.expect(*s.sentence, "it is condemned as it was seen");
                            t.template erase<tree::condemned>(s.which);
                            return {};
                        },
                        [&](const surveyed&) { ++done_.revived; }};
        batches erased{kv_,
                       [&](auto& t, const surveyed& s) -> result<void> {
                           t.expect(*s.sentence, "it is condemned as it was seen");
                           t.template erase<tree::condemned>(s.which);
                           if (!is_block(s.which)) return erase_content(t, s.which.of);
                           t.template erase<object_row>(obj_id{obj_id::directory, s.which.of});
                           return {};
                       },
                       [&](const surveyed& s) {
                           ++done_.erased;
                           done_.erased_bytes += s.bytes;
                       }};
        const auto later = snapshot_in_peace();
        if (!later) return std::unexpected{later.error()};
        const auto seen = survey(*later, look_, [&](surveyed s) -> result<void> {
            if (s.named) return revived.take(2, std::move(s));
            if (!s.sentence) return {};
            if (how_.now.ns - (*s.sentence)->at.ns < how_.grace.count()) {
                ++done_.waiting;
                return {};
            }
            const auto rows = 7 + rows_of_sums(s);
            return erased.take(rows, std::move(s));
        });
        if (!seen) return std::unexpected{seen.error()};
        if (auto all = revived.commit(); !all) return all;
        return erased.commit();
    }

    static bool is_block(const tree::condemned::key& k) {
        return k.what == static_cast<std::uint8_t>(object_row::table);
    }
    static std::size_t rows_of_sums(const surveyed& s) {
        const auto chunks = is_block(s.which) ? 0 : blob::chunk_count(s.bytes);
        return chunks <= 1 ? 0 : (chunks - 1) / blob::sums_per_row + 1;
    }

    template <class T>
    result<void> expect_stored(T& t, const tree::condemned::key& which) {
        if (is_block(which)) {
            auto row = read<object_row>(kv_, obj_id{obj_id::directory, which.of});
            if (!row) return passed(row);
            if (!row->exists()) return gone(which);
            t.expect(*row, "the block is stored");
            return {};
        }
        auto row = read_content(kv_, which.of);
        if (!row) return passed(row);
        if (!row->exists()) return gone(which);
        t.expect(*row, "the content is stored");
        return {};
    }
    static std::unexpected<error> gone(const tree::condemned::key& which) {
        return fail(errc::conflict, "collect", to_hex(which.of), "was collected meanwhile");
    }

    /// With all its rows, and the object that names it: nothing leads there either.
    template <class T>
    result<void> erase_content(T& t, const digest& of) {
        auto row = read_content(kv_, of);
        if (!row) return passed(row);
        if (!row->exists()) return gone(whole(of));
        const auto& where = (*row)->where;
        t.expect(*row, "the content is where it was seen");  // a compaction moves it, and its frame
        t.template erase<content>(of);
        t.template erase<object_row>(object::id_of({of, where.size}));
        erase_frame(t, where);
        if (where.kind == blob::placement::inline_row) t.template erase<inline_bytes>(of);
        const auto chunks = blob::chunk_count(where.size);
        for (std::uint64_t i = 0; chunks > 1 && i * blob::sums_per_row < chunks; ++i)
            t.template erase<sums>({of, i});
        return {};
    }

    /// The store at an instant at which nobody is between reaching a thing and naming it: whoever
    /// reached one before has named it by then, or is refused, for turns only grow.
    result<view> snapshot_in_peace() {
        constexpr int tries_max = 2;  // against collectors that are faster
        for (int tries = 1;; ++tries) {
            auto seen = try_snapshot_in_peace();
            if (seen || tries == tries_max) return seen;
            const auto code = seen.error().code();
            if (code != errc::conflict && code != errc::unknown_outcome) return seen;
        }
    }

    result<view> try_snapshot_in_peace() {
        auto before = read<collection>(kv_, {});
        if (!before) return passed(before);
        const auto turns = turns_of(*before), looking = turns + 1 + turns % 2;
        auto begun = transaction{kv_}.template bump<collection>({}, looking - turns).commit();
        if (!begun) return passed(begun);
        auto seen = held_snapshot(kv_);
        auto now = read<collection>(kv_, {});
        if (!now) return passed(now);
        // Somebody was in a hurry, and may name what they reached before this instant.
        if (turns_of(*now) != looking) return fail(errc::conflict, "look at all", "");
        auto ended = transaction{kv_}.template bump<collection>({}).commit();
        if (!ended) return passed(ended);
        return seen;
    }

    C& me_;
    store_type& kv_;
    const collecting& how_;
    const surveying look_;
    collected done_;
};

}  // namespace detail

/// Collects once, and answers what became of it. The files of what is erased are the caller's to
/// remove: no row names them any more. `cancelled`; `corrupt`, and `need_pull` where a block is
/// elsewhere: then nothing is erased. Reads every name, block and descriptor twice.
template <client C>
[[nodiscard]] result<collected> collect(C&& me, const collecting& how) {
    auto done = detail::collector{me, how}.run();
    if (!done) return within(std::move(done), "collect", "");
    return done;
}

}  // namespace casement::tree
