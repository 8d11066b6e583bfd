#include <casement/object/dir_entry.hpp>

#include <casement/core/name.hpp>

namespace casement {

void codec<object::dir_target>::encode(std::string& out, const object::dir_target& target) {
    if (const auto* link = std::get_if<object::symlink>(&target)) {
        encode_to(out, link->kind);
        encode_to(out, link->path);
    } else {
        encode_to(out, std::get<object::obj_id>(target).kind);
        encode_to(out, std::get<object::obj_id>(target).digest);
    }
}

bool codec<object::dir_target>::decode(reader& in, object::dir_target& target) {
    std::uint8_t kind = 0;
    if (!in.byte(kind)) return false;
    if (kind == object::symlink::kind)
        return decode_from(in, target.emplace<object::symlink>().path);
    if (kind != object::obj_id::file && kind != object::obj_id::directory) return in.refuse();
    auto& id = target.emplace<object::obj_id>();
    id.kind = kind;
    return decode_from(in, id.digest);
}

}  // namespace casement

namespace casement::object {

result<void> check_entry(const dir_entry& entry) {
    if (auto good = check_name(entry.name); !good) return good;
    if (const auto* link = std::get_if<symlink>(&entry.target)) {
        const auto& path = link->path;
        if (path.empty() || path.size() > symlink_bytes_max || path.find('\0') != path.npos)
            return fail(errc::bad_name, "check entry", entry.name,
                        "its link needs 1 to 4096 bytes without NUL");
        return {};
    }
    const auto kind = std::get<obj_id>(entry.target).kind;
    if (kind != obj_id::file && kind != obj_id::directory)
        return fail(errc::illegal, "check entry", entry.name, "it points to no object");
    return {};
}

}  // namespace casement::object
