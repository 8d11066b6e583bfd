#include <casement/protocol/dentry.hpp>

#include <string>

#include <gtest/gtest.h>

#include <casement/core/codec.hpp>
#include <casement/machine/apply.hpp>
#include <casement/machine/step.hpp>
#include "machine/machine_laws.hpp"

namespace casement::testing::dentry_test {
namespace {

using protocol::dentry;
using protocol::node_id;
using protocol::obj_id;
using target = state<dentry>;

constexpr obj_id text{obj_id::file, {}};
constexpr obj_id tree{obj_id::directory, {}};

// The life of a name, by the compiler.
static_assert(step<dentry>(dentry::absent{}, dentry::create_node{{7}}) == dentry::inode{{7}});
static_assert(step<dentry>(dentry::inode{{7}}, dentry::finalize{{7}, text})->id == text);
static_assert(step<dentry>(dentry::object{text}, dentry::instantiate{text, {8}})->node ==
              node_id{8});
static_assert(step<dentry>(dentry::inode{{8}}, dentry::bury{}) == dentry::tombstone{});
static_assert(step<dentry>(dentry::tombstone{}, dentry::fold{}) == dentry::absent{});

// Nothing brings a deleted name back but a creation or a rename onto it (SPEC F16).
static_assert(!accepts<dentry, dentry::tombstone, dentry::finalize>);
static_assert(!accepts<dentry, dentry::tombstone, dentry::instantiate>);
static_assert(!accepts<dentry, dentry::tombstone, dentry::replace_object>);
static_assert(!accepts<dentry, dentry::tombstone, dentry::retarget>);
static_assert(!accepts<dentry, dentry::tombstone, dentry::lift_object>);
static_assert(!accepts<dentry, dentry::tombstone, dentry::lift_symlink>);
static_assert(!accepts<dentry, dentry::absent, dentry::finalize>);
static_assert(!accepts<dentry, dentry::absent, dentry::instantiate>);
// A name is created once (F5), and a plain rename replaces nothing (F8).
static_assert(!accepts<dentry, dentry::inode, dentry::create_node>);
static_assert(!accepts<dentry, dentry::object, dentry::create_object>);
static_assert(!accepts<dentry, dentry::object, dentry::arrive_node>);
static_assert(!accepts<dentry, dentry::absent, dentry::displace_by_node>);
static_assert(!accepts<dentry, dentry::tombstone, dentry::displace_by_node>);
// What is not there is not removed twice (F22), and a mutable node never goes into a base (F18).
static_assert(!accepts<dentry, dentry::absent, dentry::remove>);
static_assert(!accepts<dentry, dentry::tombstone, dentry::bury>);
static_assert(!accepts<dentry, dentry::tombstone, dentry::move_away>);
static_assert(!accepts<dentry, dentry::inode, dentry::fold>);

TEST(Dentry, FinalizesOnlyItsOwnNode) {
    const auto late = apply<dentry>(dentry::inode{{8}}, dentry::finalize{{7}, text});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), errc::conflict);
    EXPECT_EQ(late.error().message(), "dentry: finalize refused: node is 8, not 7");
}

TEST(Dentry, InstantiatesOnlyTheObjectThatWasSeen) {
    const auto late = apply<dentry>(dentry::object{tree}, dentry::instantiate{text, {9}});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), errc::conflict);
    EXPECT_EQ(late.error().message(), "dentry: instantiate refused: object is another");
}

TEST(Dentry, LateFinalizerDoesNotResurrect) {
    // Race 1: created, deleted while it is being hashed, then the finalizer commits.
    auto now = apply<dentry>(dentry::absent{}, dentry::create_node{{7}});
    now = apply<dentry>(*now, dentry::bury{});
    const auto late = apply<dentry>(*now, dentry::finalize{{7}, text});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), errc::illegal);
    EXPECT_EQ(late.error().message(), "dentry: no transition from tombstone on finalize");
}

TEST(Dentry, BaseEntryIsLiftedBeforeItChanges) {
    const auto lifted = apply<dentry>(dentry::absent{}, dentry::lift_object{tree});
    EXPECT_EQ(apply<dentry>(*lifted, dentry::instantiate{tree, {9}}), target{dentry::inode{{9}}});
    EXPECT_EQ(apply<dentry>(*lifted, dentry::bury{}), target{dentry::tombstone{}});
}

TEST(Dentry, RenameMovesTheTarget) {
    EXPECT_EQ(apply<dentry>(dentry::symlink{"../x"}, dentry::move_away{}),
              target{dentry::absent{}});
    EXPECT_EQ(apply<dentry>(dentry::tombstone{}, dentry::arrive_symlink{"../x"}),
              target{dentry::symlink{"../x"}});
    EXPECT_EQ(apply<dentry>(dentry::object{text}, dentry::displace_by_node{{7}}),
              target{dentry::inode{{7}}});
}

TEST(Dentry, ObeysItsTable) { obeys_its_table<dentry>(); }
TEST(Dentry, GuardsHoldAndFail) { guards_hold_and_fail<dentry>(); }
TEST(Dentry, StatesHaveOneEncoding) { states_have_one_encoding<dentry>(); }

TEST(Dentry, BytesOnDiskNeverChange) {
    const auto bytes = [](const target& t) { return encode(t); };
    EXPECT_EQ(bytes(dentry::absent{}), std::string(1, '\0'));
    EXPECT_EQ(bytes(dentry::inode{{300}}), "\x01\xac\x02\x02");
    EXPECT_EQ(bytes(dentry::object{tree}), "\x02\x02" + std::string(32, '\0'));
    EXPECT_EQ(bytes(dentry::symlink{"a/b"}),
              "\x03\x03"
              "a/b");
    EXPECT_EQ(bytes(dentry::tombstone{}), "\x04");
    EXPECT_FALSE(decode<target>("\x05")) << "no such tag";
}

/// A row as the tree keeps it: a target and the generation of its writing (DESIGN D2).
struct row_of_a_dentry {
    target what;
    protocol::generation written;
    bool operator==(const row_of_a_dentry&) const = default;
};

TEST(Dentry, TargetIsAMemberOfARow) {
    const row_of_a_dentry row{dentry::inode{{7}}, {9}};
    EXPECT_EQ(encode(row), "\x01\x07\x02\x09");
    EXPECT_EQ(decode<row_of_a_dentry>("\x01\x07\x02\x09"), row);
}

}  // namespace
}  // namespace casement::testing::dentry_test
