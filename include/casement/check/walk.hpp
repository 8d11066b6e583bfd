#pragma once
// Random walks, for scopes that are too large to be searched: each goes from the beginning to an
// end, and nothing is remembered between two but how long they were. One thread; deterministic: the
// same seed takes the same walks.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <casement/check/explore.hpp>
#include <casement/check/story.hpp>

namespace casement::check {

/// How walks are taken, and how many.
struct walking {
    enum class kind : std::uint8_t {
        /// Every order of steps is about as likely as every other: who has more steps left is more
        /// likely to be next (Zhao, Wolff, Mathur, Roychoudhury, "Selectively Uniform Concurrency
        /// Testing", ASPLOS 2025).
        uniform,
        /// Who has the highest priority is next, and `depth` - 1 times in a walk somebody loses it:
        /// what breaks by `depth` orders between two steps is met with a chance of at least
        /// 1 / (actors * steps ^ (depth - 1)) a walk (PCT: Burckhardt, Kothari, Musuvathi,
        /// Nagarakatte, ASPLOS 2010).
        priorities,
    };
    kind how = kind::uniform;
    static constexpr int depth_max = 16;
    int depth = 3;  // 1 to `depth_max`; of `priorities`
    std::uint64_t walks = 10'000;
    std::uint64_t steps_max = 10'000;  // of one walk
    std::uint64_t seed = 1;
    std::vector<left_out> without;
    /// Called now and then with the walks so far.
    std::function<void(std::uint64_t)> progress;
};

/// Walks until something does not hold. Each call is a step, names are as they are. In the report
/// `states` counts different states that were met, `transitions` all steps, `depth` the longest
/// walk; `complete` is never true. A violation has the schedule that broke it, without the turns
/// that had no part in it.
[[nodiscard]] report walk(const story& of, const walking& how = {});

/// One walk, steered by bytes, two a step: who is next of those that can go on, and which of its
/// ways it goes; between them one more for each choice that it has. When they run out, the first
/// goes the first way. Any bytes are a walk: for a fuzzer.
[[nodiscard]] report steer(const story& of, std::string_view bytes,
                           const std::vector<left_out>& without = {});

/// The bytes that steer along a token's steps. `illegal` if it is not of this story.
[[nodiscard]] result<std::string> steering(const story& of, std::string_view token);

/// The other way round: the token of the walk that the bytes steer, to its end or to what it
/// breaks.
[[nodiscard]] result<std::string> steered(const story& of, std::string_view bytes);

}  // namespace casement::check
