#pragma once
// What the stories of files' bytes share: how a file is made of them, as the vault does it.

#include <string_view>
#include <utility>

#include <casement/tree/contents.hpp>

#include "tree_story.hpp"

namespace casement::models {

template <store S, blob::file_system FS>
[[nodiscard]] result<stored_file<FS>> store_bytes(tree::contents<S, FS>& c, std::string_view bytes,
                                                  stored_before equal = stored_before::trusted) {
    auto staged = c.stage();
    if (!staged) return passed(staged);
    if (auto written = staged->write(bytes); !written) return passed(written);
    return c.store_bytes(*std::move(staged), equal);
}

/// Makes `path` a file of what is stored, as `vault::settle_file` does.
template <client C, store S, blob::file_system FS>
result<void> name_bytes(C me, S& kv, tree::contents<S, FS>& c, stored_file<FS> stored,
                        std::string_view path) {
    for (int tries = 1;; ++tries) {
        const auto at = resolve(kv, path, last_link::keep);
        if (!at) return std::unexpected{at.error()};
        if (at->exists()) return fail(errc::exists, "settle", std::string{path});
        auto made = create(me, any_rev{at->parent}, at->found->key().name,
                           protocol::dentry::create_object{stored.id()},
                           {0644, {}, stored.object().size}, [&](auto& t) { stored.add_to(t); });
        if (made || made.error().code() == errc::unknown_outcome) stored.published();
        if (made) return {};
        if (made.error().code() != errc::conflict || tries == 3) return passed(made);
        if (auto again = c.look_again(stored); !again) return passed(again);
    }
}

template <client C, store S, blob::file_system FS>
result<void> settle(C me, S& kv, tree::contents<S, FS>& c, std::string_view bytes,
                    std::string_view path) {
    auto stored = store_bytes(c, bytes);
    if (!stored) return passed(stored);
    return name_bytes(me, kv, c, *std::move(stored), path);
}

}  // namespace casement::models
