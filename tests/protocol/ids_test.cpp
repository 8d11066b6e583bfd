#include <casement/protocol/ids.hpp>

#include <concepts>
#include <string>
#include <type_traits>

#include <gtest/gtest.h>

#include <casement/core/codec.hpp>
#include <casement/machine/guard.hpp>

namespace casement::protocol::ids_test {
namespace {

// No id is another, none is a number, none has an order.
template <class A, class B>
concept comparable = requires(A a, B b) {
    a == b;
};
static_assert(comparable<node_id, node_id>);
static_assert(!comparable<node_id, generation>);
static_assert(!std::convertible_to<node_id, generation>);
static_assert(!std::convertible_to<std::uint64_t, node_id>);
static_assert(!std::totally_ordered<lease_seq>);
static_assert(!std::totally_ordered<obj_id>);

TEST(Ids, NameThemselves) {
    EXPECT_EQ(field_name<node_id>(), "node");
    EXPECT_EQ(field_name<generation>(), "generation");
    EXPECT_EQ(field_name<lease_seq>(), "lease_seq");
    EXPECT_EQ(field_name<session_id>(), "session");
    EXPECT_EQ(field_name<layer_id>(), "layer");
    EXPECT_EQ(field_name<blob_id>(), "blob");
    EXPECT_EQ(field_name<byte_count>(), "size_bytes");
    EXPECT_EQ(field_name<op_id>(), "op");
    EXPECT_EQ(field_name<obj_id>(), "object");
}

TEST(Ids, SayHowToReact) {
    EXPECT_EQ(refusal<lease_seq>, errc::fenced);
    EXPECT_EQ(refusal<session_id>, errc::fenced);
    EXPECT_EQ(refusal<byte_count>, errc::corrupt);
    EXPECT_EQ(refusal<node_id>, errc::conflict);
    EXPECT_EQ(refusal<obj_id>, errc::conflict);
    EXPECT_EQ(refusal<generation>, errc::conflict);
}

TEST(Ids, NextLeaseSeqIsAnother) {
    EXPECT_EQ(next(lease_seq{4}), lease_seq{5});
    EXPECT_NE(next(lease_seq{4}), lease_seq{4});
}

TEST(Ids, ObjectIdIsItsKindAndDigest) {
    obj_id id{obj_id::file, {}};
    id.digest[31] = std::byte{0xff};
    EXPECT_EQ(encode(id), "\1" + std::string(31, '\0') + "\xff");
    obj_id other = id;
    other.kind = obj_id::directory;
    EXPECT_NE(id, other);
    other = id;
    other.digest[0] = std::byte{1};
    EXPECT_NE(id, other);
    EXPECT_EQ(decode<obj_id>(encode(other)), other);
}

}  // namespace
}  // namespace casement::protocol::ids_test
