// Rows with blob fields on the memory engine and real files whose calls are counted: what is
// written and when, what a read touches, and who gives way to whom.

#include <casement/tree/blob_rows.hpp>

#include <algorithm>
#include <filesystem>
#include <optional>

#include <gtest/gtest.h>

#include <casement/kv/id_blocks.hpp>
#include <casement/kv/memory.hpp>

#include "blob/blob_files.hpp"
#include "tree/counting_store.hpp"
#include "tree/interrupted_store.hpp"
#include "tree/song.hpp"

namespace casement::tree::blob_rows_test {
namespace {

using testing::payload_of;
using testing::scripted;
using testing::song;
using testing::song_tag;

struct album {
    static constexpr char table = 'A';
    using key = strong<song_tag>;
    blob::field front, back;
    std::vector<blob::field> pages;
};

/// Commits, and says for once that it does not know whether it did.
struct forgetful_store : testing::interrupted_store<memory_store> {
    using testing::interrupted_store<memory_store>::interrupted_store;
    bool forgets = false, loses = false;

    [[nodiscard]] result<receipt> commit(const batch& b) {
        const bool forget = std::exchange(forgets, false);
        if (forget && loses) return fail(errc::unknown_outcome, "commit", "", "as the test asks");
        auto done = interrupted_store::commit(b);
        if (forget && done) return fail(errc::unknown_outcome, "commit", "", "as the test asks");
        return done;
    }
};

using counted = testing::counting_store<forgetful_store>;

class BlobRows : public ::testing::Test {
protected:
    void SetUp() override {
        contents_.emplace(kv_,
                          testing::open_files(where_, disk_, {.durable = durability::power},
                                              {[this] { return ids_.next<blob::blob_id>(); },
                                               [this] { return ids_.next<blob::pack_id>(); }}));
    }

    contents<counted, scripted>& all() { return *contents_; }
    seen<song> read_song(std::uint64_t id = 7) { return *read<song>(kv_, {id}); }
    result<receipt> put_song(blob::field cover, std::uint64_t id = 7) {
        return put(all(), read_song(id), song{"Aria", std::move(cover)}, "as read");
    }
    blob::field fetched(std::uint64_t id = 7) {
        auto f = fetch(all(), read_song(id)->cover);
        EXPECT_TRUE(f) << f.error().message();
        return f ? *std::move(f) : blob::field{};
    }
    std::size_t files_on_disk() { return testing::files_below(where_.path()).size(); }

