// Any sequence of operations on the engine beyond one machine leaves the tree as it is on paper, as
// in memory and on disk (tree_property_test.cpp): every other sequence finds rows remembered.

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include <casement/engine/etcd.hpp>

#include "engine/etcd_member.hpp"
#include "support/property.hpp"
#include "tree/altered_store.hpp"
#include "tree/deeds.hpp"

namespace casement::testing::tree_etcd_property_test {
namespace {

TEST(TreeProperty, AnyDeedsOnEtcdAreAsOnPaper) {
    if (!etcd_is_installed()) GTEST_SKIP() << no_etcd;
    const etcd_cluster cluster;
    tally count;
    int trees = 0;
    law("the tree on etcd is the tree on paper", [&] {
        auto kv = must(engine::etcd_store::open({.endpoints = cluster.endpoints(),
                                                 .prefix = "/tree/" + std::to_string(++trees),
                                                 .create = true,
                                                 .cache_bytes = trees % 2 == 0 ? 1u << 20 : 0}));
        altered_store as_it_is{kv};
        RC_ASSERT(differences(as_it_is, *some_deeds(), count) == "");
    });
}

}  // namespace
}  // namespace casement::testing::tree_etcd_property_test
