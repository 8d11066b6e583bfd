#pragma once
// The watermark: which logs a database has, and how many bytes of each are synced, kept outside the
// database. It tells a store that has lost acknowledged history from one that has not: to LevelDB a
// log that was cut or deleted looks like a shorter history. Calls from any thread.
//
//   two slots of 4096 bytes, written in turn; the valid one with the higher number counts
//   +---------+--------+-------+--------------------------------------+--------------+
//   | "csmtwm1\n" 8 B  | number 8 B big-endian | count, {name, synced}... | crc32c 4 B  |
//   +---------+--------+-------+--------------------------------------+--------------+
//   0                  8                       16                        4092        4096

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include <casement/core/error.hpp>

namespace casement::engine {

class watermark {
public:
    watermark(const watermark&) = delete;
    watermark& operator=(const watermark&) = delete;
    watermark() = default;
    ~watermark();

    /// Makes the file, whole and synced under its name at once, or none.
    [[nodiscard]] result<void> create(const std::string& path);

    /// Reads the file and holds it against the logs in `database`: each named log must be there,
    /// and whole up to its mark. `corrupt` says which is not.
    [[nodiscard]] result<void> open(const std::string& path, const std::string& database);

    /// A log was made; nothing of it is synced yet.
    [[nodiscard]] result<void> begun(const std::string& log);
    /// The first `bytes` of the log are synced. Written when the lag would grow too large.
    [[nodiscard]] result<void> synced(const std::string& log, std::uint64_t bytes);
    /// The log will be deleted because nothing needs it any more.
    [[nodiscard]] result<void> dropped(const std::string& log);
    /// Writes and syncs what is known, in both slots: whichever is damaged afterwards, what the
    /// other says is not less.
    [[nodiscard]] result<void> flush();

    /// Whether a log was ever begun. If not, nothing was ever committed: the store was being made.
    [[nodiscard]] bool names_a_log();

private:
    result<void> write_slot();        // REQUIRES: mutex_ is held
    result<void> write_both_slots();  // the same

    std::mutex mutex_;
    std::string path_;
    int file_ = -1;
    std::uint64_t number_ = 0;
    std::map<std::string, std::uint64_t> logs_;
    std::uint64_t unwritten_ = 0;  // synced bytes that the file does not speak of yet
};

/// Walks a log in LevelDB's format (blocks of 32 KiB; records of crc, length, type) and checks
/// every record that begins below `end`. `corrupt` names the first offset that is not whole.
[[nodiscard]] result<void> check_log(const std::string& path, std::uint64_t end);

/// Cuts what a writer left unfinished when it died: the reserved rest of a mapped log, a record
/// whose bytes came only in part. LevelDB would take either for damage. A log where a whole record
/// follows what is not whole is damaged, not torn, and stays as it is, for LevelDB to refuse.
[[nodiscard]] result<void> cut_torn_tail(const std::string& path);

}  // namespace casement::engine
