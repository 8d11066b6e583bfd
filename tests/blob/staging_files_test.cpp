#include <casement/blob/staging_files.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include <casement/blob/posix.hpp>

#include "blob/blob_files.hpp"

namespace casement::testing::staging_files_test {
namespace {

using blob::durability;
using blob::layout;
using blob::staging_id;

template <class FS = blob::posix_file_system, class Fence = blob::by_epoch>
struct room {
    explicit room(durability how = durability::process, FS fs = {})
        : files{std::move(fs), layout{here.path().string()}, how} {}

    /// What is in the file by its name.
    [[nodiscard]] std::string bytes(staging_id id) const {
        return bytes_of(layout{here.path().string()}.file_of(id));
    }

    temporary_directory here;
    blob::staging_files<FS, Fence> files;
};

errc code_of(const auto& r) { return r ? errc{} : r.error().code(); }

TEST(staging_files, have_a_name_of_16_digits_in_a_directory_that_comes_with_the_first) {
    room<> r;
    EXPECT_FALSE(std::filesystem::exists(r.here / "staging"));
    auto f = r.files.create({0xab});
    ASSERT_TRUE(f) << f.error().message();
    EXPECT_EQ(f->id(), staging_id{0xab});
    EXPECT_TRUE(std::filesystem::exists(r.here / "staging/00000000000000ab"));
    EXPECT_EQ(code_of(r.files.create({0xab})), errc::exists) << "a number is used once";
}

TEST(staging_files, take_bytes_anywhere_and_give_them_back) {
    room<> r;
    auto f = r.files.create({1});
    ASSERT_TRUE(f->write_at(4, "rest") && f->write_at(0, "the "));
    ASSERT_TRUE(f->write_at(12, "!"));
    EXPECT_EQ(f->size(), 13u);
    std::string some(20, '?');
    EXPECT_EQ(f->read_at(0, some), 13u);
    EXPECT_EQ(some.substr(0, 13), (std::string{"the rest\0\0\0\0!", 13}));
    EXPECT_TRUE(f->sync());
}

TEST(staging_files, refuse_a_writer_once_they_are_sealed_and_keep_their_bytes) {
    room<> r;
    auto f = r.files.create({1});
    ASSERT_TRUE(f->write_at(0, "mine"));
    r.files.seal({1});
    EXPECT_EQ(code_of(f->write_at(0, "late")), errc::fenced);
    EXPECT_EQ(code_of(f->sync()), errc::fenced);
    EXPECT_EQ(code_of(f->finish()), errc::fenced);
    EXPECT_EQ(code_of(f->size()), errc::fenced);
    std::string some(4, '?');
    EXPECT_EQ(code_of(f->read_at(0, some)), errc::fenced);
    EXPECT_EQ(r.bytes({1}), "mine");
    r.files.seal({2});  // which nobody has open
}

TEST(staging_files, are_sealed_by_who_finishes_and_by_who_reads) {
    room<> r;
    auto f = r.files.create({1}), g = r.files.create({2});
    ASSERT_TRUE(f->write_at(0, "one") && f->finish());
    EXPECT_EQ(code_of(f->write_at(0, "two")), errc::fenced);
    EXPECT_EQ(code_of(f->finish()), errc::fenced);
    ASSERT_TRUE(g->write_at(0, "three"));
    const auto read = r.files.read_sealed({2});
    ASSERT_TRUE(read);
    EXPECT_EQ(code_of(g->write_at(0, "four")), errc::fenced);
    EXPECT_EQ(read->size, 5u);
    std::string all, some(9, '?');
    EXPECT_TRUE(read->for_each_piece(
        [&](std::string_view piece) -> result<void> {
            EXPECT_LE(piece.size(), 2u);
            all += piece;
            return {};
        },
        2));
    EXPECT_EQ(all, "three");
    EXPECT_EQ(read->read_at(2, some), 3u);
    EXPECT_EQ(read->read_at(5, some), 0u);
}

struct never {
    static constexpr bool too_late(std::uint64_t, std::uint64_t) { return false; }
};

// What the two tests above would miss if nobody compared the epochs.
TEST(staging_files, without_the_fence_let_a_late_writer_in) {
    room<blob::posix_file_system, never> r;
    auto f = r.files.create({1});
    ASSERT_TRUE(f->write_at(0, "mine"));
    r.files.seal({1});
    EXPECT_TRUE(f->write_at(0, "late"));
    EXPECT_EQ(r.bytes({1}), "late");
}

TEST(staging_files, wait_for_the_write_that_is_under_way_before_they_are_sealed) {
    room<> r;
    auto f = r.files.create({1});
    std::atomic<bool> sealed = false;
    std::atomic<std::uint64_t> last = 0;
    std::jthread writer{[&] {
        for (std::uint64_t n = 1;; ++n) {
            const std::string bytes(4096, static_cast<char>('a' + n % 26));
            if (!f->write_at(0, bytes)) return;
            EXPECT_FALSE(sealed && n > last + 1) << "a write after the seal";
            last = n;
        }
    }};
    while (last < 100) std::this_thread::yield();
    r.files.seal({1});
    sealed = true;
    const auto then = r.bytes({1});
    writer.join();
    EXPECT_EQ(r.bytes({1}), then);
    EXPECT_EQ(then, std::string(4096, static_cast<char>('a' + last % 26))) << "and none is torn";
}

TEST(staging_files, are_not_sealed_in_the_middle_of_a_call) {
    scripted disk;
    room<scripted> r{durability::power, disk};
    auto f = r.files.create({1});
    std::atomic<bool> inside = false, sealed = false, sealed_meanwhile = false;
    disk.follow().before_file_sync = [&] {
        inside = true;
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
        sealed_meanwhile = sealed.load();
    };
    std::jthread writer{[&] { EXPECT_TRUE(f->sync()); }};
    while (!inside) std::this_thread::yield();
    r.files.seal({1});
    sealed = true;
    writer.join();
    EXPECT_FALSE(sealed_meanwhile);
}

TEST(staging_files, are_removed_with_their_name_and_read_on) {
    room<> r;
    auto f = r.files.create({1});
    ASSERT_TRUE(f->write_at(0, "here"));
    const auto read = r.files.read({1});
    ASSERT_TRUE(r.files.remove({1}));
    EXPECT_TRUE(r.files.remove({1})) << "gone is well";
    EXPECT_EQ(code_of(f->write_at(0, "late")), errc::fenced);
    EXPECT_EQ(code_of(r.files.read({1})), errc::not_found);
    std::string some(4, '?');
    EXPECT_EQ(read->read_at(0, some), 4u);
    EXPECT_EQ(some, "here");
}

TEST(staging_files, are_not_outlived) {
    auto r = std::make_unique<room<>>();
    auto f = r->files.create({1});
    ASSERT_TRUE(f);
    EXPECT_DEATH(r.reset(), "no open staging file outlives these");
}

TEST(staging_files, are_listed_and_what_is_strange_beside_them) {
    room<> r;
    EXPECT_TRUE(r.files.list()->files.empty()) << "no directory yet";
    ASSERT_TRUE(r.files.create({0x20}) && r.files.create({0x3}));
    overwrite(r.here / "staging/notes", "x");
    std::filesystem::create_directory(r.here / "staging/0000000000000004");
    const auto all = r.files.list();
    EXPECT_EQ(all->files, (std::vector<staging_id>{{0x3}, {0x20}}));
    EXPECT_EQ(all->strange, (std::vector<std::string>{r.here / "staging/0000000000000004",
                                                      r.here / "staging/notes"}));
}

TEST(staging_files, that_no_row_names_are_swept_but_never_an_open_one) {
    room<> r;
    ASSERT_TRUE(r.files.create({1}) && r.files.create({2}));
    auto open = r.files.create({3});
    EXPECT_TRUE(r.files.is_open({3}));
    EXPECT_FALSE(r.files.is_open({1})) << "its writer is gone";
    std::set<std::uint64_t> asked;
    const auto swept = r.files.sweep([&](staging_id id) -> result<bool> {
        asked.insert(id.value);
        return id == staging_id{2};
    });
    ASSERT_TRUE(swept);
    EXPECT_EQ(swept->removed, 1u);
    EXPECT_EQ(swept->kept, 2u);
    EXPECT_EQ(asked, (std::set<std::uint64_t>{1, 2}));
    EXPECT_EQ(r.files.list()->files, (std::vector<staging_id>{{2}, {3}}));
    const auto stopped =
        r.files.sweep([](staging_id) -> result<bool> { return fail(errc::io, "ask", "the rows"); });
    EXPECT_EQ(code_of(stopped), errc::io);
}

TEST(staging_files, of_others_are_theirs) {
    room<> r;
    ASSERT_TRUE(r.files.create({1}));
    EXPECT_EQ(r.files.turn_epoch(2), 2u);
    auto open = r.files.create({3});
    const auto none = [](staging_id) -> result<bool> { return false; };
    const auto others = [&] { return result<blob::other_openings>{{true, r.files.turn_epoch(4)}}; };
    blob::staging_files ours{blob::posix_file_system{}, layout{r.here.path().string()},
                             durability::process, others};
    EXPECT_EQ(ours.sweep(none)->removed, 1u);
    EXPECT_EQ(r.files.list()->files, (std::vector<staging_id>{{3}}));
    open = fail(errc::cancelled, "", "");
    EXPECT_EQ(ours.sweep(none)->removed, 1u) << "its writer has let go of it";
    EXPECT_TRUE(r.files.list()->files.empty());

    blob::staging_files unsure{
        blob::posix_file_system{}, layout{r.here.path().string()}, durability::process,
        []() -> result<blob::other_openings> { return fail(errc::io, "look for others", ""); }};
    EXPECT_EQ(code_of(unsure.sweep(none)), errc::io);
}

TEST(staging_files, are_as_durable_as_the_store_asks) {
    scripted disk;
    room<scripted> r{durability::power, disk};
    auto f = r.files.create({1});
    ASSERT_TRUE(f);
    ASSERT_TRUE(f->write_at(0, "x") && f->sync() && f->sync());
    EXPECT_EQ(disk.follow().count("sync directory"), 2u) << "the store's, and once its own";
    EXPECT_EQ(disk.follow().count("sync"), 2u);
    scripted other;
    room<scripted> careless{durability::process, other};
    auto g = careless.files.create({1});
    ASSERT_TRUE(g && g->sync() && g->finish());
    EXPECT_EQ(other.follow().count("sync") + other.follow().count("sync directory"), 0u);
}

}  // namespace
}  // namespace casement::testing::staging_files_test