    testing::temporary_directory where_;
    scripted disk_;
    memory_store rows_;
    forgetful_store unsure_{rows_};
    counted kv_{unsure_};
    id_blocks<memory_store> ids_{rows_};
    std::optional<contents<counted, scripted>> contents_;
};

/// What the application gives at each boundary, and where its bytes must lie.
struct boundary {
    blob::field given;
    std::optional<blob::placement> kind;
};

std::vector<boundary> boundaries() {
    using enum blob::placement;
    const auto bytes = [](std::size_t n) { return blob::bytes{payload_of(n)}; };
    return {{blob::null{}, std::nullopt}, {bytes(0), inline_row},
            {bytes(1), inline_row},       {bytes(65'536), inline_row},
            {bytes(65'537), packed},      {bytes((4 << 20) - 1), packed},
            {bytes(4 << 20), dedicated},  {blob::uri{"s3://covers/7"}, external}};
}

TEST_F(BlobRows, EachBoundaryComesBackAsItWasGiven) {
    std::uint64_t id = 0;
    for (const auto& [given, kind] : boundaries()) {
        ASSERT_TRUE(put_song(given, ++id));
        const auto where = describe(all(), read_song(id)->cover);
        ASSERT_TRUE(where);
        ASSERT_EQ(where->has_value(), kind.has_value()) << id;
        if (kind) {
            EXPECT_EQ((*where)->kind, *kind) << id;
        }
        EXPECT_EQ(fetched(id), given) << id;
    }
    EXPECT_EQ(files_on_disk(), 2u) << "a pack, and the blob of 4 MiB";
}

TEST_F(BlobRows, NullEmptyAndBytesReplaceEachOther) {
    for (const auto& from : boundaries())
        for (const blob::field& to :
             {blob::field{}, blob::field{blob::bytes{}}, blob::field{blob::bytes{"x"}}}) {
            ASSERT_TRUE(put_song(from.given));
            ASSERT_TRUE(put_song(to));
            EXPECT_EQ(fetched(), to);
        }
}

TEST_F(BlobRows, ARowIsReadWithoutItsBytesAndTheyAreReadInPart) {
    for (const std::size_t size : {65'536u, 65'537u, 5u << 20}) {
        const auto payload = payload_of(size);
        ASSERT_TRUE(put_song(blob::bytes{payload}));
        disk_.follow().restart();
        kv_.forget();
        const auto row = read_song();
        EXPECT_EQ(std::get<blob::reference>(row->cover).size, size);
        EXPECT_EQ(kv_.counts().gets, 1u);
        auto reader = open_blob(all(), row->cover);
        ASSERT_TRUE(reader);
        EXPECT_EQ(reader->size(), size);
        EXPECT_EQ(disk_.follow().calls().size(), 0u) << "nothing is opened before it is asked for";
        std::string part(1000, '\0');
        ASSERT_EQ(reader->read_at(size - 1500, part), 1000u);
        EXPECT_EQ(part, payload.substr(size - 1500, 1000));
        EXPECT_EQ(disk_.follow().count("write"), 0u);
    }
}

TEST_F(BlobRows, WhatRefersToNoStoredBytesIsNotOpened) {
    for (const blob::field& f :
         {blob::field{}, blob::field{blob::uri{"x:"}}, blob::field{blob::bytes{"x"}}}) {
        EXPECT_EQ(open_blob(all(), f).error().code(), errc::illegal);
        EXPECT_EQ(fetch(all(), f), f);
    }
}

// SPEC B5: 27 GB were once written to change the titles of 4 GB of songs.
TEST_F(BlobRows, AMetadataOnlyUpdateTouchesNoBlob) {
    for (const auto& b : boundaries()) {
        ASSERT_TRUE(put_song(b.given));
        disk_.follow().restart();
        kv_.forget();
        const auto old = read_song();
        auto changed = *old;
        changed.title = "Aria da Capo";
        ASSERT_TRUE(put(all(), old, changed, "the song is as it was read"));
        EXPECT_EQ(disk_.follow().calls().size(), 0u);
        EXPECT_EQ(kv_.counts(),
                  (testing::store_counts{.gets = 1, .commits = 1, .guards = 1, .writes = 1}));
        EXPECT_EQ(kv_.guarded(), std::vector<std::string>{"the song is as it was read"});
        EXPECT_EQ(read_song()->title, "Aria da Capo");
        EXPECT_EQ(read_song()->cover, old->cover);
    }
}

TEST_F(BlobRows, TheBytesAreDurableBeforeTheRowIsThere) {
    for (const std::size_t size : {65'537u, 4u << 20}) {
        disk_.follow().restart();
        bool looked = false;
        unsure_.before_commit = [&] {
            looked = true;
            EXPECT_FALSE(read<song>(rows_, {size})->exists());
            const auto so_far = disk_.follow().calls();
            const auto sync = std::ranges::find(so_far, "sync", &testing::call::operation);
            ASSERT_NE(sync, so_far.end()) << "bytes first";
            EXPECT_NE(std::find_if(sync, so_far.end(),
                                   [](const auto& c) { return c.operation == "sync directory"; }),
                      so_far.end())
                << "then their name";
        };
        ASSERT_TRUE(put_song(blob::bytes{payload_of(size)}, size));
        EXPECT_TRUE(looked);
    }
}

TEST_F(BlobRows, ABatchThatIsNotCommittedLeavesNothing) {
    const auto old = read_song();
    ASSERT_TRUE(put_song(blob::null{}));
    ASSERT_TRUE(ids_.next());  // a block of ids, which is not given back
    const auto before = rows_;
    const auto lost = put(all(), old, song{"late", blob::bytes{payload_of(5 << 20)}}, "no song");
    EXPECT_EQ(lost.error().code(), errc::conflict);
    EXPECT_EQ(files_on_disk(), 0u);
    EXPECT_EQ(rows_, before);
    // And one whose bytes could not be written puts no row.
    disk_.follow().restart();
    disk_.follow().number = ENOSPC;
    disk_.follow().fail_at = 2;
    EXPECT_EQ(put_song(blob::bytes{payload_of(5 << 20)}).error().code(), errc::no_space);
    EXPECT_EQ(read_song()->cover, blob::field{});
}

TEST_F(BlobRows, AnUnknownOutcomeKeepsTheBytes) {
    for (const bool lost : {false, true}) {
        unsure_.forgets = true;
        unsure_.loses = lost;
        const auto payload = payload_of(5 << 20, lost ? 2 : 1);
        EXPECT_EQ(put_song(blob::bytes{payload}).error().code(), errc::unknown_outcome);
        if (lost) continue;
        EXPECT_EQ(fetched(), blob::field{blob::bytes{payload}}) << "it was committed";
    }
    EXPECT_EQ(files_on_disk(), 2u) << "the lost one is removed by the next opening, and not now";
}

TEST_F(BlobRows, EqualBytesAreStoredOnce) {
    const auto payload = payload_of(5 << 20);
    ASSERT_TRUE(put_song(blob::bytes{payload}, 1));
    ASSERT_TRUE(put_song(blob::bytes{payload}, 2));
    const auto none = *read<album>(kv_, {3});
    ASSERT_TRUE(put(all(), none,
                    album{blob::bytes{"new"}, blob::bytes{"new"}, {blob::bytes{payload}}},
                    "no album"));
    const auto made = *read<album>(kv_, {3});
    EXPECT_EQ(made->front, made->back);
    EXPECT_EQ(made->pages.front(), read_song(1)->cover);
    EXPECT_EQ(fetch(all(), made->back), blob::field{blob::bytes{"new"}});
    EXPECT_EQ(files_on_disk(), 1u);
}

TEST_F(BlobRows, WhoStoresTheSameBytesMeanwhileIsNoConflict) {
    const auto payload = payload_of(5 << 20);
    unsure_.before_commit = [&] { ASSERT_TRUE(put_song(blob::bytes{payload}, 8)); };
    ASSERT_TRUE(put_song(blob::bytes{payload}));
    EXPECT_EQ(fetched(7), fetched(8));
    EXPECT_EQ(files_on_disk(), 1u) << "whoever came second has removed its own bytes";
    unsure_.before_commit = [&] { ASSERT_TRUE(put_song(blob::null{})); };
    EXPECT_EQ(put_song(blob::bytes{"x"}).error().code(), errc::conflict)
        << "but who changes the row is";
}

TEST_F(BlobRows, AReferenceThatComesFromAnotherRowIsGuarded) {
    ASSERT_TRUE(put_song(blob::bytes{payload_of(5 << 20)}, 1));
    const auto cover = read_song(1)->cover;
    kv_.forget();
    ASSERT_TRUE(put_song(cover, 2));
    EXPECT_EQ(kv_.guarded(), (std::vector<std::string>{"the content is stored",
                                                       "it is not condemned", "as read"}));
    EXPECT_EQ(fetched(2), fetched(1));

    const auto& what = std::get<blob::reference>(cover);
    unsure_.before_commit = [&] {
        ASSERT_TRUE(transaction{rows_}.template erase<content>(what.content).commit());
    };
    EXPECT_EQ(put_song(cover, 3).error().code(), errc::conflict) << "collected before the commit";
    EXPECT_EQ(put_song(cover, 3).error().code(), errc::conflict) << "and before the look";
    ASSERT_TRUE(put_song(blob::bytes{"abc"}, 4));
    EXPECT_EQ(put_song(blob::reference{4, sha256_of("abc")}, 5).error().code(), errc::illegal);
}

TEST_F(BlobRows, AnImpossibleUriIsRefused) {
    for (const std::size_t size : {std::size_t{0}, blob::uri_size_max + 1})
        EXPECT_EQ(put_song(blob::uri{std::string(size, 'u')}).error().code(), errc::illegal);
    EXPECT_FALSE(read_song().exists());
}

// SPEC B4: a compaction moves bytes and tells the content's row; the song's row stays as it is.
TEST_F(BlobRows, BytesThatMoveAreFoundAgain) {
    const auto payload = payload_of(70'000);
    ASSERT_TRUE(put_song(blob::bytes{payload}));
    const auto song_before = encode(*read_song());
    const auto what = std::get<blob::reference>(read_song()->cover);
    const auto old = read_content(kv_, what.content);
    auto moved = (*old)->where;
    auto copy = all().stage();
    ASSERT_TRUE(copy && copy->write(payload));
    auto sealed = std::move(*std::move(*copy).measure()).seal();
    ASSERT_TRUE(sealed);
    ASSERT_NE(sealed->what().position, moved.position);
    ASSERT_TRUE(transaction{rows_}.replace(*old, content{sealed->what()}, "not moved").commit());
    (void)std::move(*sealed).published();
    EXPECT_EQ(fetched(), blob::field{blob::bytes{payload}});
    EXPECT_EQ(encode(*read_song()), song_before);
}

TEST_F(BlobRows, MissingRowsAreDamage) {
    ASSERT_TRUE(put_song(blob::bytes{payload_of(70'000)}));
    const auto cover = read_song()->cover;
    ASSERT_TRUE(
        transaction{rows_}.erase<content>(std::get<blob::reference>(cover).content).commit());
    EXPECT_EQ(fetch(all(), cover).error().code(), errc::corrupt);
    EXPECT_EQ(describe(all(), cover).error().code(), errc::corrupt);
}

}  // namespace
}  // namespace casement::tree::blob_rows_test
