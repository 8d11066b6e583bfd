#include "watermark.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include <casement/core/codec.hpp>
#include <casement/core/hash.hpp>
#include <casement/engine/leveldb.hpp>

#include "names.hpp"
#include "whole_file.hpp"

namespace casement::engine {

namespace {

constexpr std::size_t slot_bytes = 4096;
constexpr std::string_view magic = "csmtwm1\n";

struct entry {
    std::string log;
    std::uint64_t synced = 0;
};

struct slot {
    std::uint64_t number = 0;
    std::vector<entry> entries;
};

std::optional<slot> read_slot(std::string_view bytes) {
    if (bytes.size() != slot_bytes) return std::nullopt;
    const auto body = bytes.substr(0, slot_bytes - 4);
    std::uint32_t crc = 0;
    for (const char c : bytes.substr(slot_bytes - 4)) crc = crc << 8 | static_cast<std::uint8_t>(c);
    reader in{body};
    std::string_view head;
    slot s;
    if (crc != crc32c_of(body) || !in.take(magic.size(), head) || head != magic)
        return std::nullopt;
    if (!in.big64(s.number) || !decode_from(in, s.entries)) return std::nullopt;
    return s;
}

/// Empty if there are more logs than a slot has room for.
std::string slot_image(std::uint64_t number, const std::map<std::string, std::uint64_t>& logs) {
    std::string out{magic};
    append_big64(out, number);
    std::vector<entry> entries;
    for (const auto& [log, synced] : logs) entries.push_back({log, synced});
    encode_to(out, entries);
    if (out.size() > slot_bytes - 4) return {};
    out.resize(slot_bytes - 4);
    const auto crc = crc32c_of(out);
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(crc >> shift));
    return out;
}

std::uint32_t little32(std::string_view b) {
    std::uint32_t n = 0;
    for (int i = 3; i >= 0; --i) n = n << 8 | static_cast<std::uint8_t>(b[static_cast<size_t>(i)]);
    return n;
}

}  // namespace

watermark::~watermark() {
    if (file_ >= 0) ::close(file_);
}

result<void> watermark::create(const std::string& path) {
    path_ = path;
    const std::string unfinished = path + ".new";
    file_ = ::open(unfinished.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file_ < 0) return fail_system(errno, "create watermark", unfinished);
    const std::lock_guard lock{mutex_};
    if (auto written = write_both_slots(); !written) return written;
    // Closed and opened again: on Windows disks, a file that was renamed while it was open is not
    // found by its descriptor, nor by its new name.
    if (::close(std::exchange(file_, -1)) != 0)
        return fail_system(errno, "create watermark", unfinished);
    if (const int why = rename_until_seen(unfinished, path); why != 0)
        return fail_system(why, "create watermark", path);
    file_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (file_ < 0) return fail_system(errno, "create watermark", path);
    return {};
}

result<void> watermark::open(const std::string& path, const std::string& database) {
    path_ = path;
    file_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (file_ < 0) {
        const int why = errno;
        auto e = system_error(why, "open watermark", path);
        return std::unexpected{why == ENOENT ? std::move(e).as(errc::corrupt) : std::move(e)};
    }
    auto bytes = whole_file(path);
    if (!bytes) return within(std::move(bytes), "open watermark", path);
    std::optional<slot> newest;
    for (const std::size_t at : {std::size_t{0}, slot_bytes}) {
        if (at >= bytes->size()) continue;
        auto s = read_slot(std::string_view{*bytes}.substr(at, slot_bytes));
        if (s && (!newest || s->number > newest->number)) newest = std::move(s);
    }
    if (!newest || bytes->size() != 2 * slot_bytes)
        return fail(errc::corrupt, "open watermark", path, "not what was written");
    number_ = newest->number;
    for (auto& [log, synced] : newest->entries) {
        const auto file = database + "/" + log;
        struct stat facts {};
        if (::stat(file.c_str(), &facts) != 0) {
            const int why = errno;
            auto e = system_error(why, "hold against watermark", file);
            return std::unexpected{why == ENOENT ? std::move(e).as(errc::corrupt) : std::move(e)};
        }
        if (static_cast<std::uint64_t>(facts.st_size) < synced)
            return fail(errc::corrupt, "hold against watermark", file,
                        "lost history: " + std::to_string(facts.st_size) + " bytes of " +
                            std::to_string(synced) + " that were synced");
        if (auto whole = check_log(file, synced); !whole)
            return within(std::move(whole), "hold against watermark", path);
        logs_[log] = synced;
    }
    return {};
}

result<void> watermark::begun(const std::string& log) {
    const std::lock_guard lock{mutex_};
    logs_[log] = 0;
    return write_slot();
}

