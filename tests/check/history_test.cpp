#include <casement/check/history.hpp>

#include <algorithm>
#include <barrier>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include <casement/engine/leveldb.hpp>
#include <casement/kv/client.hpp>
#include <casement/kv/memory.hpp>
#include <casement/tree/create.hpp>
#include <casement/tree/file_node.hpp>
#include <casement/tree/writer.hpp>

#include "check/till.hpp"
#include "support/temporary.hpp"

namespace casement::testing::history_test {
namespace {

using check::linearizable;

/// Adds to one of several tills, or, with 0, only looks.
struct deposit {
    std::uint64_t which = 0, cents = 0;
    bool guarded = true;

    template <store S>
    [[nodiscard]] std::optional<std::string> on(S& kv) const {
        if (guarded && cents > 0) return add_to(kv, which, cents);
        const auto row = read<till_row>(kv, which);
        if (!row) return std::nullopt;
        const till_row next{(row->exists() ? (*row)->cents : 0) + cents};
        if (cents > 0 && !transaction{kv}.template put<till_row>(which, next).commit())
            return std::nullopt;
        return std::to_string(next.cents);
    }
    [[nodiscard]] std::string on(till& t) const { return std::to_string(t.cents += cents); }
};

constexpr int threads = 4, calls = 150;
constexpr std::uint64_t tills = 3;

void work(check::history<deposit>& all, engine::leveldb_store& kv, bool guarded) {
    std::barrier together{threads};
    std::vector<std::jthread> workers;
    for (int t = 0; t < threads; ++t)
        workers.emplace_back([&, t] {
            std::mt19937 random{static_cast<unsigned>(t)};
            together.arrive_and_wait();
            for (int i = 0; i < calls; ++i)
                (void)all.make(deposit{random() % tills, random() % 3 == 0 ? 0u : 1u, guarded}, kv);
        });
}

bool holds(const check::history<deposit>& all) {
    bool every = true;
    for (const auto& [_, history] : all.by_object([](const deposit& a) { return a.which; }))
        every = every && linearizable(till{}, history);
    return every;
}

TEST(History, OfThreadsOnGuardedRowsIsLinearizable) {
    temporary_directory here;
    auto kv = engine::leveldb_store::open(here / "store",
                                          {.durable = engine::durability::process, .create = true});
    ASSERT_TRUE(kv) << kv.error().message();
    check::history<deposit> all;
    work(all, *kv, true);
    EXPECT_EQ(all.size(), std::size_t{threads} * calls);
    EXPECT_TRUE(holds(all));
}

TEST(History, OfThreadsThatGuardNothingIsNot) {
    for (int round = 0; round < 100; ++round) {  // it takes a race: the first round has some
        temporary_directory here;
        auto kv = engine::leveldb_store::open(
            here / "store", {.durable = engine::durability::process, .create = true});
        ASSERT_TRUE(kv) << kv.error().message();
        check::history<deposit> all;
        work(all, *kv, false);
        if (!holds(all)) return;
    }
    FAIL() << "no update was lost in a hundred rounds";
}

TEST(History, KeepsTheOrderOfWhatDidNotOverlap) {
    check::history<deposit> all;
    memory_store kv;
    (void)all.make(deposit{1, 1}, kv);
    (void)all.make(deposit{1, 1}, kv);
    (void)all.make(deposit{2, 1}, kv);
    const auto by = all.by_object([](const deposit& a) { return a.which; });
    ASSERT_EQ(by.at(1).size(), 2u);
    EXPECT_EQ(by.at(1)[1].after, std::vector<std::size_t>{0});
    EXPECT_EQ(by.at(2)[0].after, std::vector<std::size_t>{});
}

/// Of as many tills as it names; does nothing.
struct glance {
    std::vector<std::uint64_t> at;
    std::optional<std::string> on(memory_store&) const { return "seen"; }
};

TEST(History, IsDividedWhereNoCallConnects) {
    check::history<glance> all;
    memory_store kv;
    for (const auto& at : std::vector<std::vector<std::uint64_t>>{
             {1}, {2}, {3, 4}, {5}, {4, 1}, {2}, {6, 5}, {1, 3}})
        (void)all.make(glance{at}, kv);
    std::vector<std::vector<std::vector<std::uint64_t>>> parts;
    for (const auto& part : all.by_connected([](const glance& g) { return g.at; })) {
        parts.emplace_back();
        for (const auto& call : part) parts.back().push_back(call.what.at);
        EXPECT_EQ(part.back().after.size() + 1, part.size()) << "one after the other";
    }
    EXPECT_EQ(parts, (std::vector<std::vector<std::vector<std::uint64_t>>>{
                         {{1}, {3, 4}, {4, 1}, {1, 3}}, {{2}, {2}}, {{5}, {6, 5}}}));
}

// --- what numbers its own commits ------------------------------------------------------------

using numbered_calls = std::vector<check::past_call<deposit, std::string>>;

/// What was in the till after a deposit of more than nothing is which deposit it was.
std::optional<std::uint64_t> number_of(const check::past_call<deposit, std::string>& call) {
    if (call.what.cents == 0 || !call.answer) return std::nullopt;
    return std::stoull(*call.answer);
}

TEST(Witness, SaysWhatTimeDoesNot) {
    numbered_calls all;
    for (std::uint64_t n = 40; n > 0; --n)  // all at once: any of 40! orders, but for the numbers
        all.push_back({deposit{1, 1}, std::to_string(n), {}});
    check::witness(all, number_of);
    EXPECT_TRUE(linearizable(till{}, all));
    EXPECT_EQ(all[0].after, std::vector<std::size_t>{1});
}

TEST(Witness, AgainstTimeOrGivenTwiceExplainsNothing) {
    numbered_calls late{{deposit{1, 1}, "2", {}}, {deposit{1, 1}, "1", {0}}};
    check::witness(late, number_of);
    EXPECT_FALSE(linearizable(till{}, late));
    numbered_calls twice{{deposit{1, 1}, "1", {}}, {deposit{1, 1}, "1", {}}};
    check::witness(twice, number_of);
    EXPECT_FALSE(linearizable(till{}, twice));
}

struct world {
    engine::leveldb_store kv;
    id_blocks<engine::leveldb_store> ids{kv};
    recorded<engine::leveldb_store> me{kv, ids};
};

/// "7": the call has made the 7th change.
std::string numbered(std::uint64_t n) { return std::to_string(n); }

/// What the root and one file in it have come to.
struct counts {
    std::uint64_t rev = 0, seq = 0;
    std::vector<std::string> names;
};

/// Makes a name in the root at the rev that it saw; again, until it is made or there.
struct make_name {
    std::string name;

