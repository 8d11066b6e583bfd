// The floor, LevelDB as it comes, and Casement over it. Both have the same rows in the same files.

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>

#include <algorithm>
#include <atomic>
#include <memory>

#include <casement/kv/id_blocks.hpp>
#include <casement/kv/retry.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/tree/create.hpp>
#include <casement/tree/list.hpp>
#include <casement/tree/look_up.hpp>

#include "names.hpp"

namespace casement::bench {

namespace {

using engine::durability;
using engine::leveldb_store;
using tree::entry;

std::string key_of(const shape& s, std::uint64_t number) {
    return row_key<entry>({directory_of(s, number), {}, name_of(number)});
}

// --- the floor -------------------------------------------------------------------------------

void check(const leveldb::Status& s) {
    if (!s.ok()) give_up(s.ToString());
}

struct raw {
    shape filled;
    std::unique_ptr<const leveldb::FilterPolicy> filter{
        leveldb::NewBloomFilterPolicy(engine::bloom_bits_per_key)};
    std::unique_ptr<leveldb::Cache> cache{leveldb::NewLRUCache(cache_bytes)};
    std::unique_ptr<leveldb::DB> db;
    leveldb::WriteOptions how_to_write;
    leveldb::ReadOptions how_to_read;
    std::vector<std::atomic<std::uint64_t>> revs;
    std::string row = encode(entry_of(0));
    std::string record = encode(operation{1, 0, encode(tree::created{{1u << 20}, {}})});

    raw(const std::string& path, const shape& s, durability d) : filled{s}, revs(s.directories) {
        leveldb::Options o;
        o.filter_policy = filter.get();
        o.block_cache = cache.get();
        o.write_buffer_size = write_buffer_bytes;
        o.paranoid_checks = true;
        leveldb::DB* opened = nullptr;
        check(leveldb::DB::Open(o, path + "/db", &opened));
        db.reset(opened);
        how_to_write.sync = d == durability::power;
        how_to_read.verify_checksums = true;
    }

    void create(std::uint64_t number) {
        leveldb::WriteBatch both;
        both.Put(key_of(filled, number), row);
        std::string rev;
        append_big64(rev, ++revs[number % filled.directories]);
        both.Put(row_key<tree::rev>(directory_of(filled, number)), rev);
        both.Put(row_key<operation>({0, {number}}), record);
        check(db->Write(how_to_write, &both));
    }

    void write(const std::vector<raw_write>& rows) {
        leveldb::WriteBatch all;
        for (const auto& [key, value] : rows) value ? all.Put(key, *value) : all.Delete(key);
        check(db->Write(how_to_write, &all));
    }

    bool look_up(std::uint64_t number) {
        std::string value;
        const auto s = db->Get(how_to_read, key_of(filled, number), &value);
        if (!s.IsNotFound()) check(s);
        return s.ok();
    }

    std::uint64_t list() {
        const std::string prefix = row_key<entry>({directory_of(filled, 0), {}, ""});
        std::uint64_t bytes = 0;
        std::unique_ptr<leveldb::Iterator> rows{db->NewIterator(how_to_read)};
        for (rows->Seek(prefix); rows->Valid() && rows->key().starts_with(prefix); rows->Next())
            bytes += rows->key().size() - prefix.size();
        check(rows->status());
        return bytes;
    }
};

template <class Store>
hand hand_over(const std::shared_ptr<Store>& s) {
    return {[s](std::uint64_t n) { s->create(n); }, [s](std::uint64_t n) { return s->look_up(n); },
            [s] { return s->list(); }};
}

// --- Casement --------------------------------------------------------------------------------

struct ours {
    shape filled;
    leveldb_store kv;
    id_blocks<leveldb_store> ids{kv};
    recorded<leveldb_store> me{kv, ids};
    std::vector<tree::directory> seen;
    retry_count retries;

    ours(const std::string& path, const shape& s, durability d)
        : filled{s}, kv{must(leveldb_store::open(path, {.durable = d}))} {
        for (std::uint64_t n = 0; n < s.directories; ++n)
            seen.push_back(must(tree::read_directory(kv, directory_of(s, n))));
    }

    const tree::directory& seen_of(std::uint64_t number) { return seen[number % seen.size()]; }

    template <class P>
    result<void> create(std::uint64_t number, const P& parent) {
        const auto row = entry_of(0);
        const protocol::dentry::create_object what{
            std::get<protocol::dentry::object>(row.target).id};
        auto made = tree::create(me, parent, name_of(number), what, row.about);
        if (!made) return passed(made);
        if (!std::holds_alternative<tree::created>(*made)) give_up("a new name was taken");
        return {};
    }

    void create_by_any_rev(std::uint64_t number) {
        must(create(number, tree::any_rev{seen_of(number)}));
    }

    void create_by_at_rev(std::uint64_t number) {
        const auto decide = [&]() -> result<void> {
            auto dir = tree::read_directory(kv, directory_of(filled, number));
            if (!dir) return passed(dir);
            return create(number, tree::at_rev{*std::move(dir)});
        };
        auto done = retry(retries, decide);
        while (!done && done.error().code() == errc::conflict) done = retry(retries, decide);
        must(std::move(done));
    }

    bool look_up(std::uint64_t number) {
        return must(tree::look_up(kv, seen_of(number), name_of(number))).exists();
    }

    std::uint64_t list() {
        const auto names = must(tree::list(kv, directory_of(filled, 0)));
        std::uint64_t bytes = 0;
        for (const auto& listed : names) bytes += listed.name().size();
        must(names.status());
        return bytes;
    }
};

void fill(const std::string& path, const shape& s) {
    auto kv = must(leveldb_store::open(path, {.durable = durability::process, .create = true}));
    for (std::uint64_t n = 0; n < s.directories; ++n) {
        const auto node = directory_of(s, n);
        must(transaction{kv}
                 .put<tree::head>(node, head_of_all())
                 .put<tree::rev>(node, {{1}})
                 .commit());
    }
    for (std::uint64_t n = 0; n < s.names;) {
        transaction t{kv};
        for (const auto end = std::min(s.names, n + commit_rows_max); n < end; ++n)
            t.put<entry>({directory_of(s, n), {}, name_of(n)}, entry_of(n));
        must(t.commit());
    }
    must(kv.close());
}

}  // namespace

keeper raw_leveldb() {
    return {role::floor, "LevelDB", "leveldb", fill,
            [](const std::string& path, const shape& s, durability d) -> hands {
                auto store = std::make_shared<raw>(path, s, d);
                return [store] { return hand_over(store); };
            }};
}

raw_writer write_raw(const std::string& path, durability d) {
    fill(path, {});
    auto store = std::make_shared<raw>(path, shape{}, d);
    return [store](const std::vector<raw_write>& rows) { store->write(rows); };
}

keeper by_any_rev() {
    return {role::ours, "any_rev", "leveldb", fill,
            [](const std::string& path, const shape& s, durability d) -> hands {
                auto store = std::make_shared<ours>(path, s, d);
                return [store] {
                    return hand{[store](std::uint64_t n) { store->create_by_any_rev(n); },
                                [store](std::uint64_t n) { return store->look_up(n); },
                                [store] { return store->list(); }};
                };
            }};
}

keeper by_at_rev() {
    keeper k = by_any_rev();
    k.name = "at_rev";
    k.open = [](const std::string& path, const shape& s, durability d) -> hands {
        auto store = std::make_shared<ours>(path, s, d);
        return [store] {
            return hand{[store](std::uint64_t n) { store->create_by_at_rev(n); }, {}, {}};
        };
    };
    return k;
}

}  // namespace casement::bench
