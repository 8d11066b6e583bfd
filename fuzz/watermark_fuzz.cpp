// The checker of LevelDB's logs, against a reader written from LevelDB's doc/log_format.md and
// nothing else. An input is a mark (3 bytes, taken modulo what the log has and a little more) up to
// which the log must be whole, and the steps that write it (log_script.hpp). The log is a file
// without a name.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "engine/watermark.hpp"
#include "log_script.hpp"
#include "target.hpp"

namespace under_test {
namespace {

/// Planted: trusts the lengths in a log and never compares a CRC.
casement::result<void> check_log(const std::string& path, std::uint64_t end) {
    if (!casement::fuzz::planted()) return casement::engine::check_log(path, end);
    std::ifstream in{path, std::ios::binary};
    const std::string log{std::istreambuf_iterator<char>{in}, {}};
    std::size_t at = 0;
    while (at < end) {
        const auto left = 32768 - at % 32768;
        std::size_t size = left;
        if (left >= 7) {
            if (at + 7 > log.size()) break;
            size = 7 + static_cast<std::uint8_t>(log[at + 4]) +
                   256u * static_cast<std::uint8_t>(log[at + 5]);
        }
        if (size > left || at + size > log.size()) break;
        at += size;
    }
    if (at >= end) return {};
    return casement::fail(casement::errc::corrupt, "check log", path);
}

}  // namespace
}  // namespace under_test

namespace casement::fuzz {
namespace {

/// A file in memory that others can open by a path.
class unnamed_file {
public:
    unnamed_file() : file_{::memfd_create("log", MFD_CLOEXEC)} {
        require(file_ >= 0, "a file in memory");
    }

    void write(std::string_view bytes) const {
        require(::ftruncate(file_, 0) == 0, "a file in memory is emptied");
        const auto n = ::pwrite(file_, bytes.data(), bytes.size(), 0);
        require(n == static_cast<ssize_t>(bytes.size()), "a file in memory is written");
    }
    [[nodiscard]] std::string read(std::size_t size_max) const {
        std::string bytes(size_max, '\0');
        const auto n = ::pread(file_, bytes.data(), bytes.size(), 0);
        require(n >= 0, "a file in memory is read");
        bytes.resize(static_cast<std::size_t>(n));
        return bytes;
    }
    [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

private:
    int file_;
};

void check_laws(const unnamed_file& file, std::string_view log, std::uint64_t mark) {
    const auto checked = under_test::check_log(file.path(), mark);
    saw("log", checked.has_value());
    require(checked.has_value() == is_whole(log, mark),
            "a log is whole up to its mark if each record is that begins below it");
    if (!checked)
        require(checked.error().code() == errc::corrupt, "a log that is not whole is corrupt");
    else if (mark > 0)
        ++accepted;
}

void cut_laws(const unnamed_file& file, std::string_view log) {
    const auto whole = whole_bytes(log);
    saw(whole == log.size() ? "a log without a tail" : "a log with a tail");
    const bool damaged = !is_whole(log, log.size()) && begins_after(log, whole);
    require(engine::cut_torn_tail(file.path()).has_value(), "a tail can be cut");
    const auto left = file.read(log.size() + 1);
    if (damaged) saw("a tail that records follow");
    require(left == (damaged ? log : log.substr(0, whole)),
            "what is cut is all that no record follows, and no more");
    require(engine::cut_torn_tail(file.path()).has_value(), "a tail can be cut again");
    require(file.read(log.size() + 1) == left, "cutting twice is cutting once");
}

}  // namespace

std::set<std::string> reachable() {
    auto all = either_way({"log"});
    all.merge(std::set<std::string>{"a log without a tail", "a log with a tail",
                                    "a tail that records follow"});
    return all;
}

}  // namespace casement::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace casement::fuzz;
    static const unnamed_file file;
    input in{data, size};
    const std::uint64_t number = std::uint64_t{in.byte()} << 16 | in.word();
    const auto log = run_log_script(in);
    file.write(log);
    check_laws(file, log, number % (log.size() + 16));
    check_laws(file, log, log.size());
    cut_laws(file, log);
    return 0;
}
