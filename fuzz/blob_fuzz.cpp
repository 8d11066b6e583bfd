// What the blob layer keeps on disk. An input is a part (d: a descriptor, h: a pack's header, f: a
// frame's header, s: a row of chunk sums, b: a blob file's name, q: a pack file's name, p: a pack
// made by a script) and the bytes. No fuzzer guesses a CRC, so headers are also tried with theirs
// put right.

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <casement/blob/checksum.hpp>
#include <casement/blob/descriptor.hpp>
#include <casement/blob/layout.hpp>
#include <casement/blob/little_endian.hpp>
#include <casement/blob/pack_format.hpp>
#include <casement/core/codec.hpp>
#include <casement/core/hash.hpp>

#include "pack_script.hpp"
#include "target.hpp"

namespace under_test {
namespace {

/// Planted: does not look at four of the bytes that must be zero.
std::optional<casement::blob::frame_header> decode_frame_header(std::string_view raw,
                                                                std::uint64_t magic,
                                                                std::uint64_t begin) {
    using namespace casement;
    using namespace casement::blob;
    if (!casement::fuzz::planted()) return casement::blob::decode_frame_header(raw, magic, begin);
    if (raw.size() < frame_header_size || little32(raw.substr(60)) != crc32c_of(raw.substr(0, 60)))
        return std::nullopt;
    std::string zeroed{raw.substr(0, 60)};
    std::fill_n(zeroed.begin() + 12, 4, '\0');
    append_little(zeroed, crc32c_of(zeroed));
    return casement::blob::decode_frame_header(zeroed, magic, begin);
}

}  // namespace
}  // namespace under_test

namespace casement::fuzz {
namespace {

void descriptor_laws(std::string_view bytes) {
    const auto d = blob::read_descriptor(bytes, "row");
    saw("descriptor", d.has_value());
    if (!d) return refused_as_written(d.error());
    saw("placement " + std::to_string(static_cast<int>(d->kind)));
    require(blob::valid(*d), "what decodes is valid");
    canonical(encode(*d), bytes);
    if (d->kind == blob::placement::packed)
        require(blob::to_number(blob::to_pack_position(d->position)) == d->position,
                "a position is a pack and an offset");
}

/// The first 64 bytes with a CRC that holds.
std::string crc_put_right(std::string_view raw) {
    std::string out{raw.substr(0, 60)};
    out.resize(60);
    blob::append_little(out, crc32c_of(out));
    return out;
}

void pack_header_laws(std::string_view raw) {
    const auto header = blob::decode_pack_header(raw, "pack");
    saw("pack header", header.has_value());
    if (!header) return refused_as_written(header.error());
    canonical(blob::encode_pack_header(*header), raw.substr(0, blob::pack_header_size));
}

void frame_header_laws(std::string_view raw) {
    if (raw.size() < blob::frame_header_size) {
        require(!under_test::decode_frame_header(raw, 0, 0), "a cut header is none");
        return;
    }
    const auto magic = blob::little64(raw);
    const auto begin = blob::little32(raw.substr(40));
    const auto header = under_test::decode_frame_header(raw, magic, begin);
    saw("frame header", header.has_value());
    if (!header) return;
    canonical(blob::encode_frame_header(*header), raw.substr(0, blob::frame_header_size));
    require(!under_test::decode_frame_header(raw, ~magic, begin), "another pack has no such frame");
    require(!under_test::decode_frame_header(raw, magic, begin + 64ull), "no frame is moved");
}

void sums_laws(std::string_view row) {
    blob::chunk_sums sums;
    const auto read = blob::decode_sums(row, sums, "row");
    saw("sums", read.has_value());
    if (!read) return refused_as_written(read.error());
    const auto rows = blob::encode_sums(sums);
    require(rows.size() == 1, "a row's sums are one row");
    canonical(rows.front(), row);
    require(blob::verify_sums(sums, sums.size() * blob::chunk_size, blob::check_of(sums), "row")
                .has_value(),
            "sums have their own check");
}

void blob_name_laws(std::string_view name) {
    const blob::layout layout{"store"};
    unsigned shelves = 0;
    for (unsigned shelf = 0; shelf < blob::layout::shelves; ++shelf) {
        const auto id = blob::layout::blob_named(shelf, name);
        if (!id) continue;
        ++shelves;
        canonical(layout.file_of(*id), layout.shelf(shelf) + "/" + std::string{name});
    }
    saw("blob's name", shelves == 1);
    require(shelves <= 1, "a blob's file has one place");
}

void pack_name_laws(std::string_view name) {
    const blob::layout layout{"store"};
    const auto id = blob::layout::pack_named(name);
    saw("pack's name", id.has_value());
    if (id) canonical(layout.file_of(*id), layout.packs() + "/" + std::string{name});
}

}  // namespace

std::set<std::string> reachable() {
    auto all = either_way(
        {"descriptor", "pack header", "frame header", "sums", "blob's name", "pack's name"});
    for (int placement = 1; placement <= 4; ++placement)
        all.insert("placement " + std::to_string(placement));
    return all;
}

}  // namespace casement::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace casement::fuzz;
    input in{data, size};
    switch (in.byte()) {
        case 'd': descriptor_laws(in.rest()); break;
        case 'h':
            pack_header_laws(in.rest());
            pack_header_laws(crc_put_right(in.rest()));
            break;
        case 'f':
            frame_header_laws(in.rest());
            frame_header_laws(crc_put_right(in.rest()));
            break;
        case 's': sums_laws(in.rest()); break;
        case 'b': blob_name_laws(in.rest()); break;
        case 'q': pack_name_laws(in.rest()); break;
        case 'p': pack_laws(in); break;
    }
    return 0;
}
