#include <casement/tree/packed_frames.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <casement/kv/memory.hpp>

#include "tree/stored_tree.hpp"

namespace casement::testing::packed_frames_test {
namespace {

using blob::pack_id, blob::pack_position;
using tree::packed_frame;

[[nodiscard]] blob::descriptor packed_at(pack_position at, std::uint64_t size = 500) {
    const auto n = to_number(at);
    return {blob::placement::packed, n, size, {n}, {}, 0, sha256_of(std::to_string(n))};
}

class PackedFrames : public ::testing::Test {
public:
    memory_store kv;

    void add(const blob::descriptor& d) {
        transaction t{kv};
        tree::add_frame(t, d);
        must(t.commit());
    }
    /// Offsets and sizes, as they come.
    using seen = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
    [[nodiscard]] seen frames_of(pack_id pack) const {
        seen all;
        must(tree::each_frame_of(kv, pack, [&](pack_position at, const packed_frame& f) {
            EXPECT_EQ(at.pack, pack);
            EXPECT_EQ(f.of, packed_at(at).content);
            all.emplace_back(at.offset, f.size);
            return result<void>{};
        }));
        return all;
    }
};

TEST_F(PackedFrames, AreFoundByTheirPackInOrder) {
    for (const auto& at : {pack_position{{2}, 4096}, pack_position{{1}, 8192},
                           pack_position{{2}, 64}, pack_position{{3}, 64}})
        add(packed_at(at));
    EXPECT_EQ(frames_of({2}), (seen{{64, 500}, {4096, 500}}));
    EXPECT_EQ(frames_of({1}), (seen{{8192, 500}}));
    EXPECT_EQ(frames_of({4}), (seen{}));
    std::size_t n = 0;
    must(tree::each_frame(kv, [&](pack_position, const packed_frame&) {
        ++n;
        return result<void>{};
    }));
    EXPECT_EQ(n, 4u);
}

TEST_F(PackedFrames, OnlyWhatIsPackedHasOne) {
    for (const auto kind : {blob::placement::inline_row, blob::placement::dedicated}) {
        auto d = packed_at({{1}, 64});
        d.kind = kind;
        add(d);
    }
    EXPECT_EQ(rows_of(kv, "p"), 0u);
    add(packed_at({{1}, 64}));
    EXPECT_EQ(rows_of(kv, "p"), 1u);
    transaction t{kv};
    tree::erase_frame(t, packed_at({{1}, 64}));
    must(t.commit());
    EXPECT_EQ(rows_of(kv, "p"), 0u);
}

TEST_F(PackedFrames, WhatIsNoRowIsCorrupt) {
    add(packed_at({{1}, 64}));
    const auto key = row_key<packed_frame>({blob::to_number({pack_id{1}, 128})});
    const write damage{write::kind::put, key, "?"};
    must(kv.commit({{}, {&damage, 1}}));
    const auto read = tree::each_frame_of(
        kv, {1}, [](pack_position, const packed_frame&) { return result<void>{}; });
    EXPECT_EQ(read.error().code(), errc::corrupt);
}

TEST_F(PackedFrames, ATakerThatFailsEndsIt) {
    add(packed_at({{1}, 64}));
    add(packed_at({{1}, 4096}));
    int taken = 0;
    const auto read = tree::each_frame(kv, [&](pack_position, const packed_frame&) {
        ++taken;
        return fail(errc::cancelled, "read", "frames");
    });
    EXPECT_EQ(read.error().code(), errc::cancelled);
    EXPECT_EQ(taken, 1);
}

TEST_F(PackedFrames, AFrameTakesItsHeaderAndWholeBlocks) {
    EXPECT_EQ(tree::frame_bytes(1), blob::aligned(blob::frame_header_size + 1));
    EXPECT_EQ(tree::frame_bytes(blob::aligned(1) - blob::frame_header_size), blob::aligned(1));
}

}  // namespace
}  // namespace casement::testing::packed_frames_test
