#pragma once
// All that a reader hands out, in one string.

#include <string>
#include <string_view>

#include <casement/core/error.hpp>

namespace casement::testing {

template <class Reader>
[[nodiscard]] result<std::string> all_bytes(Reader& reader) {
    std::string all;
    auto read = reader.for_each_piece([&](std::string_view piece) -> result<void> {
        all += piece;
        return {};
    });
    if (!read) return passed(read);
    return all;
}

}  // namespace casement::testing
