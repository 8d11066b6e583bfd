#pragma once
// From names to what they point to (SPEC F10): a look-up in one directory, and the walk along a
// path. Each equals the tree at one instant (F4i). They change nothing. Any thread.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <casement/core/error.hpp>
#include <casement/core/name.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/store.hpp>
#include <casement/object/resolve.hpp>
#include <casement/tree/rows.hpp>
#include <casement/tree/tokens.hpp>

namespace casement::tree {

/// What a name in a directory points to, or that it is free. Reads 1 row, if the directory's head
/// has not changed since it was seen, and the base where there is none; else the head too, and
/// `conflict` if its entries are elsewhere now.
template <store S>
[[nodiscard]] result<seen_name> look_up(const S& kv, const directory& dir, std::string_view name) {
    // Where a read is a journey, one that brings the head as well is less than two.
    if (!is_far(kv)) {
        auto found = see_name(kv, dir, name);
        // Asked after the read: unchanged until now means unchanged when the entry was read.
        if (kv.unchanged(dir.head().key_bytes(), dir.head().at())) return found;
    }
    const auto now = snapshot_with<head, rev, entry>(kv, dir.node(), dir.node(), dir.key(name));
    auto fresh = read_directory(now, dir.node());
    if (!fresh) return passed(fresh);
    if (fresh->layer() != dir.layer())
        return fail(errc::conflict, "look up", std::string{name}, "the directory has a new layer");
    return see_name(now, dir, name);
}

using object::last_link;

/// A path follows at most this many links, as Linux does; then it is a `loop`.
inline constexpr int links_max = 40;
/// A walk takes at most this many steps, links' own included; then it is `too_deep`.
inline constexpr int steps_max = 4096;

/// Where a walk has ended.
struct place {
    directory parent;                // of the last name; the root itself for the root
    std::optional<seen_name> found;  // which may be free; none for the root
    std::string inner;               // of a directory object: the path that is left inside it

    [[nodiscard]] bool is_root() const { return !found.has_value(); }
    [[nodiscard]] bool exists() const { return is_root() || found->exists(); }
    /// The directory node it is, or null.
    [[nodiscard]] const node_id* node() const {
        return is_root() ? &root : found->exists() ? directory_in(**found) : nullptr;
    }
};

/// What a path leads to, in whichever layer.
struct end_of_path {
    std::string name;  // empty for the root
    entry what;        // of the root: its node

    /// The directory node it is, or null.
    [[nodiscard]] const node_id* node() const { return directory_in(what); }
};

namespace detail {

/// One walk over one snapshot. Names still to go are kept in reverse, so that a link's own names
/// are pushed in front of them.
template <readable R>
class walk {
public:
    walk(const R& at, last_link last) : at_{at}, last_{last} {}

    result<place> along(std::string_view path) {
        if (auto names = split_path(path); !names) return passed(names);
        push(path);
        own_left_ = ahead_.size();
        auto dir = read_directory(at_, root);
        if (!dir) return passed(dir);
        above_.push_back(*std::move(dir));
        return on(path);
    }

    /// To the end of the path, also where that lies inside a directory object.
    result<end_of_path> through(std::string_view path) {
        auto here = along(path);
        while (here) {
            if (here->is_root()) return end_of_path{{}, {protocol::dentry::inode{root}, {}, {}}};
            auto name = std::string{here->found->key().name};
            if (!here->exists())
                return stopped(errc::not_found, path, "no '" + printable(name) + "'");
            const obj_id* object = object_in(**here->found);
            if (object == nullptr || here->inner.empty()) return end_of_path{name, **here->found};
            const auto end =
                object::detail::walk_down(known_blocks(at_), *object, here->inner,
                                          static_cast<unsigned>(links_max - links_), last_);
            if (!end)
                return within(result<void>{std::unexpected{end.error()}}, "resolve",
                              std::string{path});
            if (const auto* in = std::get_if<object::inside>(&*end)) {
                if (!in->entry) return end_of_path{name, **here->found};
                return end_of_path{in->entry->name, as_entry(*in->entry)};
            }
            // A link led out: from the root, or by ".." to what the object lies in.
            const auto& out = std::get<object::outside>(*end);
            links_ += static_cast<int>(out.symlinks);
            const bool absolute = out.path.starts_with('/');
            if (absolute) above_.resize(1, above_.front());
            push(absolute ? std::string_view{out.path} : std::string_view{out.path}.substr(2));
            here = on(path);
        }
        return passed(here);
    }

    /// As far as there are names: to the end of the path, or to the first of its own names that is
    /// free; then `names_left` says how many follow it.
    result<place> as_far_as_it_goes(std::string_view path) {
        stops_at_free_ = true;
        return along(path);
    }
    [[nodiscard]] std::size_t names_left() const { return ahead_.size(); }
    /// Every entry that the walk went through: what a change must guard to happen at this path.
    [[nodiscard]] const std::vector<seen_name>& way() const { return way_; }

private:
    result<place> on(std::string_view path) {
        while (!ahead_.empty()) {
            if (steps_++ == steps_max) return stopped(errc::too_deep, path, "too many steps");
            const std::string name = std::move(ahead_.back());
            ahead_.pop_back();
            own_left_ = std::min(own_left_, ahead_.size());
            if (name == ".") continue;
            if (name == "..") {
                if (above_.size() > 1) above_.pop_back();
                continue;
            }
            auto ended = enter(name, path);
            if (!ended) return passed(ended);
            if (*ended) return **std::move(ended);
        }
        return at_directory();
    }

