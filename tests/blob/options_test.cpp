#include <casement/blob/options.hpp>

#include <set>

#include <gtest/gtest.h>

namespace casement::blob::options_test {
namespace {

TEST(options, are_durable_unless_said_otherwise) {
    EXPECT_EQ(options{}.durable, durability::power);
    EXPECT_EQ(options{}.sizes, thresholds{});
}

TEST(random_magic, differs_from_pack_to_pack) {
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 100; ++i) seen.insert(options{}.magic());
    EXPECT_EQ(seen.size(), 100u);
}

}  // namespace
}  // namespace casement::blob::options_test
