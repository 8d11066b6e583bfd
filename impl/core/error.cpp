#include <casement/core/error.hpp>

#include <cerrno>
#include <cstring>

namespace casement {

namespace {

errc code_for(int number) {
    switch (number) {
        case ENOENT: return errc::not_found;
        case EEXIST: return errc::exists;
        case ENOTEMPTY: return errc::not_empty;
        case ENOTDIR: return errc::not_a_directory;
        case EISDIR: return errc::is_a_directory;
        case ELOOP: return errc::loop;
        case ENAMETOOLONG:
        case EILSEQ: return errc::bad_name;
        case EROFS: return errc::read_only;
        case ENOSPC:
        case EDQUOT: return errc::no_space;
        case EFBIG: return errc::too_big;
        case EOPNOTSUPP:
        case ENOSYS: return errc::unsupported;
        default: return errc::io;
    }
}

/// The length of the well-formed UTF-8 sequence at the front, or 0. Overlong forms, surrogates and
/// the C1 controls are not well-formed here: people cannot tell them apart on a screen.
std::size_t utf8_length(std::string_view s) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
    const unsigned lead = at(0);
    const std::size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                               : lead >= 0xe0 && lead <= 0xef ? 3
                               : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                              : 0;
    if (length == 0 || s.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((at(i) & 0xc0) != 0x80) return 0;
    const unsigned second = at(1);
    const bool bad = (lead == 0xc2 && second < 0xa0) || (lead == 0xe0 && second < 0xa0) ||
                     (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) ||
                     (lead == 0xf4 && second > 0x8f);
    return bad ? 0 : length;
}

}  // namespace

std::string printable(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size());
    while (!bytes.empty()) {
        const auto c = static_cast<unsigned char>(bytes.front());
        std::size_t used = 1;
        if (c == '\\') {
            out += "\\\\";
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (c >= 0x20 && c < 0x7f) {
            out += static_cast<char>(c);
        } else if (const auto length = utf8_length(bytes)) {
            out.append(bytes.substr(0, length));
            used = length;
        } else {
            out += {'\\', 'x', digits[c >> 4], digits[c & 15]};
        }
        bytes.remove_prefix(used);
    }
    return out;
}

std::string error::message() const {
    std::string out;
    for (const auto& c : causes_) {
        if (!out.empty()) out += ": ";
        out += c.operation;
        if (!c.subject.empty()) out += " '" + printable(c.subject) + "'";
    }
    const auto& root = causes_.back();
    if (!root.detail.empty()) out += ": " + printable(root.detail);
    if (root.system != 0) {
        out += ": ";
        out += ::strerrordesc_np(root.system) ? ::strerrordesc_np(root.system) : "unknown error";
        const char* name = ::strerrorname_np(root.system);
        out += " (" + (name ? std::string{name} : "errno " + std::to_string(root.system)) + ")";
    }
    if (root.detail.empty() && root.system == 0) out += ": " + std::string{name_of(code_)};
    return out;
}

error system_error(int number, std::string operation, std::string subject) {
    return error{code_for(number), cause{std::move(operation), std::move(subject), {}, number}};
}

}  // namespace casement
