// SPEC B5-B7 on a real disk and the engine that ships: songs whose rows are updated again and
// again, a third of them deleted, and what is left compacted. What a blob costs is counted, not
// timed. CASEMENT_SONGS says how many: 400 is the full size, 3.6 GB.

#include <sys/stat.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <casement/engine/leveldb.hpp>
#include <casement/kv/client.hpp>
#include <casement/tree/blob_rows.hpp>
#include <casement/tree/collect.hpp>
#include <casement/tree/compact.hpp>
#include <casement/tree/verify.hpp>

#include "blob/blob_files.hpp"
#include "support/temporary.hpp"
#include "tree/hand.hpp"
#include "tree/song.hpp"

namespace casement::testing::songs_test {
namespace {

using blob::KiB;
using blob::MiB;

std::size_t songs_to_make() {
    const char* n = std::getenv("CASEMENT_SONGS");
    return n == nullptr ? 40 : std::strtoul(n, nullptr, 10);
}

/// The most memory that this process had since it was made, beyond what it had then; nothing where
/// the system does not say.
class peak_memory {
public:
    peak_memory() : before_{now("VmRSS:")} {
        if (!(std::ofstream{"/proc/self/clear_refs"} << '5').flush()) before_.reset();
    }
    [[nodiscard]] std::optional<std::uint64_t> grown() const {
        const auto peak = now("VmHWM:");
        if (!before_ || !peak) return std::nullopt;
        return *peak - std::min(*peak, *before_);
    }

private:
    static std::optional<std::uint64_t> now(const std::string& what) {
        std::ifstream status{"/proc/self/status"};
        for (std::string word; status >> word;)
            if (std::uint64_t kib = 0; word == what && status >> kib) return kib * KiB;
        return std::nullopt;
    }
    std::optional<std::uint64_t> before_;
};

/// What the files below a directory take of the disk.
std::uint64_t disk_bytes(const std::filesystem::path& below) {
    std::uint64_t all = 0;
    for (const auto& path : files_below(below)) {
        struct ::stat seen {};
        if (::stat(path.c_str(), &seen) == 0)
            all += static_cast<std::uint64_t>(seen.st_blocks) * 512;
    }
    return all;
}

class Songs : public ::testing::Test {
protected:
    void SetUp() override {
        std::filesystem::create_directory(where_ / "store");
        store_.emplace(must(engine::leveldb_store::open(
            where_ / "meta", {.durable = engine::durability::power, .create = true})));
        hand_.emplace(*store_);
        open();
    }
    void open() {
        contents_.reset();
        auto files =
            blob::files<scripted>::open(disk_, where_ / "store",
                                        {[this] { return hand_->ids.next<blob::blob_id>(); },
                                         [this] { return hand_->ids.next<blob::pack_id>(); }});
        contents_.emplace(*store_, must(std::move(files)));
    }

    /// Of bytes that nothing else has; streamed, for a song need not fit into memory (SPEC B10).
    void keep(std::uint64_t number, std::size_t size) {
        auto staged = must(contents_->stage());
        for (std::size_t done = 0; done < size; done += MiB) {
            auto piece = payload_of(std::min<std::size_t>(MiB, size - done), number + 1);
            piece.replace(0, 8, std::to_string(10'000'000 + done / MiB));
            must(staged.write(piece));
        }
        auto stored = must(contents_->store_bytes(std::move(staged)));
        transaction t{*store_};
        stored.add_to(t);
        t.put<song>({number}, {"song", stored.reference()});
        must(t.commit());
        stored.published();
        live_ += size;
        sizes_[number] = size;
    }
    void rename_all(const std::string& title) {
        for (const auto& [number, _] : sizes_) {
            const auto old = must(read<song>(*store_, {number}));
            must(tree::put(*contents_, old, song{title, old->cover}, "the song is as it was"));
        }
    }
    void drop_a_third() {
        for (auto s = sizes_.begin(); s != sizes_.end();) {
            const bool goes = s->first % 3 == 0;
            if (goes) {
                live_ -= s->second;
                must(transaction{*store_}.erase<song>({s->first}).commit());
            }
            s = goes ? sizes_.erase(s) : std::next(s);
        }
        must(collect(hand_->me, {.now = {}}));
        // As the vault removes what the collector has erased.
        const auto swept = must(contents_->files().sweep(
            [&](const blob::stored_file& f) { return result<bool>{is_named(f)}; }));
        EXPECT_TRUE(swept.refused.empty());
    }
    bool is_named(const blob::stored_file& f) {
        const std::string table{tree::content::table};
        for (auto r = store_->scan(table, after_prefix(table)); r.valid(); r.next()) {
            const auto where = must(blob::read_descriptor(r.value(), r.key()));
            if (where.kind == blob::placement::dedicated && f.kind == where.kind &&
                where.id.value == f.id)
                return true;
            if (where.kind == blob::placement::packed && f.kind == where.kind &&
                blob::to_pack_position(where.position).pack.value == f.id)
                return true;
        }
        return false;
    }
    void expect_whole() {
        const auto seen = tree::verify(*store_, *contents_);
        EXPECT_EQ(seen.contents, sizes_.size());
        EXPECT_EQ(seen.bytes, live_);
        for (const auto& p : seen.problems) ADD_FAILURE() << p.what.message();
    }
    [[nodiscard]] script& disk() const { return disk_.follow(); }
    [[nodiscard]] double disk_per_live() const {
        return static_cast<double>(disk_bytes(where_.path())) / static_cast<double>(live_);
    }

