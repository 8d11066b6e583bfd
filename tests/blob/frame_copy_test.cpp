#include <casement/blob/frame_copy.hpp>

#include <cerrno>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "blob/blob_files.hpp"

namespace casement::testing::frame_copy_test {
namespace {

class FrameCopy : public ::testing::Test {
public:
    temporary_directory here;
    scripted fs;
    blob::files<scripted> files = open_files(here, fs, small_options(blob::durability::power));
    std::string song = payload_of(500);
    kept first = *put(files, song);

    [[nodiscard]] auto copied() { return files.copy_frame(first.what, song); }
};

TEST_F(FrameCopy, IsTheSameBlobAtAnotherPlace) {
    auto copy = copied();
    ASSERT_TRUE(copy) << copy.error().message();
    auto same = copy->what();
    EXPECT_NE(same.position, first.what.position);
    same.position = first.what.position;
    EXPECT_EQ(same, first.what);
    const kept second{copy->what(), first.sums, {}};
    copy->published();
    EXPECT_EQ(get(files, second), song);
    EXPECT_EQ(get(files, first), song) << "the first stays until its row is another";
}

TEST_F(FrameCopy, KeepsItsPackBusyUntilItIsPublishedOrGivenUp) {
    const auto pack = blob::to_pack_position(first.what.position).pack;
    ASSERT_TRUE(files.let_go(pack)) << "a new pack is begun";
    for (const bool published : {true, false}) {
        auto copy = std::make_unique<result<blob::frame_copy<scripted>>>(copied());
        ASSERT_TRUE(*copy);
        const auto into = blob::to_pack_position((*copy)->what().position).pack;
        EXPECT_NE(into, pack);
        EXPECT_TRUE(files.busy(into));
        if (published) (*copy)->published();
        copy.reset();
        ASSERT_TRUE(files.let_go(into));
        EXPECT_FALSE(files.busy(into));
    }
}

TEST_F(FrameCopy, IsDurableWhatEverTheStoreAsks) {
    auto plain = open_files(here, fs, small_options(blob::durability::process));
    auto copy = plain.copy_frame(first.what, song);
    ASSERT_TRUE(copy);
    const auto before = fs.follow().count("sync");
    ASSERT_TRUE(copy->sync());
    EXPECT_GT(fs.follow().count("sync"), before);
    copy->published();
}

TEST_F(FrameCopy, OfNoRoomIsAnError) {
    const auto pack = blob::to_pack_position(first.what.position).pack;
    fs.follow().number = ENOSPC;
    fs.follow().restart();
    fs.follow().fail_at = 0;
    EXPECT_EQ(copied().error().code(), errc::no_space);
    EXPECT_TRUE(files.let_go(pack)) << "nothing is on its way";
}

}  // namespace
}  // namespace casement::testing::frame_copy_test
