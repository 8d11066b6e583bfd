// Many small packed blobs, of 4 to 100 KiB: put, got, half of them removed, collected and
// compacted. What that costs is printed: time, room beside what is live, bytes that went to the
// disk, memory.
//
//     small_blobs [COUNT]        100,000 if none is given; a million takes 52 GB and some minutes

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <casement/vault.hpp>

#include "contest.hpp"

using namespace casement;
using namespace casement::bench;

namespace {

constexpr std::uint64_t KiB = 1024, MiB = 1024 * KiB;
constexpr std::uint64_t names_a_directory = 1000;

std::uint64_t disk_bytes(const std::string& path) {
    std::uint64_t all = 0;
    for (const auto& e : std::filesystem::recursive_directory_iterator{path}) {
        struct ::stat s {};
        if (::lstat(e.path().c_str(), &s) == 0 && S_ISREG(s.st_mode))
            all += static_cast<std::uint64_t>(s.st_blocks) * 512;
    }
    return all;
}

/// That this process has had written, as the kernel counts.
std::uint64_t written_bytes() {
    std::ifstream in{"/proc/self/io"};
    for (std::string key, value; in >> key >> value;)
        if (key == "write_bytes:") return std::stoull(value);
    return 0;
}

/// The most memory that this process has had of its own: what it maps of files, the system takes
/// back as it likes.
class memory_watch {
public:
    [[nodiscard]] double peak_mib() {
        look();
        return static_cast<double>(peak_pages_ * ::getpagesize()) / static_cast<double>(MiB);
    }

private:
    void look() {
        std::ifstream in{"/proc/self/statm"};
        std::int64_t all = 0, resident = 0, of_files = 0, peak = peak_pages_;
        in >> all >> resident >> of_files;
        while (peak < resident - of_files &&
               !peak_pages_.compare_exchange_weak(peak, resident - of_files)) {
        }
    }

    std::atomic<std::int64_t> peak_pages_{0};
    std::jthread looking_{[this](const std::stop_token& end) {
        for (; !end.stop_requested(); std::this_thread::sleep_for(std::chrono::milliseconds{5}))
            look();
    }};
};

class workload {
public:
    workload(std::string path, std::uint64_t count)
        : path_{std::move(path)},
          count_{count},
          noise_(static_cast<std::size_t>(200 * KiB), '\0'),
          vault_{must(vault::create(path_, {.durable = engine::durability::process},
                                    {4 * KiB - 1, 4 * MiB, 1024 * MiB}))} {
        std::mt19937_64 random{1};
        for (auto& c : noise_) c = static_cast<char>(random());
    }

    void run() {
        std::printf("%-22s %9s %12s %10s %12s %12s\n", "", "seconds", "per second", "disk/live",
                    "written/put", "peak MiB");
        timed("put", count_, [&] {
            for (std::uint64_t n = 0; n < count_; ++n) put(n);
            must(vault_.rows().sync());
        });
        const auto gets = std::max<std::uint64_t>(count_ / 10, 1);
        timed("get, verified", gets, [&] {
            std::mt19937_64 random{2};
            for (std::uint64_t i = 0; i < gets; ++i) get(random() % count_);
        });
        timed("remove every second", count_ / 2, [&] {
            for (std::uint64_t n = 0; n < count_; n += 2) {
                must(vault_.remove(path_of(n)));
                live_ -= size_of(n);
            }
        });
        timed("collect", count_ / 2,
              [&] { must(vault_.collect({.grace = std::chrono::nanoseconds{0}})); });
        tree::compacted done;
        timed("compact", count_ / 2, [&] { done = must(vault_.compact({})); });
        std::printf("%llu packs with holes, %llu frames moved, %llu packs removed\n",
                    static_cast<unsigned long long>(done.punched),
                    static_cast<unsigned long long>(done.moved),
                    static_cast<unsigned long long>(done.removed));
        timed("get, verified", gets, [&] {
            std::mt19937_64 random{3};
            for (std::uint64_t i = 0; i < gets; ++i) get(random() % count_ | 1);
        });
        must(vault_.close());
    }

private:
    static std::uint64_t size_of(std::uint64_t n) {
        return 4 * KiB + n * 2654435761u % (96 * KiB + 1);
    }
    static std::string path_of(std::uint64_t n) {
        return "/" + std::to_string(n / names_a_directory) + "/" + std::to_string(n);
    }
    /// No two are alike, and none can be made shorter.
    std::string_view bytes_of(std::uint64_t n) {
        auto* const begin = noise_.data() + n * 8 % (64 * KiB);
        std::memcpy(begin, &n, sizeof n);
        return {begin, static_cast<std::size_t>(size_of(n))};
    }

    void put(std::uint64_t n) {
        if (n % names_a_directory == 0)
            directory_ =
                must(vault_.make_path("/" + std::to_string(n / names_a_directory), {0755, {}, 0}));
        auto staged = must(vault_.stage());
        must(staged.write(bytes_of(n)));
        must(vault_.settle_file(directory_, std::to_string(n), std::move(staged), {0644, {}, 0}));
        live_ += size_of(n);
        put_ += size_of(n);
    }
    void get(std::uint64_t n) {
        auto reader = must(vault_.read_file(path_of(std::min(n, count_ - 1))));
        std::uint64_t sum = 0;
        must(reader.for_each_piece([&](std::string_view piece) -> result<void> {
            sum += piece.size();
            return {};
        }));
        if (sum != reader.size()) give_up("a short blob");
    }

    template <class Work>
    void timed(const char* what, std::uint64_t times, Work work) {
        const auto begin = std::chrono::steady_clock::now();
        work();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        ::sync();  // what is on the disk is what will be
        std::printf("%-22s %9.2f %12.0f %10.4f %12.4f %12.1f\n", what, took.count(),
                    static_cast<double>(times) / took.count(),
                    static_cast<double>(disk_bytes(path_)) / static_cast<double>(live_),
                    static_cast<double>(written_bytes()) / static_cast<double>(put_),
                    memory_.peak_mib());
        std::fflush(stdout);
    }

    memory_watch memory_;
    std::string path_;
    std::uint64_t count_;
    std::string noise_;
    vault vault_;
    tree::node_id directory_;
    std::uint64_t live_ = 0, put_ = 0;  // bytes
};

}  // namespace

int main(int count, char** words) {
    const auto many = count > 1 ? std::strtoull(words[1], nullptr, 10) : 100'000;
    const workshop w{"small_blobs"};
    workload{w / "store", many}.run();
}
