#include "engine/leveldb_env.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <support/temporary.hpp>

#include "engine/damage.hpp"

namespace casement::engine::leveldb_env_test {
namespace {

namespace testing = casement::testing;

class env : public ::testing::Test {
protected:
    testing::temporary_directory directory_;
    watermark marks_;
};

// LevelDB asks for what the manifest promises, and the file may have been cut since: reads beyond
// its end are damage, mapped (with a budget) or not (without).
TEST_F(env, a_table_that_was_cut_is_corrupt_and_no_fault) {
    testing::write_bytes(directory_ / "000005.ldb", std::string(10'000, 't'));
    for (const std::size_t budget : {std::size_t{0}, std::size_t{1} << 20}) {
        leveldb_env e{marks_, durability::process, budget};
        leveldb::RandomAccessFile* opened = nullptr;
        ASSERT_TRUE(e.NewRandomAccessFile(directory_ / "000005.ldb", &opened).ok());
        const std::unique_ptr<leveldb::RandomAccessFile> table{opened};
        std::string scratch(1 << 16, '\0');
        leveldb::Slice out;
        ASSERT_TRUE(table->Read(9'000, 1'000, &out, scratch.data()).ok());
        EXPECT_EQ(out.ToString(), std::string(1'000, 't'));
        struct range {
            std::uint64_t offset;
            std::size_t n;
        };
        for (const auto& [offset, n] : {range{9'000, 1'001}, {10'001, 1}, {50'000, 48}})
            EXPECT_TRUE(table->Read(offset, n, &out, scratch.data()).IsCorruption()) << offset;
    }
}

TEST_F(env, a_table_that_is_gone_is_not_found) {
    leveldb_env e{marks_, durability::process, 0};
    leveldb::RandomAccessFile* opened = nullptr;
    EXPECT_TRUE(e.NewRandomAccessFile(directory_ / "none.ldb", &opened).IsNotFound());
}

// LevelDB takes a log for ended where a read gives less than it has asked for, and forgets what
// follows. A pipe gives what there is.
TEST_F(env, what_comes_in_pieces_is_read_whole) {
    const auto path = directory_ / "pipe";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    std::thread writer{[&] {
        std::ofstream out{path};
        for (int i = 0; i < 3; ++i) {
            out << "piece" << std::flush;
            std::this_thread::sleep_for(std::chrono::milliseconds{5});
        }
    }};
    leveldb_env e{marks_, durability::process, 0};
    leveldb::SequentialFile* opened = nullptr;
    const auto s = e.NewSequentialFile(path, &opened);
    ASSERT_TRUE(s.ok()) << s.ToString();
    const std::unique_ptr<leveldb::SequentialFile> file{opened};
    std::string scratch(100, '\0');
    leveldb::Slice out;
    EXPECT_TRUE(file->Read(12, &out, scratch.data()).ok());
    EXPECT_EQ(out.ToString(), "piecepiecepi");
    EXPECT_TRUE(file->Read(100, &out, scratch.data()).ok());
    EXPECT_EQ(out.ToString(), "ece");
    writer.join();
}

TEST_F(env, a_file_that_is_renamed_is_seen_or_the_error_is_told) {
    leveldb_env e{marks_, durability::process, 0};
    testing::write_bytes(directory_ / "from", "bytes");
    EXPECT_TRUE(e.RenameFile(directory_ / "from", directory_ / "to").ok());
    EXPECT_TRUE(std::filesystem::exists(directory_ / "to"));
    EXPECT_TRUE(e.RemoveFile(directory_ / "to").ok());
    EXPECT_FALSE(std::filesystem::exists(directory_ / "to"));
    EXPECT_TRUE(e.RenameFile(directory_ / "from", directory_ / "to").IsIOError());
    EXPECT_TRUE(e.RemoveFile(directory_ / "to").IsIOError());
}

TEST_F(env, a_manifest_stays_while_current_names_it_or_may) {
    ASSERT_TRUE(marks_.create(directory_ / "watermark"));
    leveldb_env e{marks_, durability::process, 0};
    const auto manifest = directory_ / "MANIFEST-000002", current = directory_ / "CURRENT";
    testing::write_bytes(manifest, "tables");
    testing::write_bytes(current, "MANIFEST-000002\n");
    EXPECT_TRUE(e.RemoveFile(manifest).IsIOError());
    std::filesystem::remove(current);
    std::filesystem::create_directory(current);  // it cannot be read
    EXPECT_TRUE(e.RemoveFile(manifest).IsIOError());
    EXPECT_TRUE(std::filesystem::exists(manifest));
    std::filesystem::remove(current);
    testing::write_bytes(current, "MANIFEST-000003\n");
    EXPECT_TRUE(e.RemoveFile(manifest).ok());
    EXPECT_FALSE(std::filesystem::exists(manifest));
}

TEST_F(env, an_early_lock_is_handed_over_once_and_let_go_if_nobody_came_for_it) {
    const auto path = directory_ / "LOCK";
    {
        leveldb_env e{marks_, durability::process, 0};
        ASSERT_TRUE(e.lock_early(path).ok());
        leveldb::FileLock* lock = nullptr;
        EXPECT_FALSE(leveldb::Env::Default()->LockFile(path, &lock).ok());
        ASSERT_TRUE(e.LockFile(path, &lock).ok());
        leveldb::FileLock* second = nullptr;
        EXPECT_FALSE(e.LockFile(path, &second).ok());
        ASSERT_TRUE(e.UnlockFile(lock).ok());
        ASSERT_TRUE(e.lock_early(path).ok());
    }
    leveldb::FileLock* lock = nullptr;
    ASSERT_TRUE(leveldb::Env::Default()->LockFile(path, &lock).ok());
    ASSERT_TRUE(leveldb::Env::Default()->UnlockFile(lock).ok());
}

TEST(from_status, gives_the_code_that_a_caller_can_react_to) {
    using leveldb::Status;
    const auto code = [](const Status& s) { return from_status(s, "op", "subject").code(); };
    EXPECT_EQ(code(Status::Corruption("block checksum mismatch")), errc::corrupt);
    EXPECT_EQ(code(Status::InvalidArgument("x")), errc::corrupt);
    EXPECT_EQ(code(Status::IOError("f", "No space left on device")), errc::no_space);
    EXPECT_EQ(code(Status::IOError("f", "Disk quota exceeded")), errc::no_space);
    EXPECT_EQ(code(Status::IOError("f", "Read-only file system")), errc::read_only);
    EXPECT_EQ(code(Status::IOError("f", "Input/output error")), errc::io);
    EXPECT_EQ(code(Status::IOError("f", "No such file or directory")), errc::io)
        << "no row is missing";
    EXPECT_EQ(code(Status::IOError("f")), errc::io);
    const auto text = from_status(Status::Corruption("why"), "op", "subject").message();
    for (const auto* part : {"leveldb op", "subject", "why"})
        EXPECT_NE(text.find(part), text.npos) << part;
}

TEST(from_status, tells_the_errno_that_a_status_has_only_in_words) {
    for (const int number : {EIO, ENOSPC, EACCES, EMFILE}) {
        const auto e = from_status(leveldb::Status::IOError("f", std::strerror(number)), "op", "s");
        EXPECT_EQ(e.system(), number);
        EXPECT_EQ(e.causes().back().detail, "IO error: f");
    }
    EXPECT_EQ(from_status(leveldb::Status::IOError("f", "else"), "op", "s").system(), 0);
}

TEST(is_journal, is_what_leveldb_would_take_for_a_shorter_history) {
    EXPECT_TRUE(is_journal("/a/000003.log"));
    EXPECT_TRUE(is_journal("/a/MANIFEST-000002"));
    for (const auto* other : {"/a/CURRENT", "/a/000004.ldb", "/a/LOG", "/a/LOCK", "/a/MANIFEST/x"})
        EXPECT_FALSE(is_journal(other)) << other;
}

}  // namespace
}  // namespace casement::engine::leveldb_env_test
