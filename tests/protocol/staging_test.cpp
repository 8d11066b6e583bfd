#include <casement/protocol/staging.hpp>

#include <string>

#include <gtest/gtest.h>

#include <casement/core/codec.hpp>
#include <casement/machine/apply.hpp>
#include <casement/machine/step.hpp>
#include "machine/machine_laws.hpp"

namespace casement::testing::staging_test {
namespace {

using protocol::staging;

static_assert(step<staging>(staging::open{{7}, {10}}, staging::write{5}) ==
              staging::open{{7}, {15}});
static_assert(step<staging>(staging::open{{7}, {15}}, staging::seal{{15}, {}})->size.value == 15);
static_assert(step<staging>(staging::sealed{{7}, {15}, {}}, staging::publish{}) ==
              staging::published{{7}});

// Durable before visible, and in this order only (SPEC W1, W2).
static_assert(!accepts<staging, staging::open, staging::publish>);
static_assert(!accepts<staging, staging::sealed, staging::write>);
static_assert(!accepts<staging, staging::sealed, staging::seal>);
static_assert(!accepts<staging, staging::published, staging::abandon>, "a row names it");
static_assert(!accepts<staging, staging::abandoned, staging::publish>);

TEST(Staging, SealsOnlyWhatWasWritten) {
    const auto r = apply<staging>(staging::open{{7}, {15}}, staging::seal{{14}, {}});
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code(), errc::corrupt);
    EXPECT_EQ(r.error().message(), "staging: seal refused: size_bytes is 15, not 14");
}

TEST(Staging, AnyPartingIntoWritesSealsTheWhole) {
    law("the sizes of the writes add up", [] {
        staging::open now{{7}, {0}};
        std::uint64_t written = 0;
        for (int i = *rc::gen::inRange(0, 10); i > 0; --i) {
            const auto n = *rc::gen::inRange<std::uint64_t>(0, 5000);
            now = step<staging>(now, staging::write{n});
            written += n;
        }
        const auto sealed = step<staging>(now, staging::seal{{written}, {}});
        RC_ASSERT(sealed.has_value());
        RC_ASSERT(sealed->size.value == written);
        RC_ASSERT(sealed->blob == now.blob);
    });
}

TEST(Staging, ObeysItsTable) { obeys_its_table<staging>(); }
TEST(Staging, GuardsHoldAndFail) { guards_hold_and_fail<staging>(); }
TEST(Staging, StatesHaveOneEncoding) { states_have_one_encoding<staging>(); }

TEST(Staging, BytesOnDiskNeverChange) {
    const auto bytes = [](const state<staging>& s) { return encode(s); };
    EXPECT_EQ(bytes(staging::open{{7}, {300}}), "\x01\x07\xac\x02");
    EXPECT_EQ(bytes(staging::sealed{{7}, {9}, {}}), "\x02\x07\x09" + std::string(32, '\0'));
    EXPECT_EQ(bytes(staging::published{{7}}), "\x03\x07");
    EXPECT_EQ(bytes(staging::abandoned{{7}}), "\x04\x07");
    EXPECT_FALSE(decode<state<staging>>("\x05\x07")) << "no such tag";
}

}  // namespace
}  // namespace casement::testing::staging_test
