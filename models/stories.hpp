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

    bool operator==(const size&) const = default;
};

struct situation {
    std::string name;   // as the command line has it: lower case, dashes
    std::string words;  // what can go wrong, in one sentence
    int race = 0;       // its number in SPEC's list; 0: none
    std::function<check::story(size)> tell;
    bool breaks = false;  // it is told to show how it breaks: without a violation it is wrong
    bool large = false;   // too large to be searched once for each mutant
};

/// All of them, small ones first.
[[nodiscard]] std::span<const situation> situations();

// One namespace a file, whose words are its own.
// clang-format off
namespace collector_story { [[nodiscard]] std::vector<situation> situations(); }
namespace compact_story { [[nodiscard]] std::vector<situation> situations(); }
namespace ensure_path_remove_story { [[nodiscard]] std::vector<situation> situations(); }
namespace file_crash_story { [[nodiscard]] std::vector<situation> situations(); }
namespace file_life_story { [[nodiscard]] std::vector<situation> situations(); }
namespace frozen_writer_story { [[nodiscard]] std::vector<situation> situations(); }
namespace heal_story { [[nodiscard]] std::vector<situation> situations(); }
namespace lease_story { [[nodiscard]] std::vector<situation> situations(); }
namespace once_story { [[nodiscard]] std::vector<situation> situations(); }
namespace overlay_story { [[nodiscard]] std::vector<situation> situations(); }
namespace promote_story { [[nodiscard]] std::vector<situation> situations(); }
namespace put_crash_story { [[nodiscard]] std::vector<situation> situations(); }
namespace rename_loop_story { [[nodiscard]] std::vector<situation> situations(); }
namespace retry_story { [[nodiscard]] std::vector<situation> situations(); }
namespace rmdir_create_story { [[nodiscard]] std::vector<situation> situations(); }
namespace seal_story { [[nodiscard]] std::vector<situation> situations(); }
namespace stuck_story { [[nodiscard]] std::vector<situation> situations(); }
namespace sweep_story { [[nodiscard]] std::vector<situation> situations(); }
namespace whole_tree_story { [[nodiscard]] std::vector<situation> situations(); }
// clang-format on

}  // namespace casement::models
