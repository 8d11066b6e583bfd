// Every schedule that breaks a mutant, on LevelDB with all guards: what goes before happens there
// as it does in the model, and the commit that only the mutant could make is refused, by the guard
// that the mutant had left out.

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <casement/check/on_store.hpp>
#include <casement/check/walk.hpp>
#include <casement/engine/leveldb.hpp>

#include "stories.hpp"
#include "support/temporary.hpp"

namespace casement::models {
namespace {

using check::taken_on_store;

std::vector<std::string> tokens_of_the_matrix() {
    std::vector<std::string> all;
    std::ifstream in{CASEMENT_MATRIX};
    for (std::string line; std::getline(in, line);)
        if (line.starts_with("cm2.")) all.push_back(line);
    return all;
}

taken_on_store on_leveldb(const check::story& tale, const check::replayed& schedule) {
    const testing::temporary_directory where;
    auto kv = engine::leveldb_store::open(where / "rows",
                                          {.durable = engine::durability::process, .create = true});
    if (!kv) return {.differs = kv.error().message()};
    return check::take_on(*kv, tale, schedule);
}

TEST(ReplayOnLevelDb, RefusesWhatOnlyAMutantDoes) {
    const auto tokens = tokens_of_the_matrix();
    ASSERT_GT(tokens.size(), 60u);
    std::size_t refused = 0;
    for (const auto& token : tokens) {
        const auto left_out = *check::left_out_of(token);
        const auto of = std::ranges::find_if(situations(), [&](const situation& s) {
            return !s.breaks && check::fits(s.tell({}), token);
        });
        ASSERT_NE(of, situations().end()) << token;
        const auto tale = of->tell({});
        const auto schedule = check::replay(tale, token);
        ASSERT_TRUE(schedule) << schedule.error().message();
        const auto taken = on_leveldb(tale, *schedule);
        EXPECT_EQ(taken.differs, "") << of->name << ": " << token;
        if (!taken.refused) continue;
        ++refused;
        EXPECT_EQ(taken.by->code(), errc::conflict);
        EXPECT_TRUE(
            std::ranges::any_of(left_out, [&](const auto& m) { return m.guard == *taken.refused; }))
            << *taken.refused << " in " << token;
    }
    EXPECT_EQ(refused, tokens.size());
}

// And what holds in the model happens there just so, commit by commit, to the last row.
TEST(ReplayOnLevelDb, GoesTheSameWayWhereNothingIsLeftOut) {
    std::size_t commits = 0;
    for (const auto& s : situations()) {
        if (s.breaks) continue;
        const auto tale = s.tell({});
        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
            std::string bytes;
            for (std::uint64_t n = 0; n < 200; ++n)
                bytes.push_back(static_cast<char>((n + 1) * (2 * seed + 1) * 2654435761u >> 24));
            const auto token = check::steered(tale, bytes);
            ASSERT_TRUE(token) << token.error().message();
            const auto walked = check::replay(tale, *token);
            ASSERT_TRUE(walked) << walked.error().message();
            const auto taken = on_leveldb(tale, *walked);
            EXPECT_EQ(taken.differs, "") << s.name;
            commits += taken.commits;
        }
    }
    EXPECT_GT(commits, 100u);
}

}  // namespace
}  // namespace casement::models
