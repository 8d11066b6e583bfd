#pragma once
// Wrong codecs, one a unit: mistakes that people make, and that the laws of fuzz/ must find from
// the shipped seeds. Only a target built with CASEMENT_PLANTED sees this file; no header that ships
// knows of it.

#include <algorithm>
#include <compare>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include <casement/blob/little_endian.hpp>
#include <casement/blob/pack_format.hpp>
#include <casement/core/codec.hpp>
#include <casement/core/error.hpp>
#include <casement/core/hash.hpp>
#include <casement/object/object_id.hpp>

namespace casement::fuzz::planted {

namespace rows {

/// Forgets to ask whether the value was all there is.
template <class T>
std::optional<T> decode(std::string_view bytes) {
    reader in{bytes};
    T value{};
    if (!decode_from(in, value)) return std::nullopt;
    return value;
}

}  // namespace rows

namespace protocol {

/// Takes a last number also in a longer form: its high bit set, and a zero behind it.
template <class T>
std::optional<T> decode(std::string_view bytes) {
    if (auto value = casement::decode<T>(bytes)) return value;
    if (bytes.size() < 3 || bytes.back() != '\0') return std::nullopt;
    std::string shorter{bytes.substr(0, bytes.size() - 1)};
    shorter.back() = static_cast<char>(shorter.back() & 0x7f);
    return casement::decode<T>(shorter);
}

}  // namespace protocol

namespace object {

/// Takes hexadecimal digits in either case.
inline result<casement::protocol::obj_id> obj_id_from_text(std::string_view text) {
    std::string lower{text};
    for (char& c : lower)
        if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    return casement::object::obj_id_from_text(lower);
}

}  // namespace object

namespace blob {

/// Does not look at four of the bytes that must be zero.
inline std::optional<casement::blob::frame_header> decode_frame_header(std::string_view raw,
                                                                       std::uint64_t magic,
                                                                       std::uint64_t begin) {
    using namespace casement::blob;
    if (raw.size() < frame_header_size || little32(raw.substr(60)) != crc32c_of(raw.substr(0, 60)))
        return std::nullopt;
    std::string zeroed{raw.substr(0, 60)};
    std::fill_n(zeroed.begin() + 12, 4, '\0');
    append_little(zeroed, crc32c_of(zeroed));
    return casement::blob::decode_frame_header(zeroed, magic, begin);
}

}  // namespace blob

namespace command {

/// Orders paths by their bytes, as if "a/b" did not belong to what comes before "a.b".
inline std::strong_ordering in_order(std::string_view a, std::string_view b) { return a <=> b; }

}  // namespace command

namespace name {

/// Leaves the backslash as it is: a newline and the two characters that stand for it look alike.
inline std::string printable(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) out += c == '\\' ? "\\" : casement::printable({&c, 1});
    return out;
}

}  // namespace name

namespace watermark {

/// Trusts the lengths in a log and never compares a CRC.
inline result<void> check_log(const std::string& path, std::uint64_t end) {
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
    return fail(errc::corrupt, "check log", path);
}

}  // namespace watermark

}  // namespace casement::fuzz::planted
