// RocksDB with optimistic transactions: the head and the name are read for update, the rev is
// merged, so that creates of different names commute as they do through any_rev.

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/merge_operator.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/optimistic_transaction_db.h>
#include <rocksdb/utilities/transaction.h>

#include <algorithm>
#include <memory>

#include <casement/core/codec.hpp>
#include <casement/kv/row.hpp>

#include "names.hpp"

namespace casement::bench {

namespace {

using engine::durability;

void check(const rocksdb::Status& s) {
    if (!s.ok()) give_up(s.ToString());
}

std::string big64(std::uint64_t n) {
    std::string out;
    append_big64(out, n);
    return out;
}

class sum : public rocksdb::AssociativeMergeOperator {
public:
    bool Merge(const rocksdb::Slice&, const rocksdb::Slice* now, const rocksdb::Slice& more,
               std::string* out, rocksdb::Logger*) const override {
        const auto number = [](const rocksdb::Slice& s) {
            return decode<count>({s.data(), s.size()}).value_or(count{}).value;
        };
        *out = big64((now ? number(*now) : 0) + number(more));
        return true;
    }
    const char* Name() const override { return "sum"; }
};

struct peer {
    shape filled;
    std::unique_ptr<rocksdb::OptimisticTransactionDB> db;
    rocksdb::WriteOptions how_to_write;
    rocksdb::ReadOptions how_to_read;
    std::string head_row = encode(head_of_all()), row = encode(entry_of(0)), one = big64(1);

    peer(const std::string& path, const shape& s, durability d) : filled{s} {
        rocksdb::BlockBasedTableOptions table;
        table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(engine::bloom_bits_per_key, false));
        table.block_cache = rocksdb::NewLRUCache(cache_bytes);
        rocksdb::Options o;
        o.create_if_missing = true;
        o.write_buffer_size = write_buffer_bytes;
        o.paranoid_checks = true;
        o.merge_operator = std::make_shared<sum>();
        o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
        rocksdb::OptimisticTransactionDB* opened = nullptr;
        check(rocksdb::OptimisticTransactionDB::Open(o, path, &opened));
        db.reset(opened);
        how_to_write.sync = d == durability::power;
        how_to_read.verify_checksums = true;
    }

    std::string key_of(std::uint64_t number) const {
        return row_key<tree::entry>({directory_of(filled, number), {}, name_of(number)});
    }

    void create(std::uint64_t number) {
        while (!try_create(number)) continue;
    }

    bool try_create(std::uint64_t number) {
        const auto node = directory_of(filled, number);
        const auto key = key_of(number);
        std::unique_ptr<rocksdb::Transaction> t{db->BeginTransaction(how_to_write)};
        std::string value;
        check(t->GetForUpdate(how_to_read, row_key<tree::head>(node), &value));
        if (value != head_row) give_up("another head");
        if (!t->GetForUpdate(how_to_read, key, &value).IsNotFound()) give_up("a name was taken");
        check(t->Put(key, row));
        check(t->MergeUntracked(db->DefaultColumnFamily(), row_key<tree::rev>(node), one));
        const auto done = t->Commit();
        if (done.IsBusy() || done.IsTryAgain()) return false;
        check(done);
        return true;
    }

    bool look_up(std::uint64_t number) {
        std::string value;
        const auto s = db->Get(how_to_read, key_of(number), &value);
        if (!s.IsNotFound()) check(s);
        return s.ok();
    }

    std::uint64_t list() {
        const auto prefix = row_key<tree::entry>({directory_of(filled, 0), {}, ""});
        std::uint64_t bytes = 0;
        std::unique_ptr<rocksdb::Iterator> rows{db->NewIterator(how_to_read)};
        for (rows->Seek(prefix); rows->Valid() && rows->key().starts_with(prefix); rows->Next())
            bytes += rows->key().size() - prefix.size();
        check(rows->status());
        return bytes;
    }
};

void fill(const std::string& path, const shape& s) {
    peer p{path, s, durability::process};
    for (std::uint64_t n = 0; n < s.directories; ++n) {
        check(p.db->Put({}, row_key<tree::head>(directory_of(s, n)), p.head_row));
        check(p.db->Put({}, row_key<tree::rev>(directory_of(s, n)), p.one));
    }
    for (std::uint64_t n = 0; n < s.names;) {
        rocksdb::WriteBatch rows;
        for (const auto end = std::min(s.names, n + commit_rows_max); n < end; ++n)
            check(rows.Put(p.key_of(n), encode(entry_of(n))));
        check(p.db->Write({}, &rows));
    }
}

}  // namespace

keeper rocksdb_peer() {
    return {role::peer, "RocksDB", "rocksdb", fill,
            [](const std::string& path, const shape& s, durability d) -> hands {
                auto store = std::make_shared<peer>(path, s, d);
                return [store] {
                    return hand{[store](std::uint64_t n) { store->create(n); },
                                [store](std::uint64_t n) { return store->look_up(n); },
                                [store] { return store->list(); }};
                };
            }};
}

}  // namespace casement::bench
