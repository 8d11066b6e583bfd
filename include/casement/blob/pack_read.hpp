#pragma once
// Reading packs: one frame that a descriptor names, or a walk over all that is whole. Any thread,
// also beside the appender; never writes, and never believes a length that no CRC guards.

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <casement/blob/checksum.hpp>
#include <casement/blob/file_system.hpp>
#include <casement/blob/pack_format.hpp>
#include <casement/core/error.hpp>

namespace casement::blob {

/// `corrupt` or `newer_format` unless the file begins as the pack of this number does.
template <open_file F>
[[nodiscard]] result<pack_header> read_pack_header(const F& file, pack_id id) {
    const std::string_view path = file.path();
    std::array<char, pack_header_size> raw{};
    const auto n = file.read_at(0, raw);
    if (!n) return std::unexpected{n.error()};
    auto header = decode_pack_header({raw.data(), *n}, path);
    if (header && header->id != id)
        return fail(errc::corrupt, "read pack header", std::string{path},
                    "it says that it is pack " + std::to_string(header->id.value));
    return header;
}

/// `corrupt` unless the frame header before the payload of `d` is the one that was written for it.
template <open_file F>
[[nodiscard]] result<void> verify_frame_header(const F& file, std::uint64_t magic,
                                               const descriptor& d) {
    const auto expected = frame_of(d, magic);
    std::array<char, frame_header_size> raw{};
    const auto n = file.read_at(expected.begin, raw);
    if (!n) return std::unexpected{n.error()};
    if (decode_frame_header({raw.data(), *n}, magic, expected.begin) == expected) return {};
    return fail(errc::corrupt, "read blob", std::string{file.path()},
                "at " + std::to_string(expected.begin) + " is no frame of blob " +
                    std::to_string(d.id.value));
}

/// Bytes of a pack that belong to no whole frame: given up by a writer, torn by a crash, or
/// damaged. Which, only the rows know: bytes that a row names are damaged.
struct damage {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;

    bool operator==(const damage&) const = default;
};

/// What a walk over a pack has seen.
struct pack_report {
    pack_header header;
    std::uint64_t size = 0;           // of the file, in bytes
    std::uint64_t frames = 0;         // whole ones
    std::uint64_t payload_bytes = 0;  // in them
    std::vector<damage> damaged;      // in order, apart from each other

    bool operator==(const pack_report&) const = default;
};

/// Walks a pack's frames from the front, past damage too, and hashes each payload.
template <open_file F>
class pack_scanner {
public:
    /// The header is verified and the file's size taken.
    [[nodiscard]] static result<pack_scanner> begin(const F& file, pack_id id) {
        auto header = read_pack_header(file, id);
        if (!header) return passed(header);
        const auto size = file.size();
        if (!size) return std::unexpected{size.error()};
        pack_scanner scanner{file};
        scanner.report_.header = *header;
        scanner.report_.size = *size;
        return scanner;
    }

    /// A whole frame: the descriptor that names it, and its sums.
    struct found {
        descriptor what;
        chunk_sums sums;
    };

    /// The next whole frame, or nothing at the end. An error is the disk's; damage is reported.
    [[nodiscard]] result<std::optional<found>> next() {
        while (offset_ < report_.size) {
            auto raw = window(offset_, frame_header_size);
            if (!raw) return passed(raw);
            const auto header = decode_frame_header(*raw, report_.header.magic, offset_);
            if (!header) {
                skip_to(std::min(offset_ + frame_alignment, report_.size));
                continue;
            }
            if (header->length > report_.size - offset_ - frame_header_size) {
                skip_to(report_.size);
                continue;
            }
            auto frame = take_frame(*header);
            if (!frame || *frame) return frame;
        }
        return std::optional<found>{};
    }

    /// Of all that was walked so far.
    [[nodiscard]] const pack_report& report() const { return report_; }

private:
    explicit pack_scanner(const F& file) : file_{&file} {}

    result<std::optional<found>> take_frame(const frame_header& header) {
        const auto payload = offset_ + frame_header_size;
        auto hash = hash_payload(payload, header.length);
        if (!hash) return passed(hash);
        const auto end = payload + header.length;
        descriptor what{placement::packed,
                        to_number({report_.header.id, static_cast<std::uint32_t>(payload)}),
                        header.length,
                        header.id,
                        {},
                        check_of(hash->sums),
                        hash->content};
        const bool whole = frame_of(what, report_.header.magic) == header && valid(what);
        if (!whole) {
            skip_to(std::min(aligned(end), report_.size));
            return std::optional<found>{};
        }
        ++report_.frames;
        report_.payload_bytes += header.length;
        offset_ = aligned(end);
        return found{std::move(what), std::move(hash->sums)};
    }

    result<payload_hash> hash_payload(std::uint64_t begin, std::uint64_t length) {
        payload_hasher hasher;
        for (std::uint64_t done = 0; done < length; done += chunk_size) {
            auto piece = window(begin + done, std::min<std::uint64_t>(chunk_size, length - done));
            if (!piece) return passed(piece);
            hasher.take(*piece);
        }
        return hasher.finish();
    }

    void skip_to(std::uint64_t end) {
        auto& all = report_.damaged;
        if (!all.empty() && all.back().offset + all.back().length == offset_)
            all.back().length += end - offset_;
        else if (end > offset_)
            all.push_back({offset_, end - offset_});
        offset_ = end;
    }

    /// Bytes of the file, fewer at its end; valid until the next call.
    result<std::string_view> window(std::uint64_t offset, std::uint64_t length) {
        if (offset < begin_ || offset + length > begin_ + filled_) {
            buffer_.resize(window_size);
            const auto n = file_->read_at(offset, buffer_);
            if (!n) return std::unexpected{n.error()};
            begin_ = offset;
            filled_ = *n;
        }
        return std::string_view{buffer_.data(), filled_}.substr(
            static_cast<std::size_t>(offset - begin_), static_cast<std::size_t>(length));
    }

    static constexpr std::size_t window_size = 4 * chunk_size;

    const F* file_;
    pack_report report_;
    std::uint64_t offset_ = pack_header_size;
    std::string buffer_;
    std::uint64_t begin_ = 0;
    std::uint64_t filled_ = 0;
};

}  // namespace casement::blob
