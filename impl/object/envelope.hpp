#pragma once
// What stands at the front of everything that this layer hashes: four letters that tell the kind of
// thing, so that no two kinds have a common encoding, and the version of its format.

#include <string>
#include <string_view>

#include <casement/core/codec.hpp>
#include <casement/core/error.hpp>

namespace casement::object {

struct envelope {
    std::string_view magic;  // 4 bytes
    std::uint8_t version;

    [[nodiscard]] std::string write() const {
        return std::string{magic} + static_cast<char>(version);
    }

    /// A reader behind the envelope. `what` is for the error.
    [[nodiscard]] result<reader> open(std::string_view bytes, const char* what) const {
        reader in{bytes};
        std::string_view letters;
        std::uint8_t number = 0;
        if (!in.take(magic.size(), letters) || letters != magic || !in.byte(number) || number == 0)
            return fail(errc::corrupt, "decode", what, "it does not begin as one");
        if (number > version)
            return fail(
                errc::newer_format, "decode", what,
                "version " + std::to_string(number) + "; known up to " + std::to_string(version));
        return in;
    }
};

}  // namespace casement::object
