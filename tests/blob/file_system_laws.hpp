#pragma once
// The laws of the concept `file_system`, for any model of it: instantiate with a
// default-constructible file system that works in a real directory, or with a simulated one of
// which "/tmp" exists.
//
//     INSTANTIATE_TYPED_TEST_SUITE_P(posix, file_system_laws, blob::posix_file_system);

#include <array>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <casement/blob/file_system.hpp>
#include "support/temporary.hpp"

namespace casement::testing {

template <blob::file_system FS>
class file_system_laws : public ::testing::Test {
public:
    FS fs;
    temporary_directory here;

    std::string text_of(const std::string& path) {
        auto file = fs.open(path);
        if (!file) return "(" + file.error().message() + ")";
        std::string text(100, '?');
        const auto n = file->read_at(0, text);
        if (!n) return "(" + n.error().message() + ")";
        return text.substr(0, *n);
    }

    void make(const std::string& path, std::string_view text) {
        auto file = fs.create(path);
        ASSERT_TRUE(file) << file.error().message();
        ASSERT_TRUE(file->write_at(0, text));
        ASSERT_TRUE(file->close());
    }
};

TYPED_TEST_SUITE_P(file_system_laws);

TYPED_TEST_P(file_system_laws, what_is_written_is_read) {
    auto file = this->fs.create(this->here / "a");
    ASSERT_TRUE(file) << file.error().message();
    EXPECT_EQ(file->path(), this->here / "a");
    ASSERT_TRUE(file->write_at(0, "hello"));
    ASSERT_TRUE(file->write_at(5, " world"));
    ASSERT_TRUE(file->write_at(0, "J"));
    std::array<char, 11> raw{};
    EXPECT_EQ(file->read_at(0, raw), raw.size());
    EXPECT_EQ(std::string(raw.data(), raw.size()), "Jello world");
    EXPECT_EQ(file->size(), 11u);
    ASSERT_TRUE(file->close());
    EXPECT_EQ(this->text_of(this->here / "a"), "Jello world");
}

TYPED_TEST_P(file_system_laws, a_read_ends_where_the_file_does) {
    this->make(this->here / "a", "0123456789");
    auto file = this->fs.open(this->here / "a");
    ASSERT_TRUE(file);
    std::array<char, 8> raw{};
    EXPECT_EQ(file->read_at(4, raw), 6u);
    EXPECT_EQ(std::string(raw.data(), 6), "456789");
    EXPECT_EQ(file->read_at(10, raw), 0u);
    EXPECT_EQ(file->read_at(1000, raw), 0u);
    EXPECT_EQ(file->read_at(0, {}), 0u);
}

TYPED_TEST_P(file_system_laws, a_hole_reads_as_zeros) {
    auto file = this->fs.create(this->here / "a");
    ASSERT_TRUE(file && file->write_at(3, "x"));
    EXPECT_EQ(file->size(), 4u);
    std::array<char, 4> raw{'?', '?', '?', '?'};
    EXPECT_EQ(file->read_at(0, raw), 4u);
    EXPECT_EQ(std::string(raw.data(), 4), (std::string{'\0', '\0', '\0', 'x'}));
}

TYPED_TEST_P(file_system_laws, create_never_takes_a_name_over) {
    this->make(this->here / "a", "first");
    const auto again = this->fs.create(this->here / "a");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), errc::exists);
    EXPECT_EQ(this->text_of(this->here / "a"), "first");
}

TYPED_TEST_P(file_system_laws, what_is_not_there_is_not_found) {
    EXPECT_EQ(this->fs.open(this->here / "a").error().code(), errc::not_found);
    EXPECT_EQ(this->fs.look(this->here / "a").error().code(), errc::not_found);
    EXPECT_EQ(this->fs.list(this->here / "a").error().code(), errc::not_found);
    EXPECT_EQ(this->fs.remove(this->here / "a").error().code(), errc::not_found);
    EXPECT_EQ(this->fs.rename(this->here / "a", this->here / "b").error().code(), errc::not_found);
    EXPECT_EQ(this->fs.create(this->here / "no/a").error().code(), errc::not_found);
    EXPECT_EQ(this->fs.make_directory(this->here / "no/a").error().code(), errc::not_found);
    EXPECT_EQ(this->fs.sync_directory(this->here / "no").error().code(), errc::not_found);
}

