#pragma once
// All files that are not finalized, and who may write them (SPEC F14): to look at, to take back
// what has run out, and to sweep the staging files that none of them names (W4). Any thread.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <casement/blob/staging_files.hpp>
#include <casement/core/clock.hpp>
#include <casement/core/error.hpp>
#include <casement/kv/client.hpp>
#include <casement/kv/row.hpp>
#include <casement/tree/file_node.hpp>
#include <casement/tree/rows.hpp>
#include <casement/tree/tokens.hpp>
#include <casement/tree/writer.hpp>

namespace casement::tree {

/// A file that is not finalized, as it was at one instant.
struct open_file_info {
    std::string path;
    node_id node;
    state<protocol::file> now;
    std::optional<protocol::lease::held> lease;  // nobody has it: none

    /// "working", "cooling", "finalizing" or "finalized": opened, and not written yet.
    [[nodiscard]] std::string_view state_name() const {
        constexpr std::string_view names[] = {"working", "cooling", "finalizing", "finalized"};
        return names[now.index()];
    }
    [[nodiscard]] lease_seq seq() const {
        return std::visit([](const auto& s) { return s.seq; }, now);
    }
};

/// The staging file that has the file's bytes; 0 if nothing was ever written, none where an object
/// has them.
[[nodiscard]] inline std::optional<staging_id> staging_of(const state<protocol::file>& now) {
    return std::visit(
        [](const auto& s) -> std::optional<staging_id> {
            if constexpr (requires { s.staging; })
                return s.staging;
            else
                return std::nullopt;
        },
        now);
}

/// The path of a node from its bindings up to the root. `not_found` if it is bound nowhere,
/// `too_deep`. Reads a row for each name.
template <readable R>
[[nodiscard]] result<std::string> path_of(const R& at, node_id node) {
    std::string path;
    for (int depth = 0; node != root; ++depth) {
        const std::string which = std::to_string(node.value);
        if (depth > depth_max) return fail(errc::too_deep, "find path", which);
        auto bound = read<binding>(at, node);
        if (!bound) return passed(bound);
        if (!bound->exists()) return fail(errc::not_found, "find path", which, "bound nowhere");
        path.insert(0, "/" + (*bound)->name);
        node = (*bound)->parent;
    }
    return path.empty() ? "/" : path;
}

/// Every file that is not finalized, by node, at one instant. Reads two rows a file and a row for
/// each name of its path. Memory for all of them: they are few beside what is finalized.
template <store S>
[[nodiscard]] result<std::vector<open_file_info>> list_open_files(const S& kv) {
    const auto now = kv.snapshot();
    std::vector<open_file_info> all;
    const std::string first{file_row::table};
    auto rows = now.scan(first, after_prefix(first));
    for (; rows.valid(); rows.next()) {
        const auto node = parse_row_key<file_row>(rows.key());
        if (!node) return fail(errc::corrupt, "list files", std::string{rows.key()}, "no key");
        const auto file = read_file_node(now, *node);
        if (!file) return std::unexpected{file.error()};
        auto path = path_of(now, *node);
        if (!path) return passed(path);
        open_file_info one{*std::move(path), *node, file->file()->now, {}};
        if (const auto* held = std::get_if<protocol::lease::held>(&file->lease()->now))
            one.lease = *held;
        all.push_back(std::move(one));
    }
    if (auto whole = rows.status(); !whole) return passed(whole);
    return all;
}

/// Takes back every lease whose deadline has passed at `now`, and seals what its writer wrote, in
/// the rows and then in the bytes. Answers how many. One that is renewed, closed or removed
/// meanwhile is passed over.
template <client C, blob::file_system FS>
[[nodiscard]] result<std::uint64_t> reclaim_expired(C& me, blob::staging_files<FS>& staging,
                                                    timestamp now) {
    auto all = list_open_files(me.rows());
    if (!all) return passed(all);
    std::uint64_t taken = 0;
    for (const auto& one : *all) {
        if (!one.lease) continue;
        const auto was = read_file_node(me.rows().snapshot(), one.node);
        if (!was && was.error().code() == errc::not_found) continue;
        if (!was) return std::unexpected{was.error()};
        if (auto back = reclaim(me, *was, now); !back) {
            const auto code = back.error().code();
            if (code == errc::conflict || code == errc::in_use || code == errc::illegal) continue;
            return passed(back);
        }
        if (const auto written_in = staging_of(was->file()->now)) staging.seal(*written_in);
        ++taken;
    }
    return taken;
}

/// The staging files that files' rows name. `corrupt` where a row is none.
template <readable S>
[[nodiscard]] result<std::unordered_set<staging_id>> staging_named(const S& kv) {
    std::unordered_set<staging_id> named;
    const std::string first{file_row::table};
    auto rows = kv.scan(first, after_prefix(first));
    for (; rows.valid(); rows.next()) {
        const auto row = decode<file_row>(rows.value());
        if (!row) return fail(errc::corrupt, "sweep", std::string{rows.key()}, "no such row");
        if (const auto id = staging_of(row->now)) named.insert(*id);
    }
    if (auto whole = rows.status(); !whole) return passed(whole);
    return named;
}

/// Removes staging files that no file's row names and that nobody has open: what a crash left
/// between the making of one and its grant, or between a commit and the removal (SPEC W4). Numbers
/// are never reused, so what a row names was named for good. Numbers from `end` on are left alone.
/// `before_rows` is called once files are listed and before rows are read, if there is one to look
/// for. REQUIRES: nobody in this process opens or closes files
template <store S, blob::file_system FS, class BeforeRows>
[[nodiscard]] result<blob::staging_sweep> sweep_staging(const S& kv,
                                                        blob::staging_files<FS>& staging,
                                                        std::uint64_t end, BeforeRows before_rows) {
    std::optional<std::unordered_set<staging_id>> named;
    const auto is_named = [&](staging_id id) -> result<bool> {
        if (!named) {
            if (auto ready = before_rows(); !ready) return passed(ready);
            auto all = staging_named(kv);
            if (!all) return passed(all);
            named = *std::move(all);
        }
        return named->contains(id);
    };
    return staging.sweep(is_named, end);
}
template <store S, blob::file_system FS>
[[nodiscard]] result<blob::staging_sweep> sweep_staging(const S& kv,
                                                        blob::staging_files<FS>& staging) {
    return sweep_staging(kv, staging, ~std::uint64_t{0}, [] { return result<void>{}; });
}

}  // namespace casement::tree
