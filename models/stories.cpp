#include "stories.hpp"

#include <algorithm>
#include <iterator>

namespace casement::models {

std::span<const situation> situations() {
    static const auto all = [] {
        std::vector<situation> list;
        for (const auto& file :
             {stuck_story::situations(), lease_story::situations(), rename_loop_story::situations(),
              rmdir_create_story::situations(), seal_story::situations(),
              ensure_path_remove_story::situations(), retry_story::situations(),
              once_story::situations(), file_life_story::situations(), overlay_story::situations(),
              collector_story::situations(), compact_story::situations(),
              promote_story::situations(), heal_story::situations(), put_crash_story::situations(),
              sweep_story::situations(), frozen_writer_story::situations(),
              file_crash_story::situations(), whole_tree_story::situations()})
            std::ranges::copy(file, std::back_inserter(list));
        return list;
    }();
    return all;
}

}  // namespace casement::models
