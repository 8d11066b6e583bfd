// Pins: what a reader holds is not taken, and who comes after a taking looks again.

#include <casement/blob/frame_pins.hpp>

#include <array>
#include <utility>

#include <gtest/gtest.h>

namespace casement::blob {
namespace {

constexpr pack_id first{1}, second{2};

std::vector<byte_range> take(frame_pins& pins, pack_id pack, std::vector<byte_range> ranges) {
    return pins.take(pack, ranges);
}

TEST(frame_pins, what_is_held_is_not_taken) {
    frame_pins pins;
    auto held = pins.hold({first, 128}, pins.taken());
    ASSERT_TRUE(held);
    using ranges = std::vector<byte_range>;
    EXPECT_EQ(take(pins, first, {{64, 64}, {64, 65}, {128, 1}, {129, 100}}),
              (ranges{{64, 64}, {129, 100}}));
    EXPECT_EQ(take(pins, second, {{0, 1000}}), (ranges{{0, 1000}})) << "of another pack";
    held.reset();
    EXPECT_EQ(take(pins, first, {{128, 1}}), (ranges{{128, 1}}));
}

TEST(frame_pins, two_hold_it_until_both_let_go) {
    frame_pins pins;
    auto a = pins.hold({first, 128}, pins.taken()), b = pins.hold({first, 128}, pins.taken());
    ASSERT_TRUE(a && b);
    a.reset();
    EXPECT_TRUE(take(pins, first, {{0, 1000}}).empty());
    auto moved = *std::move(b);
    b.reset();
    EXPECT_TRUE(take(pins, first, {{0, 1000}}).empty()) << "a moved pin is the pin";
    { const auto gone = std::move(moved); }
    EXPECT_FALSE(take(pins, first, {{0, 1000}}).empty());
}

TEST(frame_pins, who_read_their_row_before_a_taking_looks_again) {
    frame_pins pins;
    const auto before = pins.taken();
    (void)take(pins, second, {});
    EXPECT_FALSE(pins.hold({first, 128}, before));
    EXPECT_TRUE(pins.hold({first, 128}, pins.taken()));
}

}  // namespace
}  // namespace casement::blob
