// Any sequence of operations on the engine beyond one machine leaves the tree as it is on paper, as
// in memory and on disk (tree_property_test.cpp): every other sequence finds rows remembered.

#include <string>

#include <gtest/gtest.h>

#include <casement/engine/any_store.hpp>
#include <casement/engine/etcd.hpp>

#include "engine/etcd_member.hpp"
#include "support/property.hpp"
#include "tree/deeds.hpp"
#include "tree/hand.hpp"

namespace casement::testing::tree_etcd_property_test {
namespace {

TEST(TreeProperty, AnyDeedsOnEtcdAreAsOnPaper) {
    if (!etcd_is_installed()) GTEST_SKIP() << no_etcd;
    const etcd_cluster cluster;
    tally count;
    int trees = 0;
    law("the tree on etcd is the tree on paper", [&] {
        engine::any_store kv{
            must(engine::etcd_store::open({.endpoints = cluster.endpoints(),
                                           .prefix = "/tree/" + std::to_string(++trees),
                                           .create = true,
                                           .cache_bytes = trees % 2 == 0 ? 1u << 20 : 0}))};
        RC_ASSERT(differences(kv, *some_deeds(), count) == "");
    });
}

}  // namespace
}  // namespace casement::testing::tree_etcd_property_test
