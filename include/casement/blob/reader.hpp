#pragma once
// Reads one blob: opens nothing before bytes are asked for (SPEC B3), hands out only verified ones,
// and needs memory for a few pieces, not for the blob (B10). One thread a reader.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <casement/blob/beside.hpp>
#include <casement/blob/checksum.hpp>
#include <casement/blob/chunks_ahead.hpp>
#include <casement/blob/descriptor.hpp>
#include <casement/blob/external.hpp>
#include <casement/blob/file_cache.hpp>
#include <casement/blob/frame_pins.hpp>
#include <casement/blob/pack_read.hpp>
#include <casement/blob/staging_room.hpp>
#include <casement/blob/verified_read.hpp>
#include <casement/blob/view.hpp>
#include <casement/core/error.hpp>

namespace casement::blob {

/// The bytes of one blob, wherever they are placed.
template <file_system FS>
class blob_reader {
public:
    /// `held` keeps a packed blob where it is. REQUIRES: the first two outlive the reader.
    blob_reader(file_cache<FS>& open_files, const resolvers& elsewhere, descriptor what,
                chunk_sums sums, std::optional<frame_pins::pin> held = {})
        : open_files_{&open_files},
          elsewhere_{&elsewhere},
          what_{std::move(what)},
          sums_{std::move(sums)},
          held_{held ? std::make_shared<const frame_pins::pin>(*std::move(held)) : nullptr} {}

    [[nodiscard]] std::uint64_t size() const { return what_.size; }

    /// Fills `into` from `offset` on, as far as the blob goes; answers the bytes read. `corrupt` if
    /// a chunk that the range touches is not what was written, `not_found` if its file is gone,
    /// `illegal` for an Inline blob (its bytes are in a row) and for a URI of which nothing is
    /// known. Behind a link: `corrupt` where the bytes have changed, `need_pull` where nobody opens
    /// it.
    [[nodiscard]] result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) {
        if (auto opened = open(); !opened) return passed(opened);
        if (external_) return read_verified(*external_, 0, what_, sums_, offset, into);
        return read_verified(pin_->file, base_, what_, sums_, offset, into);
    }

    /// All bytes at once, verified: mapped where the file system can, else in memory of our own.
    /// What lies behind a link is read, for somebody else may cut it short.
    [[nodiscard]] result<blob_view<FS>> view() {
        if (auto opened = open(); !opened) return passed(opened);
        if constexpr (mappable_file<typename FS::file>)
            if (pin_)
                if (auto mapped = map(); mapped || mapped.error().code() != errc::unsupported)
                    return mapped;
        std::string all(what_.size, '\0');
        const auto n = read_at(0, all);
        if (!n) return std::unexpected{n.error()};
        return blob_view<FS>{std::move(all)};
    }

    /// Calls `sink(piece)`, which answers a `result<void>`, with the chunks in order: each is
    /// looked at while the processor's caches have it, and the next ones of a large blob are read
    /// meanwhile. Ends with the first error, the sink's too; the others are those of `read_at`.
    template <class Sink>
    [[nodiscard]] result<void> for_each_piece(Sink sink) {
        if (auto opened = open(); !opened) return opened;
        chunks_ahead chunks{is_worth_two<typename FS::file>(what_.size), what_.size,
                            [this](std::uint64_t offset, std::span<char> into) -> result<void> {
                                if (auto n = read_at(offset, into); !n) return passed(n);
                                return {};
                            }};
        for (auto left = chunk_count(what_.size); left > 0; --left) {
            auto piece = chunks.next();
            if (!piece) return passed(piece);
            if (auto taken = sink(*piece); !taken) return taken;
        }
        return {};
    }

private:
    result<blob_view<FS>> map() requires mappable_file<typename FS::file> {
        // Beyond the end of a file, a mapping is a fault.
        const auto size = pin_->file.size();
        if (!size) return std::unexpected{size.error()};
        if (*size < base_ + what_.size)
            return detail::bad_chunk(pin_->file.path(), base_, "the file ends before it does");
        auto mapped = pin_->file.map(base_, what_.size);
        if (!mapped) return passed(mapped);
        const auto bytes = mapped->bytes();
        const auto verify_one = [&](std::size_t k) {
            const auto at = k * chunk_size;
            return verify_chunk(bytes.substr(at, chunk_size), what_, sums_, at, pin_->file.path(),
                                base_);
        };
        if (auto good =
                by_two(bytes.size() >= worth_reading_beside, chunk_count(bytes.size()), verify_one);
            !good)
            return passed(good);
        return blob_view<FS>{*std::move(mapped), pin_, held_};
    }

    result<void> open() {
        if (pin_ || external_) return {};
        const auto subject = "blob " + std::to_string(what_.id.value);
        if (what_.kind == placement::inline_row || what_.size == 0)
            return fail(errc::illegal, "read", subject, "it has no bytes in a file");
        if (auto sums = verify_sums(sums_, what_.size, what_.check, subject); !sums) return sums;
        return what_.kind == placement::packed      ? open_packed()
               : what_.kind == placement::dedicated ? open_dedicated()
                                                    : open_external();
    }

    result<void> open_external() {
        auto opened = elsewhere_->open(what_.uri);
        if (!opened) return passed(opened);
        const auto size = (*opened)->size();
        if (!size) return std::unexpected{size.error()};
        if (*size != what_.size)
            return fail(errc::corrupt, "open link", what_.uri,
                        "it has " + std::to_string(*size) + " bytes, and had " +
                            std::to_string(what_.size) + " when it was linked");
        external_ = *std::move(opened);
        return {};
    }

    result<void> open_dedicated() {
        auto opened = open_files_->find(what_.id);
        if (!opened) return passed(opened);
        pin_ = *std::move(opened);
        return {};
    }

    result<void> open_packed() {
        const auto position = to_pack_position(what_.position);
        auto opened = open_files_->find(position.pack);
        if (!opened) return passed(opened);
        if (auto header = verify_frame_header((*opened)->file, (*opened)->magic, what_); !header)
            return header;
        pin_ = *std::move(opened);
        base_ = position.offset;
        return {};
    }

    file_cache<FS>* open_files_;
    const resolvers* elsewhere_;
    descriptor what_;
    chunk_sums sums_;
    std::shared_ptr<const frame_pins::pin> held_;
    typename file_cache<FS>::pin pin_;
    std::shared_ptr<const external_file> external_;
    std::uint64_t base_ = 0;  // of the payload in its file
};

}  // namespace casement::blob
