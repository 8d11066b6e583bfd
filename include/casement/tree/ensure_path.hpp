#pragma once
// mkdir -p (SPEC F9): one short commit a name. What was made stays made; a conflict takes only its
// own name's decision again, a bounded number of times. Any thread.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <casement/core/error.hpp>
#include <casement/core/name.hpp>
#include <casement/kv/client.hpp>
#include <casement/kv/retry.hpp>
#include <casement/tree/create.hpp>
#include <casement/tree/look_up.hpp>
#include <casement/tree/overlay.hpp>

namespace casement::tree {

namespace detail {

/// The path still leads where it was seen to lead.
class same_way {
public:
    explicit same_way(const std::vector<seen_name>& way) {
        // A path may go through a link, and so through an entry, twice.
        for (const auto& e : way)
            if (std::ranges::none_of(
                    way_, [&](const auto* w) { return w->key_bytes() == e.key_bytes(); }))
                way_.push_back(&e);
    }
    template <store S>
    void operator()(transaction<S>& t) const {
        for (const auto* e : way_) t.expect(e->row(), "the path leads here");
    }

private:
    std::vector<const seen_name*> way_;
};

/// The directory that `path` leads to; or nothing yet, but its first missing name was made.
template <client C>
result<std::optional<node_id>> ensure_next(C& me, std::string_view path, const facts& about) {
    const auto now = me.rows().snapshot();
    walk steps{now, last_link::follow};
    const auto here = steps.as_far_as_it_goes(path);
    if (!here) return std::unexpected{here.error()};
    if (const auto* node = here->node()) return *node;
    if (here->exists() && !is_directory(**here->found))
        return fail(errc::not_a_directory, "ensure path", std::string{path});
    if (here->exists()) {
        const auto made =
            instantiate_directory(me, any_rev{here->parent}, *here->found, same_way{steps.way()});
        if (!made) return std::unexpected{made.error()};
        return here->inner.empty() ? std::optional{made->node} : std::nullopt;
    }
    const auto made = create_directory(me, any_rev{here->parent}, here->found->key().name, about,
                                       same_way{steps.way()});
    if (!made) {
        // Removed since it was looked at: another look says what is there now.
        const bool gone = made.error().code() == errc::not_found;
        return std::unexpected{gone ? error{made.error()}.as(errc::conflict) : made.error()};
    }
    if (const auto* fresh = std::get_if<created>(&*made))
        return steps.names_left() == 0 ? std::optional{fresh->node} : std::nullopt;
    return fail(errc::conflict, "ensure path", std::string{path}, "the name was taken meanwhile");
}

}  // namespace detail

/// The directory at `path`; whatever is missing on the way is made with the facts given, a
/// directory object on the way becomes a node, and only where the path led when it was looked at.
/// `conflict` only after `decisions_max` tries; `not_a_directory` where a file stands in the way,
/// `not_found` where a link leads nowhere. Reads the rows on the way once, and again for each name
/// that is missing.
template <client C>
[[nodiscard]] result<node_id> ensure_path(C&& me, std::string_view path, const facts& about,
                                          retry_count& retries) {
    auto names = split_path(path);
    if (!names) return passed(names);
    // Others may remove what was made: then there is more to make than there are names.
    auto makes_left = std::ranges::distance(names->begin(), names->end()) + decisions_max;
    for (; makes_left > 0; --makes_left) {
        auto made = retry(retries, [&] { return detail::ensure_next(me, path, about); });
        if (!made) return within(std::move(made), "ensure path", std::string{path});
        if (*made) return **made;
    }
    return fail(errc::conflict, "ensure path", std::string{path}, "it is removed again and again");
}

template <client C>
[[nodiscard]] result<node_id> ensure_path(C&& me, std::string_view path, const facts& about) {
    retry_count retries;
    return ensure_path(me, path, about, retries);
}

/// Where a path leads for whoever changes something there: directory objects on its way become
/// nodes, a commit each, as far as the last name's own directory. `conflict` if others change the
/// way meanwhile, and what `resolve` and `instantiate_directory` answer.
template <client C>
[[nodiscard]] result<place> reach(C&& me, std::string_view path,
                                  last_link last = last_link::follow) {
    for (int level = 0;; ++level) {
        auto here = resolve(me.rows(), path, last);
        if (!here || here->inner.empty()) return here;
        if (level == depth_max) return fail(errc::too_deep, "reach", std::string{path});
        const auto made = instantiate_directory(me, any_rev{here->parent}, *here->found);
        if (!made) return std::unexpected{error{made.error()}.within("reach", std::string{path})};
    }
}

/// The directory at a path that exists, as a node: `reach`, and its last name too. Nothing if what
/// is there is no directory.
template <client C>
[[nodiscard]] result<std::optional<node_id>> reach_directory(C&& me, const place& here) {
    if (const auto* node = here.node()) return *node;
    if (!here.exists() || !is_directory(**here.found)) return std::nullopt;
    const auto made = instantiate_directory(me, any_rev{here.parent}, *here.found);
    if (!made) return std::unexpected{made.error()};
    return made->node;
}

}  // namespace casement::tree
