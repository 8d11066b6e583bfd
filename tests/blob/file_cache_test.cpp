#include <casement/blob/file_cache.hpp>

#include <thread>

#include <gtest/gtest.h>

#include "blob/blob_files.hpp"

namespace casement::testing::file_cache_test {
namespace {

using blob::blob_id;
using blob::pack_id;

struct file_cache_test : ::testing::Test {
    temporary_directory here;
    scripted disk;
    blob::layout where{here.path().string()};
    blob::file_cache<scripted> cache{disk, where, 3};

    void SetUp() override {
        std::filesystem::create_directories(where.shelf(0));
        std::filesystem::create_directories(where.packs());
        for (std::uint64_t id = 0; id < 10; ++id)
            overwrite(where.file_of(blob_id{id}), std::to_string(id));
    }
    std::string text_of(std::uint64_t id) {
        auto pin = cache.find(blob_id{id});
        if (!pin) return pin.error().message();
        std::string text(1, '?');
        EXPECT_EQ((*pin)->file.read_at(0, text), 1u);
        return text;
    }
    std::size_t opened() { return disk.follow().count("open"); }
};

TEST_F(file_cache_test, opens_a_file_once) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(text_of(1), "1");
    EXPECT_EQ(opened(), 1u);
}

TEST_F(file_cache_test, keeps_the_last_used_and_no_more_than_it_may) {
    for (const std::uint64_t id : {1, 2, 3, 1, 4}) EXPECT_EQ(text_of(id), std::to_string(id));
    EXPECT_EQ(cache.size(), 3u);
    EXPECT_EQ(opened(), 4u);
    (void)text_of(1);
    EXPECT_EQ(opened(), 4u);
    (void)text_of(2);
    EXPECT_EQ(opened(), 5u) << "2 was the longest unused";
}

TEST_F(file_cache_test, who_reads_a_file_keeps_it_open) {
    const auto pin = cache.find(blob_id{1});
    ASSERT_TRUE(pin);
    cache.forget(blob_id{1});
    for (const std::uint64_t id : {2, 3, 4, 5}) (void)text_of(id);
    std::filesystem::remove(where.file_of(blob_id{1}));
    std::string text(1, '?');
    EXPECT_EQ((*pin)->file.read_at(0, text), 1u);
    EXPECT_EQ(text, "1");
    EXPECT_FALSE(cache.find(blob_id{1}));
}

TEST_F(file_cache_test, forgets_what_it_does_not_know) {
    cache.forget(blob_id{1});
    cache.forget(pack_id{1});
    EXPECT_EQ(cache.size(), 0u);
}

TEST_F(file_cache_test, a_blob_and_a_pack_of_one_number_are_two) {
    overwrite(where.file_of(pack_id{1}), blob::encode_pack_header({{1}, 42}));
    EXPECT_EQ(text_of(1), "1");
    const auto pack = cache.find(pack_id{1});
    ASSERT_TRUE(pack);
    EXPECT_EQ((*pack)->magic, 42u);
    EXPECT_EQ(cache.size(), 2u);
}

TEST_F(file_cache_test, a_pack_of_another_number_is_corrupt) {
    overwrite(where.file_of(pack_id{1}), blob::encode_pack_header({{2}, 42}));
    EXPECT_EQ(cache.find(pack_id{1}).error().code(), errc::corrupt);
    EXPECT_EQ(cache.size(), 0u) << "what failed is not kept";
}

TEST_F(file_cache_test, serves_many_threads) {
    std::vector<std::jthread> readers;
    for (int t = 0; t < 4; ++t)
        readers.emplace_back([&, t] {
            for (unsigned i = 0; i < 500; ++i) {
                const auto id = (i * 7 + static_cast<unsigned>(t)) % 10;
                EXPECT_EQ(text_of(id), std::to_string(id));
                if (i % 50 == 0) cache.forget(blob_id{id});
            }
        });
    readers.clear();
    EXPECT_LE(cache.size(), 3u);
}

}  // namespace
}  // namespace casement::testing::file_cache_test
