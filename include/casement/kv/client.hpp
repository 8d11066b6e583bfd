#pragma once
// Who changes a store: its rows, its numbers, and what keeps a change from happening twice when its
// reply is lost (SPEC F22, F4b; DESIGN D8). A `recorded` client makes each change an operation with
// a name of its own, and answers what became of it; `unrecorded` is the named way to decline that.
// Any thread, but for a `once`, which is one thread's.
//
//     recorded me{kv, ids};
//     auto made = create(me, at_rev{dir}, "name", what, about);       // once, or not at all
//
//     auto op = me.begin();                                           // to be sure after a crash:
//     log(op->name());                                                //   its name is kept first
//     auto made = create(*op, at_rev{dir}, "name", what, about);
//     ...
//     auto op = me.recall(name);                                      // `outcome_expired` past
//     auto what_happened = op->settle<created>(change_kind::create);  //   its retention

#include <concepts>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <casement/core/codec.hpp>
#include <casement/core/error.hpp>
#include <casement/kv/id_blocks.hpp>
#include <casement/kv/operation.hpp>
#include <casement/kv/retry.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/store.hpp>
#include <casement/kv/transaction.hpp>

namespace casement {

/// The outcome of a change that has nothing to tell.
struct done {
    bool operator==(const done&) const = default;
};

/// What an operation is given to change a store with: rows, numbers never given before, and a
/// commit that answers the outcome `o`, or what the operation came to when it happened before.
template <class C>
concept client = requires(std::remove_cvref_t<C>& c,
                          transaction<typename std::remove_cvref_t<C>::store_type>& t, done o) {
    { c.rows() } -> std::same_as<typename std::remove_cvref_t<C>::store_type&>;
    { c.template next<op_id>() } -> std::same_as<result<op_id>>;
    { c.commit(t, std::uint8_t{1}, o) } -> std::same_as<result<done>>;
};

/// Changes that nobody can ask about afterwards: a lost reply is `unknown_outcome`, and trying
/// again may change the store twice.
template <store S>
class unrecorded {
public:
    using store_type = S;
    unrecorded(S& kv, id_blocks<S>& ids) : kv_{kv}, ids_{ids} {}

    [[nodiscard]] S& rows() const { return kv_; }
    template <class Id>
    [[nodiscard]] result<Id> next() const {
        return ids_.template next<Id>();
    }
    template <class Kind, class O>
    [[nodiscard]] result<O> commit(transaction<S>& t, Kind, O outcome) const {
        if (auto made = t.commit(); !made) return passed(made);
        return outcome;
    }

private:
    S& kv_;
    id_blocks<S>& ids_;
};

/// One operation: whatever is committed through it, and however often, happens once.
template <store S>
class once {
public:
    using store_type = S;

    [[nodiscard]] const op_name& name() const { return name_; }

    [[nodiscard]] S& rows() const { return *kv_; }
    template <class Id>
    [[nodiscard]] result<Id> next() const {
        return ids_->template next<Id>();
    }

    /// Commits, and learns what became of it. `conflict`: it has not happened, and no earlier
    /// attempt will; take the decision again. `illegal` if the operation was of another kind.
    /// `outcome_expired` past its retention. `unknown_outcome` only while the store does not
    /// answer.
    template <class Kind, class O>
    [[nodiscard]] result<O> commit(transaction<S>& t, Kind what, O outcome) {
        if (row_ && has_happened(*row_)) return told<O>(number_of(what), *row_);
        constexpr std::string_view not_yet = "the operation has not happened";
        if (row_)
            t.expect(*row_, not_yet);
        else
            t.template expect_absent<operation>(name_, not_yet);
        t.expect(kept_, "its outcome is kept");
        t.template put<operation>(name_, {number_of(what), attempt(), encode(outcome)});
        auto made = t.commit();
        if (made) return outcome;
        const auto code = made.error().code();
        if (code == errc::unknown_outcome) loose_ = attempt();
        if (code != errc::conflict && code != errc::unknown_outcome) return passed(made);
        auto was = settle<O>(what);
        if (!was) return passed(was);
        if (*was) return **std::move(was);
        return std::unexpected{std::move(made).error().as(errc::conflict)};
    }

