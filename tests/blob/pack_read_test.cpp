#include <casement/blob/pack_read.hpp>

#include <gtest/gtest.h>

#include "blob/blob_files.hpp"
#include "support/property.hpp"

namespace casement::testing::pack_read_test {
namespace {

using blob::damage;
using blob::pack_id;
using scanner = blob::pack_scanner<blob::posix_file>;

/// A pack of some blobs, to be read whole and damaged.
class packed : public ::testing::Test {
protected:
    void fill(std::initializer_list<std::size_t> sizes) {
        auto files = open_files(here_);
        for (const auto size : sizes) {
            blobs_.push_back(put(files, payload_of(size, size)).value());
            ASSERT_EQ(blobs_.back().what.kind, placement::packed);
        }
        path_ = files.where().file_of(pack());
        whole_ = bytes_of(path_);
    }

    [[nodiscard]] pack_id pack() const {
        return blob::to_pack_position(blobs_.front().what.position).pack;
    }
    [[nodiscard]] std::uint64_t begin_of(std::size_t i) const {
        return blob::to_pack_position(blobs_[i].what.position).offset - blob::frame_header_size;
    }

    /// The blobs that a scan of these bytes finds, by their place in `blobs_`; what it says else
    /// goes to `report_`. What it finds is exactly what was put.
    std::vector<std::size_t> scan(const std::string& bytes) {
        overwrite(path_, bytes);
        auto file = fs_.open(path_);
        auto walk = scanner::begin(*file, pack());
        EXPECT_TRUE(walk) << walk.error().message();
        std::vector<std::size_t> found;
        for (;;) {
            auto next = walk->next();
            EXPECT_TRUE(next);
            if (!next || !*next) break;
            for (std::size_t i = 0; i < blobs_.size(); ++i)
                if (blobs_[i].what == (*next)->what && blobs_[i].sums == (*next)->sums)
                    found.push_back(i);
        }
        report_ = walk->report();
        EXPECT_EQ(found.size(), report_.frames) << "a frame that nobody put";
        return found;
    }

    temporary_directory here_;
    blob::posix_file_system fs_;
    std::vector<kept> blobs_;
    std::string path_, whole_;
    blob::pack_report report_;
};

TEST_F(packed, a_scan_finds_every_blob) {
    fill({500, 101, 999, 128});
    EXPECT_EQ(scan(whole_), (std::vector<std::size_t>{0, 1, 2, 3}));
    EXPECT_EQ(report_.payload_bytes, 500u + 101 + 999 + 128);
    EXPECT_EQ(report_.size, whole_.size());
    EXPECT_EQ(report_.header, (blob::pack_header{pack(), small_options().magic()}));
    EXPECT_TRUE(report_.damaged.empty());
}

TEST_F(packed, a_torn_tail_is_reported_and_the_rest_found) {
    fill({500, 300});
    for (std::uint64_t cut = blob::pack_header_size; cut < whole_.size(); ++cut) {
        const bool first = cut >= begin_of(0) + blob::frame_header_size + 500;
        EXPECT_EQ(scan(whole_.substr(0, cut)).size(), first ? 1u : 0u) << cut;
        const auto torn = first ? begin_of(1) : begin_of(0);
        if (cut > torn)
            EXPECT_EQ(report_.damaged, (std::vector<damage>{{torn, cut - torn}})) << cut;
        else
            EXPECT_TRUE(report_.damaged.empty()) << cut;
    }
}

TEST_F(packed, a_hole_hides_no_frame_behind_it) {
    fill({500, 300, 200});
    auto holed = whole_;
    std::fill_n(holed.begin() + static_cast<std::ptrdiff_t>(begin_of(1)), begin_of(2) - begin_of(1),
                '\0');
    EXPECT_EQ(scan(holed), (std::vector<std::size_t>{0, 2}));
    EXPECT_EQ(report_.damaged, (std::vector<damage>{{begin_of(1), begin_of(2) - begin_of(1)}}));
}

TEST_F(packed, a_scan_sees_every_flipped_byte_of_a_frame) {
    fill({150, 130, 110});
    for (auto at = begin_of(1); at < begin_of(1) + blob::frame_header_size + 130; ++at) {
        auto flipped = whole_;
        flipped[at] = static_cast<char>(flipped[at] ^ 1);
        EXPECT_EQ(scan(flipped), (std::vector<std::size_t>{0, 2})) << at;
        EXPECT_EQ(report_.damaged, (std::vector<damage>{{begin_of(1), begin_of(2) - begin_of(1)}}));
    }
}

TEST_F(packed, any_damage_yields_only_what_was_put) {
    fill({500, 101, 999, 128});
    law("scan of damaged bytes", [&](std::vector<std::pair<std::uint16_t, char>> changes) {
        auto bytes = whole_;
        for (const auto& [at, c] : changes)
            bytes[blob::pack_header_size + at % (bytes.size() - blob::pack_header_size)] = c;
        (void)scan(bytes);
    });
}

// The payload of the first frame is the whole pack as it was: a scan past the damaged header finds
// the copies' headers, and believes none.
TEST_F(packed, a_payload_that_holds_a_pack_forges_nothing) {
    fill({200, 300});
    auto files = open_files(here_, fs_, small_options(), [] {
        auto ids = counting_ids();
        for (int i = 0; i < 100; ++i) (void)ids.blob();
        return ids;
    }());
    const auto copy = put(files, whole_).value();
    const auto path = files.where().file_of(blob::to_pack_position(copy.what.position).pack);
    auto outer = bytes_of(path);
    outer[blob::pack_header_size] = static_cast<char>(outer[blob::pack_header_size] ^ 1);
    overwrite(path, outer);
    auto file = fs_.open(path);
    auto walk = scanner::begin(*file, blob::to_pack_position(copy.what.position).pack);
    ASSERT_TRUE(walk);
    EXPECT_EQ(walk->next().value().has_value(), false);
    EXPECT_EQ(
        walk->report().damaged,
        (std::vector<damage>{{blob::pack_header_size, outer.size() - blob::pack_header_size}}));
}

TEST_F(packed, a_file_that_is_another_pack_is_refused) {
    fill({200});
    auto file = fs_.open(path_);
    EXPECT_EQ(scanner::begin(*file, pack_id{99}).error().code(), errc::corrupt);
    overwrite(path_, whole_.substr(0, 63));
    file = fs_.open(path_);
    EXPECT_EQ(scanner::begin(*file, pack()).error().code(), errc::corrupt);
}

TEST_F(packed, a_frame_header_is_that_of_its_descriptor_alone) {
    fill({200, 200});
    auto file = fs_.open(path_);
    const auto magic = small_options().magic();
    EXPECT_TRUE(verify_frame_header(*file, magic, blobs_[0].what));
    const auto refused = [&](auto change) {
        auto d = blobs_[0].what;
        change(d);
        const auto verified = verify_frame_header(*file, magic, d);
        return !verified && verified.error().code() == errc::corrupt;
    };
    EXPECT_TRUE(refused([](auto& d) { d.id.value += 1; }));
    EXPECT_TRUE(refused([](auto& d) { d.size -= 1; }));
    EXPECT_TRUE(refused([](auto& d) { d.check ^= 1; }));
    EXPECT_TRUE(refused([](auto& d) { d.content[15] ^= std::byte{1}; }));
    EXPECT_TRUE(refused([&](auto& d) { d.position = blobs_[1].what.position; }));
    EXPECT_FALSE(verify_frame_header(*file, magic ^ 1, blobs_[0].what));
}

}  // namespace
}  // namespace casement::testing::pack_read_test
