#pragma once
// Blobs as other databases keep them, each in the layout that suits it best. Any thread may call;
// a put is as durable as the store's: it outlives the loss of power.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace casement::bench {

/// Is given a blob's bytes: at once, or in pieces, one after the other.
using taker = std::function<void(std::string_view bytes)>;

struct blob_keeper {
    std::string name;
    std::function<void(std::uint64_t number, std::string_view bytes)> put;  // a number not yet used
    std::function<void(std::uint64_t number, const taker& take)> get;
    std::function<void()> settle;  // no byte waits in a log to be written once more
};

// Open as long as a copy lives, in a new directory.
[[nodiscard]] blob_keeper leveldb_values(const std::string& path);  // the blob is the value
[[nodiscard]] blob_keeper rocksdb_blobs(const std::string& path);   // BlobDB: values in blob files
[[nodiscard]] blob_keeper sqlite_blobs(const std::string& path);    // a table apart, 64 KiB pages

/// Those that this build has.
[[nodiscard]] std::vector<blob_keeper> blob_peers(const std::string& path);

}  // namespace casement::bench
