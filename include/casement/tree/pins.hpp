#pragma once
// What snapshots pin (SPEC F18): the bytes that are stored because of one, and those that are
// stored because of it alone. Reads the tree and every snapshot; one thread. Memory: some 100 bytes
// for each object that is stored.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <casement/core/error.hpp>
#include <casement/kv/row.hpp>
#include <casement/tree/objects.hpp>
#include <casement/tree/reach.hpp>
#include <casement/tree/rows.hpp>
#include <casement/tree/snapshot.hpp>

namespace casement::tree {

/// What one snapshot keeps from being collected, in bytes.
struct pinned {
    std::string name;
    snapshot what;
    std::uint64_t bytes = 0;        // of files, and of directories' blocks, each once
    std::uint64_t bytes_alone = 0;  // that no name of the tree and no other snapshot leads to
};

/// Reads what each snapshot pins. One thread; used once.
template <readable R>
class pin_reader {
public:
    explicit pin_reader(const R& at) : at_{at} {}

    /// In the order of their names.
    [[nodiscard]] result<std::vector<pinned>> read() {
        if (auto s = read_tree_roots(); !s) return passed(s);
        const std::string table{snapshot::table};
        auto rows = at_.scan(table, after_prefix(table));
        for (; rows.valid(); rows.next()) {
            auto what = decode<snapshot>(rows.value());
            if (!what) return fail(errc::corrupt, "read snapshot", std::string{rows.key()});
            pins_.push_back({std::string{rows.key().substr(1)}, *std::move(what)});
            who_ = pins_.size();
            object_walk<R> walk{at_};
            if (auto s = below(walk, pins_.back().what.root); !s) return passed(s);
        }
        if (auto s = rows.status(); !s) return passed(s);
        for (const auto& [id, o] : objects_)
            if (o.first > 0 && o.first != several) pins_[o.first - 1].bytes_alone += o.bytes;
        return std::move(pins_);
    }

private:
    static constexpr std::size_t the_tree = 0, several = ~std::size_t{};

    struct owned {
        std::size_t first, last;  // who leads to it: the tree, or a snapshot's number from 1 on
        std::uint64_t bytes;
    };

    result<void> read_tree_roots() {
        object_walk<R> walk{at_};
        const auto all = [&]<row T>(const auto& object_of) -> result<void> {
            const std::string table{T::table};
            auto rows = at_.scan(table, after_prefix(table));
            for (; rows.valid(); rows.next()) {
                const auto value = decode<T>(rows.value());
                if (!value) return fail(errc::corrupt, "read row", std::string{rows.key()});
                const obj_id* id = object_of(*value);
                if (id == nullptr) continue;
                if (id->kind == obj_id::file)
                    meet(*id, 0);
                else if (auto s = below(walk, *id); !s)
                    return s;
            }
            return rows.status();
        };
        auto s = all.template operator()<entry>([](const entry& e) { return object_in(e); });
        if (!s) return s;
        return all.template operator()<head>(
            [](const head& h) { return h.base ? &*h.base : nullptr; });
    }

    result<void> below(object_walk<R>& walk, const obj_id& dir) {
        return walk.below(
            dir, "",
            [&](const obj_id& block) -> result<void> {
                auto bytes = blocks_in(at_)(block.digest);
                if (!bytes) return passed(bytes);
                meet(block, bytes->size());
                return {};
            },
            [&](const std::string&, const object::dir_entry& e) -> result<void> {
                const auto* id = std::get_if<obj_id>(&e.target);
                if (id != nullptr && id->kind == obj_id::file) meet(*id, e.size);
                return {};
            });
    }

    void meet(const obj_id& id, std::uint64_t bytes) {
        const auto [where, fresh] = objects_.try_emplace(id, owned{who_, several, bytes});
        auto& o = where->second;
        if (o.first != who_) o.first = several;
        if (std::exchange(o.last, who_) != who_ && who_ > 0) pins_[who_ - 1].bytes += bytes;
    }

    const R& at_;
    std::size_t who_ = the_tree;
    std::vector<pinned> pins_;
    std::unordered_map<obj_id, owned> objects_;
};

/// What each snapshot pins at one instant. `corrupt`, and `need_pull` where an object is elsewhere.
template <store S>
[[nodiscard]] result<std::vector<pinned>> read_pins(const S& kv) {
    const auto now = kv.snapshot();
    return pin_reader{now}.read();
}

}  // namespace casement::tree
