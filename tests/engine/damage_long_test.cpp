// Every byte of every file of a small store, flipped, and every length it could be cut to.

#include <gtest/gtest.h>

#include <support/temporary.hpp>

#include "engine/damage.hpp"
#include "engine/writer.hpp"

namespace casement::engine::damage_long_test {
namespace {

namespace testing = casement::testing;

constexpr std::size_t rows_n = 30, row_bytes = 120;

class every_byte : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(of_a_store, every_byte, ::testing::Values(true, false),
                         [](const auto& of) { return of.param ? "closed" : "killed"; });

TEST_P(every_byte, matters_or_is_missed) {
    const bool closed = GetParam();
    testing::temporary_directory directory;
    const auto path = directory / "kv";
    // The first half becomes a table when the store is opened again.
    for (const std::size_t first : {std::size_t{0}, rows_n / 2}) {
        testing::writer_process w{{path, "power", std::to_string(first),
                                   std::to_string(first + rows_n / 2), std::to_string(row_bytes),
                                   "kill"}};
        ASSERT_EQ(w.lines(), rows_n / 2 + 1);
    }
    if (closed) {
        auto kv = leveldb_store::open(path, {});
        ASSERT_TRUE(kv);
        ASSERT_TRUE(kv->close());
    }
    std::size_t refused = 0;
    for (const auto& f : testing::files_of(path)) {
        const auto t =
            testing::suffer(path, directory / "scratch", testing::damages_of(path, f, {}),
                            [&](const std::string& where, bool& said) {
                                return testing::still_numbered(
                                    where, row_bytes, closed ? rows_n : rows_n / 2, rows_n, said);
                            });
        refused += t.refused;
        for (const auto& w : t.wrong) ADD_FAILURE() << w;
    }
    EXPECT_GT(refused, 0u);
}

}  // namespace
}  // namespace casement::engine::damage_long_test