    std::optional<std::string> on(world& w) const {
        for (;;) {
            const auto dir = tree::read_directory(w.kv.snapshot(), tree::root);
            if (!dir) return std::nullopt;
            const auto what = protocol::dentry::create_symlink{"to"};
            const auto made = tree::create(w.me, tree::at_rev{*dir}, name, what, {});
            if (made)
                return std::holds_alternative<tree::created>(*made)
                           ? numbered(dir->rev()->n.value + 1)
                           : "exists";
            if (made.error().code() != errc::conflict) return std::nullopt;
        }
    }
    std::string on(counts& now) const {
        if (std::ranges::find(now.names, name) != now.names.end()) return "exists";
        now.names.push_back(name);
        return numbered(++now.rev);
    }
};

/// Takes the lease of a file, and gives it back.
struct take_lease {
    tree::node_id of;

    std::optional<std::string> on(world& w) const {
        for (;;) {
            const auto file = tree::read_file_node(w.kv.snapshot(), of);
            if (!file) return std::nullopt;
            const auto mine = tree::open_writer(w.me, *file, {100});
            if (mine) {
                if (!tree::close_writer(w.me, *mine)) return std::nullopt;
                return numbered(mine->seq().value);
            }
            const auto why = mine.error().code();
            if (why != errc::conflict && why != errc::in_use) return std::nullopt;
        }
    }
    std::string on(counts& now) const { return numbered(++now.seq); }
};

std::optional<std::uint64_t> number_in(const std::optional<std::string>& answer) {
    if (!answer || *answer == "exists") return std::nullopt;
    return std::stoull(*answer);
}

/// `next(thread, i)` is the thread's next call.
template <class Op, class Next>
std::vector<check::past_call<Op, std::string>> made_by_threads(world& w, int each,
                                                               const Next& next) {
    check::history<Op> all;
    std::barrier together{threads};
    {
        std::vector<std::jthread> workers;
        for (int t = 0; t < threads; ++t)
            workers.emplace_back([&, t] {
                together.arrive_and_wait();
                for (int i = 0; i < each; ++i) (void)all.make(next(t, i), w);
            });
    }
    auto made = all.by_object([](const Op&) { return 0; }).at(0);
    check::witness(made, [](const auto& call) { return number_in(call.answer); });
    return made;
}

class Tree : public ::testing::Test {
protected:
    Tree()
        : w_{*engine::leveldb_store::open(here_ / "store", {engine::durability::process, true})} {
        (void)tree::create_root(w_.kv, {}).value();
    }
    counts beginning() {
        return {tree::read_directory(w_.kv.snapshot(), tree::root)->rev()->n.value, 0, {}};
    }

    temporary_directory here_;
    world w_;
};

TEST_F(Tree, RevsWitnessWhoMadeWhichNameWhen) {
    constexpr int calls_each = 100;
    const auto before = beginning();
    const auto made = made_by_threads<make_name>(w_, calls_each, [](int t, int i) {
        return make_name{"n" + std::to_string(i + t)};  // each by several
    });
    EXPECT_EQ(made.size(), std::size_t{threads} * calls_each);
    EXPECT_TRUE(linearizable(before, made));
    auto wrong = made;
    const auto ninth = std::ranges::find_if(wrong, [](const auto& c) { return c.answer == "9"; });
    ASSERT_NE(ninth, wrong.end());
    ninth->answer = "exists";
    EXPECT_FALSE(linearizable(before, wrong)) << "somebody has made it";
}

TEST_F(Tree, LeasesWitnessWhoWroteWhen) {
    const auto dir = tree::read_directory(w_.kv.snapshot(), tree::root);
    const auto file =
        std::get<tree::created>(*tree::create_file(w_.me, tree::any_rev{*dir}, "file", {})).node;
    const auto made =
        made_by_threads<take_lease>(w_, 50, [&](int, int) { return take_lease{file}; });
    EXPECT_TRUE(linearizable(counts{}, made));
}

}  // namespace
}  // namespace casement::testing::history_test
