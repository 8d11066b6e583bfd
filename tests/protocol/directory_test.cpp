#include <casement/protocol/directory.hpp>

#include <string>

#include <gtest/gtest.h>

#include <casement/core/codec.hpp>
#include <casement/machine/apply.hpp>
#include <casement/machine/step.hpp>
#include "machine/machine_laws.hpp"

namespace casement::testing::directory_test {
namespace {

using protocol::directory;

// A child goes only into a directory that is alive (SPEC F4d).
static_assert(accepts<directory, directory::alive, directory::put_child>);
static_assert(!accepts<directory, directory::absent, directory::put_child>);
static_assert(!accepts<directory, directory::sealed, directory::put_child>);
static_assert(!accepts<directory, directory::removed, directory::put_child>);
// What is being made into an object does not change under it (F4e), nor is its base swapped (F18).
static_assert(!accepts<directory, directory::sealed, directory::drop_child>);
static_assert(!accepts<directory, directory::sealed, directory::rebase>);
// A read-only mount shows its base for ever, until its name goes (F20).
static_assert(!accepts<directory, directory::mounted, directory::put_child>);
static_assert(!accepts<directory, directory::mounted, directory::drop_child>);
static_assert(!accepts<directory, directory::mounted, directory::rebase>);
// A node's id is never used again.
static_assert(!accepts<directory, directory::removed, directory::make>);
static_assert(!accepts<directory, directory::removed, directory::unseal>);
static_assert(!accepts<directory, directory::alive, directory::make>);

TEST(Directory, SealingEndsInRemovalOrIsTakenBack) {
    const auto sealed = apply<directory>(directory::alive{}, directory::seal{});
    EXPECT_EQ(apply<directory>(*sealed, directory::unseal{}), state<directory>{directory::alive{}});
    EXPECT_EQ(apply<directory>(*sealed, directory::remove{}),
              state<directory>{directory::removed{}});
}

TEST(Directory, CreateUnderARemovedOneIsIllegal) {
    // Race 6: the directory is removed, and then a create commits into it.
    const auto gone = apply<directory>(directory::alive{}, directory::remove{});
    const auto late = apply<directory>(*gone, directory::put_child{});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().message(), "directory: no transition from removed on put_child");
}

TEST(Directory, ObeysItsTable) { obeys_its_table<directory>(); }
TEST(Directory, StatesHaveOneEncoding) { states_have_one_encoding<directory>(); }

TEST(Directory, BytesOnDiskNeverChange) {
    const auto bytes = [](const state<directory>& s) { return encode(s); };
    EXPECT_EQ(bytes(directory::absent{}), std::string(1, '\0'));
    EXPECT_EQ(bytes(directory::alive{}), "\x01");
    EXPECT_EQ(bytes(directory::sealed{}), "\x02");
    EXPECT_EQ(bytes(directory::removed{}), "\x03");
    EXPECT_EQ(bytes(directory::mounted{}), "\x04");
    EXPECT_FALSE(decode<state<directory>>("\x05")) << "no such tag";
}

}  // namespace
}  // namespace casement::testing::directory_test
