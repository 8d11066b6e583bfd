#include <casement/tree/writer.hpp>

#include <functional>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include <casement/tree/finalize.hpp>

#include "tree/counting_store.hpp"
#include "tree/hand.hpp"
#include "tree/well_formed.hpp"

namespace casement::testing::writer_test {
namespace {

using lease = protocol::lease;
using working = protocol::file::working;
using cooling = protocol::file::cooling;

struct Writer : ::testing::Test {
    memory_tree t;
    node_id x = std::get<created>(must(create_file(t.me, any_rev{t.dir()}, "x", {}))).node;

    [[nodiscard]] file_node file() const { return must(read_file_node(t.kv, x)); }
    writer open(std::int64_t expires = 100) { return must(open_writer(t.me, file(), {expires})); }
    void TearDown() override { EXPECT_EQ(faults_in(t.kv), ""); }
};

TEST_F(Writer, HasASessionANumberAndAStagingFileOfItsOwn) {
    const auto first = open();
    EXPECT_EQ(first.node(), x);
    EXPECT_EQ(first.seq(), lease_seq{1});
    EXPECT_EQ(file().file()->now, (state<protocol::file>{working{{1}, first.staging()}}));
    EXPECT_EQ(file().lease()->now, (state<lease>{lease::held{first.session(), {1}, {100}}}));
    must(close_writer(t.me, first));
    const auto second = open();
    EXPECT_EQ(second.seq(), lease_seq{2});
    EXPECT_NE(second.session(), first.session());
    EXPECT_NE(second.staging(), first.staging());
}

TEST_F(Writer, ClosesIntoAFileThatWaits) {
    const auto w = open();
    must(close_writer(t.me, w));
    EXPECT_EQ(file().file()->now, (state<protocol::file>{cooling{{1}, w.staging()}}));
    EXPECT_EQ(file().lease()->now, (state<lease>{lease::free{{1}}}));
}

TEST_F(Writer, KeepsOthersOut) {
    (void)open();
    EXPECT_EQ(code_of(open_writer(t.me, file(), {200})), errc::in_use);
    EXPECT_EQ(code_of(prepare(t.me, file())), errc::illegal);
}

TEST_F(Writer, OnlyOneOfTwoWhoSawItFreeGetsIt) {
    const auto seen = file();
    must(open_writer(t.me, seen, {1}));
    EXPECT_EQ(code_of(open_writer(t.me, seen, {1})), errc::conflict);
}

TEST_F(Writer, IsReclaimedOnlyPastItsDeadline) {
    const auto w = open(100);
    EXPECT_EQ(code_of(reclaim(t.me, file(), {99})), errc::in_use);
    const auto seen = file();
    must(renew(t.me, w, {200}));
    EXPECT_EQ(code_of(reclaim(t.me, seen, {150})), errc::conflict) << "renewed meanwhile";
    EXPECT_EQ(code_of(reclaim(t.me, file(), {150})), errc::in_use);
    must(reclaim(t.me, file(), {200}));
    EXPECT_EQ(file().file()->now, (state<protocol::file>{cooling{{2}, w.staging()}}))
        << "what it wrote waits, under the next number";
    EXPECT_EQ(code_of(reclaim(t.me, file(), {300})), errc::illegal) << "nobody has it";
}

// Late is not too late, while nobody has taken the lease back: the clock only says who may ask.
TEST_F(Writer, MayRenewPastItsDeadline) {
    const auto w = open(100);
    must(renew(t.me, w, {900}));
    EXPECT_TRUE(check_writer(t.kv, w));
    must(close_writer(t.me, w));
}

// F3, F14: whatever ends it, every use is refused, and refused for good.
TEST_F(Writer, IsFencedInEveryUseByWhateverEndsIt) {
    using end = std::function<void(Writer&, const writer&)>;
    const std::map<std::string, end> ends{
        {"closed", [](Writer& f, const writer& w) { must(close_writer(f.t.me, w)); }},
        {"reclaimed", [](Writer& f, const writer&) { must(reclaim(f.t.me, f.file(), {100})); }},
        {"reclaimed and granted again",
         [](Writer& f, const writer&) {
             must(reclaim(f.t.me, f.file(), {100}));
             (void)f.open(500);
         }},
        {"prepared",
         [](Writer& f, const writer& w) {
             must(close_writer(f.t.me, w));
             must(prepare(f.t.me, f.file()));
         }},
        {"removed",
         [](Writer& f, const writer&) {
             must(tree::remove(f.t.me, any_rev{f.t.dir()}, f.t.name("/x")));
         }},
        {"replaced",
         [](Writer& f, const writer&) {
             f.t.make("/y");
             must(tree::rename(f.t.me, any_rev{f.t.dir()}, f.t.name("/y"), any_rev{f.t.dir()},
                               f.t.name("/x")));
         }},
    };
    for (const auto& [how, ended] : ends) {
        struct once_more : Writer {
            void TestBody() override {}
        } f;
        const auto w = f.open(100);
        ended(f, w);
        const auto before = f.t.kv;
        EXPECT_EQ(code_of(renew(f.t.me, w, {1000})), errc::fenced) << how;
        EXPECT_EQ(code_of(check_writer(f.t.kv, w)), errc::fenced) << how;
        EXPECT_EQ(code_of(close_writer(f.t.me, w)), errc::fenced) << how;
        EXPECT_EQ(f.t.kv, before) << how;
        EXPECT_EQ(faults_in(f.t.kv), "") << how;
    }
}

TEST_F(Writer, StaysItsOwnUnderAnotherName) {
    const auto w = open();
    must(tree::rename(t.me, any_rev{t.dir()}, t.name("/x"), any_rev{t.dir()}, t.name("/y")));
    EXPECT_TRUE(renew(t.me, w, {500}));
    EXPECT_TRUE(close_writer(t.me, w));
}

TEST_F(Writer, GoesOnFromItsRecord) {
    const auto w = open();
    const auto again = must(writer::from_record(w.to_record()));
    EXPECT_TRUE(check_writer(t.kv, again));
    must(close_writer(t.me, again));
    EXPECT_EQ(code_of(writer::from_record("no writer")), errc::corrupt);
    EXPECT_EQ(code_of(writer::from_record(w.to_record() + "x")), errc::corrupt);
}

TEST_F(Writer, MovesTheRowsItMust) {
    counting_store counted{t.kv};
    id_blocks ids{counted};
    must(ids.next());
    const unrecorded me{counted, ids};
    const auto seen = file();
    counted.forget();
    const auto w = must(open_writer(me, seen, {100}));
    EXPECT_EQ(counted.counts(), (store_counts{.commits = 1, .guards = 2, .writes = 2}));
    counted.forget();
    must(renew(me, w, {200}));
    EXPECT_EQ(counted.counts(), (store_counts{.gets = 1, .commits = 1, .guards = 1, .writes = 1}));
    counted.forget();
    must(close_writer(me, w));
    EXPECT_EQ(counted.counts(), (store_counts{.gets = 2, .commits = 1, .guards = 2, .writes = 2}));
}

}  // namespace
}  // namespace casement::testing::writer_test
