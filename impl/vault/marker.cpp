#include "marker.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include <casement/blob/posix.hpp>

namespace casement::marker {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t text_bytes_max = 128;
constexpr std::string_view before = "This directory is a Casement store; format ", after = ".\n";

/// Makes the directory and those above it, and what leads there durable: a store whose own name is
/// lost is lost.
result<void> make_directories(const std::string& store) {
    std::error_code why;
    const auto whole = fs::absolute(store, why);
    if (why) return fail_system(why.value(), "make directory", store);
    auto there = whole.has_filename() ? whole : whole.parent_path();
    std::vector<fs::path> above{there.parent_path()};
    while (!fs::exists(above.back(), why) && above.back().has_relative_path())
        above.push_back(above.back().parent_path());
    fs::create_directories(there, why);
    if (why) return fail_system(why.value(), "make directory", store);
    blob::posix_file_system disk;
    for (const auto& directory : above) {
        auto synced = disk.sync_directory(directory.string());
        // Who may add names to a directory may not always read it.
        if (!synced && synced.error().system() != EACCES) return passed(synced);
    }
    return {};
}

/// The number in `name`, which is `prefix` and a number as it is written: no other spelling.
std::optional<std::uint64_t> number_after(std::string_view prefix, std::string_view name) {
    if (!name.starts_with(prefix)) return std::nullopt;
    name.remove_prefix(prefix.size());
    std::uint64_t number = 0;
    const auto [end, why] = std::from_chars(name.data(), name.data() + name.size(), number);
    const bool whole = why == std::errc{} && end == name.data() + name.size() && number > 0;
    return whole && std::to_string(number) == name ? std::optional{number} : std::nullopt;
}

constexpr std::string_view first_marker = "casement", marker_prefix = "casement.",
                           root_prefix = "root.";

}  // namespace

std::string path_of(const std::string& store, std::uint64_t root) {
    const auto path = store + '/' + std::string{first_marker};
    return root == 0 ? path : path + '.' + std::to_string(root);
}

std::string directory_of(const std::string& store, std::uint64_t root) {
    return root == 0 ? store : store + '/' + std::string{root_prefix} + std::to_string(root);
}

std::string text_of(std::uint64_t format) {
    return std::string{before} + std::to_string(format) + std::string{after};
}

result<roots> list(const std::string& store) {
    blob::posix_file_system disk;
    auto names = disk.list(store);
    if (!names) return passed(names);
    roots all;
    for (const auto& name : *names) {
        const auto number = name == first_marker ? 0 : number_after(marker_prefix, name);
        if (number) all.whole.push_back(*number);
    }
    std::ranges::sort(all.whole);
    for (const auto& name : *names)
        if (const auto number = number_after(root_prefix, name);
            number && std::ranges::find(all.whole, *number) == all.whole.end())
            all.others.push_back(*number);
    std::ranges::sort(all.others);
    return all;
}

result<void> claim(const std::string& store, std::span<const std::string_view> taken_up) {
    if (auto made = make_directories(store); !made) return made;
    auto there = list(store);
    if (!there) return passed(there);
    if (!there->whole.empty())
        return fail(errc::exists, "create store", store, "a store is already there");
    std::error_code why;
    for (fs::directory_iterator here{store, why}, end; !why && here != end; here.increment(why)) {
        const auto found = here->path().filename().string();
        if (std::ranges::find(taken_up, found) == taken_up.end())
            return fail(errc::not_empty, "create store", store, "holds '" + printable(found) + "'");
    }
    if (why) return fail_system(why.value(), "list", store);
    return {};
}

result<content> read(const std::string& store) {
    auto there = list(store);
    if (!there && there.error().code() != errc::not_found) return passed(there);
    if (!there || there->whole.empty())
        return fail(errc::not_found, "find marker", store, "no store is there");
    const auto newest = there->whole.back();
    const auto path = path_of(store, newest);
    const auto written = small_file::read(path, text_bytes_max);
    if (!written) return std::unexpected{written.error()};
    std::string_view text{*written};
    std::uint64_t format = 0;
    const bool framed = text.starts_with(before) && text.ends_with(after);
    if (framed) {
        text.remove_prefix(before.size());
        text.remove_suffix(after.size());
        std::from_chars(text.data(), text.data() + text.size(), format);
    }
    if (!framed || text_of(format) != *written)
        return fail(errc::corrupt, "read marker", path, "it is not what was written");
    return content{format, newest};
}

}  // namespace casement::marker
