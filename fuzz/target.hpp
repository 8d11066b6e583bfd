#pragma once
// What the fuzz targets share: the law of a codec, and an input read from the front. A target is
// `LLVMFuzzerTestOneInput` over the laws of one unit, and `reachable`; a broken law stops it by
// `require`, whose message names the law. One thread.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <source_location>
#include <string_view>

#include <casement/core/assert.hpp>
#include <casement/core/error.hpp>

#include "outcomes.hpp"

namespace casement::fuzz {

/// Whether what is under test has its bug: CASEMENT_PLANTED is in the environment.
inline bool planted() {
    static const bool asked = std::getenv("CASEMENT_PLANTED") != nullptr;
    return asked;
}

/// Inputs so far that were the encoding of something. It shows that a corpus tests more than
/// refusals.
inline std::size_t accepted = 0;

/// One value, one encoding: what was decoded from `bytes` is encoded as `again`.
inline void canonical(std::string_view again, std::string_view bytes,
                      std::source_location where = std::source_location::current()) {
    require(again == bytes, "one value, one encoding", where);
    ++accepted;
}

/// Bytes that nobody wrote are refused as what they are, so that the caller can react.
inline void refused_as_written(const error& why,
                               std::source_location where = std::source_location::current()) {
    require(why.code() == errc::corrupt || why.code() == errc::newer_format,
            "what does not decode is corrupt or of a newer format", where);
    require(!why.message().empty(), "a refusal has a message", where);
}

/// The input from the front. Reading never fails: at the end all numbers are 0, all strings empty.
class input {
public:
    input(const std::uint8_t* data, std::size_t size)
        : rest_{reinterpret_cast<const char*>(data), size} {}

    [[nodiscard]] bool empty() const { return rest_.empty(); }
    [[nodiscard]] std::string_view rest() const { return rest_; }

    std::uint8_t byte() {
        const auto one = take(1);
        return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one.front());
    }

    std::uint16_t word() {
        const unsigned high = byte();
        return static_cast<std::uint16_t>(high << 8 | byte());
    }

    /// At most `n` bytes.
    std::string_view take(std::size_t n) {
        const auto out = rest_.substr(0, n);
        rest_.remove_prefix(out.size());
        return out;
    }

private:
    std::string_view rest_;
};

}  // namespace casement::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
