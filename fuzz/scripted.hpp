#pragma once
// An input of `operations`: one byte (rev mode and faults), the scripts of up to three clients,
// each a number a byte and ended by one of 0xf0 or more, and, from the last byte to the first, what
// steers. So a script that grows moves no step.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/check/story.hpp>

#include "scripts.hpp"
#include "target.hpp"

namespace casement::fuzz {

struct scripted {
    static constexpr std::size_t clients = 3, operations_max = 6;
    static constexpr std::uint8_t script_end = 0xf0;

    std::uint8_t mode = 0;
    std::vector<models::script> scripts;
    std::size_t front_bytes = 0;  // without what steers

    /// Any bytes are an input.
    static scripted read(std::string_view bytes) {
        input in{reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
        scripted out;
        out.mode = in.byte();
        for (std::size_t c = 0; c < clients && !in.empty(); ++c) {
            models::script mine;
            while (!in.empty() && mine.size() < operations_max) {
                const auto which = in.byte();
                if (which >= script_end) break;
                mine.push_back(which);
            }
            if (!mine.empty()) out.scripts.push_back(std::move(mine));
        }
        out.front_bytes = bytes.size() - in.rest().size();
        return out;
    }

    /// REQUIRES: there are scripts
    [[nodiscard]] check::story tale() const {
        const check::faults may_strike{.crashes = mode >> 1 & 1,
                                       .lost_replies = mode >> 2 & 1,
                                       .zombies = mode >> 3 & 1,
                                       .spurious = mode >> 4 & 1,
                                       .ticks = mode >> 5 & 3};
        return models::by_scripts(scripts, (mode & 1) != 0, may_strike);
    }
};

/// What steers, in the order of its steps.
[[nodiscard]] inline std::string steps_of(std::string_view input) {
    input.remove_prefix(scripted::read(input).front_bytes);
    return {input.rbegin(), input.rend()};
}

}  // namespace casement::fuzz
