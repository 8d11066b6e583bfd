#include <casement/core/system_calls.hpp>

#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/property.hpp"

namespace casement::system_calls_test {
namespace {

/// A disk that moves at most so many bytes a call, and is interrupted before every other call.
struct choppy {
    std::string bytes;
    std::size_t most = 1;
    bool interrupt = false;

    transferred write(std::uint64_t offset, std::string_view piece) {
        if ((interrupt = !interrupt)) return std::unexpected{EINTR};
        const auto n = std::min(most, piece.size());
        if (bytes.size() < offset + n) bytes.resize(offset + n);
        bytes.replace(offset, n, piece.substr(0, n));
        return n;
    }
    transferred read(std::uint64_t offset, std::span<char> into) {
        if ((interrupt = !interrupt)) return std::unexpected{EINTR};
        if (offset >= bytes.size()) return 0;
        const auto n = std::min({most, into.size(), bytes.size() - offset});
        std::memcpy(into.data(), bytes.data() + offset, n);
        return n;
    }
};

TEST(transfers, are_whole_however_the_disk_chops_them) {
    testing::law("write_whole, read_whole", [](const std::string& text, std::uint8_t most) {
        choppy disk{{}, std::size_t{1} + most % 7};
        RC_ASSERT(write_whole([&](auto o, auto b) { return disk.write(o, b); }, 3, text) == 0);
        RC_ASSERT((text.empty() || disk.bytes.substr(3) == text));
        std::string back(text.size() + 5, '?');
        const auto n = read_whole([&](auto o, auto b) { return disk.read(o, b); }, 3, back);
        RC_ASSERT(n.has_value() && *n == text.size());
        RC_ASSERT(back.substr(0, *n) == text);
    });
}

TEST(transfers, end_at_an_error) {
    int calls = 0;
    const auto fails_third = [&](std::uint64_t, auto piece) -> transferred {
        if (++calls == 3) return std::unexpected{ENOSPC};
        return std::min<std::size_t>(1, piece.size());
    };
    EXPECT_EQ(write_whole(fails_third, 0, "12345"), ENOSPC);
    EXPECT_EQ(calls, 3);
    calls = 0;
    std::string into(5, '?');
    EXPECT_EQ(read_whole(fails_third, 0, into), transferred{std::unexpected{ENOSPC}});
    EXPECT_EQ(calls, 3);
}

TEST(transfers, never_loop_without_progress) {
    EXPECT_EQ(write_whole([](auto, auto) -> transferred { return 0; }, 0, "1"), EIO);
    EXPECT_EQ(write_whole([](auto, auto) -> transferred { return 0; }, 0, ""), 0);
}

TEST(until_passed, waits_for_a_refusal_to_pass) {
    for (const int number : {EACCES, EBUSY, ETXTBSY}) {
        int attempts = 0;
        std::vector<std::int64_t> pauses;
        const auto attempt = [&] { return ++attempts < 4 ? number : 0; };
        EXPECT_EQ(until_passed(attempt, [&](auto wait) { pauses.push_back(wait.count()); }), 0);
        EXPECT_EQ(pauses, (std::vector<std::int64_t>{1, 2, 4}));
    }
}

TEST(until_passed, gives_up_after_half_a_second) {
    int attempts = 0;
    std::int64_t waited_ms = 0;
    const auto attempt = [&] { return ++attempts, EBUSY; };
    EXPECT_EQ(until_passed(attempt, [&](auto wait) { waited_ms += wait.count(); }), EBUSY);
    EXPECT_EQ(attempts, passing_attempts_max);
    EXPECT_EQ(waited_ms, 511);
}

TEST(until_passed, does_not_wait_for_what_lasts) {
    for (const int number : {0, ENOENT, EPERM, EROFS, EXDEV}) {
        int attempts = 0;
        const auto attempt = [&] { return ++attempts, number; };
        EXPECT_EQ(until_passed(attempt, [](auto) { FAIL() << "no pause"; }), number);
        EXPECT_EQ(attempts, 1);
    }
}

TEST(until_passed, waits_for_what_it_is_told_to_wait_for) {
    int attempts = 0;
    const auto appears = [&] { return ++attempts < 3 ? ENOENT : 0; };
    EXPECT_EQ(until_passed(
                  appears, [](auto) {}, may_appear),
              0);
    EXPECT_EQ(attempts, 3);
    const auto busy = [] { return EBUSY; };
    EXPECT_EQ(until_passed(
                  busy, [](auto) { FAIL() << "no pause"; }, may_appear),
              EBUSY);
}

TEST(cannot_sync_names, is_no_failed_sync) {
    for (const int number : {EINVAL, EOPNOTSUPP, ENOSYS, EBADF, EPERM, EACCES})
        EXPECT_TRUE(cannot_sync_names(number)) << number;
    for (const int number : {EIO, ENOSPC, EDQUOT, EROFS})
        EXPECT_FALSE(cannot_sync_names(number)) << number;
}

TEST(until_passed, a_signal_is_no_attempt) {
    int attempts = 0;
    const auto attempt = [&] { return ++attempts < 50 ? EINTR : 0; };
    EXPECT_EQ(until_passed(attempt, [](auto) { FAIL() << "no pause"; }), 0);
}

}  // namespace
}  // namespace casement::system_calls_test
