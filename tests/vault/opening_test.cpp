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

/// A child that does `work`, says so, and lives until it is killed.
template <class Work>
class child {
public:
    explicit child(Work work) {
        int ready[2];
        EXPECT_EQ(::pipe(ready), 0);
        id_ = ::fork();
        EXPECT_GE(id_, 0);
        if (id_ == 0) {
            if (!work() || ::write(ready[1], "x", 1) != 1) ::_exit(1);
            for (;;) ::pause();
        }
        ::close(ready[1]);
        char byte = 0;
        EXPECT_EQ(::read(ready[0], &byte, 1), 1);
        ::close(ready[0]);
    }
    ~child() { kill(); }
    child(const child&) = delete;
    child& operator=(const child&) = delete;

    void kill() {
        if (id_ < 0) return;
        EXPECT_EQ(::kill(id_, SIGKILL), 0);
        EXPECT_GT(::waitpid(std::exchange(id_, -1), nullptr, 0), 0);
    }

private:
    pid_t id_ = -1;
};

// However a process ends, its opening does.
TEST_F(Opening, GoesWithItsProcess) {
    std::optional<opening> held;  // past the end of what the child does
    child other{[&] {
        auto taken = opening::shared(path());
        if (!taken) return false;
        held = std::move(*taken);
        return held->writes_from(50).has_value();
    }};
    auto me = must(opening::shared(path()));
    EXPECT_EQ(must(me.others()).write_from, lowest{50});
    other.kill();
    EXPECT_EQ(must(me.others()).write_from, lowest{});
}

// The locks are of the file as it was opened, which a forked child has open, too.
TEST_F(Opening, EndsThoughAChildHasItsFile) {
    auto mine = must(opening::shared(path()));
    must(mine.writes_from(50));
    const child forked{[] { return true; }};
    mine = {};
    auto after = must(opening::alone(path()));
    EXPECT_EQ(must(after.others()).write_from, lowest{});
}

}  // namespace
}  // namespace casement::testing::opening_test
