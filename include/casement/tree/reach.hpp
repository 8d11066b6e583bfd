#pragma once
// What an object leads to: every block and object below a directory object, each once however often
// it is met (SPEC F21, F23). Reads only; one thread a walk. Memory: 40 bytes a directory.

#include <cstdint>
#include <string>
#include <unordered_set>
#include <utility>
#include <variant>

#include <casement/core/error.hpp>
#include <casement/object/dir_object.hpp>
#include <casement/object/object_id.hpp>
#include <casement/tree/objects.hpp>

namespace casement::tree {

/// Walks below directory objects. What was walked once is not walked again, also by later calls.
template <readable R>
class object_walk {
public:
    /// REQUIRES: `at` outlives the walk
    explicit object_walk(const R& at) : at_{at} {}

    /// Calls `block(obj_id)` for each block of each directory, and `entry(path, dir_entry)` for
    /// each of their entries, `path` being that of the directory. Ends with the first error of
    /// either, or `need_pull` and `corrupt` of a block.
    template <class Block, class Entry>
    [[nodiscard]] result<void> below(const obj_id& dir, const std::string& path, const Block& block,
                                     const Entry& entry) {
        if (!met_.insert(dir).second) return {};
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
    std::unordered_set<obj_id> met_;
};

}  // namespace casement::tree
