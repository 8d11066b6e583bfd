#pragma once
// Reads an immutable directory by its id (SPEC F11): one name in O(log n) blocks, or all in order,
// lazily. Every block is checked against its name and against its index before a byte of it is
// believed. What was read stays true for ever. A cursor belongs to one thread at a time.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/core/error.hpp>
#include <casement/core/hash.hpp>
#include <casement/core/name.hpp>
#include <casement/object/dir_block.hpp>
#include <casement/object/dir_builder.hpp>

namespace casement::object {

/// A block whose bytes had the name that it was asked for by.
using block_ptr = std::shared_ptr<const dir_block>;

/// Gives the bytes of the block of that name, or the block if they were checked before; `need_pull`
/// where they are elsewhere. Its errors come back to whoever reads the directory.
template <class F>
concept block_source = requires(F& fetch, const digest& name) {
    { fetch(name) } -> std::same_as<result<std::string>>;
}
|| requires(F& fetch, const digest& name) {
    { fetch(name) } -> std::same_as<result<block_ptr>>;
};

namespace detail {

/// A block on the way down, and the item of it that comes next.
struct dir_frame {
    block_ptr block;
    std::string end;  // every name below is less; empty: no bound
    std::size_t next = 0;

    [[nodiscard]] const dir_child& child() const { return block->children[next]; }

    /// Sets `next` to the first entry not before `name`, or to the child that would hold it.
    void seek(std::string_view name);
};

/// The block in `bytes`, if it is the one of that name. `corrupt` otherwise.
[[nodiscard]] result<block_ptr> checked_block(const digest& name, std::string_view bytes);

/// `corrupt` unless `block` is what item `next` of `above` says of it.
[[nodiscard]] result<dir_frame> checked_child(const dir_frame& above, block_ptr block);

template <block_source F>
result<block_ptr> read_block(F& fetch, const digest& name) {
    auto got = fetch(name);
    if (!got) return within(std::move(got), "read directory block", to_hex(name));
    if constexpr (std::same_as<decltype(got), result<block_ptr>>)
        return got;
    else
        return checked_block(name, *got);
}

template <block_source F>
result<dir_frame> read_root(F& fetch, const obj_id& dir) {
    if (dir.kind != obj_id::directory)
        return fail(errc::not_a_directory, "read directory", to_hex(dir.digest));
    auto block = read_block(fetch, dir.digest);
    if (!block) return passed(block);
    return dir_frame{*std::move(block), {}, 0};
}

template <block_source F>
result<dir_frame> read_child(F& fetch, const dir_frame& above) {
    auto block = read_block(fetch, above.child().block);
    if (!block) return passed(block);
    return checked_child(above, *std::move(block));
}

}  // namespace detail

/// The entry of that name, or none. Reads one block a level. `bad_name` for what is no name,
/// `not_a_directory` for the id of something else, `corrupt` for blocks that are not as written.
template <block_source F>
[[nodiscard]] result<std::optional<dir_entry>> dirobj_get_child(F&& fetch, const obj_id& dir,
                                                                std::string_view name) {
    if (auto good = check_name(name); !good) return passed(good);
    auto frame = detail::read_root(fetch, dir);
    while (frame && !frame->block->is_leaf()) {
        frame->seek(name);
        frame = detail::read_child(fetch, *frame);
    }
    if (!frame) return passed(frame);
    frame->seek(name);
    const auto& entries = frame->block->entries;
    if (frame->next == entries.size() || entries[frame->next].name != name) return std::nullopt;
    return entries[frame->next];
}

/// How many entries the directory has. Reads one block.
template <block_source F>
[[nodiscard]] result<std::uint64_t> dirobj_count(F&& fetch, const obj_id& dir) {
    auto frame = detail::read_root(fetch, dir);
    if (!frame) return passed(frame);
    return frame->block->count();
}

/// The entries of a directory in the order of their names' bytes, a block at a time. Holds one
/// block a level.
template <block_source F>
class dir_cursor {
public:
    /// Before the first entry. Reads nothing yet.
    dir_cursor(F fetch, const obj_id& dir) : fetch_{std::move(fetch)}, dir_{dir} {}