TYPED_TEST_P(file_system_laws, an_error_names_the_path_and_the_errno) {
    const auto failed = this->fs.open(this->here / "a");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().causes().back().subject, this->here / "a");
    EXPECT_NE(failed.error().system(), 0);
}

TYPED_TEST_P(file_system_laws, a_list_is_sorted_and_whole) {
    EXPECT_EQ(this->fs.list(this->here / ""), std::vector<std::string>{});
    for (const auto* name : {"c", "a", "b#1"}) this->make(this->here / name, "");
    ASSERT_TRUE(this->fs.make_directory(this->here / "B"));
    EXPECT_EQ(this->fs.list(this->here / ""), (std::vector<std::string>{"B", "a", "b#1", "c"}));
}

TYPED_TEST_P(file_system_laws, look_tells_kind_and_size) {
    this->make(this->here / "a", "12345");
    ASSERT_TRUE(this->fs.make_directory(this->here / "d"));
    EXPECT_EQ(this->fs.look(this->here / "a"), (blob::entry{blob::entry_kind::file, 5}));
    EXPECT_EQ(this->fs.look(this->here / "d"), (blob::entry{blob::entry_kind::directory, 0}));
}

TYPED_TEST_P(file_system_laws, a_directory_is_made_once) {
    ASSERT_TRUE(this->fs.make_directory(this->here / "d"));
    EXPECT_EQ(this->fs.make_directory(this->here / "d").error().code(), errc::exists);
    EXPECT_TRUE(this->fs.sync_directory(this->here / "d"));
    EXPECT_FALSE(this->fs.remove(this->here / "d"));
    EXPECT_TRUE(this->fs.look(this->here / "d"));
}

TYPED_TEST_P(file_system_laws, who_has_a_file_open_reads_on_after_its_removal) {
    this->make(this->here / "a", "still here");
    auto file = this->fs.open(this->here / "a");
    ASSERT_TRUE(file);
    ASSERT_TRUE(this->fs.remove(this->here / "a"));
    EXPECT_EQ(this->fs.look(this->here / "a").error().code(), errc::not_found);
    std::array<char, 10> raw{};
    EXPECT_EQ(file->read_at(0, raw), 10u);
    EXPECT_EQ(file->size(), 10u);
    this->make(this->here / "a", "the name is free");
}

TYPED_TEST_P(file_system_laws, rename_replaces) {
    this->make(this->here / "a", "new");
    this->make(this->here / "b", "old");
    ASSERT_TRUE(this->fs.rename(this->here / "a", this->here / "b"));
    EXPECT_EQ(this->text_of(this->here / "b"), "new");
    EXPECT_EQ(this->fs.look(this->here / "a").error().code(), errc::not_found);
}

TYPED_TEST_P(file_system_laws, a_link_is_the_same_file_or_nothing) {
    this->make(this->here / "a", "text");
    this->make(this->here / "taken", "other");
    const auto linked = this->fs.link(this->here / "a", this->here / "b");
    ASSERT_TRUE(linked) << linked.error().message();
    if (!*linked) {
        EXPECT_EQ(this->fs.look(this->here / "b").error().code(), errc::not_found);
        return;
    }
    EXPECT_EQ(this->fs.link(this->here / "a", this->here / "taken").error().code(), errc::exists);
    EXPECT_EQ(this->text_of(this->here / "taken"), "other");
    EXPECT_EQ(this->fs.link(this->here / "no", this->here / "c").error().code(), errc::not_found);
    ASSERT_TRUE(this->fs.remove(this->here / "a"));
    EXPECT_EQ(this->text_of(this->here / "b"), "text");
}

