// Blobs put and got through a store (SPEC W2, B3), with the durability of power, beside a file that
// is written in pieces and synced, and read, and beside the databases that others put blobs into.
// What the content hash alone costs stands beside: a put cannot be faster than it and the file one
// after the other.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string_view>

#include <casement/core/hash.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/vault.hpp>

#include "blob_peers.hpp"
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

void read_file(const std::string& path, std::string& buffer, const taker& take) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    check(file >= 0, "open");
    buffer.resize(piece);
    std::size_t at = 0;
    for (ssize_t n = 1; n > 0; at += static_cast<std::size_t>(n)) {
        n = ::pread(file, buffer.data(), buffer.size(), static_cast<off_t>(at));
        check(n >= 0, "pread");
        take(std::string_view{buffer.data(), static_cast<std::size_t>(n)});
    }
    check(::close(file) == 0, "close");
}

// --- the store -------------------------------------------------------------------------------

object::file_object put(vault& v, std::string_view bytes) {
    auto staged = must(v.contents().stage(bytes.size()));
    in_pieces(bytes, [&](std::string_view p) { must(staged.write(p)); });
    auto stored = must(v.contents().store_bytes(std::move(staged)));
    transaction t{v.rows()};
    stored.add_to(t);
    must(t.commit());
    const auto object = stored.object();
    stored.published();
    return object;
}

void get(vault& v, const object::file_object& file, const taker& take) {
    auto reader = must(v.contents().open(file));
    must(reader.for_each_piece([&](std::string_view p) -> result<void> {
        take(p);
        return {};
    }));
}

// --- the contests ----------------------------------------------------------------------------

