#pragma once
// Changes a schedule as a schedule: a step of an actor is moved, not a byte. `check::steer` takes
// two bytes a step, and a byte that is inserted or lost makes all steps behind it other ones; a
// race needs one step a little later, and the rest as it was. Beside these, libFuzzer's own
// mutations. One thread.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace casement::fuzz {

/// The ways in which a schedule changes; each leaves all other steps as they are.
enum class move : std::uint8_t {
    elsewhere,  // one step is taken earlier or later
    swap,       // two neighbours change places
    burst,      // one actor takes several steps at once
    drop,       // a step is left out
    actor,      // somebody else takes a step
    way,        // a step goes another way: a fault strikes, or strikes no more
};
inline constexpr unsigned moves = 6;

inline constexpr std::size_t step_bytes = 2;

/// `steps` after one such change, drawn from `roll`. An odd byte at its end stays there. Never
/// longer than `most` bytes; a schedule of no steps gets one.
template <class Bits>
[[nodiscard]] std::string moved(std::string steps, move how, std::size_t most, Bits& roll) {
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(roll() % n); };
    const auto step = [](std::size_t i) { return static_cast<std::ptrdiff_t>(i * step_bytes); };
    const auto n = steps.size() / step_bytes;
    if (n == 0) how = move::burst;
    const auto begin = steps.begin();
    switch (how) {
        case move::elsewhere: {
            const auto from = below(n), to = below(n);
            if (from < to)
                std::rotate(begin + step(from), begin + step(from + 1), begin + step(to + 1));
            else
                std::rotate(begin + step(to), begin + step(from), begin + step(from + 1));
            break;
        }
        case move::swap: {
            const auto i = below(n);
            if (i + 1 < n) std::rotate(begin + step(i), begin + step(i + 1), begin + step(i + 2));
            break;
        }
        case move::burst: {
            const auto room = most > steps.size() ? (most - steps.size()) / step_bytes : 0;
            const std::string one{static_cast<char>(below(8)), '\0'};
            const auto at = n == 0 ? 0 : below(n) * step_bytes;
            std::string many;
            for (auto times = std::min(room, 1 + below(8)); times > 0; --times) many += one;
            steps.insert(at, many);
            break;
        }
        case move::drop: steps.erase(below(n) * step_bytes, step_bytes); break;
        case move::actor: steps[below(n) * step_bytes] = static_cast<char>(below(8)); break;
        case move::way: steps[below(n) * step_bytes + 1] = static_cast<char>(below(4)); break;
    }
    return steps;
}

/// An input of a target that has schedules: what stands before it, and its steps as they are taken.
struct with_schedule {
    std::string front, steps;
};

/// The target says where its schedule is: `joined(parted(bytes))` is `bytes`.
[[nodiscard]] with_schedule parted(std::string_view bytes);
[[nodiscard]] std::string joined(with_schedule parts);

/// One schedule's beginning and the other's end.
template <class Bits>
[[nodiscard]] std::string crossed(std::string_view a, std::string_view b, Bits& roll) {
    const auto upto = static_cast<std::size_t>(roll()) % (a.size() / step_bytes + 1) * step_bytes;
    const auto from = static_cast<std::size_t>(roll()) % (b.size() / step_bytes + 1) * step_bytes;
    return std::string{a.substr(0, upto)} + std::string{b.substr(from)};
}

}  // namespace casement::fuzz
