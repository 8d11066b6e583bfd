#pragma once
// A store of names as each contestant keeps it: the same names with the same rows, in the way that
// is its own. What a contestant does for one thread is a hand; hands of one store work at the same
// time.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <casement/engine/leveldb.hpp>
#include <casement/tree/rows.hpp>

#include "contest.hpp"

namespace casement::bench {

/// What every engine is given; `engine::leveldb_options` has the same.
inline constexpr std::size_t cache_bytes = 16u << 20, write_buffer_bytes = 8u << 20;

/// What a store holds before it is measured: names 0 .. names - 1, dealt out to the directories.
struct shape {
    std::uint64_t directories = 1;
    std::uint64_t names = 0;
};

/// The number's name: 21 bytes, in no order.
[[nodiscard]] std::string name_of(std::uint64_t number);
[[nodiscard]] tree::node_id directory_of(const shape& s, std::uint64_t number);

/// The rows that every contestant writes: a name's, a file of 1,234 bytes, and a directory's.
[[nodiscard]] tree::entry entry_of(std::uint64_t number);
[[nodiscard]] tree::head head_of_all();

/// One thread's way to an open store.
struct hand {
    std::function<void(std::uint64_t number)> create;   // a name that is not there
    std::function<bool(std::uint64_t number)> look_up;  // whether it is; reads the row
    std::function<std::uint64_t()> list;  // the first directory; the bytes of its names
};

/// Makes hands. The store closes when the last copy has gone.
using hands = std::function<hand()>;

/// A way to keep names. Those with the same `files` are measured on copies of one filled store.
struct keeper {
    role plays;
    std::string name;
    std::string files;
    std::function<void(const std::string& path, const shape&)> fill;
    std::function<hands(const std::string& path, const shape&, engine::durability)> open;
};

[[nodiscard]] keeper raw_leveldb();   // one WriteBatch a name; reads decode nothing
[[nodiscard]] keeper by_any_rev();    // tree::create through any_rev, with tokens read once
[[nodiscard]] keeper by_at_rev();     // through at_rev: each create reads its directory first
[[nodiscard]] keeper sqlite_peer();   // WAL; guards are read in the transaction that writes
[[nodiscard]] keeper rocksdb_peer();  // OptimisticTransactionDB; guards are read for update

/// A row as a batch writes it; no value erases.
struct raw_write {
    std::string key;
    std::optional<std::string> value;
};

/// Writes batches into LevelDB as it comes, in a new store at `path`.
using raw_writer = std::function<void(const std::vector<raw_write>&)>;
[[nodiscard]] raw_writer write_raw(const std::string& path, engine::durability d);

/// The peers that this build has.
[[nodiscard]] std::vector<keeper> peers();

/// Fills a store for each keeper below the workshop, at the keeper's name.
void fill_all(const workshop& w, const std::vector<keeper>& all, const shape& s);

}  // namespace casement::bench
