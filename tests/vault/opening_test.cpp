#include "vault/opening.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "support/temporary.hpp"
#include "tree/hand.hpp"

namespace casement::testing::opening_test {
namespace {

using lowest = std::optional<std::uint64_t>;

class Opening : public ::testing::Test {
protected:
    Opening() { std::ofstream{path()} << "an address"; }
    [[nodiscard]] std::string path() const { return here_ / "engine"; }

private:
    temporary_directory here_;
};

TEST_F(Opening, IsSharedOrAlone) {
    auto one = must(opening::shared(path()));
    auto two = must(opening::shared(path()));
    EXPECT_EQ(opening::alone(path()).error().code(), errc::in_use);
    one = {};
    EXPECT_EQ(opening::alone(path()).error().code(), errc::in_use);
    two = {};
    auto alone = must(opening::alone(path()));
    EXPECT_EQ(opening::shared(path()).error().code(), errc::in_use);
    EXPECT_EQ(opening::alone(path()).error().code(), errc::in_use);
    must(alone.share());
    auto other = must(opening::shared(path()));
    EXPECT_EQ(opening::alone(path()).error().code(), errc::in_use);
    EXPECT_EQ(opening::alone(path() + "/no").error().system(), ENOTDIR);
}

TEST_F(Opening, SeesFromWhereOnTheOthersWrite) {
    auto me = must(opening::shared(path()));
    EXPECT_EQ(must(me.others()).write_from, lowest{});
    must(me.writes_from(10));
    EXPECT_EQ(must(me.others()).write_from, lowest{}) << "this one is no other";
    std::vector<opening> others;
    for (const std::uint64_t n : {30u, 20u, 1u << 31, 20u, 40u}) {
        others.push_back(must(opening::shared(path())));
        must(others.back().writes_from(n));
    }
    EXPECT_EQ(must(me.others()).write_from, lowest{20});
    must(others[1].writes_from(35));
    EXPECT_EQ(must(me.others()).write_from, lowest{20}) << "another says so still";
    must(others[3].writes_from(36));
    EXPECT_EQ(must(me.others()).write_from, lowest{30});
    EXPECT_EQ(must(others[0].others()).write_from, lowest{10});
    // Beside the byte that says whether others may come, and beside itself.
    for (const std::uint64_t n : {0u, 1u}) {
        must(others[4].writes_from(n));
        EXPECT_EQ(must(me.others()).write_from, lowest{n});
    }
    EXPECT_TRUE(must(me.others()).any);
    others.clear();
    EXPECT_EQ(must(me.others()).write_from, lowest{});
}

TEST_F(Opening, OfAStoreWithItsRowsInItHasNoOthers) {
    opening none;
    must(none.share());
    must(none.writes_from(7));
    EXPECT_EQ(must(none.others()).write_from, lowest{});
}

// However a process ends, its opening does.
TEST_F(Opening, GoesWithItsProcess) {
    int ready[2], go[2];
    ASSERT_TRUE(::pipe(ready) == 0 && ::pipe(go) == 0);
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    char byte = 0;
    if (child == 0) {
        auto held = opening::shared(path());
        if (held && held->writes_from(50)) (void)!::write(ready[1], "x", 1);
        (void)!::read(go[0], &byte, 1);
        ::_exit(0);
    }
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    auto me = must(opening::shared(path()));
    EXPECT_EQ(must(me.others()).write_from, lowest{50});
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_EQ(must(me.others()).write_from, lowest{});
    for (const int end : {ready[0], ready[1], go[0], go[1]}) ::close(end);
}

}  // namespace
}  // namespace casement::testing::opening_test
