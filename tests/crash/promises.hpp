#pragma once
// What a user was told of a store, and whether a directory that something went wrong with keeps it.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "crash/record.hpp"

namespace casement::testing {

using leads_to = std::optional<std::string>;

/// What a user was told: where a path leads, and where it may lead while a call has not returned.
class promises {
public:
    void note(const crash_record& r) {
        ++version_;
        if (r.what == crash_record::promises) {
            may_.emplace_back(r.path, r.bytes);
            return;
        }
        for (auto& [path, bytes] : may_) is_[path] = std::move(bytes);
        may_.clear();
    }
    /// Why it cannot be so, or "".
    [[nodiscard]] std::string broken_by(const std::string& path, const leads_to& found) const {
        const auto known = is_.find(path);
        const leads_to was = known == is_.end() ? leads_to{} : known->second;
        if (found == was) return "";
        for (const auto& [which, bytes] : may_)
            if (which == path && bytes == found) return "";
        return path + " leads to " + said(found) + ", and was to lead to " + said(was);
    }
    [[nodiscard]] std::set<std::string> paths() const {
        std::set<std::string> all;
        for (const auto& [path, _] : is_) all.insert(path);
        for (const auto& [path, _] : may_) all.insert(path);
        return all;
    }
    /// Whether the store itself was promised.
    [[nodiscard]] bool of_a_store() const { return is_.contains("/") && is_.at("/").has_value(); }
    [[nodiscard]] std::uint64_t version() const { return version_; }

private:
    static std::string said(const leads_to& what) {
        if (!what) return "nothing";
        return std::to_string(what->size()) + " bytes \"" + what->substr(0, 8) + "\"";
    }
    std::map<std::string, leads_to> is_;
    std::vector<std::pair<std::string, leads_to>> may_;
    std::uint64_t version_ = 0;
};

/// What is wrong with a store, or "": what was promised is there, all that any row names is there
/// and whole, and it goes on. A store that was not promised is made.
[[nodiscard]] std::string complaint_of(const std::string& path, const promises& told);

}  // namespace casement::testing
