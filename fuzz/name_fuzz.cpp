// Names, paths, and bytes as people read them. An input is a part (n: a name, p: a path) and the
// bytes. A map with a left inverse is injective: no two inputs print alike because what is printed
// can be read back.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <casement/core/error.hpp>
#include <casement/core/name.hpp>

#include "target.hpp"

namespace under_test {
namespace {

/// Planted: leaves the backslash as it is: a newline and the two characters that stand for it look
/// alike.
std::string printable(std::string_view bytes) {
    if (!casement::fuzz::planted()) return casement::printable(bytes);
    std::string out;
    for (const char c : bytes) out += c == '\\' ? "\\" : casement::printable({&c, 1});
    return out;
}

}  // namespace
}  // namespace under_test

namespace casement::fuzz {
namespace {

std::optional<unsigned> hex_digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    return std::nullopt;
}

/// The bytes that printed as `text`; nothing if none did.
std::optional<std::string> read_back(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const char c = text.front();
        text.remove_prefix(1);
        if (c != '\\') {
            out += c;
            continue;
        }
        if (text.empty()) return std::nullopt;
        const char escape = text.front();
        text.remove_prefix(1);
        if (escape == '\\' || escape == 'n' || escape == 't') {
            out += escape == 'n' ? '\n' : escape == 't' ? '\t' : '\\';
            continue;
        }
        if (escape != 'x' || text.size() < 2) return std::nullopt;
        const auto high = hex_digit(text[0]), low = hex_digit(text[1]);
        if (!high || !low) return std::nullopt;
        out += static_cast<char>(*high << 4 | *low);
        text.remove_prefix(2);
    }
    return out;
}

void printing_laws(std::string_view bytes) {
    const auto text = under_test::printable(bytes);
    for (const char c : text)
        require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "what is printed stays a line");
    require(read_back(text) == bytes, "no two byte strings print alike");
}

void name_laws(std::string_view name) {
    const auto good = check_name(name);
    saw("name", good.has_value());
    if (!good) {
        require(good.error().code() == errc::bad_name, "what is no name is a bad name");
        require(!good.error().message().empty(), "a refusal has a message");
        return;
    }
    ++accepted;
    const auto path = split_path(name);
    require(path.has_value(), "a name is a path");
    auto only = path->begin();
    require(*only == name, "a name is a path of itself");
    require(++only == path->end(), "a name is a path of itself alone");
}

std::string joined(const path_components& names) {
    std::string out;
    for (const auto name : names) out += "/" + std::string{name};
    return out;
}

void path_laws(std::string_view path) {
    const auto names = split_path(path);
    saw("path", names.has_value());
    if (!names) {
        require(names.error().code() == errc::bad_name, "what is no path is a bad name");
        require(!names.error().message().empty(), "a refusal has a message");
        return;
    }
    ++accepted;
    for (auto at = names->begin(); at != names->end(); ++at) {
        require(check_name(*at).has_value(), "a path falls into names");
        require(path.ends_with(std::string{*at}.append(at.rest())), "a path's rest is its end");
    }
    require(names->empty() == (path.find_first_not_of('/') == std::string_view::npos),
            "only slashes name nothing");
    const auto normal = joined(*names);
    require(normal.size() <= path.size() + 1, "a path's names are its bytes");
    if (normal.size() > path_bytes_max) return;
    const auto again = split_path(normal);
    require(again && joined(*again) == normal, "no two paths join alike");
}

}  // namespace

std::set<std::string> reachable() { return either_way({"name", "path"}); }

}  // namespace casement::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace casement::fuzz;
    input in{data, size};
    switch (in.byte()) {
        case 'n': name_laws(in.rest()); break;
        case 'p': path_laws(in.rest()); break;
        default: return 0;
    }
    printing_laws(in.rest());
    return 0;
}
