// What damage does to a store of the embedded engine: it is refused, or it changes no answer.

#include "engine/damage.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <casement/engine/leveldb.hpp>
#include <support/temporary.hpp>

#include "engine/watermark.hpp"
#include "engine/writer.hpp"
#include "support/scale.hpp"

namespace casement::engine::damage_test {
namespace {

namespace testing = casement::testing;
using testing::damage, testing::scaled, testing::spaced;

constexpr std::size_t rows_n = 150, row_bytes = 400;

class damaged : public ::testing::Test {
protected:
    /// A store with rows in tables and in a log, closed. Every row was written twice, so that there
    /// are older values to come back wrongly.
    void SetUp() override {
        for (std::size_t part = 0; part < 2; ++part) {
            auto kv = leveldb_store::open(path_, {.create = true});
            ASSERT_TRUE(kv) << kv.error().message();
            const auto begin = part * rows_n / 2, end = begin + rows_n / 2;
            for (const bool last : {false, true})
                for (std::size_t n = begin; n < end; ++n)
                    ASSERT_TRUE(testing::commit(
                        *kv, {},
                        {testing::put(testing::numbered_key(n),
                                      last ? testing::numbered_value(n, row_bytes) : "older")}));
            ASSERT_TRUE(kv->close());
        }
    }

    testing::toll suffer(const std::vector<damage>& all, std::size_t at_least = rows_n) {
        return testing::suffer(
            path_, directory_ / "scratch", all, [&](const std::string& path, bool& refused) {
                return testing::still_numbered(path, row_bytes, at_least, rows_n, refused);
            });
    }
    void expect_no_harm(const std::vector<damage>& all, std::size_t at_least = rows_n) {
        const auto t = suffer(all, at_least);
        for (const auto& w : t.wrong) ADD_FAILURE() << w;
        RecordProperty("refused", static_cast<int>(t.refused));
        RecordProperty("unharmed", static_cast<int>(t.unharmed));
    }
    /// The file of the store whose name has `part` in it.
    [[nodiscard]] std::string file(const std::string& part) const {
        for (const auto& f : testing::files_of(path_))
            if (f.find(part) != f.npos) return f;
        ADD_FAILURE() << "no file " << part;
        return {};
    }
    [[nodiscard]] std::size_t size_of(const std::string& f) const {
        return std::filesystem::file_size(std::filesystem::path{path_} / f);
    }

