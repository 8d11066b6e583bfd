#pragma once
// Writes an immutable directory from its entries in order, in memory of one block a level, and
// hands each block out as soon as it is full: children before parents, the root last, so that a
// crash leaves blocks that no one names and never a name without its blocks. One thread at a time.

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/core/assert.hpp>
#include <casement/core/codec.hpp>
#include <casement/core/hash.hpp>
#include <casement/object/dir_block.hpp>

namespace casement::object {

/// Takes a block and its name. The same block may come more than once.
template <class S>
concept block_sink = requires(S& sink, const digest& name, std::string_view bytes) {
    { sink(name, bytes) } -> std::same_as<result<void>>;
};

/// What `dir_builder::finish` made.
struct dir_summary {
    obj_id id;
    std::uint64_t entries = 0;
    std::uint64_t blocks = 0;
    std::uint64_t bytes = 0;  // of all blocks
    unsigned levels = 0;      // blocks from the root to any entry

    bool operator==(const dir_summary&) const = default;
};

/// The id depends on the entries alone: not on when they come, nor on what was built before.
template <block_sink S>
class dir_builder {
public:
    explicit dir_builder(S sink) : sink_{std::move(sink)} {}

    /// The next entry, by the order of the names' bytes. `exists` for the name just given,
    /// `illegal` for an earlier one, and what `check_entry` finds: the builder is as it was then.
    /// After an error of the sink, which comes back as it is, it is spent.
    result<void> push(const dir_entry& entry) {
        require(!spent_, "a builder is not used after it finished or its sink failed");
        if (auto good = check_entry(entry); !good) return good;
        if (total_.entries > 0 && entry.name <= last_)
            return fail(entry.name == last_ ? errc::exists : errc::illegal, "add entry", entry.name,
                        "not after '" + last_ + "'");
        last_ = entry.name;
        ++total_.entries;
        return add(0, entry.name, encode(entry), 1);
    }

    /// Writes what is still open. The builder is spent.
    result<dir_summary> finish() {
        require(!spent_, "a builder finishes once");
        if (levels_.empty()) levels_.push_back(open_block{0});
        for (unsigned level = 0;; ++level) {
            auto& open = levels_[level];
            const bool top = level + 1 == levels_.size();
            if (top && level > 0 && open.items == 1) return finished(open.only_child, level);
            if (open.items == 0 && !top) continue;
            auto name = emit(open);
            if (!name) return passed(name);
            if (top) return finished(*name, level + 1);
            if (auto up = add_child(level, *name); !up) return passed(up);
        }
    }

private:
    /// The block of a level that still grows.
    struct open_block {
        std::uint8_t level;
        std::string bytes = dir_block_header(level);
        std::string first{};
        std::uint64_t items = 0;
        std::uint64_t entries = 0;
        digest only_child{};  // an index of one child is not written: the child is the root
    };

    result<void> add(std::size_t level, const std::string& name, const std::string& item,
                     std::uint64_t entries) {
        if (level == levels_.size())
            levels_.push_back(open_block{static_cast<std::uint8_t>(level)});
        if (levels_[level].bytes.size() + item.size() > dir_block_bytes_max)
            if (auto closed = close(level); !closed) return closed;
        auto& open = levels_[level];
        if (open.items++ == 0) open.first = name;
        open.bytes += item;
        open.entries += entries;
        return ends_block(open.level, name, open.bytes.size()) ? close(level) : result<void>{};
    }

    result<void> close(std::size_t level) {
        auto name = emit(levels_[level]);
        if (!name) return passed(name);
        return add_child(level, *name);
    }

    /// Names the block just written at `level` in the index above, and begins the next.
    result<void> add_child(std::size_t level, const digest& block) {
        require(level + 1 < dir_levels_max, "2^64 entries need fewer levels");
        auto& open = levels_[level];
        const dir_child child{std::move(open.first), block, open.entries};
        open = open_block{open.level};
        if (auto up = add(level + 1, child.first, encode(child), child.entries); !up) return up;
        levels_[level + 1].only_child = block;
        return {};
    }

    result<digest> emit(const open_block& open) {
        const auto name = sha256_of(open.bytes);
        ++total_.blocks;
        total_.bytes += open.bytes.size();
        spent_ = true;
        if (auto taken = sink_(name, std::string_view{open.bytes}); !taken) return passed(taken);
        spent_ = false;
        return name;
    }

    result<dir_summary> finished(const digest& root, unsigned levels) {
        spent_ = true;
        total_.id = obj_id{obj_id::directory, root};
        total_.levels = levels;
        return total_;
    }

    S sink_;
    std::vector<open_block> levels_;
    std::string last_;
    dir_summary total_{};
    bool spent_ = false;
};

}  // namespace casement::object
