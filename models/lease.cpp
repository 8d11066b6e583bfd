// One file, two writers and a clock (race 3). Who finds the lease free, or run out, takes it under
// the next number and writes then; somebody may be slow, and write when the lease is another's
// already. What stops the late write is not the clock but its guard: the row is still its lease.

#include <algorithm>

#include <casement/check/canonical.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/machine/apply.hpp>
#include <casement/protocol/lease.hpp>

#include "stories.hpp"

namespace casement::models::lease_story {
namespace {

using check::actor;
using check::story;
using protocol::lease;
using protocol::lease_seq;
using protocol::node_id;
using protocol::session_id;

struct lease_row {
    static constexpr char table = 'l';
    using key = node_id;
    state<lease> now;
};

/// What the file holds: the number under which it was written.
struct bytes_row {
    static constexpr char table = 'w';
    using key = node_id;
    lease_seq written_under;
};

constexpr node_id file{1};
constexpr std::int64_t term_ns = 10;

/// The lease after the event, in one commit that is of the lease as it was seen.
template <class Also>
bool change(actor& me, const seen<lease_row>& was, const event<lease>& e, std::string_view guard,
            Also also) {
    const auto next = casement::apply<lease>(was->now, e);
    if (!next) return false;
    transaction t{me.store()};
    t.replace(was, lease_row{*next}, guard);
    also(t);
    return t.commit().has_value();
}
bool change(actor& me, const seen<lease_row>& was, const event<lease>& e, std::string_view guard) {
    return change(me, was, e, guard, [](auto&) {});
}

void write_the_file(actor& me) {
    auto& kv = me.store();
    const auto look = [&] { return *read<lease_row>(kv, file); };

    me.doing("expire");
    const auto now = me.now();
    auto was = look();
    if (const auto* old = std::get_if<lease::held>(&was->now)) {
        if (old->expires.ns > now.ns) return me.answer("not free");
        if (!change(me, was, lease::expire{old->seq, old->expires}, "the lease that ran out"))
            return me.answer("not free");
        was = look();
    }
    me.doing("grant");
    const auto* free = std::get_if<lease::free>(&was->now);
    if (free == nullptr) return me.answer("not free");
    const session_id mine = *me.ids().next<session_id>();
    const auto seq = next(free->seq);
    if (!change(me, was, lease::grant{mine, free->seq, {now.ns + term_ns}}, "the lease is free"))
        return me.answer("not free");

    me.doing("write");
    const auto wrote = change(me, look(), lease::use{mine, seq}, "the lease is still mine",
                              [&](auto& t) { t.template put<bytes_row>(file, {seq}); });
    if (!wrote) return me.answer("too late");

    me.doing("close");
    if (!change(me, look(), lease::close{mine, seq}, "the lease is still mine"))
        return me.answer("too late");
    me.answer("written");
}

lease_seq number_of(const check::rows& at) {
    return std::visit([](const auto& s) { return s.seq; }, (*read<lease_row>(at, file))->now);
}
lease_seq bytes_of(const check::rows& at) { return (*read<bytes_row>(at, file))->written_under; }

// `skew`: how many terms the writers' clocks may be off. Time says who may ask for the lease, and
// never who has it (DESIGN D7).
story two_writers(size s, int skew) {
    story tale{skew == 0 ? "two writers and one lease" : "two writers whose clocks disagree"};
    tale.begins([](memory_store& kv) {
        const lease::held left{{1}, {1}, {}};  // by one who is dead
        (void)transaction{kv}.put<lease_row>(file, {left}).put<bytes_row>(file, {{1}}).commit();
    });
    tale.actors(s.actors ? s.actors : 2, "writer", s.turns ? s.turns : 1, write_the_file);
    tale.ticks_by(std::chrono::nanoseconds{term_ns});
    tale.strikes({.crashes = 1, .lost_replies = 1, .ticks = 2});
    tale.skews_by(skew);
    tale.canonical(check::canonical_rows<lease_row, bytes_row>());

    tale.every_change("each write is under the lease that is held", [](const check::change& c) {
        if (bytes_of(c.before) == bytes_of(c.after)) return true;
        const auto held = (*read<lease_row>(c.before, file))->now;
        return std::holds_alternative<lease::held>(held) &&
               bytes_of(c.after) == number_of(c.before);
    });
    tale.every_change("no number is given twice, and none is given back", [](const auto& c) {
        const auto old = (*read<lease_row>(c.before, file))->now,
                   now = (*read<lease_row>(c.after, file))->now;
        const auto *was = std::get_if<lease::held>(&old), *is = std::get_if<lease::held>(&now);
        const auto order = by_number(number_of(c.before), number_of(c.after));
        return is != nullptr && !(was != nullptr && was->session == is->session) ? order < 0
                                                                                 : order <= 0;
    });
    const auto somebody = [=](std::string_view says) {
        return [=, n = tale.roles().size()](const check::moment& m) {
            for (std::size_t i = 0; i < n; ++i)
                if (m.answer(i) == says) return true;
            return false;
        };
    };
    tale.sometimes("somebody writes", somebody("written"));
    tale.sometimes("somebody is too late", somebody("too late"));
    return tale;
}

}  // namespace

std::vector<situation> situations() {
    return {{"late-writer", "a writer whose lease ran out writes over the bytes of the next", 3,
             [](size s) { return two_writers(s, 0); }},
            {"late-writer-skewed", "the same, where every clock is ahead or behind by a term", 10,
             [](size s) { return two_writers(s, 1); }}};
}

}  // namespace casement::models::lease_story
