#include <casement/blob/layout.hpp>

#include <gtest/gtest.h>

#include "support/property.hpp"

namespace casement::blob::layout_test {
namespace {

const layout where{"/store"};

TEST(layout, names_files_by_id) {
    EXPECT_EQ(where.blobs(), "/store/blobs");
    EXPECT_EQ(where.packs(), "/store/packs");
    EXPECT_EQ(where.file_of(blob_id{0x1a2b}), "/store/blobs/06/0000000000001a2b.blob");
    EXPECT_EQ(where.file_of(pack_id{0x1a2b}), "/store/packs/00001a2b.pack");
    EXPECT_EQ(where.shelf(255), "/store/blobs/ff");
}

TEST(layout, ids_in_a_row_share_a_shelf) {
    EXPECT_EQ(layout::shelf_of(blob_id{0}), layout::shelf_of(blob_id{1023}));
    EXPECT_NE(layout::shelf_of(blob_id{1023}), layout::shelf_of(blob_id{1024}));
    EXPECT_EQ(layout::shelf_of(blob_id{1024 * layout::shelves}), 0u);
}

TEST(layout, reads_back_the_names_it_gives) {
    testing::law("blob_named, pack_named", [](std::uint64_t number, std::uint32_t pack) {
        const auto path = where.file_of(blob_id{number});
        const auto name = path.substr(path.rfind('/') + 1);
        const auto shelf = layout::shelf_of(blob_id{number});
        RC_ASSERT(layout::blob_named(shelf, name) == blob_id{number});
        RC_ASSERT(!layout::blob_named((shelf + 1) % layout::shelves, name));
        const auto pack_path = where.file_of(pack_id{pack});
        RC_ASSERT(layout::pack_named(pack_path.substr(pack_path.rfind('/') + 1)) == pack_id{pack});
        const auto staged = where.file_of(staging_id{number});
        RC_ASSERT(staged.starts_with(where.staging() + "/"));
        RC_ASSERT(layout::staging_named(staged.substr(staged.rfind('/') + 1)) ==
                  staging_id{number});
    });
}

TEST(layout, gives_no_other_name_a_meaning) {
    for (const auto* name :
         {"", ".blob", "000000000000000.blob", "00000000000000000.blob", "000000000000000A.blob",
          "000000000000000g.blob", "0000000000000000.blo", "0000000000000000.blob#1",
          "0000000000000000blob", "-000000000000001.blob"})
        EXPECT_FALSE(layout::blob_named(0, name)) << name;
    EXPECT_TRUE(layout::blob_named(0, "0000000000000000.blob"));
    for (const auto* name :
         {"", "0000000.pack", "000000000.pack", "0000000X.pack", "00000000.blob"})
        EXPECT_FALSE(layout::pack_named(name)) << name;
    for (const auto* name : {"", "000000000000001", "00000000000000001", "000000000000000A",
                             "0000000000000001#1", "-000000000000001"})
        EXPECT_FALSE(layout::staging_named(name)) << name;
}

}  // namespace
}  // namespace casement::blob::layout_test
