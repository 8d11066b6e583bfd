#include "engine/watermark.hpp"

#include <leveldb/db.h>
#include <leveldb/write_batch.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <casement/core/assert.hpp>
#include <casement/engine/leveldb.hpp>
#include <support/temporary.hpp>

#include "engine/damage.hpp"

namespace casement::engine::watermark_test {
namespace {

namespace testing = casement::testing;
constexpr std::size_t block = 32768;

class watermarks : public ::testing::Test {
protected:
    void begin(const std::string& log, std::string_view bytes) {
        std::filesystem::create_directories(database_);
        testing::write_bytes(database_ + "/" + log, bytes);
        ASSERT_TRUE(marks_.begun(log));
    }
    [[nodiscard]] result<void> reopen() const {
        watermark again;
        return again.open(path_, database_);
    }
    [[nodiscard]] errc refusal() const {
        const auto r = reopen();
        return r ? errc{} : r.error().code();
    }

    testing::temporary_directory directory_;
    std::string path_ = directory_ / "watermark", database_ = directory_ / "db";
    watermark marks_;
};

TEST_F(watermarks, a_new_one_names_nothing_and_is_whole) {
    ASSERT_TRUE(marks_.create(path_));
    EXPECT_EQ(std::filesystem::file_size(path_), 8192u);
    EXPECT_FALSE(std::filesystem::exists(path_ + ".new"));
    EXPECT_TRUE(reopen());
    EXPECT_FALSE(marks_.names_a_log());
}

TEST_F(watermarks, the_bytes_are_as_drawn) {
    ASSERT_TRUE(marks_.create(path_));
    begin("000003.log", "");
    // The third slot written lies in the second place.
    const auto slot = testing::bytes_of(path_).substr(4096);
    EXPECT_EQ(slot.substr(0, 28), std::string("csmtwm1\n\0\0\0\0\0\0\0\3\1\x0a"
                                              "000003.log",
                                              28));
    EXPECT_EQ(slot.substr(28, 4064), std::string(4064, '\0'));
    EXPECT_TRUE(marks_.names_a_log());
}

TEST_F(watermarks, a_named_file_must_be_there_until_it_is_dropped) {
    ASSERT_TRUE(marks_.create(path_));
    begin("000003.log", "");
    EXPECT_TRUE(reopen());
    std::filesystem::remove(database_ + "/000003.log");
    EXPECT_EQ(refusal(), errc::corrupt);
    ASSERT_TRUE(marks_.dropped("000003.log"));
    EXPECT_TRUE(reopen());
}

TEST_F(watermarks, what_is_synced_is_written_when_the_lag_is_reached_or_it_is_asked_to) {
    ASSERT_TRUE(marks_.create(path_));
    begin("000003.log", "");
    ASSERT_TRUE(marks_.synced("000003.log", watermark_lag_bytes_max - 1));
    EXPECT_TRUE(reopen()) << "not written yet";
    ASSERT_TRUE(marks_.synced("000003.log", watermark_lag_bytes_max));
    EXPECT_EQ(refusal(), errc::corrupt) << "the file is shorter";
    EXPECT_NE(reopen().error().message().find("lost history: 0 bytes of 1048576"),
              std::string::npos);
    ASSERT_TRUE(marks_.synced("000003.log", 5)) << "never goes back";
    ASSERT_TRUE(marks_.flush());
    EXPECT_EQ(refusal(), errc::corrupt);
    ASSERT_TRUE(marks_.synced("unknown.log", 7)) << "of a file that it was not told of";
    ASSERT_TRUE(marks_.dropped("000003.log"));
    EXPECT_TRUE(reopen());
}

TEST_F(watermarks, one_slot_that_is_whole_is_enough) {
    ASSERT_TRUE(marks_.create(path_));
    begin("000003.log", "");
    begin("000005.log", "");
    const auto whole = testing::bytes_of(path_);
    for (const std::size_t at : {0u, 4096u}) {
        for (std::size_t n = 0; n < 4096; n += 5) {
            auto bytes = whole;
            bytes[at + n] ^= 0x10;
            testing::write_bytes(path_, bytes);
            ASSERT_TRUE(reopen()) << at + n;
            bytes[4096 - at + (n * 7) % 4096] ^= 1;
            testing::write_bytes(path_, bytes);
            ASSERT_EQ(refusal(), errc::corrupt) << at + n;
        }
    }
}

TEST_F(watermarks, once_flushed_either_slot_says_it_all) {
    ASSERT_TRUE(marks_.create(path_));
    begin("000003.log", "no record at all");
    ASSERT_TRUE(marks_.synced("000003.log", 16));
    EXPECT_TRUE(reopen()) << "not written yet";
    ASSERT_TRUE(marks_.flush());
    const auto whole = testing::bytes_of(path_);
    for (const std::size_t at : {0u, 4096u}) {
        auto bytes = whole;
        bytes[at + 20] ^= 0x10;
        testing::write_bytes(path_, bytes);
        EXPECT_EQ(refusal(), errc::corrupt) << "the log is not whole, and no slot forgets it";
    }
}

TEST_F(watermarks, more_logs_than_fit_are_an_error_and_harm_nothing) {
    ASSERT_TRUE(marks_.create(path_));
    std::filesystem::create_directories(database_);
    int named = 0;
    for (;; ++named) {
        const auto log = std::to_string(100000 + named) + ".log";
        testing::write_bytes(database_ + "/" + log, "");
        if (const auto r = marks_.begun(log); !r) {
            EXPECT_EQ(r.error().code(), errc::too_big);
            break;
        }
        ASSERT_LT(named, 1000);
    }
    EXPECT_GT(named, 100);
    EXPECT_TRUE(reopen());
}

// --- logs --------------------------------------------------------------------------------------

/// A log as LevelDB itself writes it: records of many sizes, over several blocks.
class logs : public ::testing::Test {
protected:
    void SetUp() override {
        leveldb::Options how;
        how.create_if_missing = true;
        leveldb::DB* opened = nullptr;
        ASSERT_TRUE(leveldb::DB::Open(how, database_, &opened).ok());
        const std::unique_ptr<leveldb::DB> db{opened};
        // One that spans blocks, and one that leaves a block too little for a header.
        std::size_t n = 0;
        for (const std::size_t bytes : {10u, 500u, 40'000u, 3u, 0u}) put(*db, n++, bytes);
        fill_block_to(*db, n++, 3);
        for (const std::size_t bytes : {100u, 9'000u, 200u, 17u}) put(*db, n++, bytes);
        log_ = bytes_now();
        ASSERT_GT(log_.size(), 2 * block + 9'000);
    }
    void put(leveldb::DB& db, std::size_t n, std::size_t bytes) {
        ASSERT_TRUE(db.Put({}, testing::numbered_key(n), std::string(bytes, 'v')).ok());
        ends_.push_back(bytes_now().size());
    }
    /// A record that ends `left` bytes before the end of its block.
    void fill_block_to(leveldb::DB& db, std::size_t n, std::size_t left) {
        // Header 7, batch header 12, tag 1, key 1 + 12, length 3 (for 16 KiB and above).
        const std::size_t at = bytes_now().size() % block, around = 7 + 12 + 1 + 13 + 3;
        ASSERT_GT(block - at, 16'384 + around + left);
        put(db, n, block - at - around - left);
        ASSERT_EQ(block - bytes_now().size() % block, left);
    }
    [[nodiscard]] std::string bytes_now() const {
        for (const auto& f : testing::files_of(database_))
            if (f.ends_with(".log")) return testing::bytes_of(database_ + "/" + f);
        return {};
    }
    [[nodiscard]] bool is_whole(const std::string& bytes, std::size_t end) const {
        testing::write_bytes(file_, bytes);
        const auto r = check_log(file_, end);
        if (!r) {
            EXPECT_EQ(r.error().code(), errc::corrupt);
        }
        return r.has_value();
    }
    /// The size after a cut.
    [[nodiscard]] std::size_t cut(const std::string& bytes) const {
        testing::write_bytes(file_, bytes);
        EXPECT_TRUE(cut_torn_tail(file_));
        return std::filesystem::file_size(file_);
    }
    /// Where the last commit ends that is whole within `size` bytes.
    [[nodiscard]] std::size_t commits_end(std::size_t size) const {
        std::size_t end = 0;
        for (const auto e : ends_)
            if (e <= size) end = e;
        return end;
    }

    testing::temporary_directory directory_;
    std::string database_ = directory_ / "db", file_ = directory_ / "file.log";
    std::string log_;
    std::vector<std::size_t> ends_;
};

TEST_F(logs, what_leveldb_wrote_is_whole) {
    EXPECT_TRUE(is_whole(log_, log_.size()));
    EXPECT_TRUE(is_whole(log_, 0));
    EXPECT_TRUE(is_whole("", 0));
    for (const auto end : ends_) EXPECT_TRUE(is_whole(log_.substr(0, end), end));
    EXPECT_TRUE(is_whole(log_ + "beyond the mark", log_.size()));
    EXPECT_TRUE(is_whole(log_ + std::string(100, '\0'), log_.size()));
}

TEST_F(logs, what_is_cut_is_found) {
    for (std::size_t size = 0; size < log_.size(); size += 1 + size / 100)
        EXPECT_FALSE(is_whole(log_.substr(0, size), log_.size())) << size;
    EXPECT_FALSE(is_whole(log_, log_.size() + 1));
    EXPECT_FALSE(is_whole("", 1));
    // A mark may lie behind the unused end of a block, which then belongs to it.
    for (const auto edge : {block, 2 * block, log_.size()}) {
        EXPECT_TRUE(is_whole(log_.substr(0, edge), edge)) << edge;
        for (std::size_t n = 1; n <= 8; ++n)
            EXPECT_FALSE(is_whole(log_.substr(0, edge - n), edge)) << edge - n;
    }
}

TEST_F(logs, every_flip_is_found) {
    // The three bytes before the end of a block hold no record: nobody reads them.
    const auto in_trailer = [&](std::size_t at) {
        return at % block >= block - 3 && at < 2 * block &&
               std::find(ends_.begin(), ends_.end(), at - at % block + block - 3) != ends_.end();
    };
    std::size_t passed = 0, flipped = 0;
    const auto flip = [&](std::size_t at) {
        auto bytes = log_;
        bytes[at] = static_cast<char>(bytes[at] ^ (1u << at % 8));
        ++flipped;
        if (is_whole(bytes, log_.size())) {
            EXPECT_TRUE(in_trailer(at)) << at;
            ++passed;
        }
    };
    for (std::size_t at = 0; at < log_.size(); at += 41) flip(at);
    // Around the ends of blocks and of commits each byte: headers, lengths and types lie there.
    std::vector<std::size_t> edges{block, 2 * block, log_.size()};
    edges.insert(edges.end(), ends_.begin(), ends_.end());
    for (const auto edge : edges)
        for (std::size_t at = edge - std::min<std::size_t>(edge, 12);
             at < std::min(edge + 24, log_.size()); ++at)
            flip(at);
    EXPECT_GT(flipped, 1500u);
    EXPECT_LE(passed, 9u);
}

TEST_F(logs, a_torn_tail_is_cut_to_what_is_whole) {
    EXPECT_EQ(cut(log_), log_.size());
    EXPECT_EQ(cut(log_ + std::string(70'000, '\0')), log_.size()) << "the reserved rest";
    EXPECT_EQ(cut(std::string(70'000, '\0')), 0u);
    // Torn at any place, with zeros behind it as a mapped log has them, or with nothing.
    for (std::size_t at = 1; at < log_.size(); at += 1 + at / 50) {
        for (const std::size_t reserved : {std::size_t{0}, std::size_t{1} << 17}) {
            const auto kept = cut(log_.substr(0, at) + std::string(reserved, '\0'));
            EXPECT_LE(kept, std::max(at, reserved == 0 ? 0 : commits_end(at + 3))) << at;
            EXPECT_GE(kept, commits_end(at)) << at;
            EXPECT_TRUE(check_log(file_, commits_end(at))) << at;
        }
    }
}

TEST_F(logs, damage_in_the_middle_is_no_torn_tail) {
    // Before the last commit: a whole record follows, so this was no writer's death.
    const auto last = ends_[ends_.size() - 2];
    for (std::size_t at = 0; at + 1 < last; at += 97) {
        auto bytes = log_;
        bytes[at] = static_cast<char>(bytes[at] ^ 0x20);
        EXPECT_EQ(cut(bytes), log_.size()) << at;
        EXPECT_EQ(cut(bytes + std::string(5000, '\0')), log_.size() + 5000) << at;
    }
}

}  // namespace
}  // namespace casement::engine::watermark_test