void report_bytes(benchmark::State& state, std::size_t size) {
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

/// Puts by so many threads at once, each blob new.
void hold_puts(const std::string& words, std::size_t size, int threads, vault& v, const workshop& w,
               const std::vector<blob_keeper>& peers) {
    static std::atomic<std::uint64_t> next = 1u << 20;
    const std::string directory = w / "files";
    std::filesystem::create_directory(directory);
    const auto contestant_of = [&](role plays, const std::string& name, const auto& put_one) {
        return contestant{plays, name, [=](benchmark::State& state) {
                              bytes_of_blobs bytes{size};
                              for (auto _ : state) {
                                  const auto number = ++next;
                                  put_one(number, bytes(number));
                              }
                              report_bytes(state, size);
                          }};
    };
    // The files stay, as the blobs do: room that was just given back is written to faster.
    const auto write_one = [&](std::uint64_t number, std::string_view bytes) {
        write_file(directory + "/" + std::to_string(number), bytes);
    };
    std::vector<contestant> all{
        contestant_of(role::floor, "write+fdatasync", write_one),
        contestant_of(role::ours, "stage+commit", [&](auto, auto bytes) { put(v, bytes); })};
    for (const auto& p : peers) all.push_back(contestant_of(role::peer, p.name, p.put));
    all.push_back(contestant_of(role::part, "SHA-256 alone", [](auto, auto bytes) {
        benchmark::DoNotOptimize(sha256_of(bytes));
    }));
    const auto by = threads == 1 ? "" : ", " + std::to_string(threads) + " threads";
    hold({"put " + words + by + ", power", "B/s", threads}, all);
    std::filesystem::remove_all(directory);
}

/// Every word of it. What is mapped costs nothing until it is looked at, and what was read lies in
/// memory that was written just now.
void look_at_all(std::string_view bytes) {
    std::uint64_t sum = 0, word = 0;
    for (std::size_t at = 0; at + sizeof word <= bytes.size(); at += sizeof word) {
        std::memcpy(&word, bytes.data() + at, sizeof word);
        sum += word;
    }
    benchmark::DoNotOptimize(sum);
}

/// Blobs that are where they stay, and in the system's memory: read, and then read and looked at.
void hold_gets(const std::string& words, std::size_t size, vault& v, const workshop& w,
               const std::vector<blob_keeper>& peers) {
    const std::size_t count = bytes_to_get / size;
    bytes_of_blobs bytes{size};
    std::vector<object::file_object> objects;
    std::vector<std::string> paths;
    std::vector<vault::view> views;
    for (std::size_t i = 0; i < count; ++i) {
        objects.push_back(put(v, bytes(i)));
        views.push_back(must(must(v.contents().open(objects.back())).view()));
        paths.push_back(w / std::to_string(i));
        write_file(paths.back(), bytes(i));
        for (const auto& p : peers) p.put(i, bytes(i));
    }
    for (const auto& p : peers) p.settle();
    std::string buffer;
    std::size_t next = 0;
    const auto hold_them = [&](const std::string& how, const taker& look) {
        const auto contestant_of = [&](role plays, const std::string& name, const auto& get_one) {
            return contestant{plays, name, [&, get_one](benchmark::State& state) {
                                  for (auto _ : state) {
                                      std::size_t got = 0;
                                      get_one(++next % count, [&](std::string_view p) {
                                          look(p);
                                          got += p.size();
                                      });
                                      if (got != size) give_up("a short blob");
                                  }
                                  report_bytes(state, size);
                              }};
        };
        std::vector<contestant> all{
            contestant_of(role::floor, "open+pread",
                          [&](auto i, auto take) { read_file(paths[i], buffer, take); }),
            contestant_of(role::ours, "open+read",
                          [&](auto i, auto take) { get(v, objects[i], take); }),
            contestant_of(role::part, "view, verified anew",
                          [&](auto i, auto take) {
                              take(must(must(v.contents().open(objects[i])).view()).bytes());
                          }),
            contestant_of(role::part, "kept view",
                          [&](auto i, auto take) { take(views[i].bytes()); })};
        for (const auto& p : peers) all.push_back(contestant_of(role::peer, p.name, p.get));
        hold({"get " + words + how, "B/s"}, all);
    };
    hold_them("", [](std::string_view) {});
    hold_them(", each word seen", look_at_all);
}

/// Songs put one after the other into a store that is new, until all are where they stay.
void hold_songs() {
    constexpr std::uint64_t songs = 100;
    bytes_of_blobs bytes{15 * MiB};
    const workshop w{"songs"};
    const auto contestant_of = [&](role plays, const std::string& name, const auto& put_all) {
        return contestant{plays, name, [&, put_all](benchmark::State& state) {
                              std::int64_t all = 0;
                              const auto song = [&](std::uint64_t n) {
                                  const auto size = 3 * MiB + n * 2654435761u % (12 * MiB);
                                  all += static_cast<std::int64_t>(size);
                                  return bytes(n).substr(0, size);
                              };
                              for (auto _ : state) {
                                  put_all(w / "turn", song);
                                  state.PauseTiming();
                                  std::filesystem::remove_all(w / "turn");
                                  state.ResumeTiming();
                              }
                              state.SetBytesProcessed(all);
                          }};
    };
    const auto put_files = [](const std::string& path, const auto& song) {
        std::filesystem::create_directory(path);
        for (std::uint64_t n = 0; n < songs; ++n)
            write_file(path + "/" + std::to_string(n), song(n));
    };
    const auto put_ours = [](const std::string& path, const auto& song) {
        auto v = must(vault::create(path, {.durable = engine::durability::power}));
        for (std::uint64_t n = 0; n < songs; ++n) put(v, song(n));
        must(v.close());
    };
    std::vector<contestant> all{contestant_of(role::floor, "write+fdatasync", put_files),
                                contestant_of(role::ours, "stage+commit", put_ours)};
    const auto peers = blob_peers(w / "peers");
    for (std::size_t which = 0; which < peers.size(); ++which)
        all.push_back(contestant_of(role::peer, peers[which].name,
                                    [which](const std::string& path, const auto& song) {
                                        std::filesystem::create_directory(path);
                                        const auto peer = blob_peers(path)[which];
                                        for (std::uint64_t n = 0; n < songs; ++n)
                                            peer.put(n, song(n));
                                        peer.settle();
                                    }));
    hold({"put 100 songs, until they are where they stay, power", "B/s"}, all);
}

}  // namespace

int main() {
    hold_songs();
    const std::array sizes{std::pair{"64 KiB", 64 * KiB}, std::pair{"1 MiB", 1 * MiB},
                           std::pair{"8 MiB", 8 * MiB}};
    for (const auto& [words, size] : sizes) {
        for (const int threads : {1, 8}) {
            const workshop w{"blob_bench"};
            auto v = must(vault::create(w / "store", {.durable = engine::durability::power}));
            const auto peers = blob_peers(w / "peers");
            hold_puts(words, size, threads, v, w, peers);
            if (threads == 1) hold_gets(words, size, v, w, peers);
            must(v.close());
        }
    }
}
