#include <casement/blob/layout.hpp>

namespace casement::blob {

namespace {

std::string hex(std::uint64_t n, int digits) {
    std::string out(static_cast<std::size_t>(digits), '0');
    for (auto d = out.rbegin(); d != out.rend(); ++d, n >>= 4) *d = "0123456789abcdef"[n & 15];
    return out;
}

/// The number before `suffix`; nothing unless it has exactly `digits` lower-case digits.
std::optional<std::uint64_t> number_before(std::string_view name, int digits,
                                           std::string_view suffix) {
    const auto length = static_cast<std::size_t>(digits);
    if (name.size() != length + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
    std::uint64_t n = 0;
    for (const char c : name.substr(0, length)) {
        const int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (value < 0) return std::nullopt;
        n = n << 4 | static_cast<unsigned>(value);
    }
    return n;
}

}  // namespace

std::string layout::shelf(unsigned number) const { return blobs() + "/" + hex(number, 2); }

std::string layout::file_of(blob_id id) const {
    return shelf(shelf_of(id)) + "/" + hex(id.value, 16) + ".blob";
}

std::string layout::file_of(pack_id id) const { return packs() + "/" + hex(id.value, 8) + ".pack"; }

std::string layout::file_of(staging_id id) const { return staging() + "/" + hex(id.value, 16); }

std::optional<blob_id> layout::blob_named(unsigned shelf, std::string_view name) {
    const auto n = number_before(name, 16, ".blob");
    if (!n || shelf_of(blob_id{*n}) != shelf) return std::nullopt;
    return blob_id{*n};
}

std::optional<pack_id> layout::pack_named(std::string_view name) {
    const auto n = number_before(name, 8, ".pack");
    if (!n) return std::nullopt;
    return pack_id{*n};
}

std::optional<staging_id> layout::staging_named(std::string_view name) {
    const auto n = number_before(name, 16, "");
    if (!n) return std::nullopt;
    return staging_id{*n};
}

}  // namespace casement::blob
