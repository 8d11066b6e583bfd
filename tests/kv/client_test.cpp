#include <casement/kv/client.hpp>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <casement/kv/memory.hpp>

#include "kv/lossy_store.hpp"
#include "support/property.hpp"

namespace casement::client_test {
namespace {

using testing::loss;
using lossy = testing::lossy_store<memory_store>;

enum class deed : std::uint8_t { add = 1, other = 2 };

/// How often something was done.
struct tally {
    static constexpr char table = 'C';
    using key = std::uint64_t;
    count n;
};

/// What the deed has to tell.
struct added {
    std::uint64_t amount = 0;
    std::string note;
    bool operator==(const added&) const = default;
};

struct Client : ::testing::Test {
    memory_store rows;
    lossy kv{rows};
    id_blocks<lossy> ids{kv};
    recorded<lossy> me{kv, ids};

    Client() { EXPECT_TRUE(ids.next()); }

    /// Adds one, whatever else has happened: no guard but those of the client keeps it from
    /// happening again.
    static result<added> add(client auto&& by, deed what = deed::add) {
        transaction t{by.rows()};
        t.template bump<tally>(0);
        return by.commit(t, what, added{1, "told"});
    }
    [[nodiscard]] std::uint64_t sum() const {
        const auto n = read<tally>(rows, 0);
        return n->exists() ? (*n)->n.value : 0;
    }
    [[nodiscard]] std::size_t records() const {
        std::size_t n = 0;
        for (auto all = rows.scan("x", "y"); all.valid(); all.next()) ++n;
        return n;
    }
};

TEST_F(Client, AChangeIsOneCommitWithItsRecord) {
    ASSERT_TRUE(add(me));
    EXPECT_EQ(kv.commits, 2u) << "a block of numbers, and the change";
    EXPECT_EQ(records(), 1u);
    ASSERT_TRUE(add(me));
    EXPECT_EQ(kv.commits, 3u);
    EXPECT_EQ(records(), 2u);
    EXPECT_EQ(sum(), 2u);
}

TEST_F(Client, ALostReplyIsAnsweredByTheRecord) {
    kv.losses = {loss::after};
    EXPECT_EQ(add(me), (added{1, "told"}));
    EXPECT_EQ(sum(), 1u);
}

// `conflict` says that it has not happened. Then it must not happen later.
TEST_F(Client, WhatDidNotHappenNeverDoes) {
    kv.losses = {loss::late};
    const auto lost = add(me);
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code(), errc::conflict);
    EXPECT_EQ(kv.deliver(), 0u);
    EXPECT_EQ(sum(), 0u);
}

// Without a record nobody can say, and it happens twice: the reason for all of this.
TEST_F(Client, WhoDeclinesIsToldThatNobodyKnows) {
    const unrecorded careless{kv, ids};
    kv.losses = {loss::late};
    EXPECT_EQ(add(careless).error().code(), errc::unknown_outcome);
    EXPECT_TRUE(add(careless));
    EXPECT_EQ(kv.deliver(), 1u);
    EXPECT_EQ(sum(), 2u);
    EXPECT_EQ(records(), 0u);
}

TEST_F(Client, AnOperationHappensOnceHoweverOftenItIsTried) {
    auto op = me.begin();
    ASSERT_TRUE(op);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(add(*op), (added{1, "told"}));
    EXPECT_EQ(sum(), 1u);
    EXPECT_EQ(records(), 1u);
}

TEST_F(Client, TheDecisionIsTakenAgainUnderTheSameName) {
    auto op = me.begin();
    ASSERT_TRUE(op);
    kv.losses = {loss::late};
    EXPECT_EQ(add(*op).error().code(), errc::conflict);
    EXPECT_TRUE(add(*op));
    EXPECT_EQ(kv.deliver(), 0u);
    EXPECT_EQ(sum(), 1u);
}

TEST_F(Client, AnotherCanAskWhatBecameOfIt) {
    const auto name = me.begin()->name();
    const auto none = me.recall(name)->settle<added>(deed::add);
    EXPECT_TRUE(none && !*none);
    auto op = me.recall(name);
    ASSERT_TRUE(add(*op));
    recorded<lossy> after_a_crash{kv, ids};
    const auto known = after_a_crash.recall(name)->settle<added>(deed::add);
    ASSERT_TRUE(known);
    EXPECT_TRUE(*known == (added{1, "told"}));
    EXPECT_EQ(add(*after_a_crash.recall(name)), (added{1, "told"}));
    EXPECT_EQ(sum(), 1u);
}

// Whoever has settled that it did not happen has made it so.
TEST_F(Client, SettlingShutsOutWhoeverIsStillTrying) {
    auto first = me.begin();
    ASSERT_TRUE(first);
    const auto none = me.recall(first->name())->settle<added>(deed::add);
    ASSERT_TRUE(none);
    EXPECT_FALSE(*none);
    EXPECT_EQ(add(*first).error().code(), errc::conflict);
    EXPECT_EQ(sum(), 0u);
    EXPECT_TRUE(add(*first)) << "the next attempt knows of it";
    EXPECT_EQ(sum(), 1u);
}

TEST_F(Client, OneNameIsOneKindOfChange) {
    auto op = me.begin();
    ASSERT_TRUE(add(*op));
    EXPECT_EQ(add(*op, deed::other).error().code(), errc::illegal);
    EXPECT_EQ(op->settle<added>(deed::other).error().code(), errc::illegal);
    EXPECT_EQ(sum(), 1u);
}

TEST_F(Client, AnOutcomeThatIsNoneIsCorrupt) {
    auto op = me.begin();
    ASSERT_TRUE(transaction{rows}.put<operation>(op->name(), {1, 0, "\xff"}).commit());
    EXPECT_EQ(op->settle<added>(deed::add).error().code(), errc::corrupt);
}

TEST_F(Client, RefusalsArePassedOnAsTheyAre) {
    kv.losses = {loss::refused};
    EXPECT_EQ(add(me).error().code(), errc::no_space);
    EXPECT_EQ(sum(), 0u);
    EXPECT_TRUE(add(me));
}

// Only where nothing can be learnt at all: then the caller must be told just that.
TEST_F(Client, AStoreThatNeverAnswersLeavesItUnknown) {
    auto op = me.begin();
    ASSERT_TRUE(op);
    kv.losses.assign(1 + decisions_max, loss::before);
    EXPECT_EQ(add(*op).error().code(), errc::unknown_outcome);
    EXPECT_TRUE(add(*op)) << "it answers again";
    EXPECT_EQ(sum(), 1u);
}

TEST_F(Client, PastItsRetentionNobodySaysThatNothingHappened) {
    auto op = me.begin();
    ASSERT_TRUE(add(*op));
    for (const std::int64_t day : {0, 1, 2}) ASSERT_TRUE(forget_operations(rows, {day}, {}));
    EXPECT_EQ(records(), 0u);
    EXPECT_EQ(me.recall(op->name()).error().code(), errc::outcome_expired);
    EXPECT_EQ(op->settle<added>(deed::add).error().code(), errc::outcome_expired);
    EXPECT_EQ(add(*op).error().code(), errc::outcome_expired);
    EXPECT_EQ(sum(), 1u);
}

// A commit that was under way when its record was forgotten would happen a second time.
TEST_F(Client, NothingHappensInAnEraThatIsForgotten) {
    auto op = me.begin();
    kv.losses = {loss::late};
    // Its settling is lost too: the attempt is still on its way.
    kv.losses.insert(kv.losses.end(), decisions_max, loss::before);
    ASSERT_EQ(add(*op).error().code(), errc::unknown_outcome);
    for (const std::int64_t day : {0, 1, 2}) ASSERT_TRUE(forget_operations(rows, {day}, {}));
    EXPECT_EQ(kv.deliver(), 0u);
    EXPECT_EQ(sum(), 0u);
}

TEST_F(Client, WhoComesLateBeginsInTheNextEra) {
    ASSERT_TRUE(add(me));
    for (const std::int64_t day : {0, 1, 2}) ASSERT_TRUE(forget_operations(rows, {day}, {}));
    EXPECT_EQ(add(me).error().code(), errc::conflict) << "it has not happened";
    EXPECT_TRUE(add(me));
    EXPECT_EQ(sum(), 2u);
    EXPECT_EQ(me.begin()->name().era, 2u);
}

// Whatever is lost and comes late: what was answered happened once, `conflict` did not happen, and
// of the rest it was at most once.
void happens_at_most_once() {
    memory_store rows;
    lossy kv{rows};
    id_blocks<lossy> ids{kv};
    recorded<lossy> me{kv, ids};
    RC_ASSERT(bool{ids.next()});
    std::uint64_t least = 0, most = 0;
    const auto operations = *rc::gen::inRange(1, 5);
    for (int n = 0; n < operations; ++n) {
        auto op = me.begin();
        RC_ASSERT(op.has_value());
        bool answered = false, unknown = false;
        const auto tries = *rc::gen::inRange(1, 4);
        for (int i = 0; i < tries && !answered; ++i) {
            const auto losses = *rc::gen::container<std::vector<loss>>(
                rc::gen::element(loss::none, loss::after, loss::before, loss::late, loss::refused));
            kv.losses.assign(losses.begin(), losses.end());
            const auto made = Client::add(*op);
            kv.losses.clear();
            answered = made.has_value();
            unknown = !made && made.error().code() == errc::unknown_outcome;
            if (*rc::gen::arbitrary<bool>()) kv.deliver();
        }
        if (answered) ++least;
        if (answered || unknown) ++most;
    }
    kv.deliver();
    const auto n = read<tally>(rows, 0);
    const auto sum = n->exists() ? (*n)->n.value : 0;
    RC_ASSERT(sum >= least);
    RC_ASSERT(sum <= most);
}

TEST(ClientLaw, EachOperationHappensAtMostOnce) {
    testing::law("an operation happens at most once", happens_at_most_once);
}

}  // namespace
}  // namespace casement::client_test
