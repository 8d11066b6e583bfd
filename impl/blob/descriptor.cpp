#include <casement/blob/descriptor.hpp>

#include <utility>

#include <casement/core/assert.hpp>

#include <casement/blob/pack_format.hpp>

namespace casement::blob {

bool valid(const descriptor& d) {
    const bool bytes_kept = d.uri.empty() && d.size > 0;
    switch (d.kind) {
        case placement::inline_row: return d.uri.empty() && d.position == 0;
        case placement::packed:
            return bytes_kept && d.size <= pack_limit &&
                   to_pack_position(d.position).offset >= first_payload &&
                   d.position % frame_alignment == 0;
        case placement::dedicated: return bytes_kept && d.position == 0;
        case placement::external:
            return !d.uri.empty() && d.uri.size() <= uri_size_max && d.position == 0 &&
                   (d.size > 0 || d == external_descriptor(d.uri));
    }
    return false;
}

descriptor external_descriptor(std::string uri) {
    return {placement::external, 0, 0, {}, std::move(uri), 0, {}};
}

result<descriptor> read_descriptor(std::string_view bytes, std::string_view subject) {
    const auto version = bytes.empty() ? 0 : static_cast<std::uint8_t>(bytes.front());
    if (version > descriptor_version)
        return fail(errc::newer_format, "read descriptor", std::string{subject},
                    "version " + std::to_string(version) + ", this library knows up to " +
                        std::to_string(descriptor_version));
    auto d = decode<descriptor>(bytes);
    if (!d)
        return fail(errc::corrupt, "read descriptor", std::string{subject},
                    std::to_string(bytes.size()) + " bytes that encode no descriptor");
    return *std::move(d);
}

}  // namespace casement::blob

namespace casement {

void codec<blob::descriptor>::encode(std::string& out, const blob::descriptor& d) {
    require(valid(d), "a valid descriptor");
    out.push_back(static_cast<char>(blob::descriptor_version));
    out.push_back(static_cast<char>(d.kind));
    append_varint(out, d.position);
    append_varint(out, d.size);
    encode_to(out, d.id);
    encode_to(out, d.uri);
    append_big64(out, d.check);
    encode_to(out, d.content);
}

bool codec<blob::descriptor>::decode(reader& in, blob::descriptor& d) {
    std::uint8_t version = 0;
    std::uint8_t kind = 0;
    if (!in.byte(version) || version != blob::descriptor_version || !in.byte(kind))
        return in.refuse();
    d.kind = static_cast<blob::placement>(kind);
    const bool whole = in.varint(d.position) && in.varint(d.size) && decode_from(in, d.id) &&
                       decode_from(in, d.uri) && in.big64(d.check) && decode_from(in, d.content);
    return whole && blob::valid(d) ? true : in.refuse();
}

}  // namespace casement
