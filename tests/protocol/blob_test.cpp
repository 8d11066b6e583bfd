#include <casement/protocol/blob.hpp>

#include <string>

#include <gtest/gtest.h>

#include <casement/core/codec.hpp>
#include <casement/machine/apply.hpp>
#include <casement/machine/step.hpp>
#include "machine/machine_laws.hpp"

namespace casement::testing::blob_test {
namespace {

using protocol::blob;
using protocol::generation;

static_assert(step<blob>(blob::live{}, blob::condemn{{3}}) == blob::condemned{{3}});
static_assert(step<blob>(blob::condemned{{3}}, blob::revive{}) == blob::live{});
static_assert(step<blob>(blob::condemned{{3}}, blob::erase{{3}}).has_value());

// Bytes go only after a condemnation that was committed (DESIGN D10), and never come back.
static_assert(!accepts<blob, blob::live, blob::erase>);
static_assert(!accepts<blob, blob::live, blob::abandon>);
static_assert(!accepts<blob, blob::staged, blob::condemn>, "nobody has published it yet");
static_assert(!accepts<blob, blob::deleted, blob::revive>);
static_assert(!accepts<blob, blob::deleted, blob::publish>);
static_assert(!accepts<blob, blob::deleted, blob::stage>);
// "Already stored" counts only when it is so (SPEC F4g).
static_assert(!accepts<blob, blob::staged, blob::pin>);
static_assert(!accepts<blob, blob::condemned, blob::pin>, "revive it instead");

TEST(Blob, RevivedBlobIsNotErasedByTheOldCondemnation) {
    // Race 12: condemned, revived by a writer of the same content, condemned again; then the first
    // collector wakes up.
    state<blob> now = blob::condemned{{3}};
    now = *apply<blob>(now, blob::revive{});
    EXPECT_EQ(apply<blob>(now, blob::erase{{3}}).error().code(), errc::illegal);
    now = *apply<blob>(now, blob::condemn{{4}});
    const auto late = apply<blob>(now, blob::erase{{3}});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), errc::conflict);
    EXPECT_EQ(late.error().message(), "blob: erase refused: generation is 4, not 3");
    EXPECT_TRUE((apply<without<blob, generation>>(now, blob::erase{{3}})))
        << "the guard is what stops it";
}

TEST(Blob, ObeysItsTable) { obeys_its_table<blob>(); }
TEST(Blob, GuardsHoldAndFail) { guards_hold_and_fail<blob>(); }
TEST(Blob, StatesHaveOneEncoding) { states_have_one_encoding<blob>(); }

TEST(Blob, BytesOnDiskNeverChange) {
    const auto bytes = [](const state<blob>& s) { return encode(s); };
    EXPECT_EQ(bytes(blob::absent{}), std::string(1, '\0'));
    EXPECT_EQ(bytes(blob::staged{}), "\x01");
    EXPECT_EQ(bytes(blob::live{}), "\x02");
    EXPECT_EQ(bytes(blob::condemned{{300}}), "\x03\xac\x02");
    EXPECT_EQ(bytes(blob::deleted{}), "\x04");
    EXPECT_FALSE(decode<state<blob>>("\x05")) << "no such tag";
}

}  // namespace
}  // namespace casement::testing::blob_test
