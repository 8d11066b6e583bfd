#include <casement/blob/pack.hpp>

#include <latch>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include <casement/blob/pack_read.hpp>

#include "blob/blob_files.hpp"

namespace casement::testing::pack_test {
namespace {

using blob::blob_id;
using blob::descriptor;
using blob::pack_id;

template <class FS>
class packs {
public:
    explicit packs(FS fs = {}, blob::durability durable = blob::durability::power)
        : fs_{fs}, where_{here_.path().string()}, appender_{fs, where_, counting_ids().pack, [&] {
                                                                auto chosen =
                                                                    small_options(durable);
                                                                chosen.sizes.pack_max = 10'000;
                                                                return chosen;
                                                            }()} {
        EXPECT_TRUE(fs_.make_directory(where_.packs()));
    }

    using frame = typename blob::pack_appender<FS>::frame;

    /// A finished frame that holds the payload, and its descriptor.
    std::pair<frame, descriptor> append(const std::string& payload, std::uint64_t id = 1) {
        auto f = appender_.begin(payload);
        EXPECT_TRUE(f) << f.error().message();
        const descriptor d{placement::packed,    to_number(f->position()), payload.size(), {id}, {},
                           checksum_of(payload), sha256_of(payload)};
        EXPECT_TRUE(appender_.finish(*f, d));
        return {*std::move(f), d};
    }

