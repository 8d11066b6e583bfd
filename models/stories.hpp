#pragma once
// The situations that this project knows, as stories for the explorer: what `casement explore`
// runs, what the tests hold true, and what models/README.md lists. Each file here tells one race.

#include <functional>
#include <span>
#include <string>
#include <vector>

#include <casement/check/story.hpp>

namespace casement::models {

/// How many act, and how often each. Zero leaves it to the story.
struct size {
    std::size_t actors = 0;
    int turns = 0;
};

struct situation {
    std::string name;   // as the command line has it: lower case, dashes
    std::string words;  // what can go wrong, in one sentence
    int race = 0;       // its number in SPEC's list; 0: none
    std::function<check::story(size)> tell;
    bool breaks = false;  // it is told to show how it breaks: without a violation it is wrong
};

/// All of them, small ones first.
[[nodiscard]] std::span<const situation> situations();

// One function a file.
[[nodiscard]] std::vector<situation> collectors();
[[nodiscard]] std::vector<situation> ensure_path_remove();
[[nodiscard]] std::vector<situation> file_crashes();
[[nodiscard]] std::vector<situation> file_lives();
[[nodiscard]] std::vector<situation> frozen_writers();
[[nodiscard]] std::vector<situation> leases();
[[nodiscard]] std::vector<situation> onces();
[[nodiscard]] std::vector<situation> overlays();
[[nodiscard]] std::vector<situation> put_crash();
[[nodiscard]] std::vector<situation> rename_loops();
[[nodiscard]] std::vector<situation> retries();
[[nodiscard]] std::vector<situation> rmdir_create();
[[nodiscard]] std::vector<situation> seals();
[[nodiscard]] std::vector<situation> stuck();
[[nodiscard]] std::vector<situation> whole_tree();

}  // namespace casement::models
