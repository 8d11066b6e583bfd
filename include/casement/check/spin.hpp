#pragma once
// The second opinion: a story written out as a model for Spin, so that another explorer, which
// shares no line with ours, counts its states and looks for its violations (SPEC T5). What is
// written comes from running each actor's code alone; no two actors are ever searched together. One
// thread.
//
//     std::ofstream{"story.pml"} << *promela(story);
//     spin -a story.pml && cc -O3 -DSAFETY -DNOREDUCE -o pan pan.c && ./pan -m1000000
//
// Spin stores as many states as `explore(story, scope::raw())` finds. It counts the beginning as a
// state that a transition leads to, so the transitions are what it stored and matched, less one.

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include <casement/check/story.hpp>
#include <casement/core/error.hpp>

namespace casement::check {

/// How large a model may be. It grows with the sum of what the actors' turns can read and do, which
/// is more than they ever do together: a row is taken to have any value that anyone could write.
struct model_limits {
    std::size_t logs_max = 20'000;            // of calls and their answers, of all turns together
    std::size_t values_max = 1'000;           // of a row
    std::size_t combinations_max = 1u << 16;  // of the rows that one property looks at
    /// For properties that do not look at every row: their names and the keys that they look at.
    std::map<std::string, std::vector<std::string>> looks_at;
    bool properties = true;
};

/// The story in Promela, in the flat form: a proctype for each kind of actor, a label for each log
/// of its answers, one d_step a store call or fault, a line for each guard of a commit, a variable
/// for each row that changes. `always` properties of the rows are watched; the head of the model
/// names those that are not said there.
/// An actor's code is run along every log of answers that its rows' values allow, also such as do
/// not belong together: it must answer an error there, or end, and not stop the process.
/// `too_big` beyond the limits. `unsupported` if the story has zombie commits. `illegal` if an
/// actor's code is not deterministic, or cannot be told what it asks.
[[nodiscard]] result<std::string> promela(const story& of, const model_limits& within = {});

}  // namespace casement::check
