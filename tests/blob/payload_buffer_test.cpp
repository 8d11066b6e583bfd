#include <casement/blob/payload_buffer.hpp>

#include <gtest/gtest.h>

namespace casement::blob::payload_buffer_test {
namespace {

TEST(payload_buffer, grows_on_demand_and_no_further_than_its_limit) {
    payload_buffer b{100'000};
    EXPECT_LT(b.capacity(), 100u);
    std::string all;
    for (int i = 0; i < 100; ++i) {
        const std::string piece(1000, static_cast<char>('a' + i % 26));
        b.append(piece);
        all += piece;
        EXPECT_LE(b.capacity(), 100'000u);
    }
    EXPECT_EQ(b.view(), all);
}

TEST(payload_buffer, keeps_its_memory_when_cleared) {
    payload_buffer b{1000};
    b.append(std::string(800, 'x'));
    const auto before = b.capacity();
    b.clear();
    EXPECT_EQ(b.size(), 0u);
    EXPECT_EQ(b.capacity(), before);
}

TEST(payload_buffer, drops_from_the_front) {
    payload_buffer b{10};
    b.append("0123456789");
    b.drop_front(4);
    EXPECT_EQ(b.view(), "456789");
    b.append("abcd");
    EXPECT_EQ(b.view(), "456789abcd");
}

TEST(payload_buffer_death, refuses_to_pass_its_limit) {
    payload_buffer b{3};
    b.append("123");
    EXPECT_DEATH(b.append("4"), "within its limit");
}

}  // namespace
}  // namespace casement::blob::payload_buffer_test
