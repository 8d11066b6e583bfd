#pragma once
// Stories of a few lines, one for each thing that the explorer must get right.

#include <cstdint>
#include <string>
#include <vector>

#include <casement/check/canonical.hpp>
#include <casement/check/story.hpp>
#include <casement/core/strong.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/transaction.hpp>

namespace casement::testing {

struct account {
    static constexpr char table = 'a';
    using key = std::uint64_t;
    std::uint64_t cents = 0;
};

inline void pay(auto& kv, std::uint64_t from, std::uint64_t to, std::uint64_t cents) {
    const auto payer = read<account>(kv, from), payee = read<account>(kv, to);
    if (!payer || !payee || (*payer)->cents < cents) return;
    (void)transaction{kv}
        .replace(*payer, account{(*payer)->cents - cents}, "the payer is as it was seen")
        .replace(*payee, account{(*payee)->cents + cents}, "the payee is as it was seen")
        .commit();
}

/// Money moves between two accounts, and none is made.
[[nodiscard]] inline check::story bank(std::size_t payers, int turns, check::faults may = {}) {
    check::story s{"a bank"};
    s.begins([](memory_store& kv) {
        (void)transaction{kv}.put<account>(1, {100}).put<account>(2, {0}).commit();
    });
    s.actors(payers, "payer", turns, [](check::actor& me) {
        static const std::vector<std::string> ways{"pay there", "pay back"};
        me.choose(ways) == 0 ? pay(me.store(), 1, 2, 60) : pay(me.store(), 2, 1, 30);
    });
    s.always("no money is made", [](const check::rows& now) {
        return (*read<account>(now, 1))->cents + (*read<account>(now, 2))->cents == 100;
    });
    return s.strikes(may);
}

struct tag_tag {
    static constexpr std::string_view name = "tag";
};
using tag_id = strong<tag_tag>;

/// A name and the tag that it points to; tags are never given twice.
struct label {
    static constexpr char table = 'l';
    using key = std::uint64_t;
    tag_id tag;
};
/// What a tag is of: the other half of the label.
struct tagged {
    static constexpr char table = 't';
    using key = tag_id;
    std::uint64_t label = 0;
};
struct changes {
    static constexpr char table = 'c';
    using key = std::uint64_t;
    count n;
};

/// Two labels get new tags and lose them; each tag knows its label.
[[nodiscard]] inline check::story tags(std::size_t actors, int turns, check::faults may = {}) {
    check::story s{"labels and tags"};
    s.actors(actors, "clerk", turns, [](check::actor& me) {
        static const std::vector<std::string> ways{"tag 1", "tag 2", "strip 1", "strip 2"};
        const auto way = me.choose(ways);
        const std::uint64_t at = 1 + way % 2;
        auto& kv = me.store();
        const auto old = read<label>(kv, at);
        if (!old) return;
        transaction t{kv};
        t.expect(*old, "the label is as it was seen").bump<changes>(at);
        if (old->exists()) t.erase<tagged>((*old)->tag);
        if (way < 2) {
            const auto fresh = me.ids().next<tag_id>();
            if (!fresh) return;
            t.put<label>(at, {*fresh}).put<tagged>(*fresh, {at});
        } else if (old->exists()) {
            t.erase<label>(at);
        } else {
            return;
        }
        (void)t.commit();
    });
    s.canonical(check::canonical_rows<label, tagged, changes>());
    s.always("each tag is of its label", [](const check::rows& now) {
        std::size_t labels = 0, tags = 0;
        for (std::uint64_t n : {1, 2}) {
            const auto l = read<label>(now, n);
            if (!l->exists()) continue;
            ++labels;
            const auto t = read<tagged>(now, (*l)->tag);
            if (!t->exists() || (*t)->label != n) return false;
        }
        for (auto rows = now.scan("t", "u"); rows.valid(); rows.next()) ++tags;
        return labels == tags;
    });
    return s.strikes(may);
}

/// Puts the sum of all others into a row: what it reads is a range, and no guard covers it.
[[nodiscard]] inline check::story sums(std::size_t actors) {
    check::story s{"a sum"};
    s.begins([](memory_store& kv) { (void)transaction{kv}.put<account>(1, {1}).commit(); });
    s.actors(actors, "adder", 1, [](check::actor& me) {
        auto& kv = me.store();
        std::uint64_t sum = 0, rows = 0;
        for (auto at = kv.scan("a", "b"); at.valid(); at.next(), ++rows)
            sum += decode<account>(at.value())->cents;
        (void)transaction{kv}.put<account>(rows + 1, {sum}).commit();
    });
    return s;
}

/// Copies one row to another without guarding what it copies.
[[nodiscard]] inline check::story strays(std::size_t actors) {
    check::story s{"a copy"};
    s.begins([](memory_store& kv) { (void)transaction{kv}.put<account>(1, {1}).commit(); });
    s.actors(actors, "copyist", 1, [](check::actor& me) {
        me.doing("copy");
        auto& kv = me.store();
        const auto from = read<account>(kv, 1);
        (void)transaction{kv}
            .put<account>(2, **from)
            .put<account>(1, {(*from)->cents + 1})
            .commit();
    });
    return s;
}

}  // namespace casement::testing
