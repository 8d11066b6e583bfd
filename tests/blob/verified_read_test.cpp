#include <casement/blob/verified_read.hpp>

#include <gtest/gtest.h>

#include <casement/check/stage.hpp>

#include "blob/blob_files.hpp"
#include "support/property.hpp"

namespace casement::testing::verified_read_test {
namespace {

using blob::descriptor;

/// A file whose payload begins at offset 100.
class payload_in_file : public ::testing::Test {
protected:
    explicit payload_in_file(std::size_t size) : payload_{payload_of(size)} {}
    void SetUp() override {
        blob::payload_hasher hasher;
        hasher.take(payload_);
        sums_ = hasher.finish().sums;
        what_.size = payload_.size();
        what_.check = blob::check_of(sums_);
        write(payload_);
    }
    void write(const std::string& payload) { overwrite(path_, std::string(base_, '-') + payload); }

    result<std::string> read(std::uint64_t offset, std::size_t length) {
        auto file = fs_.open(path_);
        std::string out(length, '?');
        auto n = blob::read_verified(*file, base_, what_, sums_, offset, out);
        if (!n) return passed(n);
        return out.substr(0, *n);
    }

    static constexpr std::uint64_t base_ = 100;
    temporary_directory here_;
    const std::string path_ = here_ / "file";
    blob::posix_file_system fs_;
    const std::string payload_;
    blob::chunk_sums sums_;
    descriptor what_;
};

struct three_chunks : payload_in_file {  // and a bit
    three_chunks() : payload_in_file{3 * chunk_size + 17} {}
};

static_assert(blob::is_worth_two<blob::posix_file>(blob::worth_reading_beside));
static_assert(!blob::is_worth_two<blob::posix_file>(blob::worth_reading_beside - 1));
// A turn of the explorer is a fiber, which no other thread may go on with.
static_assert(!blob::is_worth_two<check::staged_disk::file>(blob::worth_reading_beside));

struct many_chunks : payload_in_file {  // which two threads read
    many_chunks() : payload_in_file{blob::worth_reading_beside + 4 * chunk_size + 17} {}
};

TEST_F(many_chunks, any_range_is_that_of_the_payload) {
    for (const std::size_t from : {std::size_t{0}, std::size_t{1}, chunk_size - 1, chunk_size})
        for (const std::size_t less :
             {std::size_t{0}, std::size_t{16}, std::size_t{17}, std::size_t{18}, 2 * chunk_size}) {
            const auto length = payload_.size() - from - less;
            ASSERT_GE(length, blob::worth_reading_beside);
            EXPECT_TRUE(read(from, length).value() == payload_.substr(from, length))
                << from << " " << less;
        }
}

TEST_F(many_chunks, the_first_damage_is_told) {
    for (const std::size_t first : {0, 1, 7, 11}) {
        auto damaged = payload_;
        damaged[first * chunk_size + 3] ^= 1;
        damaged[11 * chunk_size + 3] ^= 2;
        write(damaged);
        const auto failed = read(0, payload_.size());
        ASSERT_FALSE(failed) << first;
        EXPECT_NE(failed.error().message().find("chunk at " +
                                                std::to_string(base_ + first * chunk_size) + ":"),
                  std::string::npos)
            << failed.error().message();
    }
}

TEST_F(three_chunks, any_range_is_that_of_the_payload) {
    law("read(offset, length)", [&] {
        const auto place = [&] {
            const auto around = *rc::gen::element<std::size_t>(0, chunk_size, 2 * chunk_size,
                                                               3 * chunk_size, payload_.size());
            return around + *rc::gen::inRange<std::size_t>(0, 3) - std::min<std::size_t>(around, 1);
        };
        const auto a = place(), b = place();
        const auto [from, to] = std::minmax(a, b);
        const auto expected =
            from < payload_.size() ? payload_.substr(from, to - from) : std::string{};
        RC_ASSERT(read(from, to - from).value() == expected);
    });
}

TEST_F(three_chunks, a_range_reads_only_the_chunks_it_touches) {
    auto damaged = payload_;
    damaged[chunk_size + 5] ^= 1;
    write(damaged);
    EXPECT_TRUE(read(0, chunk_size));
    EXPECT_TRUE(read(2 * chunk_size, chunk_size + 17));
    EXPECT_EQ(read(chunk_size - 1, 1), payload_.substr(chunk_size - 1, 1));
    EXPECT_EQ(read(chunk_size + 5, 0), "") << "an empty range touches none";
    for (const auto& [offset, length] : {std::pair{chunk_size - 1, std::size_t{2}},
                                         {chunk_size, 1},
                                         {2 * chunk_size - 1, 1},
                                         {0, payload_.size()}})
        EXPECT_EQ(read(offset, length).error().code(), errc::corrupt) << offset;
}

TEST_F(three_chunks, damage_is_told_with_its_place) {
    auto damaged = payload_;
    damaged[2 * chunk_size] ^= 1;
    write(damaged);
    const auto failed = read(0, payload_.size());
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message(), "read blob '" + path_ + "': chunk at " +
                                            std::to_string(base_ + 2 * chunk_size) +
                                            ": its bytes do not have their checksum");
    write(payload_.substr(0, chunk_size + 3));
    EXPECT_EQ(read(chunk_size, 1).error().message(), "read blob '" + path_ + "': chunk at " +
                                                         std::to_string(base_ + chunk_size) +
                                                         ": the file ends after 3 of 262144 bytes");
}

TEST_F(three_chunks, a_swap_of_two_chunks_is_damage) {
    write(payload_.substr(chunk_size, chunk_size) + payload_.substr(0, chunk_size) +
          payload_.substr(2 * chunk_size));
    EXPECT_EQ(read(0, 1).error().code(), errc::corrupt);
    EXPECT_TRUE(read(2 * chunk_size, 1));
}

TEST_F(three_chunks, a_disk_error_is_passed_on) {
    scripted disk;
    auto file = disk.open(path_);
    disk.follow().restart();
    disk.follow().number = 5;
    disk.follow().fail_at = 0;
    std::string out(10, '?');
    const auto failed = blob::read_verified(*file, base_, what_, sums_, 0, out);
    EXPECT_EQ(failed.error().system(), 5);
    EXPECT_EQ(failed.error().code(), errc::io);
}

}  // namespace
}  // namespace casement::testing::verified_read_test
