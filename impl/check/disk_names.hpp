#pragma once
// Names in order of their paths, and files as strings: what a simulated disk is made of.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace casement::check {

[[nodiscard]] inline std::string_view parent_of(std::string_view path) {
    const auto cut = path.rfind('/');
    return cut == 0 ? path.substr(0, 1) : path.substr(0, cut);
}

[[nodiscard]] auto name_at(auto& names, std::string_view path) {
    return std::ranges::lower_bound(names, path, {},
                                    [](const auto& n) -> std::string_view { return n.path; });
}
[[nodiscard]] bool has_name(const auto& names, std::string_view path) {
    const auto n = name_at(names, path);
    return n != names.end() && n->path == path;
}
void set_name(auto& names, const std::string& path, std::uint64_t number) {
    const auto n = name_at(names, path);
    if (n != names.end() && n->path == path)
        n->node = number;
    else
        names.insert(n, {path, number});
}
void drop_name(auto& names, std::string_view path) {
    if (has_name(names, path)) names.erase(name_at(names, path));
}

inline void write_into(std::string& file, std::uint64_t offset, std::string_view bytes) {
    file.resize(std::max<std::size_t>(file.size(), offset + bytes.size()));
    std::ranges::copy(bytes, file.begin() + static_cast<std::ptrdiff_t>(offset));
}

}  // namespace casement::check
