#pragma once
// An application's own row with a blob field, as the tests of blob rows have it.

#include <string>
#include <string_view>

#include <casement/blob/field.hpp>
#include <casement/core/strong.hpp>

namespace casement::testing {

struct song_tag {
    static constexpr std::string_view name = "song";
};

struct song {
    static constexpr char table = 'S';
    using key = strong<song_tag>;
    std::string title;
    blob::field cover;

    bool operator==(const song&) const = default;
};

}  // namespace casement::testing
