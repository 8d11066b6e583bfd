#include <casement/tree/collection.hpp>

#include <gtest/gtest.h>

#include <casement/tree/objects.hpp>
#include "tree/hand.hpp"

namespace casement::testing::collection_test {
namespace {

/// A commit of one row, under a guard of the test's.
result<receipt> named(memory_store& kv, const auto& guard) {
    transaction t{kv};
    guard(t);
    t.put<object_row>(object(1), {"x"});
    return t.commit();
}

void looks(memory_store& kv, std::uint64_t turns) {
    must(transaction{kv}.bump<collection>({}, turns).commit());
}

TEST(KeptSince, HoldsUntilACollectorLooks) {
    memory_store kv;
    const auto since = must(kept_since::now(kv));
    EXPECT_TRUE(named(kv, since));
    looks(kv, 1);
    EXPECT_EQ(code_of(named(kv, since)), errc::conflict) << "while it looks";
    looks(kv, 1);
    EXPECT_EQ(code_of(named(kv, since)), errc::conflict) << "and for ever after";
    EXPECT_TRUE(named(kv, must(kept_since::now(kv))));
}

// Nobody waits for a collector that has crashed, and one that has not begins anew.
TEST(KeptSince, EndsALook) {
    memory_store kv;
    looks(kv, 3);
    EXPECT_EQ(code_of(kept_since::now(kv)), errc::conflict);
    EXPECT_EQ(turns_of(must(read<collection>(kv, {}))), 4u);
    EXPECT_TRUE(kept_since::now(kv));
}

TEST(Revival, GuardsWhatItDoesNotKnow) {
    memory_store kv;
    const auto which = block(sha256_of("x"));
    revival again{which};
    EXPECT_TRUE(named(kv, again));
    must(transaction{kv}.put<condemned>(which, {{{5}}, {}}).commit());
    EXPECT_EQ(code_of(named(kv, again)), errc::conflict);
    EXPECT_TRUE(must(again.look_again(kv))) << "it has changed";
    EXPECT_FALSE(must(again.look_again(kv))) << "and has not since";
    EXPECT_TRUE(named(kv, again));
    EXPECT_FALSE(must(read<condemned>(kv, which)).exists());
    EXPECT_TRUE(must(again.look_again(kv)));
}

}  // namespace
}  // namespace casement::testing::collection_test
