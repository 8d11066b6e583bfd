#include <casement/protocol/lease.hpp>

#include <string>

#include <gtest/gtest.h>

#include <casement/core/codec.hpp>
#include <casement/machine/apply.hpp>
#include <casement/machine/step.hpp>
#include "machine/machine_laws.hpp"

namespace casement::testing::lease_test {
namespace {

using protocol::lease;

static_assert(*step<lease>(lease::free{{4}}, lease::grant{{1}, {4}, {100}}) ==
              lease::held{{1}, {5}, {100}});
static_assert(*step<lease>(lease::held{{1}, {5}, {100}}, lease::renew{{1}, {5}, {400}}) ==
                  lease::held{{1}, {5}, {400}},
              "renewing moves the deadline only");
static_assert(*step<lease>(lease::held{{1}, {5}, {100}}, lease::close{{1}, {5}}) ==
                  lease::free{{5}},
              "closing leaves the number");
static_assert(*step<lease>(lease::held{{1}, {5}, {100}}, lease::expire{{5}, {100}}) ==
                  lease::free{{6}},
              "every revocation moves it");
static_assert(*step<lease>(lease::held{{1}, {5}, {100}}, lease::revoke{{5}}) == lease::free{{6}});

// What is free has no holder, and what is held is not granted again.
static_assert(!accepts<lease, lease::free, lease::use>);
static_assert(!accepts<lease, lease::free, lease::renew>);
static_assert(!accepts<lease, lease::free, lease::close>);
static_assert(!accepts<lease, lease::free, lease::revoke>);
static_assert(!accepts<lease, lease::held, lease::grant>);

const state<lease> mine = lease::held{{1}, {5}, {100}};

TEST(Lease, AnotherSessionIsFenced) {
    const auto r = apply<lease>(mine, lease::renew{{2}, {5}, {400}});
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code(), errc::fenced);
    EXPECT_EQ(r.error().message(), "lease: renew refused: session is 1, not 2");
}

TEST(Lease, AnOlderGrantOfTheSameSessionIsFenced) {
    const auto r = apply<lease>(mine, lease::close{{1}, {4}});
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code(), errc::fenced);
    EXPECT_EQ(r.error().message(), "lease: close refused: lease_seq is 5, not 4");
}

TEST(Lease, RenewalDefeatsTheReclaimerThatSawTheOldDeadline) {
    // Race 10: the reclaimer selects the lease at t=101, and the holder renews before it commits.
    const auto renewed = apply<lease>(mine, lease::renew{{1}, {5}, {400}});
    const auto late = apply<lease>(*renewed, lease::expire{{5}, {100}});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), errc::conflict) << "read again and decide again; not fenced";
    EXPECT_TRUE((apply<without<lease, timestamp>>(*renewed, lease::expire{{5}, {100}})))
        << "the guard is what stops it";
}

TEST(Lease, ASecondGrantIsAnotherNumber) {
    // Race 10, second half: closed, then granted to the same session again.
    const auto freed = apply<lease>(mine, lease::close{{1}, {5}});
    const auto again = apply<lease>(*freed, lease::grant{{1}, {5}, {400}});
    EXPECT_EQ(again, (state<lease>{lease::held{{1}, {6}, {400}}}));
    EXPECT_EQ(apply<lease>(*again, lease::close{{1}, {5}}).error().code(), errc::fenced);
}

TEST(Lease, ObeysItsTable) { obeys_its_table<lease>(); }
TEST(Lease, GuardsHoldAndFail) { guards_hold_and_fail<lease>(); }
TEST(Lease, StatesHaveOneEncoding) { states_have_one_encoding<lease>(); }

TEST(Lease, BytesOnDiskNeverChange) {
    const auto bytes = [](const state<lease>& s) { return encode(s); };
    EXPECT_EQ(bytes(lease::free{{5}}), std::string("\x00\x05", 2));
    EXPECT_EQ(bytes(lease::held{{1}, {5}, {100}}), "\x01\x01\x05\xc8\x01");
    EXPECT_FALSE(decode<state<lease>>("\x02\x05")) << "no such tag";
}

}  // namespace
}  // namespace casement::testing::lease_test
