#include <casement/blob/external.hpp>

#include <algorithm>
#include <optional>

#include <casement/core/assert.hpp>

namespace casement::blob {

namespace {

constexpr std::string_view digits = "0123456789ABCDEF";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool stays(char c) {
    return is_letter(c) || is_digit(c) || std::string_view{"/-._~"}.find(c) != std::string::npos;
}
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::optional<unsigned char> number_of(char c) {
    if (is_digit(c)) return static_cast<unsigned char>(c - '0');
    const char small = lower(c);
    if (small >= 'a' && small <= 'f') return static_cast<unsigned char>(small - 'a' + 10);
    return std::nullopt;
}

std::unexpected<error> no_path(std::string_view uri, std::string why) {
    return fail(errc::bad_name, "read URI", std::string{uri}, std::move(why));
}

}  // namespace

std::string scheme_of(std::string_view uri) {
    const auto end = uri.find(':');
    if (end == std::string_view::npos || end == 0 || !is_letter(uri.front())) return {};
    std::string scheme{uri.substr(0, end)};
    const bool legal = std::ranges::all_of(scheme, [](char c) {
        return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
    });
    std::ranges::transform(scheme, scheme.begin(), lower);
    return legal ? scheme : std::string{};
}

result<std::shared_ptr<const external_file>> resolvers::open(const std::string& uri) const {
    const auto scheme = scheme_of(uri);
    if (scheme.empty()) return no_path(uri, "it has no scheme");
    const auto by = all_.find(scheme);
    if (by == all_.end())
        return fail(errc::need_pull, "open link", uri, "nobody opens '" + scheme + ":' here");
    auto opened = by->second(uri);
    return opened ? std::move(opened) : within(std::move(opened), "open link", uri);
}

std::string file_uri(std::string_view path) {
    require(path.starts_with('/'), "a file URI is of an absolute path");
    std::string uri = "file://";
    for (const char c : path) {
        if (stays(c)) {
            uri += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        uri += {'%', digits[byte >> 4], digits[byte & 15]};
    }
    return uri;
}

result<std::string> path_in_file_uri(std::string_view uri) {
    if (scheme_of(uri) != "file") return no_path(uri, "it is of another scheme");
    auto rest = uri.substr(uri.find(':') + 1);
    if (rest.starts_with("//")) {
        rest.remove_prefix(2);
        const auto host = rest.substr(0, rest.find('/'));
        if (!host.empty() && host != "localhost")
            return fail(errc::unsupported, "read URI", std::string{uri}, "of another host");
        rest.remove_prefix(host.size());
    }
    if (!rest.starts_with('/')) return no_path(uri, "its path is not absolute");
    std::string path;
    for (; !rest.empty(); rest.remove_prefix(1)) {
        if (rest.front() == '?' || rest.front() == '#')
            return no_path(uri, "it goes on after a path");
        if (rest.front() != '%') {
            path += rest.front();
            continue;
        }
        const auto high = rest.size() > 2 ? number_of(rest[1]) : std::nullopt;
        const auto low = rest.size() > 2 ? number_of(rest[2]) : std::nullopt;
        if (!high || !low) return no_path(uri, "a '%' has no two digits after it");
        path += static_cast<char>(*high << 4 | *low);
        rest.remove_prefix(2);
    }
    if (path.find('\0') != std::string::npos) return no_path(uri, "it has a NUL in it");
    return path;
}

}  // namespace casement::blob
