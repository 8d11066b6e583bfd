#include <casement/blob/chunks_ahead.hpp>

#include <atomic>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "blob/blob_files.hpp"

namespace casement::testing::chunks_ahead_test {
namespace {

using blob::chunks_ahead;

/// Reads from `payload`; counts what it is asked for, and fails at one chunk.
struct reads_of {
    const std::string& payload;
    std::atomic<std::uint64_t>& highest;
    std::uint64_t bad = ~std::uint64_t{0};

    result<void> operator()(std::uint64_t offset, std::span<char> into) const {
        const auto k = offset / chunk_size;
        for (auto seen = highest.load(); seen < k && !highest.compare_exchange_weak(seen, k);) {
        }
        if (k >= bad) return fail(errc::corrupt, "read", std::to_string(k));
        payload.copy(into.data(), into.size(), offset);
        return {};
    }
};

TEST(chunks_ahead, are_the_payload_in_order) {
    for (const auto size : {std::size_t{1}, chunk_size, chunk_size + 1, 3 * chunk_size,
                            8 * chunk_size, 9 * chunk_size + 77}) {
        const auto payload = payload_of(size);
        std::atomic<std::uint64_t> highest = 0;
        chunks_ahead chunks{size > chunk_size, size, reads_of{payload, highest}};
        std::string all;
        for (auto left = blob::chunk_count(size); left > 0; --left) {
            const auto piece = chunks.next();
            ASSERT_TRUE(piece);
            EXPECT_EQ(piece->size(), std::min(chunk_size, size - all.size()));
            all += *piece;
        }
        EXPECT_TRUE(all == payload) << size;
    }
}

TEST(chunks_ahead, go_no_further_ahead_than_there_is_room) {
    const auto payload = payload_of(20 * chunk_size);
    std::atomic<std::uint64_t> highest = 0;
    chunks_ahead chunks{true, payload.size(), reads_of{payload, highest}};
    for (std::uint64_t k = 0; k < 20; ++k) {
        const auto piece = chunks.next();
        ASSERT_TRUE(piece);
        // Whoever is slow finds its piece as it was, however far the other has come.
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
        EXPECT_LT(highest, k + decltype(chunks)::depth);
        EXPECT_TRUE(*piece == std::string_view{payload}.substr(k * chunk_size, chunk_size));
    }
}

TEST(chunks_ahead, hand_out_all_before_the_one_that_cannot_be_read) {
    const auto payload = payload_of(12 * chunk_size);
    for (const std::uint64_t bad : {0, 1, 5, 11}) {
        std::atomic<std::uint64_t> highest = 0;
        chunks_ahead chunks{true, payload.size(), reads_of{payload, highest, bad}};
        for (std::uint64_t k = 0; k < bad; ++k) ASSERT_TRUE(chunks.next()) << k;
        const auto failed = chunks.next();
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().causes().front().subject, std::to_string(bad));
    }
}

TEST(chunks_ahead, end_when_nobody_takes_them_any_more) {
    const auto payload = payload_of(12 * chunk_size);
    for (const int taken : {0, 1, 6}) {
        std::atomic<std::uint64_t> highest = 0;
        chunks_ahead chunks{true, payload.size(), reads_of{payload, highest}};
        for (int k = 0; k < taken; ++k) ASSERT_TRUE(chunks.next());
    }
}

}  // namespace
}  // namespace casement::testing::chunks_ahead_test
