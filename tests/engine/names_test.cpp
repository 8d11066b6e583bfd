#include "engine/names.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>

#include <casement/engine/leveldb.hpp>

#include <support/temporary.hpp>

#include "engine/damage.hpp"
#include "engine/leveldb_env.hpp"
#include "engine/watermark.hpp"

namespace casement::engine::names_test {
namespace {

namespace testing = casement::testing;

/// A disk that bends the rules for the thread that has one, and remembers what it was asked.
struct bent_disk {
    int refusals = 0, refused_with = EACCES;  // of renames and removals, that are still to come
    int unseen = 0;                           // so often a name is not found after a rename
    int looks_fail_with = 0;                  // looks at a name, that are still to come: all
    int lists_end_after = -1;                 // so many names, with EIO
    int reads_end_after = -1;                 // so many reads, with EIO
    bool syncs_directories = true;
    bool renamed_an_open_file = false;
    std::vector<std::string> synced;  // "directory" or "file"

    bent_disk() { current = this; }
    ~bent_disk() { current = nullptr; }
    bent_disk(const bent_disk&) = delete;
    bent_disk& operator=(const bent_disk&) = delete;

    static thread_local bent_disk* current;
};
constinit thread_local bent_disk* bent_disk::current = nullptr;

int refuse(int number) {
    errno = number;
    return -1;
}

bool refuses_change() {
    if (bent_disk::current == nullptr || bent_disk::current->refusals == 0) return false;
    --bent_disk::current->refusals;
    return true;
}

bool is_open(const std::string& path) {
    std::error_code none;
    for (const auto& one : std::filesystem::directory_iterator{"/proc/self/fd", none})
        if (std::filesystem::read_symlink(one.path(), none) == path) return true;
    return false;
}

/// Notes the sync of a file or a directory; false: there is no such thing.
bool can_sync(int file) {
    if (bent_disk::current == nullptr) return true;
    struct stat about {};
    const bool directory = ::fstat(file, &about) == 0 && S_ISDIR(about.st_mode);
    bent_disk::current->synced.emplace_back(directory ? "directory" : "file");
    return !directory || bent_disk::current->syncs_directories;
}

}  // namespace

// These stand in front of the system's own, for the whole program.
extern "C" {

int rename(const char* from, const char* to) noexcept {
    if (refuses_change()) return refuse(bent_disk::current->refused_with);
    if (bent_disk::current != nullptr && is_open(from))
        bent_disk::current->renamed_an_open_file = true;
    return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int unlink(const char* path) noexcept {
    if (refuses_change()) return refuse(bent_disk::current->refused_with);
    return ::unlinkat(AT_FDCWD, path, 0);
}

int access(const char* path, int how) noexcept {
    if (bent_disk::current != nullptr && bent_disk::current->unseen > 0)
        return --bent_disk::current->unseen, refuse(ENOENT);
    if (bent_disk::current != nullptr && bent_disk::current->looks_fail_with != 0)
        return refuse(bent_disk::current->looks_fail_with);
    return ::faccessat(AT_FDCWD, path, how, 0);
}

dirent* readdir(DIR* open) {
    if (bent_disk::current != nullptr && bent_disk::current->lists_end_after-- == 0)
        return errno = EIO, nullptr;
    return reinterpret_cast<dirent*>(::readdir64(open));  // the same, under its other name
}

ssize_t pread(int file, void* into, std::size_t size, off_t at) {
    if (bent_disk::current != nullptr && bent_disk::current->reads_end_after-- == 0)
        return refuse(EIO);
    return ::syscall(SYS_pread64, file, into, size, at);
}

int fsync(int file) {
    return can_sync(file) ? static_cast<int>(::syscall(SYS_fsync, file)) : refuse(EINVAL);
}

int fdatasync(int file) {
    return can_sync(file) ? static_cast<int>(::syscall(SYS_fdatasync, file)) : refuse(EINVAL);
}

}  // extern "C"

namespace {

class names : public ::testing::Test {
protected:
    void SetUp() override { testing::write_bytes(from_, "bytes"); }

    [[nodiscard]] std::unique_ptr<leveldb::WritableFile> manifest(leveldb_env& e) const {
        leveldb::WritableFile* file = nullptr;
        const auto s = e.NewWritableFile(directory_ / "MANIFEST-000001", &file);
        EXPECT_TRUE(s.ok()) << s.ToString();
        return std::unique_ptr<leveldb::WritableFile>{file};
    }

    testing::temporary_directory directory_;
    std::string from_ = directory_ / "from", to_ = directory_ / "to";
    watermark marks_;
};

TEST_F(names, a_refusal_that_passes_is_waited_for) {
    for (const int number : {EACCES, EBUSY}) {
        testing::write_bytes(from_, "bytes");
        bent_disk disk;
        disk.refused_with = number;
        disk.refusals = 3;
        EXPECT_EQ(rename_until_seen(from_, to_), 0);
        disk.refusals = 3;
        EXPECT_EQ(remove_name(to_), 0);
        EXPECT_EQ(disk.refusals, 0);
    }
    EXPECT_FALSE(std::filesystem::exists(to_));
}

TEST_F(names, one_that_comes_late_is_waited_for) {
    bent_disk disk;
    disk.unseen = 3;
    EXPECT_EQ(rename_until_seen(from_, to_), 0);
    EXPECT_EQ(disk.unseen, 0);
}

TEST_F(names, what_stays_is_told) {
    EXPECT_EQ(remove_name(directory_ / "none"), ENOENT);
    EXPECT_EQ(rename_until_seen(directory_ / "none", to_), ENOENT);
    bent_disk disk;
    disk.unseen = 1000;
    EXPECT_EQ(rename_until_seen(from_, to_), ENOENT);
    EXPECT_EQ(disk.unseen, 1000 - passing_attempts_max);
}

TEST_F(names, leveldb_waits_for_them) {
    leveldb_env e{marks_, durability::power, 0};
    bent_disk disk;
    disk.refusals = disk.unseen = 2;
    EXPECT_TRUE(e.RenameFile(from_, to_).ok());
    EXPECT_EQ(disk.unseen, 0);
    disk.refusals = 2;
    EXPECT_TRUE(e.RemoveFile(to_).ok());
    EXPECT_FALSE(std::filesystem::exists(to_));
}

TEST_F(names, a_list_that_is_cut_short_is_no_list) {
    leveldb_env e{marks_, durability::power, 0};
    std::vector<std::string> all{"of before"};
    ASSERT_TRUE(e.GetChildren(directory_.path(), &all).ok());
    EXPECT_EQ(all, std::vector<std::string>{"from"});
    EXPECT_TRUE(e.GetChildren(directory_ / "none", &all).IsNotFound());
    bent_disk disk;
    for (const int after : {0, 1, 2}) {
        disk.lists_end_after = after;
        const auto s = e.GetChildren(directory_.path(), &all);
        EXPECT_TRUE(s.IsIOError()) << after << ": " << s.ToString();
        EXPECT_EQ(all, std::vector<std::string>{});
    }
}

TEST_F(names, a_file_that_nobody_can_look_for_may_be_there) {
    leveldb_env e{marks_, durability::power, 0};
    EXPECT_TRUE(e.FileExists(from_));
    EXPECT_FALSE(e.FileExists(to_));
    EXPECT_FALSE(e.FileExists(from_ + "/below a file"));
    bent_disk disk;
    for (const int number : {EIO, EACCES}) {
        disk.looks_fail_with = number;
        EXPECT_TRUE(e.FileExists(to_));
    }
}

// LevelDB's own environment takes the logs that it could not list for none: their rows are lost.
TEST_F(names, what_a_log_holds_outlives_a_directory_that_is_not_listed) {
    const auto store = directory_ / "store";
    const auto open = [&] { return leveldb_store::open(store, {.create = true}); };
    {
        auto kv = open();
        ASSERT_TRUE(kv) << kv.error().message();
        ASSERT_TRUE(kv->commit({{}, {{{write::kind::put, "k", "v"}}}}));
    }
    int refused = 0;
    for (int after = 0; after < 12; ++after) {
        bent_disk disk;
        disk.lists_end_after = after;
        const auto kv = open();
        refused += !kv;
        if (!kv) {
            EXPECT_EQ(kv.error().system(), EIO) << kv.error().message();
        }
    }
    EXPECT_GT(refused, 2);
    const auto kv = open();
    ASSERT_TRUE(kv) << kv.error().message();
    EXPECT_EQ(kv->get("k")->value, "v");
}

TEST_F(names, a_table_that_cannot_be_read_is_an_error_of_its_own) {
    const auto store = directory_ / "store";
    {
        auto kv = leveldb_store::open(store, {.create = true, .write_buffer_bytes = 64 << 10});
        ASSERT_TRUE(kv);
        for (int n = 0; n < 300; ++n)
            ASSERT_TRUE(kv->commit(
                {{}, {{{write::kind::put, std::to_string(n), std::string(1000, 'v')}}}}));
    }
    const auto kv = leveldb_store::open(store, {});
    ASSERT_TRUE(kv) << kv.error().message();
    {
        bent_disk disk;
        disk.reads_end_after = 0;
        const auto refused = kv->get("7");
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().system(), EIO) << refused.error().message();
    }
    EXPECT_EQ(kv->get("7")->value, std::string(1000, 'v')) << "it passes";
}

// Else what was read of it would be taken for all, and the rest cut off.
TEST_F(names, a_log_that_cannot_be_read_is_not_judged) {
    testing::write_bytes(from_, std::string(100, 'x'));
    {
        bent_disk disk;
        disk.reads_end_after = 0;
        EXPECT_EQ(cut_torn_tail(from_).error().system(), EIO);
    }
    {
        bent_disk disk;
        disk.reads_end_after = 0;
        const auto checked = check_log(from_, 100);
        EXPECT_EQ(checked.error().code(), errc::io) << "nothing says that it is corrupt";
    }
    EXPECT_EQ(std::filesystem::file_size(from_), 100u);
}

TEST_F(names, a_watermark_that_cannot_be_read_is_not_corrupt) {
    ASSERT_TRUE(watermark{}.create(directory_ / "watermark"));
    bent_disk disk;
    disk.reads_end_after = 0;
    const auto opened = watermark{}.open(directory_ / "watermark", directory_.path());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), errc::io) << opened.error().message();
}

