// Stored once, found again, held against its hashes, and read.

#include <casement/tree/contents.hpp>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tree/contents_fixture.hpp"
#include "tree/hand.hpp"
#include "tree/stored_tree.hpp"

namespace casement::tree::contents_test {
namespace {

class Contents : public testing::contents_test {};

TEST_F(Contents, EveryPlacementComesBack) {
    for (const std::size_t size : {0u, 1u, 100u, 101u, 999u, 1000u, 700'000u}) {
        const std::string bytes(size, 'x');
        auto stored = store_bytes(bytes);
        EXPECT_FALSE(stored.deduplicated());
        ASSERT_TRUE(commit(stored));
        stored.published();
        EXPECT_EQ(read_back(stored.id()), bytes) << size;
    }
}

TEST_F(Contents, AnythingReadsFromTheMiddle) {
    for (const std::size_t size : {90u, 900u, 600'000u}) {
        std::string bytes;
        while (bytes.size() < size) bytes += std::to_string(bytes.size());
        bytes.resize(size);
        auto stored = store_bytes(bytes);
        ASSERT_TRUE(commit(stored));
        stored.published();
        auto reader = contents_->open(stored.id());
        ASSERT_TRUE(reader);
        std::string piece(40, '\0');
        EXPECT_EQ(*reader->read_at(size - 60, piece), 40u);
        EXPECT_EQ(piece, bytes.substr(size - 60, 40));
        EXPECT_EQ(*reader->read_at(size - 10, piece), 10u);
        EXPECT_EQ(*reader->read_at(size, piece), 0u);
        EXPECT_EQ(*reader->read_at(size + 5, piece), 0u);
    }
}

TEST_F(Contents, WhatIsMissingOrWrongIsSaidAndNotServed) {
    auto stored = store_bytes(std::string(600'000, 's'));
    ASSERT_TRUE(commit(stored));
    stored.published();
    const auto content_key = stored.object().content;
    const auto whole = kv_;
    const auto corrupt_after = [&](auto&& breaks) {
        kv_ = whole;
        transaction t{kv_};
        breaks(t);
        EXPECT_TRUE(t.commit());
        auto opened = contents_->open(stored.id());
        if (!opened) return opened.error().code() == errc::corrupt;
        std::string piece(10, '\0');
        const auto n = opened->read_at(0, piece);
        return !n && n.error().code() == errc::corrupt;
    };
    EXPECT_TRUE(corrupt_after([&](auto& t) { t.template erase<object_row>(stored.id()); }));
    EXPECT_TRUE(corrupt_after([&](auto& t) { t.template erase<content>(content_key); }));
    EXPECT_TRUE(corrupt_after([&](auto& t) { t.template erase<sums>({content_key, 0}); }));
    EXPECT_TRUE(corrupt_after([&](auto& t) {
        t.template put<object_row>(stored.id(), {object::to_bytes({content_key, 599'999})});
    }));
    EXPECT_TRUE(corrupt_after([&](auto& t) {
        t.template put<sums>({content_key, 0}, {std::string(24, 'z')});
    }));
}

TEST(is_damage, is_what_another_look_would_not_mend) {
    for (const int lost : {EIO, ENOENT}) EXPECT_TRUE(is_damage(system_error(lost, "read", "x")));
    for (const int away : {EACCES, EBUSY, EMFILE, ENOMEM, ESTALE})
        EXPECT_FALSE(is_damage(system_error(away, "read", "x"))) << away;
    EXPECT_TRUE(is_damage(error{errc::corrupt, "read", "x"}));
    EXPECT_FALSE(is_damage(error{errc::need_pull, "read", "x"}));
}

/// A stored file of bytes that no other test has, and ways to damage it: each says whether it did.
class DamagedContents : public Contents {
protected:
    using damage = std::function<bool(const stored_file&)>;

    std::vector<damage> ways() {
        return {
            [&](auto& f) { return with_file(f, flip_byte); },
            [&](auto& f) { return with_file(f, lose); },
            [&](auto& f) { return change_row<object_row>(f.id(), std::nullopt); },
            [&](auto& f) {
                return change_row<sums>(sums::key{f.object().content, 0}, std::nullopt);
            },
            [&](auto& f) {
                return change_row<inline_bytes>(f.object().content, inline_bytes{"other"});
            },
            [&](auto& f) { return change_row<inline_bytes>(f.object().content, std::nullopt); }};
    }

    template <row R>
    bool change_row(const typename R::key& key, const std::optional<R>& to) {
        if (!read<R>(kv_, key)->exists()) return false;
        transaction t{kv_};
        if (to)
            t.put<R>(key, *to);
        else
            t.erase<R>(key);
        return t.commit().has_value();
    }

private:
    bool with_file(const stored_file& f, void (*change)(const std::string&, long)) {
        const auto where = (*read_content(kv_, f.object().content))->where;
        const auto& paths = contents_->files().where();
        const auto packed = blob::to_pack_position(where.position);
        if (where.kind == blob::placement::packed)
            change(paths.file_of(packed.pack), packed.offset);
        else if (where.kind == blob::placement::dedicated)
            change(paths.file_of(where.id), 0);
        reopen({100, 1000, 100'000});  // whoever has the file open reads on
        return where.kind != blob::placement::inline_row;
    }

    static void flip_byte(const std::string& path, long at) {
        std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
        file.seekp(at);
        file.put('#');
        EXPECT_TRUE(file.flush());
    }
    static void lose(const std::string& path, long) { EXPECT_TRUE(std::filesystem::remove(path)); }
};

TEST_F(DamagedContents, GiveWayToEqualBytesIfTheyAreVerified) {
    int done = 0;
    char letter = 'a';
    for (const std::size_t size : {50u, 500u, 5000u, 600'000u}) {
        for (const auto& damages : ways()) {
            const std::string bytes(size, letter++);
            auto stored = store_bytes(bytes);
            ASSERT_TRUE(commit(stored));
            stored.published();
            if (!damages(stored)) continue;
            ++done;
            EXPECT_TRUE(store_bytes(bytes).deduplicated());
            EXPECT_FALSE(contents_->check(stored.id())) << "who trusts it leaves it as it is";
            auto good = store_bytes(bytes, stored_before::verified);
            EXPECT_FALSE(good.deduplicated());
            ASSERT_TRUE(contents_->settle(good));
            EXPECT_EQ(read_back(good.id()), bytes);
            EXPECT_TRUE(contents_->check(good.id()));
            EXPECT_TRUE(store_bytes(bytes, stored_before::verified).deduplicated());
        }
    }
    EXPECT_EQ(done, 3 + 3 + 3 + 4);
    EXPECT_EQ(testing::rows_of(kv_, "p"), 6u) << "a frame that was left has no row";
}

TEST_F(DamagedContents, LeaveNoRowsBehindWhereOthersHaveAnotherPlaceByNow) {
    const std::array chosen{blob::thresholds{100, 1000, 100'000}, blob::thresholds{1, 2, 100'000},
                            blob::thresholds{1, 1000, 100'000},
                            blob::thresholds{900, 1000, 100'000}};
    const std::array<std::string_view, 4> tables{"ip", "", "pp", "ii"};  // of 50 and 500 bytes
    for (std::size_t from = 0; from < chosen.size(); ++from) {
        for (std::size_t to = 0; to < chosen.size(); ++to) {
            const auto before = testing::rows_of(kv_, "ip");
            for (const bool heals : {false, true}) {
                reopen(chosen[heals ? to : from]);
                for (const std::size_t size : {50u, 500u}) {
                    const std::string bytes(size, static_cast<char>('a' + 4 * from + to));
                    auto stored = store_bytes(bytes, stored_before::verified);
                    ASSERT_TRUE(contents_->settle(stored));
                    EXPECT_EQ(read_back(stored.id()), bytes);
                    EXPECT_TRUE(heals || change_row<object_row>(stored.id(), std::nullopt));
                }
            }
            EXPECT_EQ(testing::rows_of(kv_, "ip") - before, tables[to].size())
                << from << " to " << to;
        }
    }
}

TEST_F(DamagedContents, TakeNothingFromAnotherThatTheirRowTellsOf) {
    const std::string bytes(500, 'b'), another(500, 'a');
    for (const auto& which : {bytes, another}) {
        auto stored = store_bytes(which);
        ASSERT_TRUE(contents_->settle(stored));
    }
    const auto its = sha256_of(another);
    ASSERT_TRUE(change_row<content>(sha256_of(bytes), **read_content(kv_, its)));
    auto good = store_bytes(bytes, stored_before::verified);
    ASSERT_TRUE(contents_->settle(good));
    EXPECT_EQ(read_back(good.id()), bytes);
    const auto frame = read<packed_frame>(kv_, {(*read_content(kv_, its))->where.position});
    ASSERT_TRUE(frame->exists());
    EXPECT_EQ((*frame)->of, its);
}

TEST_F(DamagedContents, ThatAreCollectedMeanwhileStayAway) {
    const std::string bytes(5000, 'c');
    auto stored = store_bytes(bytes);
    ASSERT_TRUE(contents_->settle(stored));
    ASSERT_TRUE(ways().front()(stored));
    const auto before = files_on_disk();
    {
        auto good = store_bytes(bytes, stored_before::verified);
        ASSERT_TRUE(change_row<content>(sha256_of(bytes), std::nullopt));
        EXPECT_FALSE(testing::must(contents_->settle(good)));
    }
    EXPECT_FALSE(read_content(kv_, sha256_of(bytes))->exists());
    EXPECT_EQ(files_on_disk(), before) << "theirs is for a sweep, and mine is gone";
}

TEST_F(DamagedContents, ThatWereOnlyMovedAreDamagedStill) {
    const std::string bytes(500, 'm');
    auto stored = store_bytes(bytes);
    ASSERT_TRUE(contents_->settle(stored));
    ASSERT_TRUE(change_row<object_row>(stored.id(), std::nullopt));
    auto good = store_bytes(bytes, stored_before::verified);
    auto moved =
        contents_->files().copy_frame((*read_content(kv_, sha256_of(bytes)))->where, bytes);
    ASSERT_TRUE(moved);
    ASSERT_TRUE(change_row<content>(sha256_of(bytes), content{moved->what()}));
    ASSERT_TRUE(contents_->settle(good));
    EXPECT_EQ(read_back(good.id()), bytes);
}

TEST_F(DamagedContents, AreReplacedByTheFirstWhoHeals) {
    const std::string bytes(500, 'd');
    auto stored = store_bytes(bytes);
    ASSERT_TRUE(commit(stored));
    stored.published();
    ASSERT_TRUE(ways().front()(stored));
    auto first = store_bytes(bytes, stored_before::verified);
    auto second = store_bytes(bytes, stored_before::verified);
    auto third = store_bytes(bytes, stored_before::verified);
    EXPECT_FALSE(testing::must(contents_->look_again(first)));
    EXPECT_FALSE(first.deduplicated()) << "nobody has replaced them yet";
    ASSERT_TRUE(commit(first));
    first.published();
    EXPECT_EQ(commit(second).error().code(), errc::conflict);
    EXPECT_TRUE(testing::must(contents_->look_again(second)));
    EXPECT_TRUE(second.deduplicated());
    EXPECT_FALSE(testing::must(contents_->settle(third))) << "it was done";
    EXPECT_EQ(read_back(second.id()), bytes);
}

}  // namespace
}  // namespace casement::tree::contents_test
