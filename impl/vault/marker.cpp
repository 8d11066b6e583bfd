#include "marker.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <vector>

#include <casement/blob/posix.hpp>

namespace casement::marker {

namespace {

namespace fs = std::filesystem;

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

}  // namespace

std::string text_of(std::uint64_t format) {
    return std::string{before} + std::to_string(format) + std::string{after};
}

result<void> claim(const std::string& store) {
    if (auto made = make_directories(store); !made) return made;
    std::error_code why;
    if (fs::exists(store + std::string{name}, why))
        return fail(errc::exists, "create store", store, "a store is already there");
    for (fs::directory_iterator here{store, why}, end; !why && here != end; here.increment(why)) {
        const auto found = here->path().filename().string();
        constexpr std::array<std::string_view, 4> ours{"meta", "blobs", "packs", "casement.new"};
        if (std::ranges::find(ours, found) == ours.end())
            return fail(errc::not_empty, "create store", store, "holds '" + printable(found) + "'");
    }
    if (why) return fail_system(why.value(), "list", store);
    return {};
}

result<std::uint64_t> read(const std::string& store) {
    blob::posix_file_system disk;
    auto file = disk.open(store + std::string{name});
    if (!file) {
        if (file.error().code() != errc::not_found) return passed(file);
        return fail(errc::not_found, "open store", store, "no store is there");
    }
    std::array<char, 128> raw{};
    auto size = file->read_at(0, raw);
    if (!size) return passed(size);
    std::string_view text{raw.data(), *size};
    const auto broken = [&] {
        return fail(errc::corrupt, "open store", store, "its marker is not what was written");
    };
    if (!text.starts_with(before) || !text.ends_with(after)) return broken();
    text.remove_prefix(before.size());
    text.remove_suffix(after.size());
    std::uint64_t format = 0;
    const auto [end, why] = std::from_chars(text.data(), text.data() + text.size(), format);
    if (why != std::errc{} || end != text.data() + text.size() || text_of(format).size() != *size)
        return broken();
    return format;
}

}  // namespace casement::marker
