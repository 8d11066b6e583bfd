// Blobs put and got through a store (SPEC W2, B3), with the durability of power, beside a file that
// is written in pieces and synced, and read. What the content hash alone costs stands beside: a put
// cannot be faster than it and the file one after the other.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string_view>

#include <casement/core/hash.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/vault.hpp>

#include "contest.hpp"

using namespace casement;
using namespace casement::bench;

namespace {

constexpr std::size_t KiB = 1024, MiB = 1024 * KiB;
constexpr std::size_t piece = 1 * MiB;
constexpr std::size_t bytes_to_get = 64 * MiB;  // got again and again, from the system's memory

void check(bool well, const char* what) {
    if (!well) give_up(std::string{what} + ": " + std::strerror(errno));
}

/// Bytes that no compressor and no deduplicator can make less of; each number has its own.
class bytes_of_blobs {
public:
    explicit bytes_of_blobs(std::size_t size) : bytes_(size, '\0') {
        std::uint64_t n = size;
        for (auto& b : bytes_) b = static_cast<char>((n = n * 6364136223846793005u + 1) >> 56);
    }
    std::string_view operator()(std::uint64_t number) {
        std::memcpy(bytes_.data(), &number, sizeof number);
        return bytes_;
    }

private:
    std::string bytes_;
};

template <class Each>
void in_pieces(std::string_view bytes, Each each) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
        each(bytes.substr(0, piece));
}

// --- the floor -------------------------------------------------------------------------------

void write_file(const std::string& path, std::string_view bytes) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    check(file >= 0, "create");
    in_pieces(bytes, [&](std::string_view p) {
        check(::write(file, p.data(), p.size()) == static_cast<ssize_t>(p.size()), "write");
    });
    check(::fdatasync(file) == 0, "fdatasync");
    check(::close(file) == 0, "close");
}

std::size_t read_file(const std::string& path, std::string& buffer) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    check(file >= 0, "open");
    buffer.resize(piece);
    std::size_t sum = 0;
    for (ssize_t n = 1; n > 0; sum += static_cast<std::size_t>(n)) {
        n = ::pread(file, buffer.data(), buffer.size(), static_cast<off_t>(sum));
        check(n >= 0, "pread");
    }
    check(::close(file) == 0, "close");
    return sum;
}

// --- the store -------------------------------------------------------------------------------

object::file_object put(vault& v, std::string_view bytes) {
    auto staged = must(v.contents().stage());
    in_pieces(bytes, [&](std::string_view p) { must(staged.write(p)); });
    auto stored = must(v.contents().store_bytes(std::move(staged)));
    transaction t{v.rows()};
    stored.add_to(t);
    must(t.commit());
    const auto object = stored.object();
    stored.published();
    return object;
}

std::size_t get(vault& v, const object::file_object& file) {
    auto reader = must(v.contents().open(file));
    std::size_t sum = 0;
    must(reader.for_each_piece([&](std::string_view p) -> result<void> {
        sum += p.size();
        return {};
    }));
    return sum;
}

// --- the contests ----------------------------------------------------------------------------

void report_bytes(benchmark::State& state, std::size_t size) {
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

void hold_puts(const std::string& words, std::size_t size, vault& v, const workshop& w) {
    bytes_of_blobs ours{size}, floors{size}, hashed{size};
    std::uint64_t next = 1u << 20;
    const auto write_files = [&](benchmark::State& state) {
        const std::string directory = w / "files";
        std::filesystem::create_directory(directory);
        for (auto _ : state) {
            ++next;
            write_file(directory + "/" + std::to_string(next), floors(next));
        }
        report_bytes(state, size);
        std::filesystem::remove_all(directory);
    };
    const auto put_blobs = [&](benchmark::State& state) {
        for (auto _ : state) put(v, ours(++next));
        report_bytes(state, size);
    };
    const auto hash = [&](benchmark::State& state) {
        for (auto _ : state) benchmark::DoNotOptimize(sha256_of(hashed(++next)));
        report_bytes(state, size);
    };
    hold({"put " + words + ", power", "B/s"}, {{role::floor, "write+fdatasync", write_files},
                                               {role::ours, "stage+commit", put_blobs},
                                               {role::part, "SHA-256 alone", hash}});
}

void hold_gets(const std::string& words, std::size_t size, vault& v, const workshop& w) {
    const std::size_t count = bytes_to_get / size;
    bytes_of_blobs bytes{size};
    std::vector<object::file_object> objects;
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < count; ++i) {
        objects.push_back(put(v, bytes(i)));
        paths.push_back(w / std::to_string(i));
        write_file(paths.back(), bytes(i));
    }
    std::string buffer;
    std::size_t next = 0;
    const auto read_files = [&](benchmark::State& state) {
        for (auto _ : state)
            if (read_file(paths[++next % count], buffer) != size) give_up("a short file");
        report_bytes(state, size);
    };
    const auto get_blobs = [&](benchmark::State& state) {
        for (auto _ : state)
            if (get(v, objects[++next % count]) != size) give_up("a short blob");
        report_bytes(state, size);
    };
    hold({"get " + words, "B/s"},
         {{role::floor, "open+pread", read_files}, {role::ours, "open+read", get_blobs}});
}

}  // namespace

int main() {
    const std::array sizes{std::pair{"64 KiB", 64 * KiB}, std::pair{"1 MiB", 1 * MiB},
                           std::pair{"8 MiB", 8 * MiB}};
    for (const auto& [words, size] : sizes) {
        const workshop w{"blob_bench"};
        auto v = must(vault::create(w / "store", {.durable = engine::durability::power}));
        hold_puts(words, size, v, w);
        hold_gets(words, size, v, w);
        must(v.close());
    }
}
