#pragma once
// What the tests of the blob layer share: payloads, a counter of ids, and puts in one call.

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include <casement/blob/files.hpp>
#include <casement/blob/posix.hpp>

#include "blob/scripted_file_system.hpp"
#include "support/temporary.hpp"

namespace casement::testing {

using blob::chunk_size;
using blob::piece_size;
using blob::placement;

using scripted = scripted_file_system<blob::posix_file_system>;

/// No two 8-byte words of it are alike, and other seeds give other bytes.
inline std::string payload_of(std::size_t size, std::uint64_t seed = 1) {
    std::string out(size, '\0');
    std::uint64_t state = seed;
    for (std::size_t i = 0; i < size; ++i) {
        if (i % 8 == 0) state = (state + 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9;
        out[i] = static_cast<char>(state >> (i % 8 * 8));
    }
    return out;
}

/// Ids from 1 on, in the order of the asking; threads may ask at once.
inline blob::id_source counting_ids() {
    const auto next = std::make_shared<std::atomic<std::uint64_t>>(0);
    return {[next] { return result<blob::blob_id>{{++*next}}; },
            [next] { return result<blob::pack_id>{{++*next}}; }};
}

/// Blobs of up to 100 bytes lie in rows, of 1,000 and more in files of their own.
inline blob::options small_options(blob::durability durable = blob::durability::process) {
    blob::options chosen;
    chosen.sizes = {100, 1000, 1 << 20};
    chosen.durable = durable;
    chosen.magic = [] { return std::uint64_t{0x1122334455667788}; };
    return chosen;
}

/// A blob as its rows keep it.
struct kept {
    blob::descriptor what;
    blob::chunk_sums sums;
    std::string inline_bytes;
    bool names_synced = true;
};

/// Writes, seals and publishes; the bytes go in by pieces of `step`, and `expected` are announced.
template <class Files>
result<kept> put(Files& files, std::string_view payload, std::size_t step = std::string::npos,
                 std::uint64_t expected = 0) {
    auto staged = files.stage(expected);
    if (!staged) return passed(staged);
    for (std::size_t at = 0; at < payload.size(); at += std::min(step, payload.size() - at))
        if (auto written = staged->write(payload.substr(at, step)); !written)
            return passed(written);
    auto measured = std::move(*staged).measure();
    if (!measured) return passed(measured);
    auto sealed = std::move(*measured).seal();
    if (!sealed) return passed(sealed);
    kept out{sealed->what(), sealed->sums(), std::string{sealed->inline_bytes()}};
    out.names_synced = std::move(*sealed).published().names_synced;
    return out;
}

/// All bytes of what was put, wherever they are.
template <class Files>
result<std::string> get(Files& files, const kept& blob) {
    if (blob.what.kind == placement::inline_row) return blob.inline_bytes;
    std::string out(blob.what.size, '?');
    auto n = files.read(blob.what, blob.sums, 0, out);
    if (!n) return passed(n);
    out.resize(*n);
    return out;
}

inline std::string bytes_of(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

/// A new file in the place of the old: ext4 writes out at once what is truncated and written anew.
inline void overwrite(const std::string& path, std::string_view bytes) {
    std::filesystem::remove(path);
    std::ofstream{path, std::ios::binary | std::ios::trunc} << bytes;
}

/// Every regular file below `root`.
inline std::vector<std::string> files_below(const std::filesystem::path& root) {
    std::vector<std::string> found;
    for (const auto& e : std::filesystem::recursive_directory_iterator{root})
        if (e.is_regular_file()) found.push_back(e.path().string());
    return found;
}

/// Opens the blob files of a test's directory; what cannot be opened fails the test.
template <class FS = blob::posix_file_system>
blob::files<FS> open_files(const temporary_directory& here, FS fs = {},
                           blob::options chosen = small_options(),
                           blob::id_source ids = counting_ids()) {
    auto opened = blob::files<FS>::open(std::move(fs), here.path().string(), std::move(ids),
                                        std::move(chosen));
    EXPECT_TRUE(opened) << opened.error().message();
    return *std::move(opened);
}

}  // namespace casement::testing
