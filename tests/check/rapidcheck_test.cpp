#include <casement/check/rapidcheck.hpp>

#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <casement/machine/apply.hpp>
#include <casement/protocol/dentry.hpp>
#include <casement/protocol/lease.hpp>

#include "check/till.hpp"
#include "support/property.hpp"

namespace casement::testing::rapidcheck_test {
namespace {

using protocol::dentry, protocol::lease;

RC_GTEST_PROP(RapidCheck, AnyEventMeetsAnyState, ()) {
    const auto e = *check::any_event<lease>();
    const auto s = *check::any_state<lease>();
    const auto after = apply<lease>(s, e);
    RC_ASSERT(after || after.error().code() == errc::illegal ||
              after.error().code() == errc::fenced || after.error().code() == errc::conflict);
}

TEST(RapidCheckGenerators, ReachEveryKind) {
    std::set<std::size_t> kinds;
    law("events", [&] {
        for (const auto& e :
             *rc::gen::container<std::vector<event<dentry>>>(100, check::any_event<dentry>()))
            kinds.insert(e.index());
    });
    EXPECT_EQ(kinds.size(), std::variant_size_v<event<dentry>>);
}

RC_GTEST_PROP(RapidCheck, ScriptsHoldInParallel, ()) {
    check::hold_in_parallel<till_call>(till{}, [](check::story& s) { (void)with_till(s); });
}

TEST(RapidCheckParallel, ShrinksToTwoCallsThatRace) {
    std::string said;
    const auto found = rc::detail::checkTestable(
        [] {
            check::hold_in_parallel<till_call>(till{}, [](check::story& s) { (void)with_till(s); },
                                               {}, {{"", "nobody has added meanwhile"}});
        },
        rc::detail::TestMetadata{}, rc::detail::TestParams{});
    rc::detail::FailureResult failure;
    ASSERT_TRUE(found.match(failure));
    EXPECT_NE(failure.description.find("every history is linearizable"), std::string::npos)
        << failure.description;
    EXPECT_EQ(failure.description.find(" 2: "), std::string::npos)
        << "one call each is enough: " << failure.description;
    EXPECT_NE(failure.description.find("token"), std::string::npos);
}

}  // namespace
}  // namespace casement::testing::rapidcheck_test
