#pragma once
// The tree on paper: a map from paths to what is there, changed by the rules of SPEC F5-F16 and by
// nothing else. It knows no rows, guards or machines. What was seen is a copy, and counts for as
// long as it is what is there. The tree must agree with it after any sequence of operations.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <casement/core/error.hpp>

namespace casement::testing {

/// What a reader of the tree finds at a path.
struct thing {
    enum class kind : std::uint8_t { directory, object, link, file };
    enum class stage : std::uint8_t { cooling, working, finalizing, finalized };
    kind what = kind::directory;
    int content = 0;  // of an object, and of a file that nobody has opened since it was one
    std::string to;   // of a link
    std::uint32_t mode = 0;
    stage now = stage::cooling;  // of a file
    int seq = 0;                 // of its grants and revocations
    int deadline = 0;            // while it is written

    bool operator==(const thing&) const = default;
};

/// With what tells it from another that looks the same.
struct note {
    thing is;
    int id = 0;       // of a directory or a file, wherever its name is
    int written = 0;  // of its name, when it was last pointed here
    int changes = 0;  // of names in a directory
};

/// Paths are "/a/b"; the root is "". Answers with the code that the tree must answer with.
class paper_tree {
public:
    using answer = result<void>;

    /// What somebody has seen at a name.
    struct glance {
        note parent;
        std::string name;
        std::optional<note> there;
    };
    /// The right to write a file.
    struct grant {
        int id = 0, seq = 0;
    };

    [[nodiscard]] std::map<std::string, thing> things() const {
        std::map<std::string, thing> out;
        for (const auto& [path, n] : notes_) out.emplace(path, n.is);
        return out;
    }
    [[nodiscard]] bool is_directory(const std::string& path) const {
        const auto* n = at(path);
        return n != nullptr && n->is.what == thing::kind::directory;
    }
    /// REQUIRES: the path's parent is a directory
    [[nodiscard]] glance look(const std::string& path) const {
        const auto* n = at(path);
        return {*at(parent_of(path)), path.substr(path.rfind('/') + 1),
                n ? std::optional{*n} : std::nullopt};
    }

    answer create(const glance& g, bool exact, const thing& what) {
        const auto path = path_of(g);
        if (!path) return no(errc::not_found);
        if (at(*path) != nullptr) return no(errc::exists);
        if (!same_parent(g, exact)) return no(errc::conflict);
        write(*path, what);
        return {};
    }

    answer replace(const glance& g, bool exact, const thing& by) {
        if (!g.there || g.there->is.what != by.what) return no(errc::illegal);
        if (!same(g, exact)) return no(errc::conflict);
        write(*path_of(g), by);
        return {};
    }

    answer set_mode(const glance& g, bool exact, std::uint32_t mode) {
        if (!g.there) return no(errc::not_found);
        if (g.there->is.what == thing::kind::directory) return no(errc::illegal);
        if (!same(g, exact)) return no(errc::conflict);
        notes_[*path_of(g)].is.mode = mode;
        ++notes_[parent_of(*path_of(g))].changes;
        return {};
    }

    /// Of the directory itself.
    answer set_directory_mode(const note& seen, std::uint32_t mode) {
        const auto dir = with_id(seen.id);
        if (dir == notes_.end() || dir->second.is != seen.is) return no(errc::conflict);
        dir->second.is.mode = mode;
        return {};
    }

    answer remove(const glance& g, bool exact) {
        if (!g.there) return no(errc::not_found);
        if (g.there->is.what == thing::kind::directory) return no(errc::is_a_directory);
        if (!same(g, exact)) return no(errc::conflict);
        erase(*path_of(g));
        return {};
    }

    /// REQUIRES: a directory was seen
    answer remove_directory(const glance& g, bool exact, bool empty) {
        if (!empty) return no(errc::not_empty);
        const auto dir = with_id(g.there->id);
        if (dir == notes_.end() || dir->second.is != g.there->is ||
            dir->second.changes != g.there->changes || !same(g, exact))
            return no(errc::conflict);
        erase(*path_of(g));
        return {};
    }

