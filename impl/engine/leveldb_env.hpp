#pragma once
// LevelDB's view of the operating system, with what its own leaves out: names of new files are
// synced before they are relied on, CURRENT's new name too; a log is whole on the disk before the
// next one begins; the watermark follows each sync; mapped tables stay within a budget. Calls from
// any thread.

#include <leveldb/env.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <casement/engine/leveldb.hpp>

#include "watermark.hpp"

namespace casement::engine {

/// "leveldb/<operation> <path>: <what LevelDB says>", with the code a caller can react to.
[[nodiscard]] error from_status(const leveldb::Status& s, std::string operation,
                                std::string subject);

/// Logs and manifests: files whose loss LevelDB would take for a shorter history.
[[nodiscard]] bool is_journal(std::string_view path);

/// Makes the names in the directory of `path` survive the loss of power, where the file system can.
[[nodiscard]] leveldb::Status sync_directory_of(const std::string& path);

/// How many reads of tables this thread has made, of whatever store: unchanged means that no damage
/// can have been met since.
[[nodiscard]] std::uint64_t table_reads_of_this_thread();

class leveldb_env final : public leveldb::EnvWrapper {
public:
    leveldb_env(watermark& marks, durability durable, std::size_t mapped_bytes_max);
    ~leveldb_env() override;

    /// Takes the lock of a database before LevelDB is asked to open it; LevelDB is then handed the
    /// lock that is held, so nobody comes in between.
    [[nodiscard]] leveldb::Status lock_early(const std::string& path);
    leveldb::Status LockFile(const std::string& path, leveldb::FileLock** out) override;

    leveldb::Status NewSequentialFile(const std::string& path,
                                      leveldb::SequentialFile** out) override;
    leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** out) override;
    leveldb::Status NewAppendableFile(const std::string& path,
                                      leveldb::WritableFile** out) override;
    leveldb::Status NewRandomAccessFile(const std::string& path,
                                        leveldb::RandomAccessFile** out) override;
    /// LevelDB's own says of a list that could not be read to its end that it ends there, and takes
    /// a missing log for one that was never written.
    leveldb::Status GetChildren(const std::string& path, std::vector<std::string>* out) override;
    /// True where nobody can tell: who took a file for missing might make a new one in its place.
    bool FileExists(const std::string& path) override;
    leveldb::Status RemoveFile(const std::string& path) override;
    leveldb::Status RenameFile(const std::string& from, const std::string& to) override;

    /// Syncs the log that is being written, and older ones that are still needed. Other threads may
    /// be appending.
    [[nodiscard]] leveldb::Status sync_logs();

private:
    class journal;
    class table;

    leveldb::Status new_file(const std::string& path, std::unique_ptr<leveldb::WritableFile>& out);
    leveldb::Status new_mapped_log(const std::string& path,
                                   std::unique_ptr<leveldb::WritableFile>& out);

    watermark& marks_;
    const durability durable_;
    std::shared_ptr<std::atomic<std::int64_t>> mappable_bytes_;
    leveldb::FileLock* early_lock_ = nullptr;
    std::mutex mutex_;
    std::vector<journal*> logs_;  // that are open: two while LevelDB changes to a new one
    std::map<std::string, std::uint64_t> unsynced_;  // closed logs of `process` stores, their sizes
};

}  // namespace casement::engine
