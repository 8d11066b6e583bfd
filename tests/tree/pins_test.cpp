#include <casement/tree/pins.hpp>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/property.hpp"
#include "tree/hand.hpp"

namespace casement::testing::pins_test {
namespace {

constexpr std::uint64_t size_of_each = 1000;

/// A tree whose files are `object(n)` of 1,000 bytes, and snapshots of it.
struct pinner : memory_tree {
    void toggle(std::uint8_t n) {
        const auto path = "/" + std::to_string(n);
        if (name(path).exists())
            must(tree::remove(me, any_rev{dir()}, name(path)));
        else
            make(path, file(n), {0644, {}, size_of_each});
    }
    void keep(const std::string& as) {
        must(keep_snapshot(me, as, must(read_tree(kv, root)), "/", {}));
    }
    /// The bytes of files alone: a directory's block is smaller than any file here.
    [[nodiscard]] static std::uint64_t files(std::uint64_t bytes) { return bytes / size_of_each; }
};

TEST(Pins, AreWhatSetsSay) {
    law("bytes are those of all that it leads to, bytes alone those of what nothing else leads to",
        [](const std::vector<std::uint8_t>& first, const std::vector<std::uint8_t>& second,
           const std::vector<std::uint8_t>& third) {
            pinner t;
            const auto turn = [&](const auto& deeds) {
                for (const auto d : deeds) t.toggle(d % 10);
                std::set<std::uint8_t> there;
                for (std::uint8_t n = 0; n < 10; ++n)
                    if (t.name("/" + std::to_string(n)).exists()) there.insert(n);
                return there;
            };
            const auto s = turn(first);
            t.keep("s");
            const auto u = turn(second);
            t.keep("u");
            const auto now = turn(third);
            const auto alone = [&](const auto& of, const auto& other) {
                std::uint64_t count = 0;
                for (const auto n : of) count += other.contains(n) || now.contains(n) ? 0 : 1;
                return count;
            };
            const auto pins = must(read_pins(t.kv));
            RC_ASSERT(pins.size() == 2u);
            RC_ASSERT(pins[0].name == "s" && pins[1].name == "u");
            RC_ASSERT(pinner::files(pins[0].bytes) == s.size());
            RC_ASSERT(pinner::files(pins[1].bytes) == u.size());
            RC_ASSERT(pinner::files(pins[0].bytes_alone) == alone(s, u));
            RC_ASSERT(pinner::files(pins[1].bytes_alone) == alone(u, s));
        });
}

TEST(Pins, OfTheSameTreeAreNobodysAlone) {
    pinner t;
    t.toggle(1);
    t.keep("s");
    t.keep("u");
    t.toggle(1);
    auto pins = must(read_pins(t.kv));
    EXPECT_EQ(pins[0].bytes_alone, 0u);
    EXPECT_EQ(pins[1].bytes_alone, 0u);
    EXPECT_GT(pins[0].bytes, size_of_each) << "the file, and the directory's block";
    must(forget_snapshot(t.me, must(read<tree::snapshot>(t.kv, {"s"}))));
    pins = must(read_pins(t.kv));
    ASSERT_EQ(pins.size(), 1u);
    EXPECT_EQ(pins[0].bytes_alone, pins[0].bytes);
}

TEST(Pins, OfABlockThatIsElsewhereAreUnknown) {
    pinner t;
    t.keep("s");
    t.uproot<object_row>(must(read<tree::snapshot>(t.kv, {"s"}))->root);
    EXPECT_EQ(code_of(read_pins(t.kv)), errc::need_pull);
}

}  // namespace
}  // namespace casement::testing::pins_test
