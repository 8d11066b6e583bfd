#include <casement/blob/hash_behind.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "support/property.hpp"

namespace casement::testing::hash_behind_test {
namespace {

using blob::beside;
using blob::hash_behind;
using blob::payload_hasher;

/// While it lives, no core is free for work beside.
class all_cores_taken {
public:
    all_cores_taken() {
        for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i)
            workers_.push_back(std::make_unique<beside>(true, [this] {
                while (!done_) std::this_thread::yield();
            }));
    }
    ~all_cores_taken() { done_ = true; }

    [[nodiscard]] bool were_free() const {
        return std::ranges::all_of(workers_, [](const auto& one) { return one->under_way(); });
    }

private:
    std::atomic<bool> done_ = false;
    std::vector<std::unique_ptr<beside>> workers_;
};

std::string some_bytes(std::size_t size, char first) {
    std::string out(size, first);
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(out[i] + i * i / 77);
    return out;
}

blob::payload_hash expected(std::string_view bytes) {
    payload_hasher plain;
    plain.take(bytes);
    return plain.finish();
}

/// Gives it the bytes in calls of `chunks` chunks, each from memory that is another's soon.
void feed(hash_behind& hash, std::string_view bytes, std::size_t chunks) {
    for (const auto step = chunks * blob::chunk_size; !bytes.empty();) {
        std::string own{bytes.substr(0, step)};
        hash.take(own);
        own.assign(own.size(), 'z');
        bytes.remove_prefix(own.size());
    }
}

TEST(hash_behind, is_the_hash_of_one_payload_after_the_other) {
    hash_behind hash;
    law("take, finish", [&](std::uint32_t size, std::uint8_t calls) {
        const auto bytes = some_bytes(size % (5u << 20), static_cast<char>(size));
        feed(hash, bytes, 1 + calls % 9u);
        RC_ASSERT(hash.finish() == expected(bytes));
        RC_ASSERT(!hash.under_way());
    });
}

TEST(hash_behind, another_thread_hashes_what_is_worth_it) {
    hash_behind hash;
    hash.take(some_bytes(blob::chunk_size, 'a'));
    EXPECT_FALSE(hash.followed()) << "one chunk";
    hash.take(some_bytes(blob::piece_size, 'b'));
    EXPECT_EQ(hash.followed(), std::thread::hardware_concurrency() > 1);
    (void)hash.finish();
}

TEST(hash_behind, needs_no_other_core_and_takes_one_when_there_is_one) {
    const auto first = some_bytes(3 * blob::piece_size, 'a'), second = some_bytes(1000, 'b');
    hash_behind hash;
    {
        const all_cores_taken busy;
        feed(hash, first, 4);
        EXPECT_FALSE(hash.followed());
    }
    feed(hash, first, 4);
    EXPECT_EQ(hash.followed(), std::thread::hardware_concurrency() > 1);
    feed(hash, second, 4);
    EXPECT_EQ(hash.finish(), expected(first + first + second));
}

TEST(hash_behind, gives_the_core_back_in_a_pause) {
    const auto bytes = some_bytes(3 * blob::piece_size, 'a');
    hash_behind hash;
    std::string all;
    for (int i = 0; i < 3; ++i) {
        feed(hash, bytes, 4);
        all += bytes;
        while (hash.under_way()) std::this_thread::yield();
    }
    while (!all_cores_taken{}.were_free()) std::this_thread::yield();  // for ever, if it did not
    EXPECT_EQ(hash.finish(), expected(all));
}

TEST(hash_behind, can_be_given_up_at_any_time) {
    {
        hash_behind hash;
        feed(hash, some_bytes(3 * blob::piece_size, 'a'), 4);
    }
    EXPECT_TRUE(all_cores_taken{}.were_free());
}

}  // namespace
}  // namespace casement::testing::hash_behind_test