    testing::temporary_directory directory_;
    std::string path_ = directory_ / "kv";
};

TEST_F(damaged, the_judge_finds_a_store_sound_and_knows_what_is_wrong) {
    EXPECT_TRUE(suffer({{damage::kind::flip, "db/LOG", 0, 1}}).wrong.empty());
    bool refused = false;
    using testing::still_numbered;
    EXPECT_EQ(still_numbered(path_, row_bytes, rows_n, rows_n, refused), std::nullopt);
    EXPECT_FALSE(refused);
    EXPECT_TRUE(still_numbered(path_, row_bytes, rows_n + 1, rows_n + 1, refused)) << "one missing";
    EXPECT_TRUE(still_numbered(path_, row_bytes, 0, rows_n - 1, refused)) << "one too many";
    EXPECT_TRUE(still_numbered(path_, row_bytes + 1, rows_n, rows_n, refused)) << "others";
    EXPECT_FALSE(refused);
}

TEST_F(damaged, a_log_below_the_watermark_is_missed_in_any_part) {
    const auto log = file(".log");
    std::vector<damage> all{{damage::kind::remove, log}};
    for (std::size_t at = 0; at < size_of(log); at += spaced(97))
        all.push_back({damage::kind::cut, log, at});
    // Also each byte, or each fifth, of the last record: a length that is wrong there reads as the
    // end of the log.
    const auto last = size_of(log) - std::min<std::size_t>(size_of(log), row_bytes + 40);
    for (std::size_t at = 0; at < size_of(log); at += spaced(at < last ? 53 : 1))
        all.push_back({damage::kind::flip, log, at, static_cast<std::uint8_t>(1u << at % 8)});
    const auto t = suffer(all);
    for (const auto& w : t.wrong) ADD_FAILURE() << w;
    EXPECT_EQ(t.unharmed, 0u) << "each of these loses rows: none may pass";
}

TEST_F(damaged, a_manifest_is_missed_in_any_part) {
    const auto manifest = file("MANIFEST");
    auto all = testing::damages_of(path_, manifest, {.flip = 1, .cut = 7});
    const auto t = suffer(all);
    for (const auto& w : t.wrong) ADD_FAILURE() << w;
    EXPECT_EQ(t.unharmed, 0u);
}

TEST_F(damaged, current_is_missed_in_any_part) {
    const auto t = suffer(testing::damages_of(path_, "db/CURRENT", {}));
    for (const auto& w : t.wrong) ADD_FAILURE() << w;
    EXPECT_EQ(t.unharmed, 0u);
}

TEST_F(damaged, a_damaged_watermark_hides_nothing) {
    expect_no_harm(testing::damages_of(path_, "watermark", {.flip = spaced(37), .cut = 503}));
    // Most of all where it says something.
    std::vector<damage> said;
    for (std::size_t slot : {0u, 4096u})
        for (std::size_t at = 0; at < 64; at += spaced(1))
            said.push_back({damage::kind::flip, "watermark", slot + at, 0x40});
    expect_no_harm(said);
    // One slot is enough to open; with neither, nobody knows.
    auto bytes = testing::bytes_of(path_ + "/watermark");
    bytes[20] ^= 1;
    bytes[4096 + 20] ^= 1;
    testing::write_bytes(path_ + "/watermark", bytes);
    const auto r = leveldb_store::open(path_, {});
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code(), errc::corrupt);
}

TEST_F(damaged, files_of_every_kind_are_missed_or_not_needed) {
    std::size_t total = 0;
    for (const auto& f : testing::files_of(path_)) total += size_of(f);
    for (const auto& f : testing::files_of(path_))
        expect_no_harm(testing::damages_of(
            path_, f, {.flip = total / scaled(300), .cut = total / scaled(60)}));
}

TEST_F(damaged, tables_are_missed_in_any_part) {
    std::set<std::string> kinds;
    for (const auto& f : testing::files_of(path_)) {
        if (!f.ends_with(".ldb")) continue;
        kinds.insert(f);
        const auto t = suffer({{damage::kind::remove, f},
                               {damage::kind::cut, f, 0},
                               {damage::kind::cut, f, size_of(f) / 2},
                               {damage::kind::cut, f, size_of(f) - 1}});
        EXPECT_TRUE(t.wrong.empty()) << t.wrong.front();
        EXPECT_EQ(t.unharmed, 0u);
    }
    EXPECT_FALSE(kinds.empty());
}

TEST_F(damaged, an_older_database_under_a_newer_watermark_is_missed) {
    const auto older = directory_ / "older", mixed = directory_ / "mixed";
    testing::copy_directory(path_, older);
    for (int commits = 0; commits < 3; ++commits) {
        {
            auto kv = leveldb_store::open(path_, {});
            ASSERT_TRUE(kv);
            for (int n = 0; n < commits; ++n)
                ASSERT_TRUE(testing::commit(*kv, {}, {testing::put("new", std::to_string(n))}));
        }
        testing::copy_directory(older, mixed);
        std::filesystem::copy_file(path_ + "/watermark", mixed + "/watermark",
                                   std::filesystem::copy_options::overwrite_existing);
        const auto r = leveldb_store::open(mixed, {.create = true});
        ASSERT_FALSE(r) << "after " << commits;
        EXPECT_EQ(r.error().code(), errc::corrupt);
    }
}

TEST_F(damaged, a_store_without_both_current_and_watermark_is_not_made_anew) {
    std::filesystem::remove(path_ + "/watermark");
    std::filesystem::remove(path_ + "/db/CURRENT");
    const auto before = testing::files_of(path_);
    const auto r = leveldb_store::open(path_, {.create = true});
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code(), errc::corrupt);
    EXPECT_EQ(testing::files_of(path_), before) << "and nothing was deleted";
}

TEST_F(damaged, a_store_without_its_database_is_not_made_anew) {
    std::filesystem::remove_all(path_ + "/db");
    const auto r = leveldb_store::open(path_, {.create = true});
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code(), errc::corrupt);
    std::filesystem::create_directory(path_ + "/db");
    const auto again = leveldb_store::open(path_, {.create = true});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), errc::corrupt);
}

// A scan that comes to a block it cannot read stops there: no row is stepped over.
TEST_F(damaged, a_scan_stops_at_what_it_cannot_read) {
    const auto table = [&] {
        for (const auto& f : testing::files_of(path_))
            if (f.ends_with(".ldb")) return f;
        return std::string{};
    }();
    ASSERT_FALSE(table.empty());
    damage{damage::kind::flip, table, size_of(table) / 2, 1}.apply_to(path_);
    auto kv = leveldb_store::open(path_, {});
    ASSERT_TRUE(kv) << kv.error().message();
    std::size_t n = 0;
    auto rows = kv->scan("", "\xff");
    for (; rows.valid(); rows.next(), ++n) ASSERT_EQ(rows.key(), testing::numbered_key(n));
    EXPECT_LT(n, rows_n);
    ASSERT_FALSE(rows.status());
    EXPECT_EQ(rows.status().error().code(), errc::corrupt);
    // From behind the block on, all is there.
    auto rest = kv->scan(testing::numbered_key(rows_n - 1), "\xff");
    EXPECT_TRUE(rest.valid());
}

// --- after a kill ------------------------------------------------------------------------------

/// A store whose writer was killed: nothing was closed.
class killed : public ::testing::TestWithParam<const char*> {
protected:
    void write_rows(std::size_t n, std::size_t bytes) {
        testing::writer_process w{
            {path_, GetParam(), "0", std::to_string(n), std::to_string(bytes), "kill"}};
        ASSERT_EQ(w.lines(), n + 1);
    }
    testing::temporary_directory directory_;
    std::string path_ = directory_ / "kv";
};
INSTANTIATE_TEST_SUITE_P(durability, killed, ::testing::Values("process", "power"),
                         [](const auto& of) { return std::string{of.param}; });