    auto& operator*() { return appender_; }
    auto* operator->() { return &appender_; }
    [[nodiscard]] std::string path(std::uint64_t id) const { return where_.file_of(pack_id{id}); }

private:
    temporary_directory here_;
    FS fs_;
    blob::layout where_;
    blob::pack_appender<FS> appender_;
};

using posix_packs = packs<blob::posix_file_system>;

// The bytes of a whole pack, as pack_format.hpp draws them.
TEST(pack, golden) {
    posix_packs p;
    const auto payload = payload_of(70);
    const auto [first, d] = p.append(payload, 7);
    const auto [second, e] = p.append("x", 8);
    EXPECT_EQ(first.position(), (blob::pack_position{{1}, 128}));
    EXPECT_EQ(second.position(), (blob::pack_position{{1}, 128 + 128 + 64}));
    const auto magic = small_options().magic();
    EXPECT_EQ(bytes_of(p.path(1)),
              blob::encode_pack_header({{1}, magic}) + encode_frame_header(frame_of(d, magic)) +
                  payload + std::string(58, '\0') + encode_frame_header(frame_of(e, magic)) + "x");
}

TEST(pack, is_begun_by_the_first_frame_only) {
    posix_packs p;
    EXPECT_FALSE(blob::posix_file_system{}.look(p.path(1)));
    (void)p.append("x");
    EXPECT_TRUE(blob::posix_file_system{}.look(p.path(1)));
}

// What a compaction or a sweep must know before it takes a pack for what its rows say.
TEST(pack, is_busy_while_a_frame_is_on_its_way_or_may_come) {
    posix_packs p;
    const auto a = p.append("a").first, b = p.append("b").first;
    EXPECT_TRUE(p->busy(pack_id{1}));
    EXPECT_FALSE(p->busy(pack_id{2}));
    p->published(a);
    p->abandon(b);
    EXPECT_TRUE(p->busy(pack_id{1})) << "the next frame comes here";
    EXPECT_TRUE(p->let_go(pack_id{1}));
    EXPECT_FALSE(p->busy(pack_id{1}));
    const auto c = p.append("c").first;
    EXPECT_EQ(c.position().pack, pack_id{2});
    EXPECT_FALSE(p->let_go(pack_id{2})) << "c is on its way";
    EXPECT_TRUE(p->busy(pack_id{2}));
    p->published(c);
    EXPECT_FALSE(p->busy(pack_id{2}));
    EXPECT_TRUE(p->let_go(pack_id{2}));
    EXPECT_TRUE(p->let_go(pack_id{7})) << "of an earlier run";
}

// 10,000 bytes at most: the header, then frames of 64 + 9,872 bytes to the brim.
TEST(pack, never_passes_its_limit) {
    for (const auto& [size, expected_packs] : {std::pair{9'856u, 1u}, {9'857u, 2u}}) {
        posix_packs p;
        (void)p.append(std::string(size - 64 - 64, 'a'));
        (void)p.append(std::string(1, 'b'));
        EXPECT_EQ(p->counters().packs, expected_packs) << size;
        EXPECT_LE(bytes_of(p.path(1)).size(), 10'000u);
    }
}

TEST(pack, counts_what_it_holds) {
    posix_packs p;
    (void)p.append(std::string(64, 'a'));
    const auto f = p.append(std::string(65, 'b')).first;
    const auto counted = p->counters();
    EXPECT_EQ(counted.frames, 2u);
    EXPECT_EQ(counted.bytes, 64u + 128u + 192u);
    EXPECT_EQ(counted.dead_bytes, 0u);
    p->abandon(f);
    EXPECT_EQ(p->counters().dead_bytes, 192u) << "a finished frame is not written over";
}

TEST(pack, what_was_only_begun_makes_room_if_it_is_the_last) {
    posix_packs p;
    auto a = p->begin("aaaa"), b = p->begin("bbbb");
    ASSERT_TRUE(a && b);
    p->abandon(*a);
    EXPECT_EQ(p->counters().dead_bytes, 128u) << "b lies behind it";
    p->abandon(*b);
    EXPECT_EQ(p->counters().dead_bytes, 128u);
    EXPECT_EQ(p->begin("cccc")->offset, b->offset);
}

TEST(pack, numbers_end_at_32_bits) {
    temporary_directory here;
    blob::pack_appender<blob::posix_file_system> appender{
        {},
        blob::layout{here.path().string()},
        [] { return result<pack_id>{{std::uint64_t{1} << 32}}; },
        small_options()};
    EXPECT_EQ(appender.begin("x").error().code(), errc::too_big);
}

TEST(pack, a_write_that_fails_retires_the_pack_and_harms_no_other_frame) {
    scripted disk;
    packs<scripted> p{disk};
    const auto [before, d] = p.append("before");
    disk.follow().restart();
    disk.follow().number = 28;  // ENOSPC
    disk.follow().fail_at = 0;
    const auto failed = p->begin("failed");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), errc::no_space);
    EXPECT_EQ(p->sync(before), true);
    EXPECT_EQ(p.append("after").first.position().pack, pack_id{2});
}

TEST(pack, a_failed_sync_fails_all_who_wait_for_it_and_none_who_did_before) {
    scripted disk;
    packs<scripted> p{disk};
    const auto durable = p.append("durable").first;
    ASSERT_TRUE(p->sync(durable));
    const auto a = p.append("a").first, b = p.append("b").first;
    disk.follow().restart();
    disk.follow().number = 5;  // EIO
    disk.follow().fail_at = 0;
    EXPECT_EQ(p->sync(a).error().system(), 5);
    EXPECT_EQ(p->sync(b).error().system(), 5);
    EXPECT_EQ(disk.follow().count("sync"), 1u) << "never tried again";
    EXPECT_EQ(p->sync(durable), true);
    EXPECT_EQ(p.append("after").first.position().pack, pack_id{2});
}

// What fsync said once about a file holds for all that was written to it, also for what was on its
// way then: the pages may be gone though the next fsync says that all is well.
TEST(pack, what_was_begun_before_a_failed_sync_is_never_durable_after_it) {
    scripted disk;
    disk.follow().forgets_failed_syncs = true;
    packs<scripted> p{disk};
    const auto first = p.append("first").first;
    auto begun = p->begin("begun");
    ASSERT_TRUE(begun);
    disk.follow().restart();
    disk.follow().number = 5;  // EIO
    disk.follow().fail_at = 0;
    ASSERT_FALSE(p->sync(first));
    disk.follow().fail_at.reset();

    const descriptor d{
        placement::packed, to_number(begun->position()), 5, {2}, {}, checksum_of("begun"),
        sha256_of("begun")};
    ASSERT_TRUE(p->finish(*begun, d));
    for (int again = 0; again < 2; ++again) {
        EXPECT_EQ(p->sync(*begun).error().system(), 5);
        EXPECT_EQ(p->sync(first).error().system(), 5);
    }
    EXPECT_EQ(disk.follow().count("sync"), 1u) << "never tried again";

    const auto after = p.append("after").first;
    EXPECT_EQ(after.position().pack, pack_id{2});
    EXPECT_EQ(p->sync(after), true);
    EXPECT_FALSE(p->sync(first)) << "another pack makes the lost one no better";
}

// The name is part of it: a pack whose name could not be synced takes no more frames either.
TEST(pack, a_name_that_was_not_synced_fails_the_pack) {
    scripted disk;
    packs<scripted> p{disk};
    const auto a = p.append("a").first;
    disk.follow().restart();
    disk.follow().number = 5;  // EIO
    disk.follow().fail_at = 1;
    EXPECT_EQ(p->sync(a).error().causes().back().operation, "sync directory");
    disk.follow().fail_at.reset();
    EXPECT_FALSE(p->sync(a));
    EXPECT_EQ(disk.follow().calls().size(), 2u) << "neither is tried again";
    EXPECT_EQ(p.append("after").first.position().pack, pack_id{2});
}

TEST(pack, who_comes_during_a_sync_shares_the_next) {
    scripted disk;
    packs<scripted> p{disk};
    std::latch entered{1}, go_on{1};
    std::once_flag first;
    disk.follow().before_file_sync = [&] {
        std::call_once(first, [&] {
            entered.count_down();
            go_on.wait();
        });
    };
    const auto a = p.append("a").first;
    std::vector<std::jthread> waiting;
    waiting.emplace_back([&] { EXPECT_EQ(p->sync(a), true); });
    entered.wait();
    const auto b = p.append("b").first, c = p.append("c").first, d = p.append("d").first;
    for (const auto* f : {&b, &c, &d})
        waiting.emplace_back([&, f] { EXPECT_EQ(p->sync(*f), true); });
    go_on.count_down();
    waiting.clear();
    EXPECT_EQ(disk.follow().count("sync"), 2u)
        << "one for a, one for the three that came meanwhile";
}

TEST(pack, many_threads_append_at_once) {
    constexpr unsigned threads = 4, each = 60;
    scripted disk;
    packs<scripted> p{disk};
    std::vector<std::vector<descriptor>> put(threads);
    {
        std::vector<std::jthread> writers;
        for (unsigned t = 0; t < threads; ++t)
            writers.emplace_back([&, t] {
                for (unsigned i = 0; i < each; ++i) {
                    const auto id = t * each + i;
                    auto [frame, d] = p.append(payload_of(1 + id * 7 % 900, id), id);
                    if (id % 5 == 0) {
                        EXPECT_TRUE(p->sync(frame));
                    }
                    put[t].push_back(d);
                }
            });
    }
    std::size_t frames = 0;
    blob::posix_file_system fs;
    for (std::uint64_t number = 1; number <= p->counters().packs; ++number) {
        auto file = fs.open(p.path(number));
        auto scan = blob::pack_scanner<blob::posix_file>::begin(*file, pack_id{number});
        ASSERT_TRUE(scan);
        for (;;) {
            auto found = scan->next();
            ASSERT_TRUE(found);
            if (!*found) break;
            const auto id = (*found)->what.id.value;
            EXPECT_EQ((*found)->what, put[id / each][id % each]);
            ++frames;
        }
        EXPECT_TRUE(scan->report().damaged.empty());
        EXPECT_LE(scan->report().size, 10'000u);
    }
    EXPECT_EQ(frames, threads * each);
    EXPECT_LE(disk.follow().count("sync"), threads * each / 5);
}

}  // namespace
}  // namespace casement::testing::pack_test
