#include "stories.hpp"

#include <algorithm>
#include <iterator>

namespace casement::models {

std::span<const situation> situations() {
    static const auto all = [] {
        std::vector<situation> list;
        for (const auto& file :
             {stuck(), leases(), rename_loops(), rmdir_create(), seals(), ensure_path_remove(),
              retries(), onces(), file_lives(), overlays(), collectors(), put_crash(),
              frozen_writers(), file_crashes(), whole_tree()})
            std::ranges::copy(file, std::back_inserter(list));
        return list;
    }();
    return all;
}

}  // namespace casement::models
