#include <casement/blob/pack_format.hpp>

#include <casement/blob/little_endian.hpp>
#include <casement/core/assert.hpp>

namespace casement::blob {

namespace {

constexpr std::string_view pack_signature = "CASEPACK";
constexpr std::size_t crc_at = 60;

void append_crc(std::string& header) { append_little(header, crc32c_of(header)); }

bool crc_holds(std::string_view raw) {
    return raw.size() >= crc_at + 4 &&
           little32(raw.substr(crc_at)) == crc32c_of(raw.substr(0, crc_at));
}

}  // namespace

std::string encode_pack_header(const pack_header& h) {
    std::string out{pack_signature};
    append_little(out, pack_version);
    append_little(out, std::uint32_t{0});
    append_little(out, h.id.value);
    append_little(out, h.magic);
    out.resize(crc_at, '\0');
    append_crc(out);
    return out;
}

result<pack_header> decode_pack_header(std::string_view raw, std::string_view subject) {
    const auto corrupt = [&](const char* why) {
        return fail(errc::corrupt, "read pack header", std::string{subject}, why);
    };
    if (!raw.starts_with(pack_signature)) return corrupt("not a pack");
    if (!crc_holds(raw)) return corrupt("the header's CRC does not hold");
    if (const auto version = little32(raw.substr(8)); version > pack_version)
        return fail(errc::newer_format, "read pack header", std::string{subject},
                    "version " + std::to_string(version));
    const pack_header h{{little64(raw.substr(16))}, little64(raw.substr(24))};
    if (encode_pack_header(h) != raw.substr(0, pack_header_size))
        return corrupt("its version is 0, or bytes that must be zero are not");
    return h;
}

std::string encode_frame_header(const frame_header& h) {
    std::string out;
    append_little(out, h.magic);
    append_little(out, std::uint32_t{0});
    append_little(out, std::uint32_t{0});
    append_little(out, h.length);
    append_little(out, h.id.value);
    append_little(out, h.check);
    append_little(out, h.begin);
    for (const auto b : h.content) out.push_back(static_cast<char>(b));
    append_crc(out);
    return out;
}

std::optional<frame_header> decode_frame_header(std::string_view raw, std::uint64_t magic,
                                                std::uint64_t begin) {
    if (!crc_holds(raw) || little64(raw) != magic) return std::nullopt;
    frame_header h{magic,
                   little64(raw.substr(16)),
                   {little64(raw.substr(24))},
                   little64(raw.substr(32)),
                   little32(raw.substr(40)),
                   {}};
    for (std::size_t i = 0; i < h.content.size(); ++i)
        h.content[i] = static_cast<std::byte>(raw[44 + i]);
    if (h.begin != begin || encode_frame_header(h) != raw.substr(0, frame_header_size))
        return std::nullopt;
    return h;
}

frame_header frame_of(const descriptor& d, std::uint64_t magic) {
    require(d.kind == placement::packed, "the descriptor of a packed blob");
    const auto payload = to_pack_position(d.position).offset;
    return {magic,
            d.size,
            d.id,
            d.check,
            static_cast<std::uint32_t>(payload - frame_header_size),
            prefix_of(d.content)};
}

}  // namespace casement::blob
