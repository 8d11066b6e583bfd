#pragma once
// The rows that the engine's tests write: what row `n` holds follows from `n`, so that a reader
// needs no copy of what a writer wrote.

#include <cstddef>
#include <map>
#include <string>

namespace casement::testing {

using row_map = std::map<std::string, std::string>;

inline std::string numbered_key(std::size_t n) {
    const auto digits = std::to_string(n);
    return "row-" + std::string(8 - digits.size(), '0') + digits;
}

/// Different for each row, and hard to compress.
inline std::string numbered_value(std::size_t n, std::size_t bytes) {
    std::string out = numbered_key(n) + ":";
    auto state = static_cast<unsigned>(n) * 2654435761u + 1;
    while (out.size() < bytes) {
        state = state * 1664525u + 1013904223u;
        out.push_back(static_cast<char>(state >> 24));
    }
    return out;
}

/// The rows 0 ... n - 1.
inline row_map numbered_rows(std::size_t n, std::size_t bytes) {
    row_map out;
    for (std::size_t i = 0; i < n; ++i) out[numbered_key(i)] = numbered_value(i, bytes);
    return out;
}

}  // namespace casement::testing
