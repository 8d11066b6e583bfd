#include <casement/blob/staged.hpp>

#include <algorithm>

#include <gtest/gtest.h>

#include "blob/blob_files.hpp"
#include "support/property.hpp"

namespace casement::testing::staged_test {
namespace {

using fs = blob::posix_file_system;
template <class State>
using staged = blob::staged<State, fs>;

// A step out of order does not compile (SPEC W1).
template <class S>
concept takes_bytes = requires(S s) {
    s.write(std::string_view{});
};
template <class S>
concept can_measure = requires(S s) {
    std::move(s).measure();
};
template <class S>
concept can_seal = requires(S s) {
    std::move(s).seal();
};
template <class S>
concept can_publish = requires(S s) {
    std::move(s).published();
};
template <class S>
concept has_descriptor = requires(S s) {
    s.what();
};
template <class S>
concept has_digest = requires(S s) {
    s.content();
};
template <class S>
concept seals_in_place = requires(S s) {
    s.seal();
};

using in_open = staged<blob::open>;
using in_measured = staged<blob::measured>;
using in_sealed = staged<blob::sealed>;
static_assert(takes_bytes<in_open> && !takes_bytes<in_measured> && !takes_bytes<in_sealed>);
static_assert(can_measure<in_open> && !can_measure<in_measured> && !can_measure<in_sealed>);
static_assert(!can_seal<in_open> && can_seal<in_measured> && !can_seal<in_sealed>);
static_assert(!can_publish<in_open> && !can_publish<in_measured> && can_publish<in_sealed>);
static_assert(!has_descriptor<in_open> && !has_descriptor<in_measured> &&
              has_descriptor<in_sealed>);
static_assert(!has_digest<in_open> && has_digest<in_measured> && has_digest<in_sealed>);
static_assert(!seals_in_place<in_measured>, "a step consumes the state before it");
static_assert(!std::copyable<in_open> && std::movable<in_open>);

TEST(staged, goes_from_bytes_to_a_receipt) {
    temporary_directory here;
    auto files = open_files(here);
    auto open = files.stage();
    ASSERT_TRUE(open);
    const auto payload = payload_of(5000);
    ASSERT_TRUE(open->write(payload.substr(0, 10)));
    ASSERT_TRUE(open->write(payload.substr(10)));
    EXPECT_EQ(open->state(), (blob::open{{1}, {5000}}));

    auto measured = std::move(*open).measure();
    ASSERT_TRUE(measured);
    EXPECT_EQ(measured->content(), sha256_of(payload));
    EXPECT_EQ(measured->size(), 5000u);
    EXPECT_EQ(measured->kind(), placement::dedicated);

    auto sealed = std::move(*measured).seal();
    ASSERT_TRUE(sealed);
    EXPECT_EQ(sealed->state(), (blob::sealed{{1}, {5000}, sha256_of(payload)}));
    EXPECT_EQ(
        sealed->what(),
        (blob::descriptor{
            placement::dedicated, 0, 5000, {1}, {}, checksum_of(payload), sha256_of(payload)}));
    EXPECT_EQ(bytes_of(files.where().file_of(blob::blob_id{1})), payload)
        << "a Dedicated file holds the raw bytes";
    EXPECT_EQ(std::move(*sealed).published().state, blob::published{{1}});
    EXPECT_EQ(files_below(here.path()).size(), 1u);
}

TEST(staged, inline_bytes_stay_in_memory) {
    temporary_directory here;
    auto files = open_files(here);
    for (const std::size_t size : {0u, 1u, 100u}) {
        const auto payload = payload_of(size);
        auto open = files.stage();
        ASSERT_TRUE(open && open->write(payload));
        auto sealed = std::move(*std::move(*open).measure()).seal();
        ASSERT_TRUE(sealed);
        EXPECT_EQ(sealed->what().kind, placement::inline_row);
        EXPECT_EQ(sealed->inline_bytes(), payload);
        EXPECT_EQ(sealed->sums().size(), blob::chunk_count(size));
    }
    EXPECT_EQ(files_below(here.path()).size(), 0u);
}

TEST(staged, given_up_at_any_step_leaves_no_file) {
    temporary_directory here;
    auto files = open_files(here);
    for (const std::size_t size : {50u, 500u, 5000u}) {
        const auto payload = payload_of(size);
        const auto open = [&] {
            auto s = files.stage();
            EXPECT_TRUE(s->write(payload));
            return *std::move(s);
        };
        EXPECT_TRUE(open().abandon());
        EXPECT_TRUE(std::move(*open().measure()).abandon());
        EXPECT_TRUE(std::move(*std::move(*open().measure()).seal()).abandon());
        { auto forgotten = open(); }
        { auto forgotten = open().measure(); }
        { auto forgotten = std::move(*open().measure()).seal(); }
    }
    const auto all = files.list_files();
    ASSERT_TRUE(all);
    for (const auto& file : all->files) EXPECT_EQ(file.kind, placement::packed) << file.path;
    EXPECT_EQ(files.counters().dead_bytes, 2 * (blob::aligned(500 + blob::frame_header_size)))
        << "only what had a frame before it was given up";
}

TEST(staged, a_duplicate_is_known_before_it_is_stored) {
    temporary_directory here;
    auto files = open_files(here);
    const auto payload = payload_of(500);
    const auto first = put(files, payload);
    ASSERT_TRUE(first);
    for (int i = 0; i < 10; ++i) {
        auto open = files.stage();
        ASSERT_TRUE(open->write(payload));
        auto measured = std::move(*open).measure();
        ASSERT_EQ(measured->content(), first->what.content);
        ASSERT_TRUE(std::move(*measured).abandon());
    }
    EXPECT_EQ(files.counters().frames, 1u);
    EXPECT_EQ(files.counters().dead_bytes, 0u);
    const auto last = put(files, payload_of(400, 2));
    ASSERT_TRUE(last);
    EXPECT_EQ(get(files, *last), payload_of(400, 2)) << "in the place of what was given up";
    EXPECT_EQ(get(files, *first), payload);
}

TEST(staged, a_blob_of_any_size_written_in_any_pieces_is_read_back) {
    temporary_directory here;
    auto small = open_files(here);
    auto large = small_options();
    large.sizes = {64 * blob::KiB, 2 * blob::MiB, 8 * blob::MiB};
    temporary_directory there;
    auto files = open_files(there, fs{}, large);
    law("get(put(bytes)) == bytes", [&] {
        const auto around = *rc::gen::element<std::size_t>(
            0, 100, 1000, 64 * blob::KiB, chunk_size, piece_size, 2 * blob::MiB, 3 * piece_size);
        const auto size =
            around + *rc::gen::inRange<std::size_t>(0, 5) - std::min<std::size_t>(around, 2);
        const auto step = *rc::gen::element<std::size_t>(77'777, chunk_size, piece_size,
                                                         piece_size + 1, 5 * piece_size);
        auto& store = *rc::gen::arbitrary<bool>() ? small : files;
        const auto payload = payload_of(size, step);
        const auto expected =
            *rc::gen::element<std::uint64_t>(0, 1, 1000, size, size + 1, 1u << 31);
        const auto blob = put(store, payload, step, expected);
        RC_ASSERT(blob.has_value());
        RC_ASSERT(blob->what.kind == blob::place(size, store.chosen().sizes));
        RC_ASSERT(blob->what.content == sha256_of(payload));
        RC_ASSERT(get(store, *blob).value() == payload);
        const auto all = store.list_files();
        RC_ASSERT(all.has_value());
        const bool has_file = std::ranges::any_of(all->files, [&](const blob::stored_file& file) {
            return file.kind == placement::dedicated && file.id == blob->what.id.value;
        });
        RC_ASSERT(has_file == (blob->what.kind == placement::dedicated));
    });
}

TEST(staged, one_byte_at_a_time) {
    temporary_directory here;
    auto files = open_files(here);
    for (const std::size_t size : {100u, 101u, 999u, 1000u, 3000u}) {
        const auto blob = put(files, payload_of(size), 1);
        ASSERT_TRUE(blob);
        EXPECT_EQ(get(files, *blob), payload_of(size));
    }
}

TEST(staged, a_file_that_lost_bytes_is_not_sealed) {
    temporary_directory here;
    scripted quirky;
    auto files = open_files(here, quirky);
    quirky.follow().lose_tails = true;
    const auto lost = put(files, payload_of(5000));
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code(), errc::corrupt);
    EXPECT_EQ(files_below(here.path()).size(), 0u);
}

TEST(staged, names_that_cannot_be_synced_are_told) {
    temporary_directory here;
    scripted quirky;
    quirky.follow().cannot_sync_names = true;
    auto files = open_files(here, quirky, small_options(blob::durability::power));
    EXPECT_FALSE(put(files, payload_of(5000))->names_synced);
    EXPECT_FALSE(put(files, payload_of(500))->names_synced);
    EXPECT_TRUE(put(files, payload_of(50))->names_synced) << "a row needs no name";
    quirky.follow().cannot_sync_names = false;
    EXPECT_TRUE(put(files, payload_of(5000))->names_synced);
}

TEST(staged_death, what_was_moved_from_is_no_write) {
    temporary_directory here;
    auto files = open_files(here);
    auto open = files.stage();
    auto measured = std::move(*open).measure();
    EXPECT_DEATH((void)std::move(*open).abandon(), "not moved from");
}

}  // namespace
}  // namespace casement::testing::staged_test
