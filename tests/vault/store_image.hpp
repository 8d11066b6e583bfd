#pragma once
// A small store that holds every kind of thing, and what must be read from it: for tests that break
// its files and look.

#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include <casement/core/assert.hpp>
#include <casement/core/error.hpp>
#include <casement/tree/list.hpp>
#include <casement/vault.hpp>

#include "support/all_bytes.hpp"

namespace casement::testing {

/// What a path must answer: kind, facts, and bytes or a link's target.
struct answer {
    char kind = '?';
    tree::facts about;
    std::string bytes;

    bool operator==(const answer&) const = default;
};
using answers = std::map<std::string, answer>;

inline std::string noise(std::size_t size, unsigned seed) {
    std::string out;
    for (std::uint64_t x = seed * 2654435761u + 1; out.size() < size;) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        out.push_back(static_cast<char>(x));
    }
    return out;
}

/// Thresholds that give each placement a blob of some kilobytes.
inline constexpr blob::thresholds small_sizes{1000, 4000, 20000};

/// What a beginning needs must go well, with gtest or without.
template <class T>
T well(result<T> r) {
    if (!r) std::fprintf(stderr, "%s\n", r.error().message().c_str());
    require(r.has_value(), "a store can be filled");
    if constexpr (!std::is_void_v<T>) return *std::move(r);
}

inline void put(vault& v, const std::string& directory, const std::string& name,
                const std::string& bytes) {
    const auto node = well(v.make_path(directory, {0755, {1'000'000'007}, 0}));
    auto staged = well(v.stage());
    well(staged.write(bytes));
    (void)well(v.settle_file(node, name, std::move(staged), {0640, {1'234'567'890'123}, 0}));
}

/// Fills a new store: empty, inline, packed and dedicated files, a twin, links, directories.
inline void fill(vault& v) {
    put(v, "/a", "empty", "");
    put(v, "/a", "inline", noise(900, 1));
    put(v, "/a", "packed", noise(3000, 2));
    put(v, "/a/b", "dedicated", noise(9000, 3));
    put(v, "/a/b", "twin", noise(3000, 2));
    for (unsigned n = 0; n < 12; ++n)
        put(v, "/many", "f" + std::to_string(n), noise(40 * n, 9 + n));
    (void)well(v.settle_link(tree::root, "link", "a/b", {0777, {-5}, 0}));
    (void)well(v.make_directory("/hollow", {0700, {42}, 0}));
}

/// Everything that can be read below the root, or the first error that stands in the way.
inline result<answers> read_all(vault& v) {
    answers all;
    const auto visit = [&](const auto& self, tree::node_id node,
                           const std::string& path) -> result<void> {
        auto names = tree::list(v.rows(), node);
        if (!names) return passed(names);
        all[path] = {'d', {names->of().head()->mode, names->of().head()->mtime, 0}, {}};
        for (const auto& listed : *names) {
            auto row = listed.row();
            if (!row) return passed(row);
            const std::string here = path + "/" + std::string{listed.name()};
            if (const auto* child = tree::directory_in(*row)) {
                if (auto below = self(self, *child, here); !below) return below;
            } else if (const auto* l = std::get_if<protocol::dentry::symlink>(&row->target)) {
                all[here] = {'l', row->about, l->path};
            } else {
                auto file = v.read_file(here);
                if (!file) return passed(file);
                auto bytes = all_bytes(*file);
                if (!bytes) return passed(bytes);
                all[here] = {'f', row->about, *std::move(bytes)};
            }
        }
        return names->status();
    };
    if (auto done = visit(visit, tree::root, ""); !done) return passed(done);
    return all;
}

}  // namespace casement::testing
