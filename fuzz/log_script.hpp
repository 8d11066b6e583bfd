#pragma once
// LevelDB's log format a second time, from its documentation alone: a writer by script, and a
// reader that says how far a log is whole. Plain; shares no line with impl/engine. Pure.
//
//     0 type n bytes   a record of n bytes       1 type n 2  one of n (2 bytes) times the same byte
//     2 place mask     a byte changed            3 n         n (2 bytes, modulo 4096) zeros
//     4 n bytes        bytes as they are         5           zeros to the end of the block
//     6 n              n (2 bytes) off the end   7 n         to n (1 byte) before the block's end

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "target.hpp"

namespace casement::fuzz {

inline constexpr std::size_t log_block_bytes = 32768, log_header_bytes = 7;
inline constexpr std::size_t log_script_bytes_max = log_block_bytes + 1024;

/// CRC-32C of one byte, a bit at a time.
consteval std::array<std::uint32_t, 256> crc32c_of_bytes() {
    std::array<std::uint32_t, 256> all{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        all[byte] = byte;
        for (int bit = 0; bit < 8; ++bit)
            all[byte] = all[byte] >> 1 ^ (all[byte] & 1 ? 0x82f63b78u : 0);
    }
    return all;
}

inline std::uint32_t plain_crc32c(std::string_view bytes) {
    static constexpr auto of_byte = crc32c_of_bytes();
    std::uint32_t crc = 0xffffffff;
    for (const char c : bytes) crc = crc >> 8 ^ of_byte[(crc ^ static_cast<std::uint8_t>(c)) & 255];
    return ~crc;
}

/// As it stands in a log: rotated and moved, so that a log within a log has other CRCs.
inline std::uint32_t masked_crc(std::string_view type_and_data) {
    const auto crc = plain_crc32c(type_and_data);
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

inline std::string log_record(std::uint8_t type, std::string_view data) {
    const std::string guarded = static_cast<char>(type) + std::string{data};
    const auto crc = masked_crc(guarded);
    std::string out;
    for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(crc >> shift);
    out += static_cast<char>(data.size());
    out += static_cast<char>(data.size() >> 8);
    return out + guarded;
}

/// The bytes of the whole record at `at`, or 0. REQUIRES: `at` is in the log.
inline std::size_t record_at(std::string_view log, std::size_t at) {
    const auto block_end = (at / log_block_bytes + 1) * log_block_bytes;
    const auto block = log.substr(at, block_end - at);
    if (block.size() < log_header_bytes) return 0;
    const std::size_t size = log_header_bytes + static_cast<std::uint8_t>(block[4]) +
                             256u * static_cast<std::uint8_t>(block[5]);
    if (size > block.size()) return 0;
    const auto type = static_cast<std::uint8_t>(block[6]);
    return log_record(type, block.substr(7, size - 7)) == block.substr(0, size) ? size : 0;
}

/// How far whole records reach from the front; a block's last bytes count with them where they are
/// too few for a header.
inline std::size_t whole_bytes(std::string_view log) {
    std::size_t at = 0;
    while (at < log.size()) {
        const auto left = log_block_bytes - at % log_block_bytes;
        const auto size = left < log_header_bytes ? left : record_at(log, at);
        if (size == 0) break;
        at += size;
    }
    return std::min(at, log.size());
}

/// Is the log as long as the mark, and every record whole that begins below it?
inline bool is_whole(std::string_view log, std::uint64_t mark) {
    return mark <= log.size() && whole_bytes(log) >= mark;
}

/// Does a record that a commit begins with stand whole behind `from`, at whatever place?
inline bool begins_after(std::string_view log, std::size_t from) {
    for (auto at = from + 1; at + log_header_bytes <= log.size(); ++at)
        if ((log[at + 6] == 1 || log[at + 6] == 2) && record_at(log, at) != 0) return true;
    return false;
}

inline std::string run_log_script(input in) {
    std::string log;
    const auto left = [&log] { return log_block_bytes - log.size() % log_block_bytes; };
    const auto record = [&](std::uint8_t type, std::string_view data) {
        if (left() < log_header_bytes) log.resize(log.size() + left());
        log += log_record(type, data.substr(0, left() - log_header_bytes));
    };
    for (int steps = 0; steps < 64 && !in.empty() && log.size() < log_script_bytes_max; ++steps) {
        switch (in.byte() % 8) {
            case 0: {
                const auto type = in.byte();
                record(type, in.take(in.byte()));
                break;
            }
            case 1: {
                const auto type = in.byte();
                const std::string data(in.word(), 'x');
                record(type, data);
                break;
            }
            case 2:
                if (!log.empty()) {
                    auto& at = log[in.word() % log.size()];
                    at = static_cast<char>(at ^ in.byte());
                }
                break;
            case 3: log.resize(log.size() + in.word() % 4096); break;
            case 4: log += in.take(in.byte()); break;
            case 5: log.resize(log.size() + left() % log_block_bytes); break;
            case 6: log.resize(log.size() - std::min<std::size_t>(in.word(), log.size())); break;
            case 7: {
                const std::size_t before = in.byte();
                if (left() >= before + log_header_bytes)
                    record(1, std::string(left() - before - log_header_bytes, 'y'));
                break;
            }
        }
    }
    return log;
}

}  // namespace casement::fuzz
