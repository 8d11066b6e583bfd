#pragma once
// Which keys are certainly not in the database, without a read: what the guard of a new name asks.
// Every key that is written is noted from the opening on; those from before are added by one scan
// beside the commits, begun once it pays. Any thread.

#include <leveldb/db.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include "key_filter.hpp"

namespace casement::engine {

class census {
public:
    /// REQUIRES: nothing was written to `db` since it was opened, and it outlives this.
    explicit census(leveldb::DB& db) : db_{db} {
        const std::string last(64, '\xff');
        const leveldb::Range all{"", last};
        std::uint64_t bytes = 0;
        db.GetApproximateSizes(&all, 1, &bytes);
        if (bytes <= table_bytes_max)
            reads_that_pay_ = std::max(reads_that_pay_min, bytes / table_bytes_a_read);
    }

    /// REQUIRES: called before the write of `key` begins.
    void written(std::string_view key) { noted_.insert(key); }

    /// True only if no row was at `key` after the last commit that the caller had heard of when it
    /// asked. False promises nothing.
    [[nodiscard]] bool lacks(std::string_view key) const {
        return complete_.load(std::memory_order_acquire) && !noted_.may_hold(key);
    }

    /// A row had to be read because `lacks` could not tell. After as many as are worth it the scan
    /// begins: a store that is opened for a few commits never pays for it.
    void had_to_read() {
        if (reads_.fetch_add(1, std::memory_order_relaxed) + 1 != reads_that_pay_) return;
        try {
            scanner_ = std::jthread{[this](const std::stop_token& stop) { scan(stop); }};
        } catch (const std::system_error&) {
            // No thread is to be had: absence goes on being read.
        }
    }

    // To scan 4 KiB of tables takes some 30 us. A read takes 2 to 3, but each that has to look into
    // two tables brings LevelDB nearer to compacting one of them: by 16 KiB of it.
    static constexpr std::uint64_t reads_that_pay_min = 1024, table_bytes_a_read = 4096;
    /// In larger stores the filter, with less than some 5 bits a row, would not tell much.
    static constexpr std::uint64_t table_bytes_max = 64 * key_filter::bytes;

private:
    void scan(const std::stop_token& stop) {
        leveldb::ReadOptions how;
        how.verify_checksums = true;
        how.fill_cache = false;
        const std::unique_ptr<leveldb::Iterator> row{db_.NewIterator(how)};
        for (row->SeekToFirst(); row->Valid(); row->Next()) {
            if (stop.stop_requested()) return;
            noted_.insert({row->key().data(), row->key().size()});
        }
        // LevelDB steps over a block that it cannot read, and says so only in the status.
        if (row->status().ok()) complete_.store(true, std::memory_order_release);
    }

    leveldb::DB& db_;
    key_filter noted_;
    std::uint64_t reads_that_pay_ = 0;  // 0: no scan ever does
    std::atomic<std::uint64_t> reads_ = 0;
    std::atomic<bool> complete_ = false;
    std::jthread scanner_;  // last: it is stopped before what it uses goes
};

}  // namespace casement::engine