// LevelDB syncs a table, but leaves its name to the sync of the manifest that names it.
TEST_F(names, of_tables_last_before_a_manifest_tells_of_them) {
    leveldb_env e{marks_, durability::power, 0};
    leveldb::WritableFile* made = nullptr;
    ASSERT_TRUE(e.NewWritableFile(directory_ / "000005.ldb", &made).ok());
    const std::unique_ptr<leveldb::WritableFile> table{made};
    ASSERT_TRUE(table->Append("rows").ok());
    bent_disk disk;
    ASSERT_TRUE(table->Sync().ok());
    EXPECT_EQ(disk.synced, (std::vector<std::string>{"file", "directory"}));
}

TEST_F(names, a_manifest_is_synced_where_directories_are_not) {
    ASSERT_TRUE(marks_.create(directory_ / "watermark"));
    leveldb_env e{marks_, durability::power, 0};
    bent_disk disk;
    disk.syncs_directories = false;
    const auto file = manifest(e);
    ASSERT_TRUE(file != nullptr && file->Append("a table").ok());
    const auto s = file->Sync();
    EXPECT_TRUE(s.ok()) << s.ToString();
    EXPECT_TRUE(e.RenameFile(from_, to_).ok());
}

TEST_F(names, a_watermark_is_renamed_while_nobody_has_it_open) {
    bent_disk disk;
    disk.refusals = disk.unseen = 2;
    ASSERT_TRUE(marks_.create(directory_ / "watermark"));
    EXPECT_FALSE(disk.renamed_an_open_file);
    EXPECT_EQ(disk.unseen, 0);
    EXPECT_TRUE(marks_.begun("000003.log"));
}

}  // namespace
}  // namespace casement::engine::names_test