    /// The next entry, or none at the end. After an error the cursor stands where it stood: asking
    /// again tries again.
    result<std::optional<dir_entry>> next() {
        if (auto placed = place(); !placed) return passed(placed);
        while (!path_.empty()) {
            auto& frame = path_.back();
            const auto& block = *frame.block;
            const auto items = block.is_leaf() ? block.entries.size() : block.children.size();
            if (frame.next == items) {
                path_.pop_back();
            } else if (block.is_leaf()) {
                return block.entries[frame.next++];
            } else if (auto below = descend(frame); !below) {
                return passed(below);
            }
        }
        return std::nullopt;
    }

    /// `next` will give the first entry not before `name`, which need not be there, nor be a name.
    /// Reads nothing yet.
    void seek(std::string_view name) {
        path_.clear();
        sought_ = name;
    }

    /// `next` will give the first entry after `name`: how a listing is taken up again.
    void seek_past(std::string_view name) {
        seek(name);
        sought_->push_back('\0');  // no name has a NUL, so none lies in between
    }

private:
    /// Goes down to the leaf of what is sought; after an error, from where it came to.
    result<void> place() {
        if (!sought_) return {};
        if (path_.empty()) {
            auto root = detail::read_root(fetch_, dir_);
            if (!root) return passed(root);
            path_.push_back(std::move(*root));
        }
        for (path_.back().seek(*sought_); !path_.back().block->is_leaf();
             path_.back().seek(*sought_))
            if (auto below = descend(path_.back()); !below) return below;
        sought_.reset();
        return {};
    }

    result<void> descend(detail::dir_frame& frame) {
        auto below = detail::read_child(fetch_, frame);
        if (!below) return passed(below);
        ++frame.next;
        path_.push_back(std::move(*below));
        return {};
    }

    F fetch_;
    obj_id dir_;
    std::vector<detail::dir_frame> path_;               // root first
    std::optional<std::string> sought_{std::in_place};  // where to go before the next entry
};

/// A directory as an input range of `result<dir_entry>`; an error is the range's last element.
///
///     for (const auto& entry : dir_view{fetch, id}) { ... }
template <block_source F>
class dir_view {
public:
    dir_view(F fetch, const obj_id& dir) : cursor_{std::move(fetch), dir} {}

    class iterator {
    public:
        using value_type = result<dir_entry>;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::input_iterator_tag;

        explicit iterator(dir_view& view) : view_{&view} {}

        const value_type& operator*() const { return *view_->current_; }
        const value_type* operator->() const { return &*view_->current_; }
        iterator& operator++() {
            view_->advance();
            return *this;
        }
        void operator++(int) { view_->advance(); }
        bool operator==(std::default_sentinel_t) const { return !view_->current_; }

    private:
        dir_view* view_;
    };

    /// From the first entry again: what an earlier iterator stood at is gone.
    [[nodiscard]] iterator begin() {
        cursor_.seek("");
        current_.reset();
        advance();
        return iterator{*this};
    }
    [[nodiscard]] static std::default_sentinel_t end() { return std::default_sentinel; }

private:
    void advance() {
        const bool failed = current_ && !*current_;
        current_.reset();
        if (failed) return;
        auto entry = cursor_.next();
        if (!entry)
            current_ = passed(entry);
        else if (*entry)
            current_ = std::move(**entry);
    }

    dir_cursor<F> cursor_;
    std::optional<result<dir_entry>> current_;  // none at the end
};

/// Reads the whole directory, but not those inside it, and proves that it is what `dir_builder`
/// writes for its entries: `corrupt` where its blocks are cut otherwise, so that equal directories
/// have equal ids (SPEC F23). Memory of one block a level.
template <block_source F>
[[nodiscard]] result<dir_summary> dirobj_check(F&& fetch, const obj_id& dir) {
    dir_builder again{[](const digest&, std::string_view) -> result<void> { return {}; }};
    const auto by_reference = [&fetch](const digest& name) { return fetch(name); };
    for (const auto& entry : dir_view{by_reference, dir}) {
        if (!entry) return std::unexpected{entry.error()};
        if (auto pushed = again.push(*entry); !pushed) return passed(pushed);
    }
    auto summary = again.finish();
    if (summary && summary->id != dir)
        return fail(errc::corrupt, "check directory", to_text(dir), "its blocks are cut wrongly");
    return summary;
}

}  // namespace casement::object
