#include <casement/check/simulated_disk.hpp>

#include <optional>

#include "blob/file_system_laws.hpp"

namespace casement::testing::simulated_disk_test {
namespace {

using check::file_answer;
using check::file_call;
using check::shared_disk_calls;
using check::simulated_disk;
using check::simulated_files;

/// The laws work below a directory /tmp/<name>, which is here as soon as it is named.
class with_room {
public:
    file_answer operator()(const file_call& c) const {
        if (c.path.starts_with("/tmp/")) {
            make("/tmp");
            make(c.path.substr(0, c.path.find('/', 5)));
        }
        return calls_(c);
    }

private:
    void make(const std::string& path) const {
        file_call c;
        c.what = file_call::make_directory;
        c.path = path;
        (void)calls_(c);
    }
    shared_disk_calls calls_;
};

struct simulated : simulated_files<with_room> {
    simulated() : simulated_files{with_room{}} {}
};

INSTANTIATE_TYPED_TEST_SUITE_P(Simulated, file_system_laws, simulated);

class Disk : public ::testing::Test {
public:
    shared_disk_calls calls;
    simulated_files<shared_disk_calls> fs{calls};

    void make(const std::string& path, std::string_view text, bool synced) {
        auto file = fs.create(path);
        ASSERT_TRUE(file);
        ASSERT_TRUE(file->write_at(0, text));
        if (!synced) return;
        ASSERT_TRUE(file->sync());
    }
    /// What each disk that may be left has there: "-" where there is no such name.
    std::vector<std::string> left_at(const std::string& path) {
        std::vector<std::string> all;
        for (const auto& d : calls.disk().after_power_loss()) {
            EXPECT_EQ(d.settled(), d) << "nothing more can be lost of it";
            EXPECT_EQ(simulated_disk::decoded(d.encoded()), d);
            simulated_files<shared_disk_calls> left{shared_disk_calls{d}};
            auto file = left.open(path);
            if (!file) {
                all.push_back("-");
                continue;
            }
            std::string text(100, '?');
            all.push_back(text.substr(0, *file->read_at(0, text)));
        }
        std::ranges::sort(all);
        return all;
    }
    using texts = std::vector<std::string>;
};

TEST_F(Disk, WhatIsSyncedStays) {
    make("/a", "text", true);
    ASSERT_TRUE(fs.sync_directory("/"));
    EXPECT_EQ(left_at("/a"), (texts{"text"}));
}

TEST_F(Disk, BytesThatAreNotSyncedAreLostInPartOrWhole) {
    make("/a", "text", false);
    ASSERT_TRUE(fs.sync_directory("/"));
    EXPECT_EQ(left_at("/a"), (texts{"", "te", "text"}));
}

TEST_F(Disk, ANameThatIsNotSyncedMayBeLost) {
    make("/a", "text", true);
    EXPECT_EQ(left_at("/a"), (texts{"-", "text"}));
}

TEST_F(Disk, WhatIsInALostDirectoryIsLost) {
    ASSERT_TRUE(fs.make_directory("/d"));
    make("/d/a", "text", true);
    ASSERT_TRUE(fs.sync_directory("/d"));
    EXPECT_EQ(left_at("/d/a"), (texts{"-", "text"}));
}

TEST_F(Disk, ARemovalThatIsNotSyncedMayNotHaveBeen) {
    make("/a", "text", true);
    ASSERT_TRUE(fs.sync_directory("/"));
    ASSERT_TRUE(fs.remove("/a"));
    EXPECT_EQ(left_at("/a"), (texts{"-", "text"}));
    ASSERT_TRUE(fs.sync_directory("/"));
    EXPECT_EQ(left_at("/a"), (texts{"-"}));
}

TEST_F(Disk, ASyncIsOfOneFile) {
    make("/a", "text", false);
    make("/b", "text", true);
    ASSERT_TRUE(fs.sync_directory("/"));
    EXPECT_EQ(left_at("/a"), (texts{"", "te", "text"}));
    EXPECT_EQ(left_at("/b"), (texts{"text", "text", "text"}));
}

}  // namespace
}  // namespace casement::testing::simulated_disk_test
