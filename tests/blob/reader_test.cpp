#include <casement/blob/reader.hpp>

#include <gtest/gtest.h>

#include "blob/blob_files.hpp"

namespace casement::testing::reader_test {
namespace {

using blob::descriptor;

TEST(blob_reader, opens_nothing_before_bytes_are_asked_for) {
    temporary_directory here;
    scripted disk;
    auto files = open_files(here, disk);
    const auto blob = put(files, payload_of(5000));
    ASSERT_TRUE(blob);
    disk.follow().restart();
    auto reader = files.reader(blob->what, blob->sums);
    EXPECT_EQ(reader.size(), 5000u);
    EXPECT_TRUE(disk.follow().calls().empty());
    std::string out(10, '?');
    ASSERT_TRUE(reader.read_at(0, out));
    ASSERT_TRUE(reader.read_at(20, out));
    EXPECT_EQ(disk.follow().count("open"), 1u);
}

TEST(blob_reader, streams_what_is_larger_than_its_memory) {
    temporary_directory here;
    auto files = open_files(here);
    const auto payload = payload_of(3 * piece_size + 12345);
    const auto blob = put(files, payload, 100'000);
    ASSERT_TRUE(blob);
    auto reader = files.reader(blob->what, blob->sums);
    sha256 hasher;
    std::vector<std::size_t> pieces;
    ASSERT_TRUE(reader.for_each_piece([&](std::string_view piece) -> result<void> {
        pieces.push_back(piece.size());
        hasher.update(piece);
        return {};
    }));
    EXPECT_EQ(hasher.finish(), blob->what.content);
    std::vector<std::size_t> chunks(3 * piece_size / chunk_size, chunk_size);
    chunks.push_back(12345);
    EXPECT_EQ(pieces, chunks);
}

TEST(blob_reader, ends_with_the_sinks_error) {
    temporary_directory here;
    auto files = open_files(here);
    const auto blob = put(files, payload_of(3 * piece_size));
    auto reader = files.reader(blob->what, blob->sums);
    int pieces = 0;
    const auto ended = reader.for_each_piece([&](std::string_view) -> result<void> {
        if (++pieces == 2) return fail(errc::cancelled, "copy", "song");
        return {};
    });
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code(), errc::cancelled);
    EXPECT_EQ(pieces, 2);
}

TEST(blob_reader, refuses_sums_that_are_not_the_blobs) {
    temporary_directory here;
    auto files = open_files(here);
    const auto blob = put(files, payload_of(2 * chunk_size));
    auto wrong = blob->sums;
    wrong[1] ^= 1;
    std::string out(10, '?');
    EXPECT_EQ(files.read(blob->what, wrong, 0, out).error().code(), errc::corrupt);
    EXPECT_EQ(files.read(blob->what, {}, 0, out).error().code(), errc::corrupt);
}

TEST(blob_reader, reads_what_compaction_moved) {
    temporary_directory here;
    auto files = open_files(here);
    const auto payload = payload_of(500);
    const auto before = put(files, payload), after = put(files, payload);
    ASSERT_TRUE(before && after);
    auto moved = before->what;
    moved.position = after->what.position;
    std::string out(500, '?');
    EXPECT_EQ(files.read(moved, {}, 0, out).error().code(), errc::corrupt)
        << "another blob's frame";
    moved.id = after->what.id;
    EXPECT_EQ(files.read(moved, {}, 0, out), 500u);
    EXPECT_EQ(out, payload);
}

TEST(blob_reader, what_lies_in_no_file_is_illegal) {
    temporary_directory here;
    auto files = open_files(here);
    const auto inline_one = put(files, "row");
    std::string out(10, '?');
    EXPECT_EQ(files.read(inline_one->what, {}, 0, out).error().code(), errc::illegal);
    auto reader = files.reader(inline_one->what, {});
    const auto nothing = [](std::string_view) -> result<void> { return {}; };
    EXPECT_EQ(reader.for_each_piece(nothing).error().code(), errc::illegal);
    EXPECT_EQ(files.read(blob::external_descriptor("x:"), {}, 0, out).error().code(),
              errc::illegal);
}

TEST(blob_reader, a_file_that_is_gone_is_not_found) {
    temporary_directory here;
    auto files = open_files(here);
    for (const std::size_t size : {500u, 5000u}) {
        const auto blob = put(files, payload_of(size));
        for (const auto& path : files_below(here.path())) std::filesystem::remove(path);
        EXPECT_EQ(get(files, *blob).error().code(), errc::not_found);
    }
}

// Every byte of a frame, of the pack's header and of a Dedicated file (SPEC T7).
TEST(blob_reader, sees_every_flipped_byte_and_every_truncation) {
    for (const std::size_t size : {300u, 1500u}) {
        temporary_directory here;
        const auto blob = [&] {
            auto files = open_files(here);
            return put(files, payload_of(size)).value();
        }();
        const auto path = files_below(here.path()).front();
        const auto whole = bytes_of(path);
        const auto read_of = [&](const std::string& bytes) {
            overwrite(path, bytes);
            auto files = open_files(here);
            return get(files, blob);
        };
        EXPECT_EQ(read_of(whole), payload_of(size));
        for (std::size_t at = 0; at < whole.size(); ++at) {
            auto flipped = whole;
            flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
            const auto read = read_of(flipped);
            ASSERT_FALSE(read) << at << " of " << size;
            EXPECT_EQ(read.error().code(), errc::corrupt);
            EXPECT_EQ(read.error().causes().back().subject, path);
            const auto cut = read_of(whole.substr(0, at));
            ASSERT_FALSE(cut) << at << " of " << size;
            EXPECT_EQ(cut.error().code(), errc::corrupt);
        }
    }
}

}  // namespace
}  // namespace casement::testing::reader_test
