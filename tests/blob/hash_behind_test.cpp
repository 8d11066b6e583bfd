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
        if (!hash.offer(own)) hash.take(own);
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
        RC_ASSERT(!hash.followed());
    });
}

TEST(hash_behind, what_is_lent_stays_where_it_is) {
    const auto first = some_bytes(3 * blob::piece_size, 'a'), last = some_bytes(1000, 'b');
    hash_behind hash;
    for (const bool before_it : {false, true}) {
        if (before_it) feed(hash, first, 4);
        for (const auto bytes : {std::string_view{first}, std::string_view{last}})
            if (!hash.lend(bytes)) hash.take(bytes);
        EXPECT_EQ(hash.finish(), expected((before_it ? first : std::string{}) + first + last));
    }
}

TEST(hash_behind, another_thread_hashes_what_is_worth_it) {
    const bool beside = std::thread::hardware_concurrency() > 1;
    hash_behind hash;
    const auto chunk = some_bytes(blob::chunk_size, 'a');
    EXPECT_FALSE(hash.offer(chunk) || hash.lend(chunk) || hash.followed()) << "one chunk";
    EXPECT_EQ(hash.offer(some_bytes(blob::piece_size, 'b')), beside);
    EXPECT_EQ(hash.followed(), beside);
    (void)hash.finish();
    EXPECT_FALSE(hash.offer(chunk)) << "the next payload may be a small one";
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

TEST(hash_behind, the_other_thread_waits_for_the_next_payload) {
    if (std::thread::hardware_concurrency() == 1) GTEST_SKIP() << "one core";
    hash_behind hash;
    do {
        feed(hash, some_bytes(blob::piece_size, 'a'), 4);
        (void)hash.finish();
    } while (!hash.under_way());  // not for long: this thread may be late once, or twice
}

TEST(hash_behind, loses_nothing_to_who_leaves_while_it_is_copied) {
    const auto first = some_bytes(blob::piece_size, 'a'), second = some_bytes(48 << 20, 'b');
    hash_behind hash;
    for (const auto bytes :
         {std::string_view{first},
          std::string_view{second}})  // the copy of which takes longer than one waits
        if (!hash.offer(bytes)) hash.take(bytes);
    EXPECT_EQ(hash.finish(), expected(first + second));
}

TEST(hash_behind, a_tail_that_comes_late_starts_no_thread) {
    const auto first = some_bytes(blob::piece_size, 'a'), tail = some_bytes(1000, 'b');
    hash_behind hash;
    feed(hash, first, 4);
    while (hash.under_way()) std::this_thread::yield();
    EXPECT_FALSE(hash.offer(tail));
    hash.take(tail);
    EXPECT_EQ(hash.finish(), expected(first + tail));
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
