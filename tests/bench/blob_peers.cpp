#include "blob_peers.hpp"

#include <leveldb/cache.h>
#include <leveldb/db.h>

#include <filesystem>
#include <memory>

#include <casement/core/codec.hpp>

#include "names.hpp"

#ifdef CASEMENT_BENCH_ROCKSDB
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/table.h>
#endif
#ifdef CASEMENT_BENCH_SQLITE
#include <sqlite3.h>

#include <mutex>
#endif

namespace casement::bench {

namespace {

std::string key_of(std::uint64_t number) {
    std::string key;
    append_big64(key, number);
    return key;
}

template <class Status>
void check(const Status& s) {
    if (!s.ok()) give_up(s.ToString());
}

}  // namespace

blob_keeper leveldb_values(const std::string& path) {
    leveldb::Options o;
    o.create_if_missing = true;
    o.compression = leveldb::kNoCompression;
    o.write_buffer_size = write_buffer_bytes;
    leveldb::DB* opened = nullptr;
    check(leveldb::DB::Open(o, path, &opened));
    const std::shared_ptr<leveldb::DB> db{opened};
    return {"LevelDB values",
            [db](std::uint64_t number, std::string_view bytes) {
                leveldb::WriteOptions how;
                how.sync = true;
                check(db->Put(how, key_of(number), {bytes.data(), bytes.size()}));
            },
            [db](std::uint64_t number, const taker& take) {
                leveldb::ReadOptions how;
                how.verify_checksums = true;
                std::string value;
                check(db->Get(how, key_of(number), &value));
                take(value);
            },
            [db] { db->CompactRange(nullptr, nullptr); }};
}

#ifdef CASEMENT_BENCH_ROCKSDB
blob_keeper rocksdb_blobs(const std::string& path) {
    rocksdb::Options o;
    o.create_if_missing = true;
    o.write_buffer_size = 64u << 20;  // of blobs, too: smaller ones would only flush more often
    o.enable_blob_files = true;
    o.min_blob_size = 4096;
    o.compression = rocksdb::kNoCompression;
    rocksdb::DB* opened = nullptr;
    check(rocksdb::DB::Open(o, path, &opened));
    const std::shared_ptr<rocksdb::DB> db{opened};
    return {"RocksDB BlobDB",
            [db](std::uint64_t number, std::string_view bytes) {
                rocksdb::WriteOptions how;
                how.sync = true;
                check(db->Put(how, key_of(number), {bytes.data(), bytes.size()}));
            },
            [db](std::uint64_t number, const taker& take) {
                rocksdb::ReadOptions how;
                how.verify_checksums = true;
                rocksdb::PinnableSlice value;
                check(db->Get(how, db->DefaultColumnFamily(), key_of(number), &value));
                take({value.data(), value.size()});
            },
            [db] { check(db->Flush({})); }};
}
#endif

#ifdef CASEMENT_BENCH_SQLITE
namespace {

class sqlite_store {
public:
    explicit sqlite_store(const std::string& path) {
        std::filesystem::create_directories(path);
        if (sqlite3_open((path + "/blobs").c_str(), &db_) != SQLITE_OK) give_up("no database");
        for (const auto* words : {"PRAGMA page_size = 65536", "PRAGMA journal_mode = WAL",
                                  "PRAGMA synchronous = FULL", "PRAGMA cache_size = -16384",
                                  "CREATE TABLE blob(number INTEGER PRIMARY KEY, bytes BLOB)"})
            if (sqlite3_exec(db_, words, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
        prepare("INSERT INTO blob VALUES(?, ?)", put_);
        prepare("SELECT bytes FROM blob WHERE number = ?", get_);
    }
    sqlite_store(const sqlite_store&) = delete;
    sqlite_store& operator=(const sqlite_store&) = delete;
    ~sqlite_store() {
        sqlite3_finalize(put_);
        sqlite3_finalize(get_);
        sqlite3_close_v2(db_);
    }

    // SQLite has one writer at a time, and would have the others sleep.
    void put(std::uint64_t number, std::string_view bytes) {
        const std::lock_guard lock{mutex_};
        sqlite3_bind_int64(put_, 1, static_cast<sqlite3_int64>(number));
        sqlite3_bind_blob(put_, 2, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
        if (sqlite3_step(put_) != SQLITE_DONE) fail();
        sqlite3_reset(put_);
    }
    void get(std::uint64_t number, const taker& take) {
        const std::lock_guard lock{mutex_};
        sqlite3_bind_int64(get_, 1, static_cast<sqlite3_int64>(number));
        if (sqlite3_step(get_) != SQLITE_ROW) fail();
        const void* const bytes = sqlite3_column_blob(get_, 0);  // which reads all of it
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(get_, 0));
        if (bytes == nullptr && size > 0) fail();
        take({static_cast<const char*>(bytes), size});
        sqlite3_reset(get_);
    }
    void settle() {
        const std::lock_guard lock{mutex_};
        if (sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr) !=
            SQLITE_OK)
            fail();
    }

private:
    [[noreturn]] void fail() { give_up(sqlite3_errmsg(db_)); }
    void prepare(const char* words, sqlite3_stmt*& into) {
        if (sqlite3_prepare_v2(db_, words, -1, &into, nullptr) != SQLITE_OK) fail();
    }

    sqlite3* db_ = nullptr;
    sqlite3_stmt *put_ = nullptr, *get_ = nullptr;
    std::mutex mutex_;
};

}  // namespace

blob_keeper sqlite_blobs(const std::string& path) {
    const auto store = std::make_shared<sqlite_store>(path);
    return {"SQLite", [store](std::uint64_t number, std::string_view b) { store->put(number, b); },
            [store](std::uint64_t number, const taker& take) { store->get(number, take); },
            [store] { store->settle(); }};
}
#endif

std::vector<blob_keeper> blob_peers(const std::string& path) {
    std::vector<blob_keeper> all;
#ifdef CASEMENT_BENCH_SQLITE
    all.push_back(sqlite_blobs(path + "/sqlite"));
#endif
#ifdef CASEMENT_BENCH_ROCKSDB
    all.push_back(rocksdb_blobs(path + "/rocksdb"));
#endif
    all.push_back(leveldb_values(path + "/leveldb"));
    return all;
}

}  // namespace casement::bench
