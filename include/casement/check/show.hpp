#pragma once
// What a search found, for people: a violation as a table with a column for each actor, as a
// Mermaid sequence diagram, and as a page that one walks through, also away from the violation,
// state by state. Values; any thread.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/check/explore.hpp>
#include <casement/check/story.hpp>

namespace casement::check {

/// One way out of a state.
struct shown_step {
    told_step told;
    std::optional<std::size_t> to;  // the state's number; none where the graph ends
    std::string wrong;              // what the change breaks; "" if nothing
};

/// A state of the graph, as somebody sees it who walks through it.
struct shown_state {
    std::vector<std::pair<std::string, std::string>> rows;  // as the story spells them
    std::vector<std::string> places;                        // of each actor
    std::string outside;             // the clock, the faults that are left, commits on their way
    std::vector<std::string> wrong;  // what does not hold here
    std::vector<shown_step> steps;
};

/// At most so many steps are shown, however many states were asked for: a page stays below some
/// megabytes.
inline constexpr std::size_t steps_shown_max = 100'000;

/// The story's first states, breadth first; the beginning is number 0. What the short cuts of `in`
/// make one is one here. Nothing goes on from where something does not hold. Fewer where steps run
/// out, or where the story cannot be explored.
[[nodiscard]] std::vector<shown_state> graph(const story& of, const scope& in = scope::raw(),
                                             std::size_t states_max = 2'000);

/// The story's actors by name.
[[nodiscard]] std::vector<std::string> actors_of(const story& of);

/// A table: each step in its actor's column, the world's in a last one, beneath it what it changed
/// and the guard that would have stopped it; at the end the token. Columns are no narrower than 16.
[[nodiscard]] std::string columns(const violation& v, std::span<const std::string> actors,
                                  std::size_t width = 100);

/// A sequenceDiagram between the actors and the store.
[[nodiscard]] std::string mermaid(const violation& v, std::span<const std::string> actors);

/// A page that needs nothing but itself: it steps through the violation, if there is one, and
/// through `states` by hand. It loads nothing from anywhere.
[[nodiscard]] std::string html(const story& of, std::span<const shown_state> states,
                               const violation* v = nullptr);

/// Words of several lines, with `between` in between.
[[nodiscard]] std::string on_lines(std::string_view words, std::string_view between);

}  // namespace casement::check