    static constexpr std::size_t smallest = 3 * MiB, largest = 15 * MiB;
    temporary_directory where_;
    scripted disk_;
    std::optional<engine::leveldb_store> store_;
    std::optional<hand<engine::leveldb_store>> hand_;
    std::optional<tree::contents<engine::leveldb_store, scripted>> contents_;
    std::map<std::uint64_t, std::size_t> sizes_;
    std::uint64_t live_ = 0;
};

TEST_F(Songs, CostNoByteMoreThanTheyHave) {
    std::mt19937_64 random{7};
    for (std::size_t n = 0; n < songs_to_make(); ++n)
        keep(n, smallest + random() % (largest - smallest));
    const auto written_per_live =
        static_cast<double>(disk().bytes("write", "/store")) / static_cast<double>(live_);
    EXPECT_LE(written_per_live, 1.01);

    disk().restart();
    for (const auto* title : {"one", "two", "three"}) rename_all(title);
    EXPECT_EQ(disk().calls(), std::vector<call>{}) << "a row's change is none of its blob (B5)";
    std::size_t listed = 0;
    for (auto r = store_->scan("S", "T"); r.valid(); r.next()) ++listed;
    EXPECT_EQ(listed, songs_to_make());
    EXPECT_EQ(disk().calls(), std::vector<call>{}) << "nor is a list (B3)";

    drop_a_third();
    open();  // packs of this run are compacted as well; those of an earlier one are told apart
    disk().restart();
    disk().cannot_punch = true;
    const peak_memory memory;
    const auto done = must(compact(*contents_, {.dead_share_max = 0}));
    if (const auto grown = memory.grown()) {
        EXPECT_LE(*grown, 64 * MiB);
        RecordProperty("peak_bytes", std::to_string(*grown));
    }
    EXPECT_GT(done.moved, 0u);
    EXPECT_GE(static_cast<double>(done.removed_bytes) - static_cast<double>(done.moved_bytes),
              0.95 * static_cast<double>(done.dead_bytes));
    EXPECT_EQ(disk().bytes("read", "/blobs") + disk().bytes("write", "/blobs"), 0u) << "(B6)";
    EXPECT_LE(disk_per_live(), 1.005);
    expect_whole();
    std::printf("%zu songs: written / live %.5f, disk / live %.5f, %llu frames moved\n",
                songs_to_make(), written_per_live, disk_per_live(),
                static_cast<unsigned long long>(done.moved));
}

/// Of all sizes from 1 KiB to 8 MiB, each order of magnitude as often as another.
class Mixed : public Songs, public ::testing::WithParamInterface<bool> {};

TEST_P(Mixed, StoresWasteLittle) {
    std::mt19937_64 random{11};
    const auto n = songs_to_make() * 5;
    for (std::size_t i = 0; i < n; ++i) {
        const auto most = KiB << (random() % 14);
        keep(i, most / 2 + random() % (most / 2) + 1);
    }
    drop_a_third();
    open();
    disk().cannot_punch = !GetParam();
    (void)must(compact(*contents_));
    EXPECT_LE(disk_per_live(), GetParam() ? 1.03 : 1.10);
    expect_whole();
    std::printf("mixed, %s holes: disk / live %.4f\n", GetParam() ? "with" : "without",
                disk_per_live());
}

INSTANTIATE_TEST_SUITE_P(With, Mixed, ::testing::Bool(),
                         [](const auto& of) { return std::string{of.param ? "Holes" : "Moves"}; });

}  // namespace
}  // namespace casement::testing::songs_test