    /// What it came to; or nothing: it has not happened, and no attempt so far ever will.
    template <class O, class Kind>
    [[nodiscard]] result<std::optional<O>> settle(Kind what) {
        for (int tries = 1;; ++tries) {
            auto row = read<operation>(*kv_, name_);
            if (!row) return unknown(std::move(row).error());
            if (has_happened(*row)) {
                auto was = told<O>(number_of(what), *row);
                if (!was) return passed(was);
                return *std::move(was);
            }
            // Read after the operation's row: that is missing, too, where its era is forgotten.
            auto kept = read<retention>(*kv_, {});
            if (!kept) return unknown(std::move(kept).error());
            if (eras_of(*kept).oldest > name_.era)
                return fail(errc::outcome_expired, "settle operation", in_words(name_));
            kept_ = *std::move(kept);
            row_ = *std::move(row);
            if (!loose_ || attempt() > *loose_) {
                loose_.reset();
                return std::nullopt;
            }
            // From here on an attempt that is still on its way finds another row than it expects.
            auto next =
                transaction{*kv_}
                    .replace(*row_, operation{0, attempt() + 1, {}}, "no attempt has come through")
                    .commit();
            if (!next && tries == decisions_max) return unknown(std::move(next).error());
        }
    }

private:
    template <store T>
    friend class recorded;
    once(S& kv, id_blocks<S>& ids, op_name name, seen<retention> kept)
        : kv_{&kv}, ids_{&ids}, name_{name}, kept_{std::move(kept)} {}

    template <class Kind>
    static std::uint8_t number_of(Kind what) {
        return static_cast<std::uint8_t>(what);
    }
    static std::string in_words(const op_name& n) {
        return std::to_string(n.era) + "/" + std::to_string(n.id.value);
    }
    [[nodiscard]] std::uint64_t attempt() const {
        return row_ && row_->exists() ? (*row_)->attempt : 0;
    }

    [[nodiscard]] std::unexpected<error> unknown(error e) const {
        const auto code = loose_ ? errc::unknown_outcome : e.code();
        return std::unexpected{std::move(e).within("settle operation", in_words(name_)).as(code)};
    }

    template <class O>
    [[nodiscard]] result<O> told(std::uint8_t what, const seen<operation>& row) const {
        if (row->what != what)
            return fail(errc::illegal, "settle operation", in_words(name_),
                        "it was another kind of change");
        auto outcome = decode<O>(row->outcome);
        if (!outcome)
            return fail(errc::corrupt, "settle operation", in_words(name_), "no such outcome");
        return *std::move(outcome);
    }

    S* kv_;
    id_blocks<S>* ids_;
    op_name name_;
    std::optional<seen<operation>> row_;  // nothing: the name is new, so there is none
    seen<retention> kept_;
    std::optional<std::uint64_t> loose_;  // commits of attempts up to it may still happen
};

/// Each change is an operation of its own.
template <store S>
class recorded {
public:
    using store_type = S;
    recorded(S& kv, id_blocks<S>& ids) : kv_{kv}, ids_{ids} {}

    [[nodiscard]] S& rows() const { return kv_; }
    template <class Id>
    [[nodiscard]] result<Id> next() const {
        return ids_.template next<Id>();
    }

    /// A new operation. Reads 1 row at the first one, after a conflict, and at every 256th.
    [[nodiscard]] result<once<S>> begin() {
        auto kept = eras();
        if (!kept) return passed(kept);
        const auto id = ids_.template next<op_id>();
        if (!id) return std::unexpected{id.error()};
        const op_name name{eras_of(*kept).newest, *id};
        return once<S>{kv_, ids_, name, *std::move(kept)};
    }

    /// An operation that was begun before, by whomever. `outcome_expired` past its retention. Reads
    /// 2 rows.
    [[nodiscard]] result<once<S>> recall(const op_name& name) {
        auto row = read<operation>(kv_, name);
        if (!row) return passed(row);
        auto kept = read<retention>(kv_, {});
        if (!kept) return passed(kept);
        if (eras_of(*kept).oldest > name.era)
            return fail(errc::outcome_expired, "recall operation", once<S>::in_words(name));
        once<S> op{kv_, ids_, name, *std::move(kept)};
        op.row_ = *std::move(row);
        op.loose_ = op.attempt();
        return op;
    }

    template <class Kind, class O>
    [[nodiscard]] result<O> commit(transaction<S>& t, Kind what, O outcome) {
        auto op = begin();
        if (!op) return passed(op);
        auto made = op->commit(t, what, std::move(outcome));
        if (made) return made;
        forget_eras();
        // Its era ended before it began: it has not happened, and is to be decided anew.
        const bool late = made.error().code() == errc::outcome_expired && !op->loose_;
        if (late) return std::unexpected{std::move(made).error().as(errc::conflict)};
        return made;
    }

private:
    result<seen<retention>> eras() {
        const std::lock_guard lock{mutex_};
        if (!kept_ || ++uses_ % looks_again == 0) {
            auto now = read<retention>(kv_, {});
            if (!now) return passed(now);
            kept_ = *std::move(now);
        }
        return *kept_;
    }
    void forget_eras() {
        const std::lock_guard lock{mutex_};
        kept_.reset();
    }

    S& kv_;
    id_blocks<S>& ids_;
    std::mutex mutex_;
    // What was seen long ago, engines read again for each commit: see `unchanged`.
    static constexpr std::uint64_t looks_again = 256;
    std::uint64_t uses_ = 0;
    std::optional<seen<retention>> kept_;  // as it was last seen
};

}  // namespace casement
