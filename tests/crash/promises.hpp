#pragma once
// What a user was told of a store, and whether a directory that something went wrong with keeps it.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/tree/fsck.hpp>
#include <casement/tree/verify.hpp>
#include <casement/vault.hpp>

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

namespace detail {

[[nodiscard]] inline std::string lost(vault& v, const promises& told) {
    for (const auto& path : told.paths()) {
        if (path == "/") continue;
        leads_to found;
        auto read = v.read_file(path);
        if (read) {
            found.emplace();
            auto all = read->for_each_piece([&](std::string_view piece) -> result<void> {
                found->append(piece);
                return {};
            });
            if (!all) return all.error().message();
        } else if (read.error().code() == errc::in_use) {
            continue;  // a writer was at it; whoever takes its lease back goes on
        } else if (read.error().code() != errc::not_found) {
            return read.error().message();
        }
        if (auto why = told.broken_by(path, found); !why.empty()) return why;
    }
    return "";
}
[[nodiscard]] inline std::string unsound(vault& v) {
    const auto seen = tree::verify(v.rows(), v.contents());
    if (seen.problem_count > 0) return "verify: " + seen.problems.front().what.message();
    const auto checked = tree::fsck(v.client(), false);
    if (!checked) return checked.error().message();
    return checked->found.empty() ? "" : "fsck: " + checked->found.front().what;
}
[[nodiscard]] inline std::string goes_on(vault& v) {
    auto staged = v.stage();
    if (!staged) return staged.error().message();
    if (auto w = staged->write(std::string(20 << 10, '!')); !w) return w.error().message();
    auto at = v.resolve("/afterwards");
    if (!at) return at.error().message();
    auto put = v.settle_file(at->parent.node(), "afterwards", *std::move(staged), {0644, {}, 0});
    if (!put) return put.error().message();
    if (auto gone = v.collect({.grace = {}}); !gone) return gone.error().message();
    if (auto small = v.compact(); !small) return small.error().message();
    if (auto closed = v.close(); !closed) return closed.error().message();
    return "";
}

}  // namespace detail

/// What is wrong with a store, or "": what was promised is there, all that any row names is there
/// and whole, and it goes on. A store that was not promised is made.
[[nodiscard]] inline std::string complaint_of(const std::string& path, const promises& told) {
    vault_options how;
    how.durable = durability::process;  // of what is left, nothing more is lost
    auto v = vault::open(path, how);
    if (!v && !told.of_a_store() && v.error().code() == errc::not_found)
        v = vault::create(path, how);
    if (!v) return v.error().message();
    if (auto why = detail::lost(*v, told); !why.empty()) return why;
    if (auto why = detail::unsound(*v); !why.empty()) return why;
    return detail::goes_on(*v);
}

}  // namespace casement::testing
