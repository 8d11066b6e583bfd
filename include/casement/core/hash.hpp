#pragma once
// The three hashes (DESIGN D12): SHA-256 names content, XXH3 guards payloads, CRC-32C guards
// headers. A hasher belongs to one thread at a time; the functions may be called from any.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <casement/core/error.hpp>

namespace casement {

/// A SHA-256 digest: the name of the content that hashes to it.
using digest = std::array<std::byte, 32>;

/// SHA-256 over bytes that come in pieces, by libcrypto (it uses the processor's instructions).
class sha256 {
public:
    sha256();
    sha256(sha256&&) noexcept;
    sha256& operator=(sha256&&) noexcept;
    ~sha256();

    sha256& update(std::string_view bytes);

    /// The digest of all that was fed since the last call; the hasher starts afresh.
    [[nodiscard]] digest finish();

private:
    struct context;
    std::unique_ptr<context> context_;
};

/// The name of a content: SHA-256, through libcrypto.
[[nodiscard]] digest sha256_of(std::string_view bytes);

/// 64-bit XXH3 of a payload: finds damage, not forgery.
[[nodiscard]] std::uint64_t checksum_of(std::string_view payload);

/// CRC-32C (Castagnoli) of a header of up to some hundred bytes.
[[nodiscard]] std::uint32_t crc32c_of(std::string_view header);

/// Lower-case hexadecimal, two digits a byte.
[[nodiscard]] std::string to_hex(const digest& d);

/// The reverse; `bad_name` unless it is 64 hexadecimal digits in lower case.
[[nodiscard]] result<digest> from_hex(std::string_view hex);

}  // namespace casement