TYPED_TEST_P(file_system_laws, a_punched_range_is_zeros_or_as_it_was) {
    constexpr std::size_t block = 64 << 10;  // no file system here has larger ones
    this->make(this->here / "a", std::string(4 * block, 'x'));
    const auto before = this->fs.allocated(this->here / "a");
    ASSERT_TRUE(before);
    const std::array<blob::byte_range, 2> ranges{{{block, block}, {3 * block, 5}}};
    const auto punched = this->fs.punch(this->here / "a", ranges);
    ASSERT_TRUE(punched) << punched.error().message();
    auto file = this->fs.open(this->here / "a");
    ASSERT_TRUE(file);
    EXPECT_EQ(file->size(), 4 * block);
    std::string all(4 * block, '?');
    ASSERT_EQ(file->read_at(0, all), all.size());
    std::string expected(4 * block, 'x');
    if (*punched)
        for (const auto& r : ranges) expected.replace(r.offset, r.length, r.length, '\0');
    EXPECT_TRUE(all == expected);
    const auto after = this->fs.allocated(this->here / "a");
    ASSERT_TRUE(after);
    EXPECT_LE(*after, *before - (*punched ? block : 0));
    EXPECT_EQ(this->fs.punch(this->here / "no", ranges).error().code(), errc::not_found);
    EXPECT_EQ(this->fs.allocated(this->here / "no").error().code(), errc::not_found);
}

TYPED_TEST_P(file_system_laws, sync_and_writeback_change_no_byte) {
    auto file = this->fs.create(this->here / "a");
    ASSERT_TRUE(file && file->write_at(0, "bytes"));
    file->start_writeback(0, 5);
    file->start_writeback(0, 1 << 20);
    EXPECT_TRUE(file->sync());
    EXPECT_TRUE(file->sync());
    ASSERT_TRUE(file->write_at(5, "!"));
    ASSERT_TRUE(file->close());
    EXPECT_EQ(this->text_of(this->here / "a"), "bytes!");
}

TYPED_TEST_P(file_system_laws, a_moved_file_is_the_file) {
    auto first = this->fs.create(this->here / "a");
    auto second = this->fs.create(this->here / "b");
    ASSERT_TRUE(first && second);
    *second = *std::move(first);
    ASSERT_TRUE(second->write_at(0, "moved"));
    auto third = *std::move(second);
    EXPECT_EQ(third.path(), this->here / "a");
    ASSERT_TRUE(third.close());
    EXPECT_EQ(this->text_of(this->here / "a"), "moved");
    EXPECT_EQ(this->text_of(this->here / "b"), "");
}

TYPED_TEST_P(file_system_laws, threads_write_disjoint_ranges_at_once) {
    auto file = this->fs.create(this->here / "a");
    ASSERT_TRUE(file);
    constexpr std::size_t length = 10'000;
    {
        std::vector<std::jthread> writers;
        for (std::size_t n = 0; n < 4; ++n)
            writers.emplace_back([&, n] {
                const std::string mine(length, static_cast<char>('a' + n));
                EXPECT_TRUE(file->write_at(n * length, mine));
                EXPECT_TRUE(file->sync());
            });
    }
    std::string all(4 * length, '?');
    EXPECT_EQ(file->read_at(0, all), all.size());
    for (std::size_t i = 0; i < all.size(); ++i)
        ASSERT_EQ(all[i], static_cast<char>('a' + i / length)) << "at " << i;
}

REGISTER_TYPED_TEST_SUITE_P(file_system_laws, what_is_written_is_read,
                            a_read_ends_where_the_file_does, a_hole_reads_as_zeros,
                            create_never_takes_a_name_over, what_is_not_there_is_not_found,
                            an_error_names_the_path_and_the_errno, a_list_is_sorted_and_whole,
                            look_tells_kind_and_size, a_directory_is_made_once,
                            who_has_a_file_open_reads_on_after_its_removal, rename_replaces,
                            a_link_is_the_same_file_or_nothing,
                            a_punched_range_is_zeros_or_as_it_was,
                            sync_and_writeback_change_no_byte, a_moved_file_is_the_file,
                            threads_write_disjoint_ranges_at_once);

}  // namespace casement::testing
