#include <casement/object/file_object.hpp>

#include "envelope.hpp"

namespace casement::object {

namespace {

constexpr envelope file_format{"CsmF", 1};

}  // namespace

std::string to_bytes(const file_object& file) {
    auto out = file_format.write();
    encode_to(out, file);
    return out;
}

result<file_object> file_object_from_bytes(std::string_view bytes) {
    auto in = file_format.open(bytes, "file object");
    if (!in) return passed(in);
    file_object file;
    if (!decode_from(*in, file) || !in->finished())
        return fail(errc::corrupt, "decode", "file object", "it is not as it was written");
    return file;
}

obj_id id_of(const file_object& file) { return {obj_id::file, sha256_of(to_bytes(file))}; }

}  // namespace casement::object
