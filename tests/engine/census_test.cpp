#include "engine/census.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <casement/core/assert.hpp>
#include <support/temporary.hpp>

#include "engine/rows.hpp"

namespace casement::engine::census_test {
namespace {

using casement::testing::numbered_key;
using casement::testing::numbered_value;
using namespace std::chrono_literals;

class a_census : public ::testing::Test {
protected:
    static constexpr std::size_t rows_n = 3000;

    a_census() {
        open();
        for (std::size_t n = 0; n < rows_n; ++n)
            require(db_->Put({}, numbered_key(n), numbered_value(n, 100)).ok(), "rows are written");
        open();  // what was written becomes a table
    }
    void open() {
        db_.reset();
        leveldb::Options how;
        how.create_if_missing = true;
        leveldb::DB* db = nullptr;
        require(leveldb::DB::Open(how, path_, &db).ok(), "the database opens");
        db_.reset(db);
    }
    static void read_in_vain(census& keys, std::uint64_t times) {
        for (std::uint64_t n = 0; n < times; ++n) keys.had_to_read();
    }
    /// Whether the census comes to know within the time that `nobody` is not there.
    static bool learns(const census& keys, std::chrono::milliseconds within) {
        const auto end = std::chrono::steady_clock::now() + within;
        while (!keys.lacks("nobody") && std::chrono::steady_clock::now() < end)
            std::this_thread::sleep_for(1ms);
        return keys.lacks("nobody");
    }

    casement::testing::temporary_directory directory_;
    std::string path_ = directory_ / "db";
    std::unique_ptr<leveldb::DB> db_;
    // The rows are fewer than would ask for more reads.
    static constexpr auto enough = census::reads_that_pay_min;
};

TEST_F(a_census, promises_nothing_before_it_pays) {
    census keys{*db_};
    read_in_vain(keys, enough - 1);
    EXPECT_FALSE(learns(keys, 100ms));
}

TEST_F(a_census, knows_what_was_there_before_and_what_came_since) {
    census keys{*db_};
    keys.written("early");
    read_in_vain(keys, enough);
    ASSERT_TRUE(learns(keys, 20s));
    for (std::size_t n = 0; n < rows_n; ++n)
        ASSERT_FALSE(keys.lacks(numbered_key(n))) << numbered_key(n);
    EXPECT_FALSE(keys.lacks("early"));
    EXPECT_TRUE(keys.lacks("late"));
    keys.written("late");
    EXPECT_FALSE(keys.lacks("late"));
}

TEST_F(a_census, of_a_larger_store_takes_more_reads) {
    for (std::size_t n = 0; n < rows_n; ++n)
        require(db_->Put({}, numbered_key(n), numbered_value(n, 4000)).ok(), "rows are written");
    open();
    census keys{*db_};
    read_in_vain(keys, enough);
    EXPECT_FALSE(learns(keys, 100ms));
    read_in_vain(keys, rows_n);
    EXPECT_TRUE(learns(keys, 20s));
}

// LevelDB steps over a block that it cannot read: the rows in it would be taken for absent.
TEST_F(a_census, of_a_damaged_table_promises_nothing) {
    std::string table;
    for (const auto& entry : std::filesystem::directory_iterator{path_})
        if (entry.path().extension() == ".ldb") table = entry.path();
    ASSERT_FALSE(table.empty());
    {
        std::fstream file{table, std::ios::binary | std::ios::in | std::ios::out};
        file.seekp(1000).put('\x55').put('\x55').put('\x55');
    }
    census keys{*db_};
    read_in_vain(keys, enough);
    EXPECT_FALSE(learns(keys, 200ms));
}

TEST_F(a_census, ends_while_it_scans) {
    for (int life = 0; life < 20; ++life) {
        census keys{*db_};
        read_in_vain(keys, enough);
    }
}

}  // namespace
}  // namespace casement::engine::census_test
