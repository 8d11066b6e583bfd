#include <casement/object/object_id.hpp>

#include <casement/core/assert.hpp>
#include <casement/core/hash.hpp>

namespace casement::object {

namespace {

constexpr std::string_view file_prefix = "file:";
constexpr std::string_view directory_prefix = "dir:";

}  // namespace

std::string to_text(const obj_id& id) {
    require(id.kind == obj_id::file || id.kind == obj_id::directory, "the id of an object");
    return std::string{id.kind == obj_id::file ? file_prefix : directory_prefix} +
           to_hex(id.digest);
}

result<obj_id> obj_id_from_text(std::string_view text) {
    const bool file = text.starts_with(file_prefix);
    if (!file && !text.starts_with(directory_prefix))
        return fail(errc::bad_name, "read object id", std::string{text},
                    "begins neither with 'file:' nor with 'dir:'");
    auto name = from_hex(text.substr((file ? file_prefix : directory_prefix).size()));
    if (!name) return within(std::move(name), "read object id", std::string{text});
    return obj_id{file ? obj_id::file : obj_id::directory, *name};
}

}  // namespace casement::object
