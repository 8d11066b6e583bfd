// Views: a blob's bytes as memory, wherever they lie, for as long as somebody holds them.

#include <casement/blob/view.hpp>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "blob/blob_files.hpp"

namespace casement::testing::view_test {
namespace {

template <class Files>
auto view_of(Files& files, const kept& blob) {
    return files.reader(blob.what, blob.sums).view();
}

const std::size_t sizes[] = {500, 999, 5000, chunk_size, 3 * piece_size + 17};

TEST(view, has_the_bytes_where_they_lie) {
    temporary_directory here;
    auto files = open_files(here);
    for (const auto size : sizes) {
        const auto blob = put(files, payload_of(size));
        auto view = view_of(files, *blob);
        ASSERT_TRUE(view) << view.error().message();
        EXPECT_TRUE(view->is_mapped());
        EXPECT_TRUE(view->bytes() == payload_of(size));
        auto moved = *std::move(view);
        EXPECT_EQ(moved.size(), size);
        EXPECT_TRUE(moved.bytes() == payload_of(size));
    }
}

TEST(view, is_read_where_nothing_is_mapped) {
    static_assert(!blob::mappable_file<scripted::file>);
    temporary_directory here;
    auto files = open_files(here, scripted{});
    for (const auto size : {500u, 5000u}) {
        const auto blob = put(files, payload_of(size));
        auto view = view_of(files, *blob);
        ASSERT_TRUE(view) << view.error().message();
        EXPECT_FALSE(view->is_mapped());
        EXPECT_EQ(view->bytes(), payload_of(size));
    }
}

TEST(view, outlives_the_name_and_the_reader) {
    temporary_directory here;
    auto files = open_files(here);
    std::vector<blob::blob_view<blob::posix_file_system>> views;
    for (const auto size : sizes) views.push_back(*view_of(files, *put(files, payload_of(size))));
    for (const auto& path : files_below(here.path())) std::filesystem::remove(path);
    for (std::size_t i = 0; i < views.size(); ++i)
        EXPECT_TRUE(views[i].bytes() == payload_of(sizes[i]));
}

TEST(view, is_never_of_other_bytes) {
    for (const auto size : {500ul, 5000ul, 2 * chunk_size + 9, 9 * chunk_size + 9}) {
        for (const auto at : {0ul, size / 2, size - 1}) {
            temporary_directory here;
            auto files = open_files(here);
            const auto blob = put(files, payload_of(size));
            const auto path = files_below(here.path()).front();
            auto bytes = bytes_of(path);
            const auto base =
                bytes.size() >= size + 100 ? bytes.find(payload_of(size).substr(0, 8)) : 0;
            bytes[base + at] ^= 1;
            overwrite(path, bytes);
            EXPECT_EQ(view_of(files, *blob).error().code(), errc::corrupt) << size << " " << at;
            overwrite(path, bytes.substr(0, base + size - 1));
            auto again = open_files(here);
            EXPECT_EQ(view_of(again, *blob).error().code(), errc::corrupt)
                << "what lies beyond the end would be a fault";
        }
    }
}

TEST(view, of_a_link_is_a_copy) {
    temporary_directory here, elsewhere;
    auto files = open_files(here);
    overwrite(elsewhere / "f", payload_of(5000));
    const auto link = files.link(blob::file_uri(elsewhere / "f"));
    ASSERT_TRUE(link);
    auto view = files.reader(link->what, link->sums).view();
    ASSERT_TRUE(view);
    EXPECT_FALSE(view->is_mapped());
    std::filesystem::resize_file(elsewhere / "f", 10);
    EXPECT_EQ(view->bytes(), payload_of(5000));
}

TEST(view, is_read_by_many) {
    temporary_directory here;
    auto files = open_files(here);
    const auto view = *view_of(files, *put(files, payload_of(1 << 20)));
    std::vector<std::thread> readers;
    for (int i = 0; i < 4; ++i)
        readers.emplace_back([&] { EXPECT_TRUE(view.bytes() == payload_of(1 << 20)); });
    for (auto& r : readers) r.join();
}

}  // namespace
}  // namespace casement::testing::view_test
