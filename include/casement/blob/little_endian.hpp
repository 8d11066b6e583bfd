#pragma once
// Numbers of fixed width in blob files: the lowest byte first. Pure; never reads past its input.

#include <cstdint>
#include <string>
#include <string_view>

#include <casement/core/assert.hpp>

namespace casement::blob {

/// Appends all of the number's bytes, zeros too.
template <class N>
constexpr void append_little(std::string& out, N n) {
    for (unsigned shift = 0; shift < 8 * sizeof(N); shift += 8)
        out.push_back(static_cast<char>(n >> shift));
}

/// REQUIRES: `bytes` has the number's width.
template <class N>
[[nodiscard]] constexpr N little(std::string_view bytes) {
    require(bytes.size() >= sizeof(N), "the bytes of a number");
    N n = 0;
    for (unsigned i = 0; i < sizeof(N); ++i)
        n |= N{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return n;
}

/// `little`, of 8 bytes.
[[nodiscard]] constexpr std::uint64_t little64(std::string_view bytes) {
    return little<std::uint64_t>(bytes);
}
/// `little`, of 4 bytes.
[[nodiscard]] constexpr std::uint32_t little32(std::string_view bytes) {
    return little<std::uint32_t>(bytes);
}

}  // namespace casement::blob
