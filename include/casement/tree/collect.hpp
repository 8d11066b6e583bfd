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
#include <cstdint>
#include <functional>
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
#include <casement/tree/contents.hpp>
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
};

/// What a collector found and did. Bytes are of files' contents and of directories' blocks.
struct collected {
    std::uint64_t contents = 0, blocks = 0, bytes = 0;        // that something leads to
    std::uint64_t unnamed = 0, unnamed_bytes = 0;             // that nothing leads to, at first
    std::uint64_t condemned = 0, revived = 0;                 // by this one
    std::uint64_t erased = 0, erased_bytes = 0, waiting = 0;  // waiting: for the grace to pass
};

namespace detail {

template <client C>
class collector {
    using store_type = typename std::remove_cvref_t<C>::store_type;
    using view = decltype(held_snapshot(std::declval<const store_type&>()));
    using stored = survey::stored;

public:
    collector(C& me, const collecting& how) : me_{me}, kv_{me.rows()}, how_{how} {}

    result<collected> run() {
        const auto first = survey_of(kv_.snapshot(), how_.stop);
        if (!first) return std::unexpected{first.error()};
        tell(*first);
        if (how_.dry_run) return std::move(done_);
        if (auto all = condemn(first->unnamed()); !all) return passed(all);
        const auto later = snapshot_in_peace();
        if (!later) return std::unexpected{later.error()};
        const auto second = survey_of(*later, how_.stop);
        if (!second) return std::unexpected{second.error()};
        if (auto all = revive(second->wronged()); !all) return passed(all);
        if (auto all = erase(second->unnamed()); !all) return passed(all);
        return std::move(done_);
    }

private:
    void tell(const survey& s) {
        done_.contents = s.contents();
        done_.blocks = s.blocks();
        done_.bytes = s.bytes();
        done_.unnamed = s.unnamed().size();
        for (const auto& what : s.unnamed()) done_.unnamed_bytes += what.bytes;
    }

    result<void> condemn(const std::vector<stored>& all) {
        const auto since = me_.template next<protocol::generation>();
        if (!since) return std::unexpected{since.error()};
        const auto now =
            casement::step<protocol::blob>(protocol::blob::live{}, protocol::blob::condemn{*since});
        return each(
            all, [](const stored& s) { return s.sentence ? 0u : 2u; },
            [&](auto& t, const stored& s) -> result<void> {
                t.template put<tree::condemned>(s.which, {now, how_.now});
                return expect_stored(t, s.which);
            },
            [&](const stored&) { ++done_.condemned; });
    }

    result<void> revive(const std::vector<stored>& all) {
        return each(
            all, [](const stored&) { return 2u; },
            [&](auto& t, const stored& s) -> result<void> {
                t.expect(*s.sentence, "it is condemned as it was seen");
                t.template erase<tree::condemned>(s.which);
                return {};
            },
            [&](const stored&) { ++done_.revived; });
    }

    result<void> erase(const std::vector<stored>& all) {
        return each(
            all,
            [&](const stored& s) -> std::size_t {
                if (!s.sentence) return 0;
                if (how_.now.ns - (*s.sentence)->at.ns >= how_.grace.count())
                    return 7 + rows_of_sums(s);
                ++done_.waiting;
                return 0;
            },
            [&](auto& t, const stored& s) -> result<void> {
                t.expect(*s.sentence, "it is condemned as it was seen");
                t.template erase<tree::condemned>(s.which);
                if (is_block(s.which)) {
                    t.template erase<object_row>(obj_id{obj_id::directory, s.which.of});
                    return {};
                }
                return erase_content(t, s.which.of);
            },
            [&](const stored& s) {
                ++done_.erased;
                done_.erased_bytes += s.bytes;
            });
    }

    static bool is_block(const tree::condemned::key& k) {
        return k.what == static_cast<std::uint8_t>(object_row::table);
    }
    static std::size_t rows_of_sums(const stored& s) {
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

    /// Commits for all that take `slots(s)` rows, none for 0: many to a commit, and one by one
    /// where somebody was faster with one of them. Who was is right; what may have been done is not
    /// told.
    template <class Slots, class Add, class Told>
    result<void> each(const std::vector<stored>& all, const Slots& slots, const Add& add,
                      const Told& told) {
        std::vector<const stored*> some;
        std::size_t taken = 0;
        for (const auto& s : all) {
            if (how_.stop()) return fail(errc::cancelled, "collect", "");
            const std::size_t n = slots(s);
            if (n == 0) continue;
            if (taken + n > commit_rows_max) {
                if (auto made = together(some, add, told); !made) return made;
                some.clear();
                taken = 0;
            }
            some.push_back(&s);
            taken += n;
        }
        return together(some, add, told);
    }

    template <class Add, class Told>
    result<void> together(std::span<const stored* const> some, const Add& add, const Told& told) {
        if (some.empty()) return {};
        transaction t{kv_};
        result<void> made;
        for (const auto* s : some)
            if (made) made = add(t, *s);
        if (made)
            if (auto done = t.commit(); !done) made = passed(done);
        if (made) {
            for (const auto* s : some) told(*s);
            return {};
        }
        const auto code = made.error().code();
        if (code != errc::conflict && code != errc::unknown_outcome)
            return within(std::move(made), "collect", "");
        if (some.size() == 1) return {};
        for (const auto& s : some)
            if (auto one = together({&s, 1}, add, told); !one) return one;
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
