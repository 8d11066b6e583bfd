#pragma once
// What was done on a disk, and what was promised of it meanwhile: a log that the recording file
// system and the workload write, each record whole, in the order in which things happened.

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <casement/check/simulated_disk.hpp>
#include <casement/core/codec.hpp>

namespace casement::testing {

struct crash_record {
    enum kind : std::uint8_t {
        called,    // `call` went well; its `file` is a number until the next one that opens it
        promises,  // from now on, `path` may lead to these bytes, or to nothing
        kept,      // what was promised until now is so
    };
    std::uint8_t what = called;
    check::file_call call;
    std::string path;
    std::optional<std::string> bytes;
};

/// Appends whole records, also where several processes do.
class crash_log {
public:
    explicit crash_log(const char* path)
        : file_{::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)} {
        if (file_ < 0) give_up(path);
    }
    crash_log(const crash_log&) = delete;
    crash_log& operator=(const crash_log&) = delete;
    ~crash_log() { ::close(file_); }

    void add(const crash_record& r) const {
        std::string all;
        encode_to(all, encode(r));
        if (::write(file_, all.data(), all.size()) != static_cast<ssize_t>(all.size()))
            give_up("the log");
    }

private:
    [[noreturn]] static void give_up(const char* what) {
        std::perror(what);
        std::abort();
    }
    int file_;
};

[[nodiscard]] inline std::vector<crash_record> records_in(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    const std::string all{std::istreambuf_iterator<char>{in}, {}};
    std::vector<crash_record> records;
    reader rest{all};
    while (!rest.finished()) {
        std::string one;
        if (!decode_from(rest, one)) break;
        auto r = decode<crash_record>(one);
        if (!r) break;
        records.push_back(*std::move(r));
    }
    if (!rest.finished()) std::fputs("the log is torn\n", stderr), std::abort();
    return records;
}

}  // namespace casement::testing
