#include <casement/blob/posix.hpp>

#include <cerrno>
#include <csignal>
#include <filesystem>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/temporary.hpp"

namespace casement::blob::posix_test {
namespace {

using testing::temporary_directory;

/// Files of this process end at `limit` bytes: a write across it is first short, then refused.
class file_size_limit {
public:
    explicit file_size_limit(rlim_t limit) : handler_{std::signal(SIGXFSZ, SIG_IGN)} {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const ::rlimit now{limit, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &now);
    }
    ~file_size_limit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }

private:
    ::rlimit before_{};
    void (*handler_)(int);
};

TEST(posix_file, a_short_write_goes_on_until_its_error_is_known) {
    temporary_directory here;
    posix_file_system fs;
    auto file = fs.create(here / "a");
    ASSERT_TRUE(file);
    const file_size_limit limit{10'000};
    const auto written = file->write_at(0, std::string(15'000, 'x'));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().system(), EFBIG);
    EXPECT_EQ(file->size(), 10'000u);
}

TEST(posix_file, an_error_tells_operation_path_and_errno) {
    temporary_directory here;
    posix_file_system fs;
    ASSERT_TRUE(fs.create(here / "a"));
    auto file = fs.open(here / "a");
    ASSERT_TRUE(file);
    const auto written = file->write_at(0, "x");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().message(),
              "write '" + (here / "a") + "': Bad file descriptor (EBADF)");
}

TEST(posix_file, a_file_that_cannot_be_synced_is_refused_from_then_on) {
    temporary_directory here;
    ASSERT_EQ(::mkfifo((here / "pipe").c_str(), 0600), 0);
    // A pipe cannot be synced: EINVAL, as a disk would say EIO. Opened from both ends lest it
    // block.
    const int other_end = ::open((here / "pipe").c_str(), O_RDWR | O_CLOEXEC);
    posix_file_system fs;
    auto file = fs.open(here / "pipe");
    ASSERT_TRUE(file);
    const auto first = file->sync();
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().system(), EINVAL);
    const auto second = file->sync();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().system(), 0) << "it was not tried again";
    EXPECT_EQ(second.error().code(), errc::io);
    char byte = 0;
    EXPECT_EQ(file->read_at(0, {&byte, 1}).error().code(), errc::io);
    EXPECT_EQ(file->write_at(0, "x").error().code(), errc::io);
    auto moved = *std::move(file);
    EXPECT_EQ(moved.sync().error().system(), 0) << "moving it makes it no better";
    EXPECT_TRUE(moved.close());
    ::close(other_end);
}

TEST(posix_file_system, a_directory_that_cannot_be_synced_is_no_error) {
    EXPECT_EQ(posix_file_system{}.sync_directory("/proc"), false);
    EXPECT_EQ(posix_file_system{}.sync_directory("/tmp"), true);
}

TEST(posix_file_system, follows_no_link) {
    temporary_directory here;
    posix_file_system fs;
    ASSERT_TRUE(fs.create(here / "a"));
    std::filesystem::create_symlink(here / "a", here / "link");
    std::filesystem::create_symlink(here / "b", here / "dangling");
    EXPECT_EQ(fs.open(here / "link").error().code(), errc::loop);
    EXPECT_EQ(fs.create(here / "dangling").error().code(), errc::exists);
    EXPECT_EQ(fs.look(here / "link"), (entry{entry_kind::other, 0}));
    EXPECT_FALSE(std::filesystem::exists(here / "b"));
}

TEST(posix_file_system, modes_obey_the_umask) {
    temporary_directory here;
    posix_file_system fs;
    const auto before = ::umask(027);
    EXPECT_TRUE(fs.create(here / "a"));
    EXPECT_TRUE(fs.make_directory(here / "d"));
    ::umask(before);
    struct ::stat seen {};
    ASSERT_EQ(::stat((here / "a").c_str(), &seen), 0);
    EXPECT_EQ(seen.st_mode & 0777, 0640u);
    ASSERT_EQ(::stat((here / "d").c_str(), &seen), 0);
    EXPECT_EQ(seen.st_mode & 0777, 0750u);
}

TEST(posix_file_system, no_descriptor_leaks) {
    temporary_directory here;
    posix_file_system fs;
    const auto lowest_free = [] {
        const int number = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ::close(number);
        return number;
    };
    const int before = lowest_free();
    {
        auto a = fs.create(here / "a");
        auto b = fs.create(here / "b");
        ASSERT_TRUE(a && b);
        *a = *std::move(b);
        (void)fs.list(here / "");
        (void)fs.sync_directory(here / "");
        EXPECT_TRUE(a->close());
    }
    EXPECT_EQ(lowest_free(), before);
}

TEST(posix_file_system, a_rename_tells_both_names) {
    temporary_directory here;
    const auto failed = posix_file_system{}.rename(here / "a", here / "b");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message(), "rename '" + (here / "a") + "': rename to '" +
                                            (here / "b") + "': No such file or directory (ENOENT)");
}

TEST(posix_file_death, a_closed_file_takes_no_calls) {
    temporary_directory here;
    auto file = posix_file_system{}.create(here / "a");
    ASSERT_TRUE(file && file->close());
    EXPECT_DEATH((void)file->write_at(0, "x"), "an open file");
}

}  // namespace
}  // namespace casement::blob::posix_test