// Above the watermark rows may be lost, the newest first; never one in the middle, never another
// value.
TEST_P(killed, damage_takes_the_newest_rows_at_most) {
    write_rows(rows_n, row_bytes);
    for (const auto& f : testing::files_of(path_)) {
        const auto size = std::filesystem::file_size(std::filesystem::path{path_} / f);
        const auto t = testing::suffer(
            path_, directory_ / "scratch",
            testing::damages_of(
                path_, f,
                {.flip = size / testing::scaled(60) + 1, .cut = size / testing::scaled(30) + 1}),
            [&](const std::string& path, bool& refused) {
                return testing::still_numbered(path, row_bytes, 0, rows_n, refused);
            });
        for (const auto& w : t.wrong) ADD_FAILURE() << w;
    }
}

/// What the watermark says, read as it is drawn in watermark.hpp.
std::map<std::string, std::uint64_t> marks_of(const std::string& path) {
    const auto bytes = testing::bytes_of(path + "/watermark");
    std::map<std::string, std::uint64_t> newest;
    std::uint64_t highest = 0;
    for (const std::size_t at : {0u, 4096u}) {
        reader in{std::string_view{bytes}.substr(at + 8, 4084)};
        std::uint64_t number = 0, entries = 0;
        if (!in.big64(number) || number <= highest || !in.varint(entries)) continue;
        highest = number;
        newest.clear();
        for (; entries > 0; --entries) {
            std::string log;
            std::uint64_t synced = 0;
            EXPECT_TRUE(decode_from(in, log) && decode_from(in, synced));
            newest[log] = synced;
        }
    }
    return newest;
}

// Each commit of a `power` store is synced, so all of the log is; the mark lags behind by its bound
// and the one record that crossed it.
TEST(killed_power, the_watermark_never_exceeds_what_is_synced_nor_lags_too_far) {
    testing::temporary_directory directory;
    const auto path = directory / "kv";
    std::size_t marked = 0;
    constexpr std::size_t bytes = 5000, a_round = 100;
    for (std::size_t first = 0; first < 10 * a_round; first += a_round) {
        testing::writer_process w{{path, "power", std::to_string(first),
                                   std::to_string(first + a_round), std::to_string(bytes), "kill"}};
        ASSERT_EQ(w.lines(), a_round + 1);
        for (const auto& [log, synced] : marks_of(path)) {
            const auto size = std::filesystem::file_size(path + "/db/" + log);
            EXPECT_LE(synced, size) << log;
            EXPECT_LE(size - synced, watermark_lag_bytes_max + bytes + 100) << log;
            if (log.ends_with(".log")) marked = std::max<std::size_t>(marked, synced);
        }
    }
    // One round longer than the lag: the mark must have moved while the log was written.
    testing::writer_process w{{path, "power", "0", "190", std::to_string(bytes), "kill"}};
    (void)w.lines();
    for (const auto& [log, synced] : marks_of(path)) marked = std::max<std::size_t>(marked, synced);
    EXPECT_GT(marked, 0u);
}

// --- being made --------------------------------------------------------------------------------

// A maker that died at any step leaves what another can finish, or a store.
TEST(half_made, is_made_by_the_next) {
    testing::temporary_directory directory;
    const auto attempt = [&](const std::string& path) {
        const auto only = leveldb_store::open(path, {});
        EXPECT_FALSE(only);
        if (!only) {
            EXPECT_EQ(only.error().code(), errc::not_found) << only.error().message();
        }
        auto kv = leveldb_store::open(path, {.create = true});
        ASSERT_TRUE(kv) << kv.error().message();
        EXPECT_TRUE(testing::commit(*kv, {}, {testing::put("k", "v")}));
        EXPECT_TRUE(kv->close());
        kv = leveldb_store::open(path, {});
        ASSERT_TRUE(kv) << kv.error().message();
        EXPECT_EQ(testing::value_of(*kv, "k"), "v");
    };
    const auto made = [&](const std::string& name) {
        std::filesystem::create_directories(directory / name + "/db");
        return directory / name;
    };
    attempt(made("directory"));
    const auto unfinished = made("unfinished watermark");
    testing::write_bytes(unfinished + "/watermark.new", "csmt");
    attempt(unfinished);
    const auto marked = made("watermark");
    {
        watermark w;
        ASSERT_TRUE(w.create(marked + "/watermark"));
    }
    attempt(marked);
    const auto nameless =
        made("watermark in front");  // the directory's name came to the disk later
    {
        watermark w;
        ASSERT_TRUE(w.create(nameless + "/watermark"));
    }
    std::filesystem::remove(nameless + "/db");
    attempt(nameless);
    const auto manifest = made("manifest");
    {
        watermark w;
        ASSERT_TRUE(w.create(manifest + "/watermark"));
        testing::write_bytes(manifest + "/db/MANIFEST-000001", "half a man");
        ASSERT_TRUE(w.begun("MANIFEST-000001"));
    }
    attempt(manifest);
}

}  // namespace
}  // namespace casement::engine::damage_test
