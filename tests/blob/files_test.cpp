#include <casement/blob/files.hpp>

#include <cerrno>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "blob/blob_files.hpp"

namespace casement::testing::files_test {
namespace {

using blob::stored_file;

TEST(files, need_a_directory_and_possible_thresholds) {
    temporary_directory here;
    using files = blob::files<blob::posix_file_system>;
    const auto nowhere = files::open({}, here / "no", counting_ids());
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().code(), errc::not_found);
    blob::options impossible;
    impossible.sizes.inline_max = impossible.sizes.dedicated_min;
    EXPECT_EQ(files::open({}, here.path().string(), counting_ids(), impossible).error().code(),
              errc::illegal);
    EXPECT_TRUE(files::open({}, here.path().string(), counting_ids()));
    EXPECT_TRUE(files::open({}, here.path().string(), counting_ids())) << "and again";
}

TEST(files, what_was_put_is_there_after_reopening) {
    temporary_directory here;
    std::vector<kept> blobs;
    const auto ids = counting_ids();
    for (int run = 0; run < 3; ++run) {
        auto files = open_files(here, blob::posix_file_system{}, small_options(), ids);
        for (const std::size_t size : {50u, 500u, 600u, 5000u})
            blobs.push_back(put(files, payload_of(size, blobs.size())).value());
        for (std::size_t i = 0; i < blobs.size(); ++i)
            EXPECT_EQ(get(files, blobs[i]), payload_of(blobs[i].what.size, i));
    }
    EXPECT_EQ(files_below(here.path()).size(), 3u + 3u) << "each run has a pack of its own";
}

TEST(files, are_listed_with_kind_id_and_size) {
    temporary_directory here;
    auto files = open_files(here);
    const auto packed = put(files, payload_of(500)), dedicated = put(files, payload_of(5000));
    ASSERT_TRUE(packed && dedicated && put(files, "inline"));
    const auto pack = blob::to_pack_position(packed->what.position).pack;
    overwrite(files.where().packs() + "/00000001.pack#1", "left by something else");
    overwrite(files.where().shelf(0) + "/readme", "");
    std::filesystem::create_directory(files.where().packs() + "/00000099.pack");
    const auto all = files.list_files();
    ASSERT_TRUE(all);
    const auto dedicated_path = files.where().file_of(dedicated->what.id);
    EXPECT_EQ(all->files,
              (std::vector<stored_file>{
                  {placement::dedicated, dedicated->what.id.value, 5000, dedicated_path},
                  {placement::packed, pack.value, 64 + 64 + 500, files.where().file_of(pack)}}));
    EXPECT_EQ(all->strange, (std::vector<std::string>{files.where().shelf(0) + "/readme",
                                                      files.where().packs() + "/00000001.pack#1",
                                                      files.where().packs() + "/00000099.pack"}));
}

TEST(sweep, removes_what_no_row_names_and_nothing_else) {
    temporary_directory here;
    const auto ids = counting_ids();
    std::set<std::string> named;
    {
        auto crashed = open_files(here, blob::posix_file_system{}, small_options(), ids);
        named.insert(crashed.where().file_of(put(crashed, payload_of(5000))->what.id));
        (void)put(crashed, payload_of(6000));
        (void)put(crashed, payload_of(500));
    }
    auto files = open_files(here, blob::posix_file_system{}, small_options(), ids);
    auto in_flight = files.stage();
    ASSERT_TRUE(in_flight->write(payload_of(7000)));
    auto packed = files.stage();
    ASSERT_TRUE(packed->write(payload_of(500)));
    auto sealed = std::move(*std::move(*packed).measure()).seal();
    ASSERT_TRUE(sealed);

    std::size_t asked = 0;
    const auto swept = files.sweep([&](const stored_file& f) -> result<bool> {
        ++asked;
        return named.contains(f.path);
    });
    ASSERT_TRUE(swept);
    EXPECT_EQ(swept->removed.size(), 2u) << "a blob and a pack of the run that crashed";
    EXPECT_EQ(swept->kept, 3u);
    EXPECT_EQ(asked, 3u) << "what is in flight needs no row yet";
    EXPECT_TRUE(swept->refused.empty());
    std::string out(500, '?');
    EXPECT_EQ(files.read(sealed->what(), {}, 0, out), 500u);
    EXPECT_TRUE(std::move(*in_flight).measure());
}

TEST(sweep, is_ended_by_a_failed_listing_or_look_up) {
    temporary_directory here;
    scripted disk;
    auto files = open_files(here, disk);
    ASSERT_TRUE(put(files, payload_of(5000)) && put(files, payload_of(5000)));
    const auto none = [](const stored_file&) -> result<bool> { return false; };
    disk.follow().number = EIO;
    disk.follow().restart();
    ASSERT_TRUE(files.list_files());
    const auto calls = disk.follow().calls().size();
    for (std::size_t n = 0; n < calls; ++n) {
        disk.follow().restart();
        disk.follow().fail_at = n;
        const auto swept = files.sweep(none);
        ASSERT_FALSE(swept) << n;
        EXPECT_EQ(swept.error().system(), EIO);
        EXPECT_EQ(files_below(here.path()).size(), 2u) << n;
    }
    disk.follow().fail_at.reset();
    const auto unknown = files.sweep(
        [](const stored_file& f) -> result<bool> { return fail(errc::io, "read row", f.path); });
    EXPECT_EQ(unknown.error().causes().front().operation, "sweep leftovers");
    EXPECT_EQ(files_below(here.path()).size(), 2u);
}

TEST(sweep, leaves_a_pack_in_which_a_reader_holds_a_frame) {
    temporary_directory here;
    auto files = open_files(here);
    const auto blob = *put(files, payload_of(500));
    const auto where = blob::to_pack_position(blob.what.position);
    ASSERT_TRUE(files.let_go(where.pack));
    const auto none = [](const stored_file&) -> result<bool> { return false; };
    {
        const auto held = files.pins().hold(where, files.pins().taken());
        ASSERT_TRUE(held);
        const auto swept = files.sweep(none);
        EXPECT_EQ(swept->kept, 1u);
        EXPECT_EQ(get(files, blob), payload_of(500));
    }
    EXPECT_EQ(files.sweep(none)->removed.size(), 1u);
}

// Two processes on one store: each sees the other's files, and not what it does with them.
TEST(sweep, leaves_what_others_are_writing) {
    temporary_directory here;
    const auto ids = counting_ids();
    auto theirs = open_files(here, blob::posix_file_system{}, small_options(), ids);
    ASSERT_TRUE(put(theirs, payload_of(4000)));  // 1: nothing names it
    EXPECT_EQ(theirs.turn_epoch(2), 2u);
    auto staged = theirs.stage();  // 2
    ASSERT_TRUE(staged->write(payload_of(5000)));
    auto sealed = std::move(*std::move(*staged).measure()).seal();
    ASSERT_TRUE(sealed);
    ASSERT_TRUE(put(theirs, payload_of(500)));  // 4, and its pack

    auto how = small_options();
    how.others = [&] { return result<blob::other_openings>{{true, theirs.turn_epoch(6)}}; };
    auto ours = open_files(here, blob::posix_file_system{}, how, ids);
    EXPECT_FALSE(ours.is_alone().value());
    std::size_t asked = 0;
    const auto none = [&](const stored_file&) -> result<bool> { return ++asked, false; };
    const auto swept = ours.sweep(none);
    ASSERT_TRUE(swept);
    ASSERT_EQ(swept->removed.size(), 1u);
    EXPECT_EQ(swept->removed[0].id, 1u);
    EXPECT_EQ(swept->kept, 2u);
    EXPECT_EQ(asked, 1u) << "what others may write needs no row yet";
    const kept blob{sealed->what(), sealed->sums(), {}};
    EXPECT_EQ(get(ours, blob), payload_of(5000));
    std::move(*sealed).published();
    EXPECT_TRUE(theirs.let_go({3}));

    // That it is asked is what saves them.
    auto careless = open_files(here, blob::posix_file_system{}, small_options(), ids);
    EXPECT_EQ(careless.sweep(none)->removed.size(), 2u);
}

TEST(files, are_written_under_no_number_below_the_epoch_of_an_open_pack) {
    temporary_directory here;
    auto files = open_files(here);
    EXPECT_EQ(files.turn_epoch(10), 10u);
    ASSERT_TRUE(put(files, payload_of(500)));
    EXPECT_EQ(files.turn_epoch(20), 10u) << "more frames may come";
    files.end_pack();
    EXPECT_EQ(files.turn_epoch(30), 30u);
}

TEST(sweep, takes_no_pack_while_others_may_read_it) {
    temporary_directory here;
    const auto ids = counting_ids();
    {
        auto crashed = open_files(here, blob::posix_file_system{}, small_options(), ids);
        ASSERT_TRUE(put(crashed, payload_of(500)) && put(crashed, payload_of(5000)));
    }
    blob::other_openings others{true};
    auto how = small_options();
    how.others = [&] { return result<blob::other_openings>{others}; };
    auto files = open_files(here, blob::posix_file_system{}, how, ids);
    const auto none = [](const stored_file&) -> result<bool> { return false; };
    const auto beside = files.sweep(none);
    ASSERT_EQ(beside->removed.size(), 1u);
    EXPECT_EQ(beside->removed[0].kind, placement::dedicated);
    others = {};
    EXPECT_EQ(files.sweep(none)->removed.size(), 1u);

    how.others = []() -> result<blob::other_openings> {
        return fail(errc::io, "look for others", "");
    };
    auto unsure = open_files(here, blob::posix_file_system{}, how, ids);
    EXPECT_EQ(unsure.sweep(none).error().code(), errc::io);
    EXPECT_EQ(unsure.is_alone().error().code(), errc::io);
}

TEST(sweep, goes_on_after_a_removal_that_is_refused) {
    temporary_directory here;
    scripted disk;
    auto files = open_files(here, disk);
    ASSERT_TRUE(put(files, payload_of(5000)) && put(files, payload_of(5000)));
    disk.follow().restart();
    ASSERT_TRUE(files.list_files());
    disk.follow().number = EBUSY;
    disk.follow().fail_at = disk.follow().calls().size();
    disk.follow().restart();
    const auto swept = files.sweep([](const auto&) -> result<bool> { return false; });
    ASSERT_TRUE(swept);
    ASSERT_EQ(swept->refused.size(), 1u);
    EXPECT_EQ(swept->refused[0].system(), EBUSY);
    EXPECT_EQ(swept->removed.size(), 1u);
}

TEST(files, readers_outlast_a_removal) {
    temporary_directory here;
    auto files = open_files(here);
    const auto blob = put(files, payload_of(5000));
    auto reader = files.reader(blob->what, blob->sums);
    std::string out(5000, '?');
    ASSERT_TRUE(reader.read_at(0, out));
    const auto all = files.list_files();
    ASSERT_TRUE(all);
    for (const auto& f : all->files) ASSERT_EQ(files.remove(f), true);
    EXPECT_EQ(reader.read_at(0, out), 5000u);
    EXPECT_EQ(get(files, *blob).error().code(), errc::not_found);
}

TEST(files, serve_many_threads) {
    temporary_directory here;
    auto chosen = small_options(blob::durability::power);
    chosen.open_files_max = 4;
    chosen.sizes.pack_max = 20'000;
    auto files = open_files(here, blob::posix_file_system{}, chosen);
    {
        std::vector<std::jthread> writers;
        for (std::uint64_t t = 0; t < 4; ++t)
            writers.emplace_back([&, t] {
                for (std::uint64_t i = 0; i < 25; ++i) {
                    const auto payload = payload_of(10 + i * 97 % 1300, t * 100 + i);
                    const auto blob = put(files, payload, 333);
                    ASSERT_TRUE(blob) << blob.error().message();
                    EXPECT_EQ(get(files, *blob), payload);
                    auto abandoned = files.stage();
                    EXPECT_TRUE(abandoned->write(payload));
                    if (i % 2 == 0) {
                        EXPECT_TRUE(std::move(*abandoned).measure());
                    }
                }
            });
    }
    EXPECT_GT(files.counters().packs, 1u);
    const auto all = files.list_files();
    ASSERT_TRUE(all);
    for (const auto& f : all->files) {
        if (f.kind != placement::packed) continue;
        EXPECT_LE(f.size, 20'000u);
        auto file = files.open_pack(blob::pack_id{f.id});
        auto scan = blob::pack_scanner<blob::posix_file>::begin(*file, blob::pack_id{f.id});
        ASSERT_TRUE(scan);
        while (*scan->next()) continue;
        EXPECT_GT(scan->report().frames, 0u);
    }
}

}  // namespace
}  // namespace casement::testing::files_test