    /// The destination is as it is now. `of_directory` says what is asked for.
    answer rename(const glance& g, bool exact, const std::string& to, bool exact_to,
                  bool of_directory) {
        const auto parent = parent_of(to);
        const auto* into = at(parent);
        const bool within_one = into->id == g.parent.id;
        if (within_one &&
            (into->is != g.parent.is || (exact && exact_to && into->changes != g.parent.changes)))
            return no(errc::conflict);
        if (!g.there) return no(errc::not_found);
        if (within_one && to == parent + "/" + g.name) return no(errc::exists);
        const bool directory = g.there->is.what == thing::kind::directory;
        if (at(to) != nullptr && (directory || is_directory(to))) return no(errc::exists);
        if (directory && !of_directory) return no(errc::is_a_directory);
        if (!directory && of_directory) return no(errc::not_a_directory);
        const auto moved = with_id(g.there->id);
        if (directory && moved != notes_.end() && (to + "/").starts_with(moved->first + "/"))
            return no(errc::loop);
        if (!same(g, exact)) return no(errc::conflict);
        move(*path_of(g), to);
        return {};
    }

    answer instantiate(const glance& g, bool exact) {
        if (!g.there || g.there->is.what != thing::kind::object) return no(errc::illegal);
        if (!same(g, exact)) return no(errc::conflict);
        auto file = g.there->is;
        file.what = thing::kind::file;
        file.now = thing::stage::finalized;
        write(*path_of(g), file);
        return {};
    }

    // What follows REQUIRES that a file was seen.

    answer open(const glance& g, int deadline) {
        const auto& seen = g.there->is;
        if (seen.now == thing::stage::working) return no(errc::in_use);
        if (seen.now == thing::stage::finalizing) return no(errc::illegal);
        auto* file = same_file(g);
        if (file == nullptr) return no(errc::conflict);
        file->now = thing::stage::working;
        file->deadline = deadline;
        file->content = 0;
        ++file->seq;
        return {};
    }
    [[nodiscard]] static grant granted(const glance& g) {
        return {g.there->id, g.there->is.seq + 1};
    }

    answer reclaim(const glance& g, int clock) {
        if (g.there->is.now == thing::stage::working && g.there->is.deadline > clock)
            return no(errc::in_use);
        if (g.there->is.now != thing::stage::working) return no(errc::illegal);
        auto* file = same_file(g);
        if (file == nullptr || file->deadline != g.there->is.deadline) return no(errc::conflict);
        cool(*file);
        ++file->seq;
        return {};
    }

    answer prepare(const glance& g) {
        if (g.there->is.now != thing::stage::cooling) return no(errc::illegal);
        auto* file = same_file(g);
        if (file == nullptr) return no(errc::conflict);
        file->now = thing::stage::finalizing;
        return {};
    }

    answer abort(const glance& g) {
        if (g.there->is.now != thing::stage::finalizing) return no(errc::illegal);
        auto* file = same_file(g);
        if (file == nullptr) return no(errc::conflict);
        cool(*file);
        return {};
    }

    answer finalize(const glance& g, bool exact, const thing& object) {
        // One that was opened and never written may become the object again that it was.
        const auto& seen = g.there->is;
        const bool again = seen.now == thing::stage::finalized;
        if (!again && seen.now != thing::stage::finalizing) return no(errc::illegal);
        if (again && seen.content != object.content) return no(errc::conflict);
        if (same_file(g) == nullptr || !same(g, exact)) return no(errc::conflict);
        write(*path_of(g), object);
        return {};
    }

    answer renew(const grant& of, int deadline) {
        auto* file = written_by(of);
        if (file == nullptr) return no(errc::fenced);
        file->deadline = deadline;
        return {};
    }
    answer close(const grant& of) {
        auto* file = written_by(of);
        if (file == nullptr) return no(errc::fenced);
        cool(*file);
        return {};
    }

    answer ensure(std::string_view path) {
        for (std::size_t cut = 1; cut < path.size() + 1; ++cut) {
            if (cut < path.size() && path[cut] != '/') continue;
            const auto end = follow(path.substr(0, cut));
            if (!end) return std::unexpected{end.error()};
            if (is_directory(*end)) continue;
            if (at(*end) != nullptr) return no(errc::not_a_directory);
            write(*end, {});
        }
        return {};
    }

private:
    using map = std::map<std::string, note>;

    static std::unexpected<error> no(errc code) { return fail(code, "on paper", ""); }
    static std::string parent_of(const std::string& path) {
        return path.substr(0, path.rfind('/'));
    }
    static void cool(thing& file) {
        file.now = thing::stage::cooling;
        file.deadline = 0;
    }

