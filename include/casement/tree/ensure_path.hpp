#pragma once
// mkdir -p (SPEC F9): one short commit a name. What was made stays made; a conflict takes only its
// own name's decision again, a bounded number of times. Any thread.

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <casement/core/error.hpp>
#include <casement/core/name.hpp>
#include <casement/kv/id_blocks.hpp>
#include <casement/kv/retry.hpp>
#include <casement/tree/create.hpp>
#include <casement/tree/look_up.hpp>

namespace casement::tree {

namespace detail {

/// The directory that `path` leads to, made if its last name is free.
template <store S>
result<node_id> ensure_directory(S& kv, id_blocks<S>& ids, std::string_view path,
                                 const facts& about) {
    auto here = resolve(kv, path);
    if (!here) return passed(here);
    if (const auto* node = here->node()) return *node;
    if (here->exists()) return fail(errc::not_a_directory, "ensure path", std::string{path});
    const auto made =
        create_directory(kv, ids, any_rev{here->parent}, here->found->key().name, about);
    if (!made) return std::unexpected{made.error()};
    if (const auto* fresh = std::get_if<created>(&*made)) return fresh->node;
    const auto& taken = std::get<already_exists>(*made).existing;
    if (const auto* node = node_in(*taken)) return *node;
    // A link or a file came in between: the next look follows it, or says that it is no directory.
    return fail(errc::conflict, "ensure path", std::string{path}, "the name was taken meanwhile");
}

}  // namespace detail

/// The directory at `path`; whatever is missing on the way is made with the facts given. `conflict`
/// only after `decisions_max` tries; `not_a_directory` where a file stands in the way, `not_found`
/// where a link leads nowhere.
template <store S>
[[nodiscard]] result<node_id> ensure_path(S& kv, id_blocks<S>& ids, std::string_view path,
                                          const facts& about, retry_count& retries) {
    auto names = split_path(path);
    if (!names) return passed(names);
    node_id last = root;
    int starts = 1;
    for (auto name = names->begin(); name != names->end();) {
        const auto upto = path.substr(0, path.size() - name.rest().size());
        auto made = retry(retries, [&] { return detail::ensure_directory(kv, ids, upto, about); });
        if (made) {
            last = *made;
            ++name;
            continue;
        }
        // Not found: what was there on the way was removed since. Again from the root.
        if (made.error().code() != errc::not_found || starts++ == decisions_max)
            return within(std::move(made), "ensure path", std::string{path});
        retries.retries.fetch_add(1, std::memory_order_relaxed);
        name = names->begin();
    }
    return last;
}

template <store S>
[[nodiscard]] result<node_id> ensure_path(S& kv, id_blocks<S>& ids, std::string_view path,
                                          const facts& about) {
    retry_count retries;
    return ensure_path(kv, ids, path, about, retries);
}

}  // namespace casement::tree