result<void> watermark::synced(const std::string& log, std::uint64_t bytes) {
    const std::lock_guard lock{mutex_};
    auto known = logs_.find(log);
    if (known == logs_.end() || bytes <= known->second) return {};
    unwritten_ += bytes - known->second;
    known->second = bytes;
    return unwritten_ >= watermark_lag_bytes_max ? write_slot() : result<void>{};
}

result<void> watermark::dropped(const std::string& log) {
    const std::lock_guard lock{mutex_};
    return logs_.erase(log) != 0 ? write_slot() : result<void>{};
}

result<void> watermark::flush() {
    const std::lock_guard lock{mutex_};
    return write_both_slots();
}

bool watermark::names_a_log() {
    const std::lock_guard lock{mutex_};
    return std::any_of(logs_.begin(), logs_.end(),
                       [](const auto& entry) { return entry.first.ends_with(".log"); });
}

/// Synced each time: a slot may be overwritten only when the other one is whole on the disk.
result<void> watermark::write_slot() {
    ++number_;
    const auto image = slot_image(number_, logs_);
    if (image.empty()) return fail(errc::too_big, "write watermark", path_, "too many logs");
    const auto at = static_cast<off_t>(number_ % 2 * slot_bytes);
    for (std::size_t done = 0; done < image.size();) {
        const auto n = ::pwrite(file_, image.data() + done, image.size() - done,
                                at + static_cast<off_t>(done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fail_system(errno, "write watermark", path_);
        done += static_cast<std::size_t>(n);
    }
    if (::fdatasync(file_) != 0) return fail_system(errno, "sync watermark", path_);
    unwritten_ = 0;
    return {};
}

result<void> watermark::write_both_slots() {
    for (int slot_of = 0; slot_of < 2; ++slot_of)
        if (auto written = write_slot(); !written) return written;
    return {};
}

namespace {

constexpr std::size_t block_bytes = 32768, header_bytes = 7;
enum record_type : std::uint8_t { full = 1, first = 2 };  // those that a commit begins with

std::size_t left_in_block(std::size_t at) { return block_bytes - at % block_bytes; }

/// The size, header included, of the record at `at`; 0 if no whole record is there.
std::size_t whole_record(std::string_view log, std::size_t at) {
    if (log.size() - at < header_bytes) return 0;
    const auto record = log.substr(at);
    const std::size_t length = static_cast<std::uint8_t>(record[4]) |
                               static_cast<std::size_t>(static_cast<std::uint8_t>(record[5])) << 8;
    const std::size_t size = header_bytes + length;
    if (size > left_in_block(at) || size > record.size()) return 0;
    const std::uint32_t rotated = little32(record) - 0xa282ead8u;  // LevelDB masks its crcs
    const std::uint32_t crc = rotated >> 17 | rotated << 15;
    return crc == crc32c_of(record.substr(6, 1 + length)) ? size : 0;
}

/// Where the first record begins that is not whole, or the end.
std::size_t whole_until(std::string_view log, std::size_t end) {
    std::size_t at = 0;
    while (at < end) {
        if (left_in_block(at) < header_bytes) {  // a trailer of zeros, too short for a header
            at += left_in_block(at);
            continue;
        }
        const auto size = whole_record(log, at);
        if (size == 0) break;
        at += size;
    }
    return at;
}

}  // namespace

result<void> check_log(const std::string& path, std::uint64_t end) {
    auto read = whole_file(path);
    if (!read) return within(std::move(read), "check log", path);
    const auto& bytes = *read;
    const auto whole = std::min(whole_until(bytes, std::min<std::size_t>(end, bytes.size())),
                                bytes.size());  // a block's trailer may be cut as well
    if (whole >= end) return {};
    return fail(errc::corrupt, "check log", path,
                "no whole record at offset " + std::to_string(whole));
}

result<void> cut_torn_tail(const std::string& path) {
    auto read = whole_file(path);
    if (!read) return within(std::move(read), "cut torn tail", path);
    const auto& bytes = *read;
    const auto whole = whole_until(bytes, bytes.size());
    if (whole >= bytes.size()) return {};
    for (std::size_t at = whole + 1; at + header_bytes <= bytes.size(); ++at) {
        const auto type = static_cast<std::uint8_t>(bytes[at + 6]);
        if ((type == full || type == first) && whole_record(bytes, at) != 0) return {};
    }
    if (::truncate(path.c_str(), static_cast<off_t>(whole)) != 0)
        return fail_system(errno, "cut torn tail", path);
    return {};
}

}  // namespace casement::engine