    [[nodiscard]] const note* at(const std::string& path) const {
        const auto it = notes_.find(path);
        return it == notes_.end() ? nullptr : &it->second;
    }
    [[nodiscard]] map::iterator with_id(int id) {
        return std::ranges::find_if(notes_, [=](const auto& n) { return n.second.id == id; });
    }
    /// Where the name is now, if its directory is anywhere.
    std::optional<std::string> path_of(const glance& g) {
        const auto dir = with_id(g.parent.id);
        if (dir == notes_.end()) return std::nullopt;
        return dir->first + "/" + g.name;
    }

    bool same_parent(const glance& g, bool exact) {
        const auto dir = with_id(g.parent.id);
        return dir != notes_.end() && dir->second.is == g.parent.is &&
               (!exact || dir->second.changes == g.parent.changes);
    }
    bool same(const glance& g, bool exact) {
        if (!same_parent(g, exact)) return false;
        const auto* now = at(*path_of(g));
        if (now == nullptr || !g.there) return now == nullptr && !g.there;
        const bool directory = now->is.what == thing::kind::directory;
        return now->written == g.there->written && (directory || now->is.mode == g.there->is.mode);
    }
    /// The file, if its state is as it was seen.
    thing* same_file(const glance& g) {
        const auto file = with_id(g.there->id);
        const bool same = file != notes_.end() && file->second.is.now == g.there->is.now &&
                          file->second.is.seq == g.there->is.seq;
        return same ? &file->second.is : nullptr;
    }
    thing* written_by(const grant& of) {
        const auto file = with_id(of.id);
        const bool its = file != notes_.end() && file->second.is.now == thing::stage::working &&
                         file->second.is.seq == of.seq;
        return its ? &file->second.is : nullptr;
    }

    void write(const std::string& path, const thing& what) {
        const int n = ++given_;
        notes_.insert_or_assign(path, note{what, n, n, 0});
        ++notes_[parent_of(path)].changes;
    }
    void erase(const std::string& path) {
        notes_.erase(path);
        ++notes_[parent_of(path)].changes;
    }
    void move(const std::string& from, const std::string& to) {
        ++notes_[parent_of(from)].changes;
        if (parent_of(from) != parent_of(to)) ++notes_[parent_of(to)].changes;
        map moved;
        for (auto it = notes_.lower_bound(from); it != notes_.end();) {
            const bool below = (it->first + "/").starts_with(from + "/");
            if (!below && !it->first.starts_with(from)) break;
            if (below) moved.emplace(to + it->first.substr(from.size()), it->second);
            it = below ? notes_.erase(it) : std::next(it);
        }
        moved[to].written = ++given_;
        for (const auto& [path, n] : moved) notes_.insert_or_assign(path, n);
    }

    /// Where a path leads, links followed; its last name may be free.
    [[nodiscard]] result<std::string> follow(std::string_view path) const {
        std::deque<std::string> ahead;
        const auto before = [&](std::string_view names) {
            std::deque<std::string> split;
            for (std::size_t i = 0; i < names.size();) {
                const auto end = std::min(names.find('/', i), names.size());
                if (end > i) split.emplace_back(names.substr(i, end - i));
                i = end + 1;
            }
            ahead.insert(ahead.begin(), split.begin(), split.end());
        };
        before(path);
        std::string here;
        for (int links = 0; !ahead.empty();) {
            const auto name = ahead.front();
            ahead.pop_front();
            if (name == "..") {
                here.resize(here.empty() ? 0 : here.rfind('/'));
                continue;
            }
            const auto next = here + "/" + name;
            const auto* there = at(next);
            if (there == nullptr && ahead.empty()) return next;
            if (there == nullptr) return no(errc::not_found);
            if (there->is.what == thing::kind::link) {
                if (++links > 40) return no(errc::loop);
                if (there->is.to.starts_with('/')) here.clear();
                before(there->is.to);
            } else if (there->is.what != thing::kind::directory && !ahead.empty()) {
                return no(errc::not_a_directory);
            } else {
                here = next;
            }
        }
        return here;
    }

    map notes_{{"", {}}};
    int given_ = 0;
};

}  // namespace casement::testing
