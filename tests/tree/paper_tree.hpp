#pragma once
// The tree on paper: a map from paths to what is there, changed by the rules of SPEC F5-F10 and by
// nothing else. It knows no rows, tokens or guards; the tree must agree with it after any sequence
// of operations.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <casement/core/error.hpp>

namespace casement::testing {

struct thing {
    enum class kind : std::uint8_t { directory, file, link };
    kind what = kind::directory;
    int content = 0;         // of a file
    std::string to;          // of a link
    std::uint32_t mode = 0;  // of a file or link

    bool operator==(const thing&) const = default;
};

/// Paths are "/a/b"; the root is "". Answers with the code that the tree must answer with.
class paper_tree {
public:
    using answer = result<void>;
    using map = std::map<std::string, thing>;

    [[nodiscard]] const map& things() const { return things_; }

    [[nodiscard]] bool is_directory(const std::string& path) const {
        const auto* it = at(path);
        return path.empty() || (it != nullptr && it->what == thing::kind::directory);
    }
    [[nodiscard]] const thing* at(const std::string& path) const {
        const auto it = things_.find(path);
        return it == things_.end() ? nullptr : &it->second;
    }

    answer create(const std::string& path, thing what) {
        if (!things_.emplace(path, std::move(what)).second) return no(errc::exists);
        return {};
    }

    answer replace(const std::string& path, const thing& by) {
        const auto it = things_.find(path);
        if (it == things_.end() || it->second.what != by.what) return no(errc::illegal);
        it->second = by;
        return {};
    }

    answer set_mode(const std::string& path, std::uint32_t mode) {
        const auto it = things_.find(path);
        if (it == things_.end()) return no(errc::not_found);
        if (it->second.what == thing::kind::directory) return no(errc::illegal);
        it->second.mode = mode;
        return {};
    }

    answer remove(const std::string& path) {
        const auto* it = at(path);
        if (it == nullptr) return no(errc::not_found);
        if (it->what == thing::kind::directory) return no(errc::is_a_directory);
        things_.erase(path);
        return {};
    }

    /// REQUIRES: is_directory(path)
    answer remove_directory(const std::string& path) {
        if (below(path) != things_.upper_bound(path + "0")) return no(errc::not_empty);
        things_.erase(path);
        return {};
    }

    answer rename(const std::string& from, const std::string& to) {
        const auto* source = at(from);
        if (source == nullptr) return no(errc::not_found);
        if (from == to) return no(errc::exists);
        if (const auto* there = at(to);
            there != nullptr &&
            (source->what == thing::kind::directory || there->what == thing::kind::directory))
            return no(errc::exists);
        if ((to + "/").starts_with(from + "/")) return no(errc::loop);
        map moved;
        for (auto it = things_.begin(); it != things_.end();) {
            if (it->first != from && !it->first.starts_with(from + "/")) {
                ++it;
                continue;
            }
            moved.insert_or_assign(to + it->first.substr(from.size()), it->second);
            it = things_.erase(it);
        }
        for (auto& [path, what] : moved) things_.insert_or_assign(path, what);
        return {};
    }

    answer ensure(std::string_view path) {
        for (std::size_t cut = 1; cut < path.size() + 1; ++cut) {
            if (cut < path.size() && path[cut] != '/') continue;
            const auto end = follow(path.substr(0, cut));
            if (!end) return std::unexpected{end.error()};
            if (is_directory(*end)) continue;
            if (at(*end) != nullptr) return no(errc::not_a_directory);
            things_.emplace(*end, thing{});
        }
        return {};
    }

private:
    static std::unexpected<error> no(errc code) { return fail(code, "on paper", ""); }

    [[nodiscard]] map::const_iterator below(const std::string& path) const {
        return things_.upper_bound(path + "/");
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
            if (there->what == thing::kind::link) {
                if (++links > 40) return no(errc::loop);
                if (there->to.starts_with('/')) here.clear();
                before(there->to);
            } else if (there->what == thing::kind::file && !ahead.empty()) {
                return no(errc::not_a_directory);
            } else {
                here = next;
            }
        }
        return here;
    }

    map things_;
};

}  // namespace casement::testing
