#pragma once
// What an object leads to: every block and object below a directory object, each once however often
// it is met (SPEC F21, F23), or a few times where there are very many. Reads only; one thread a
// walk. Memory: 16 MiB at most.

#include <cstddef>
#include <string>
#include <unordered_set>
#include <utility>
#include <variant>

#include <casement/core/assert.hpp>
#include <casement/core/error.hpp>
#include <casement/object/dir_object.hpp>
#include <casement/object/object_id.hpp>
#include <casement/tree/objects.hpp>

namespace casement::tree {

/// Walks below directory objects. What was walked once is not walked again, also by later calls,
/// until `directories_max` were met: then it begins to forget.
template <readable R>
class object_walk {
public:
    /// REQUIRES: `at` outlives the walk, and it may remember one directory at least
    explicit object_walk(const R& at, std::size_t directories_max = std::size_t{1} << 17)
        : at_{at}, directories_max_{directories_max} {
        require(directories_max > 0, "a walk remembers something");
    }

    /// Calls `block(obj_id)` for each block of each directory, and `entry(path, dir_entry)` for
    /// each of their entries, `path` being that of the directory. Ends with the first error of
    /// either, or `need_pull` and `corrupt` of a block.
    template <class Block, class Entry>
    [[nodiscard]] result<void> below(const obj_id& dir, const std::string& path, const Block& block,
                                     const Entry& entry) {
        if (met_.contains(dir)) return {};
        if (met_.size() == directories_max_) met_.clear();
        met_.insert(dir);
        const auto source = [&](const digest& name) -> result<std::string> {
            if (auto told = block(obj_id{obj_id::directory, name}); !told) return passed(told);
            return blocks_in(at_)(name);
        };
        for (const auto& e : object::dir_view{source, dir}) {
            if (!e) return std::unexpected{e.error()};
            if (auto told = entry(path, *e); !told) return told;
            const auto* id = std::get_if<obj_id>(&e->target);
            if (id == nullptr || id->kind != obj_id::directory) continue;
            if (auto all = below(*id, path + '/' + e->name, block, entry); !all) return all;
        }
        return {};
    }

private:
    const R& at_;
    std::size_t directories_max_;
    std::unordered_set<obj_id> met_;
};

}  // namespace casement::tree
