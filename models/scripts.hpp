#pragma once
// The whole protocol by scripts: what each client does is said beforehand, and what is left open is
// their schedule. For who draws scripts from elsewhere, as a fuzzer does from bytes.

#include <cstdint>
#include <string>
#include <vector>

#include <casement/check/story.hpp>

namespace casement::models {

/// A number stands for the operation in that place, counted over and over.
using script = std::vector<std::uint8_t>;

/// How many operations there are to choose from.
[[nodiscard]] std::size_t operations();

/// One client a script, each of whose operations is made once the one before is over; all of them
/// guard names alone, or the revs they saw. REQUIRES: at most `check::story::actors_max` scripts
[[nodiscard]] check::story by_scripts(const std::vector<script>& scripts, bool at_exact_revs,
                                      const check::faults& may_strike);

}  // namespace casement::models