    // One name on: nothing if the walk goes on from there.
    result<std::optional<place>> enter(const std::string& name, std::string_view path) {
        using d = protocol::dentry;
        if (auto good = check_name(name); !good) return passed(good);
        auto found = see_name(at_, above_.back(), name);
        if (!found) return passed(found);
        const bool last = ahead_.empty();
        if (!found->exists()) {
            if (last || (stops_at_free_ && ahead_.size() == own_left_))
                return place{above_.back(), *std::move(found), {}};
            return stopped(errc::not_found, path, "no '" + printable(name) + "'");
        }
        if (const auto* node = directory_in(**found)) {
            auto dir = read_directory(at_, *node);
            if (!dir) return passed(dir);
            above_.push_back(*std::move(dir));
            if (stops_at_free_) way_.push_back(*std::move(found));
            return std::nullopt;
        }
        if (const auto* link = std::get_if<d::symlink>(&(*found)->target)) {
            if (last && last_ == last_link::keep)
                return place{above_.back(), *std::move(found), {}};
            if (++links_ > links_max) return stopped(errc::loop, path, "more than 40 links");
            if (link->path.starts_with('/')) above_.resize(1, above_.front());
            push(link->path);
            if (stops_at_free_) way_.push_back(*std::move(found));
            return std::nullopt;
        }
        if (!last && !is_directory(**found))
            return stopped(errc::not_a_directory, path, "'" + printable(name) + "' is a file");
        return place{above_.back(), *std::move(found), rest()};
    }

    result<place> at_directory() const {
        if (above_.size() == 1) return place{above_.front(), std::nullopt, {}};
        const auto& dir = above_.back();
        const auto& parent = above_[above_.size() - 2];
        auto bound = read<binding>(at_, dir.node());
        if (!bound) return passed(bound);
        if (!bound->exists())
            return fail(errc::corrupt, "resolve", std::to_string(dir.node().value), "no binding");
        auto found = see_name(at_, parent, (*bound)->name);
        if (!found) return passed(found);
        return place{parent, *std::move(found), {}};
    }

    void push(std::string_view path) {
        std::vector<std::string> names;
        while (!path.empty()) {
            const auto cut = std::min(path.find('/'), path.size());
            if (cut > 0) names.emplace_back(path.substr(0, cut));
            path.remove_prefix(std::min(cut + 1, path.size()));
        }
        std::ranges::move(names.rbegin(), names.rend(), std::back_inserter(ahead_));
    }
    std::string rest() {
        std::string out;
        for (; !ahead_.empty(); ahead_.pop_back()) out += (out.empty() ? "" : "/") + ahead_.back();
        return out;
    }
    static std::unexpected<error> stopped(errc code, std::string_view path, std::string detail) {
        return fail(code, "resolve", std::string{path}, std::move(detail));
    }

    const R& at_;
    const last_link last_;
    int links_ = 0, steps_ = 0;
    bool stops_at_free_ = false;
    std::vector<std::string> ahead_;  // the next name is the last
    std::size_t own_left_ = 0;        // names of the path itself among them; the rest are a link's
    std::vector<seen_name> way_;
    std::vector<directory> above_;  // from the root to where the walk stands
};

}  // namespace detail

/// Walks `path` from the root, at one instant. A last name that is free is an answer (`exists()` is
/// false); one on the way is `not_found`. Links are followed, "." and ".." in them too. Stops at an
/// immutable directory with the path that is left inside it, and never expands one.
template <store S>
[[nodiscard]] result<place> resolve(const S& kv, std::string_view path,
                                    last_link last = last_link::follow) {
    const auto now = snapshot_with<head, rev>(kv, root, root);
    return detail::walk{now, last}.along(path);
}

/// Mode, mtime and size of what an entry points to: a directory node keeps its own in its head.
/// Reads 1 row of a directory node.
template <readable R>
[[nodiscard]] result<facts> facts_of(const R& at, const entry& what) {
    const node_id* node = directory_in(what);
    if (node == nullptr) return what.about;
    const auto h = read<head>(at, *node);
    if (!h) return std::unexpected{h.error()};
    if (!h->exists())
        return fail(errc::corrupt, "read directory", std::to_string(node->value),
                    "a name points to it, and it is not there");
    return facts{(*h)->mode, (*h)->mtime, 0};
}

/// Walks `path` to its end, through nodes and directory objects alike, at one instant (SPEC F10):
/// for readers. Who wants to change something takes `resolve`, which stops where nodes end.
/// `not_found` if nothing is there. Reads, inside an object, a block a level and name.
template <store S>
[[nodiscard]] result<end_of_path> resolve_through(const S& kv, std::string_view path,
                                                  last_link last = last_link::follow) {
    const auto now = snapshot_with<head, rev>(kv, root, root);
    return detail::walk{now, last}.through(path);
}

}  // namespace casement::tree
