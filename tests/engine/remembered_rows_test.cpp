// What is remembered of rows, and for which revisions: never of one that a change has not been
// heard up to.

#include "engine/remembered_rows.hpp"

#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <support/property.hpp>

namespace casement::engine::remembered_rows_test {
namespace {

using row = std::optional<std::string>;
using known = std::optional<row>;
using changes = std::vector<heard_change>;
using std::chrono::milliseconds;

constexpr known unknown = std::nullopt;

TEST(remembered_rows, know_nothing_unless_they_listen) {
    remembered_rows rows{1 << 20};
    rows.keep("k", "v", 3, 5);
    EXPECT_EQ(rows.at("k", 5), unknown);
    rows.listen_from(7);
    rows.keep("k", "v", 3, 5);
    EXPECT_EQ(rows.at("k", 7), unknown) << "what was read before is of another time";
    rows.keep("k", "v", 3, 8);
    EXPECT_EQ(rows.at("k", 8), known{"v"});
    rows.stop_listening();
    EXPECT_EQ(rows.at("k", 8), unknown);
    rows.listen_from(9);
    EXPECT_EQ(rows.at("k", 9), unknown);
}

TEST(remembered_rows, know_a_row_from_when_it_was_written_to_what_was_heard) {
    remembered_rows rows{1 << 20};
    rows.listen_from(5);
    rows.keep("k", "v", 3, 7);
    EXPECT_EQ(rows.at("k", 2), unknown);
    EXPECT_EQ(rows.at("k", 3), known{"v"});
    EXPECT_EQ(rows.at("k", 7), known{"v"});
    EXPECT_EQ(rows.at("k", 8), unknown) << "nothing has been heard of 8";
    rows.hear(changes{{"other", "x", 8}});
    EXPECT_EQ(rows.at("k", 8), known{"v"});
    rows.hear(changes{{"k", "w", 9}});
    EXPECT_EQ(rows.at("k", 8), unknown);
    EXPECT_EQ(rows.at("k", 9), known{"w"});
    rows.hear(changes{{"k", std::nullopt, 10}});
    EXPECT_EQ(rows.at("k", 10), known{row{}});
    EXPECT_EQ(rows.at("k", 11), unknown);
}

TEST(remembered_rows, know_an_absent_row_from_when_it_was_looked_for) {
    remembered_rows rows{1 << 20};
    rows.listen_from(5);
    rows.keep("k", std::nullopt, 0, 7);
    EXPECT_EQ(rows.at("k", 6), unknown);
    EXPECT_EQ(rows.at("k", 7), known{row{}});
}

TEST(remembered_rows, know_of_a_change_of_what_was_never_read) {
    remembered_rows rows{1 << 20};
    rows.listen_from(5);
    EXPECT_FALSE(rows.changed_since("k", 6));
    rows.hear(changes{{"k", "v", 7}});
    EXPECT_TRUE(rows.changed_since("k", 6));
    EXPECT_FALSE(rows.changed_since("k", 7));
}

// A read that comes back late, when a change of its row has been heard of already.
TEST(remembered_rows, do_not_take_what_was_changed_since) {
    remembered_rows rows{1 << 20};
    rows.listen_from(5);
    rows.hear(changes{{"k", "new", 9}});
    rows.keep("k", "old", 3, 8);
    EXPECT_EQ(rows.at("k", 9), unknown);
    rows.keep("k", "new", 9, 9);
    rows.keep("k", "old", 3, 8);
    EXPECT_EQ(rows.at("k", 9), known{"new"});
}

// A read may be ahead of the watch; what the watch then brings is older than it.
TEST(remembered_rows, are_not_put_back_by_what_a_read_has_seen) {
    remembered_rows rows{1 << 20};
    rows.listen_from(5);
    rows.keep("k", "third", 8, 8);
    rows.hear(changes{{"k", "first", 6}});
    EXPECT_EQ(rows.at("k", 8), known{"third"});
    rows.hear(changes{{"k", "second", 7}, {"k", "third", 8}});
    EXPECT_EQ(rows.at("k", 8), known{"third"});
}

// Etcd may leave out a change of a watch, and show those after it (#17529).
TEST(remembered_rows, know_nothing_more_once_a_read_shows_what_was_not_heard_of) {
    const auto listening = [](remembered_rows& rows) {
        rows.listen_from(5);
        EXPECT_TRUE(rows.keep("k", "v", 3, 6));
        EXPECT_TRUE(rows.keep("other", "x", 3, 6));
        rows.hear(changes{{"beside", "y", 9}});
        EXPECT_EQ(rows.at("k", 9), known{"v"});
    };
    const auto nothing = [](remembered_rows& rows) {
        EXPECT_EQ(rows.at("k", 9), unknown);
        EXPECT_EQ(rows.at("other", 9), unknown) << "what else was not heard of?";
        rows.hear(changes{{"k", "w", 10}});
        EXPECT_TRUE(rows.keep("k", "w", 10, 10));
        EXPECT_EQ(rows.at("k", 10), unknown) << "until the listening begins anew";
        rows.listen_from(11);
        EXPECT_TRUE(rows.keep("k", "w", 10, 11));
        EXPECT_EQ(rows.at("k", 11), known{"w"});
    };
    remembered_rows gone{1 << 20}, written{1 << 20}, never_read{1 << 20}, behind{1 << 20};
    listening(gone);
    EXPECT_FALSE(gone.keep("k", std::nullopt, 0, 8)) << "it went at 7 or 8";
    nothing(gone);
    listening(written);
    EXPECT_FALSE(written.keep("k", "w", 8, 10)) << "of what came later nothing is said";
    nothing(written);
    listening(never_read);
    EXPECT_FALSE(never_read.keep("new", "w", 8, 8));
    nothing(never_read);
    listening(behind);
    EXPECT_TRUE(behind.keep("k", "w", 10, 10)) << "that is still on its way";
    EXPECT_EQ(behind.at("k", 10), known{"w"});
    EXPECT_EQ(behind.at("other", 9), known{"x"});
}

TEST(remembered_rows, wait_for_news_but_not_in_vain_again_and_again) {
    remembered_rows rows{1 << 20};
    EXPECT_FALSE(rows.wait_for(1, milliseconds{0})) << "nobody listens";
    rows.listen_from(5);
    EXPECT_TRUE(rows.wait_for(5, milliseconds{0}));
    {
        const std::jthread later{[&] {
            std::this_thread::sleep_for(milliseconds{20});
            rows.hear(changes{{"k", "v", 6}});
        }};
        EXPECT_TRUE(rows.wait_for(6, std::chrono::seconds{30}));
    }
    EXPECT_FALSE(rows.wait_for(7, milliseconds{1}));
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(rows.wait_for(7, std::chrono::seconds{30}));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{20});
    rows.hear(changes{{"k", "v", 7}});
    EXPECT_TRUE(rows.wait_for(7, milliseconds{0}));
}

TEST(remembered_rows, take_bounded_memory_and_keep_what_is_asked_for) {
    remembered_rows rows{100'000};
    rows.listen_from(1);
    rows.keep("asked for", "v", 1, 1);
    for (int i = 0; i < 10'000; ++i) {
        rows.keep(std::to_string(i), std::string(100, 'x'), 1, 1);
        ASSERT_EQ(rows.at("asked for", 1), known{"v"}) << i;
    }
    EXPECT_LT(rows.size(), 1000u);
    EXPECT_GT(rows.size(), 100u);
}

TEST(remembered_rows, count_what_grows_and_leave_out_what_is_large) {
    remembered_rows rows{100'000};
    rows.listen_from(1);
    for (int i = 0; i < 100; ++i) rows.keep(std::to_string(i), "", 1, 1);
    EXPECT_EQ(rows.size(), 100u);
    for (int i = 0; i < 100; ++i)
        rows.hear(changes{{std::to_string(i), std::string(5000, 'x'), 2 + i}});
    int large = 0;
    for (int i = 0; i < 100; ++i) large += rows.at(std::to_string(i), 101).has_value();
    EXPECT_GT(large, 5);
    EXPECT_LE(large, 20) << "of 5 KB each, in 100 KB";
    rows.keep("large", std::string(50'000, 'x'), 1, 101);
    EXPECT_EQ(rows.at("large", 101), unknown);
    rows.keep("grows", "small", 1, 101);
    EXPECT_EQ(rows.at("grows", 101), known{"small"});
    rows.hear(changes{{"grows", std::string(50'000, 'x'), 102}});
    EXPECT_EQ(rows.at("grows", 102), unknown);
}

// Any history, heard in parts of any size, with reads of any revision coming in between: whatever
// is known is what was.
TEST(remembered_rows, know_only_what_was) {
    casement::testing::law("any history", [](const std::vector<std::uint32_t>& dice) {
        // What each of three rows was at each revision from 1 on.
        std::vector<std::map<std::string, std::pair<std::string, std::int64_t>>> was(2);
        changes all;
        static const std::string keys[] = {"a", "b", "c"};
        for (const auto d : dice) {
            auto now = was.back();
            const auto revision = static_cast<std::int64_t>(was.size());
            const auto& key = keys[d % 3];
            row value;
            if (d / 3 % 3 == 0)
                now.erase(key);
            else
                now[key] = {*(value = std::to_string(revision)), revision};
            all.push_back({key, value, revision});
            was.push_back(now);
        }
        remembered_rows rows{2000};
        std::size_t heard = dice.empty() ? 0 : dice[0] % (dice.size() + 1);
        rows.listen_from(static_cast<std::int64_t>(heard) + 1);
        for (const auto d : dice) {
            const auto& key = keys[d / 7 % 3];
            const auto n = std::min<std::size_t>(heard + d / 11 % 3, all.size());
            const auto later = static_cast<std::ptrdiff_t>(n);
            rows.hear(
                changes(all.begin() + static_cast<std::ptrdiff_t>(heard), all.begin() + later));
            heard = n;
            const auto read = 1 + d / 31 % (was.size() - 1);
            const auto there = was[read].find(key);
            const auto at = static_cast<std::int64_t>(read);
            const bool can_be = there == was[read].end()
                                    ? rows.keep(key, std::nullopt, 0, at)
                                    : rows.keep(key, there->second.first, there->second.second, at);
            RC_ASSERT(can_be);
            for (std::size_t r = 1; r < was.size(); ++r)
                for (const auto& k : keys)
                    if (const auto told = rows.at(k, static_cast<std::int64_t>(r))) {
                        const auto then = was[r].find(k);
                        RC_ASSERT(told->has_value() == (then != was[r].end()));
                        if (*told) RC_ASSERT(**told == then->second.first);
                    }
        }
    });
}

}  // namespace
}  // namespace casement::engine::remembered_rows_test
