#include <casement/check/on_store.hpp>

#include <string>

#include <gtest/gtest.h>

#include <casement/check/walk.hpp>
#include <casement/kv/memory.hpp>

#include "check/small_stories.hpp"

namespace casement::testing::on_store_test {
namespace {

using check::story;
using check::taken_on_store;

constexpr const char* payer_guard = "the payer is as it was seen";

/// A store that gets one thing wrong.
struct careless {
    memory_store rows;
    bool checks = true, conflicts = false, keeps = true;

    [[nodiscard]] result<found> get(std::string_view key) const { return rows.get(key); }
    [[nodiscard]] auto scan(std::string_view first, std::string_view last) const {
        return rows.scan(first, last);
    }
    [[nodiscard]] memory_store snapshot() const { return rows; }
    [[nodiscard]] bool unchanged(std::string_view key, version at) const {
        return rows.unchanged(key, at);
    }
    [[nodiscard]] result<receipt> commit(const batch& b) {
        if (b.guards.empty()) return rows.commit(b);
        if (conflicts) return std::unexpected{guard_failed(b.guards.front())};
        const auto writes = keeps ? b.writes : b.writes.first(b.writes.size() - 1);
        return rows.commit({checks ? b.guards : std::span<const guard>{}, writes});
    }
};

story payers() { return bank(2, 2, {.crashes = 1, .lost_replies = 1, .zombies = 1}); }

/// What a mutant without the guard does.
check::replayed broken(const story& told) {
    check::scope in;
    in.without = {{"", payer_guard}};
    const auto found = explore(told, in);
    return *replay(told, found.violations.front().token);
}

check::replayed sound(const story& told, std::string_view bytes) {
    return *replay(told, *check::steered(told, bytes));
}

TEST(OnStore, EndsWhereTheMutantsGuardIsInPlace) {
    const auto told = payers();
    memory_store kv;
    const auto taken = check::take_on(kv, told, broken(told));
    EXPECT_EQ(taken.differs, "");
    EXPECT_EQ(taken.refused, payer_guard);
    EXPECT_EQ(taken.by->code(), errc::conflict);
    EXPECT_EQ(taken.commits, 1u) << "the other payer's";
}

TEST(OnStore, GoesToTheEndWhereNothingIsLeftOut) {
    const auto told = payers();
    std::size_t commits = 0;
    for (int n = 0; n < 50; ++n) {
        std::string bytes;
        for (int i = 0; i < 60; ++i) bytes.push_back(static_cast<char>((n + 1) * (i + 7) * 31));
        memory_store kv;
        const auto taken = check::take_on(kv, told, sound(told, bytes));
        EXPECT_EQ(taken.differs, "");
        EXPECT_FALSE(taken.refused);
        commits += taken.commits;
    }
    EXPECT_GE(commits, 50u);
}

TEST(OnStore, SeesAStoreThatIsWrong) {
    const auto told = payers();
    careless blind{.checks = false};
    EXPECT_NE(check::take_on(blind, told, broken(told)).differs, "");
    const auto all = sound(told, "");
    careless grudging{.conflicts = true};
    EXPECT_NE(check::take_on(grudging, told, all).differs, "");
    careless forgetful{.keeps = false};
    EXPECT_NE(check::take_on(forgetful, told, all).differs, "");
}

}  // namespace
}  // namespace casement::testing::on_store_test
