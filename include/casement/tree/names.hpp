#pragma once
// The names of a directory in byte order, as a directory shows them: its own entries over those of
// its base, less what tombstones hide (SPEC F12). Reads as it goes, and never touches a blob. One
// thread at a time.

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <casement/core/error.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/store.hpp>
#include <casement/object/dir_object.hpp>
#include <casement/tree/objects.hpp>
#include <casement/tree/rows.hpp>
#include <casement/tree/tokens.hpp>

namespace casement::tree {

/// Stands on a name or at the end. Views live until it moves on. REQUIRES: `at` outlives it.
template <readable R>
class names_cursor {
    using rows_type = decltype(std::declval<const R&>().scan("", ""));
    using base_type = object::dir_cursor<decltype(known_blocks(std::declval<const R&>()))>;

public:
    /// On the first name after `after`; on the first of all for "". Of `at`, `dir` was read.
    names_cursor(const R& at, directory dir, std::string_view after)
        : dir_{std::move(dir)},
          prefix_{row_key<entry>(dir_->key(""))},
          // The least name after `after` is `after` and a zero byte.
          rows_{at.scan(after.empty() ? prefix_ : prefix_ + std::string{after} + '\0',
                        after_prefix(prefix_))} {
        if (dir_->base()) {
            base_.emplace(known_blocks(at), *dir_->base());
            if (!after.empty()) base_->seek_past(after);
            next_of_base();
        }
        settle();
    }

    /// The same of a directory object, all of whose names are its own.
    names_cursor(const R& at, const obj_id& dir, std::string_view after)
        : rows_{at.scan("", "")}, base_{std::in_place, known_blocks(at), dir} {
        if (!after.empty()) base_->seek_past(after);
        next_of_base();
        settle();
    }

    /// REQUIRES: it is of a node
    [[nodiscard]] const directory& of() const {
        require(dir_.has_value(), "names of a node");
        return *dir_;
    }
    [[nodiscard]] bool valid() const { return from_base_ || (!ended_ && rows_.valid()); }
    /// Why it ended: well, or at damage, or where a block of the base is elsewhere.
    [[nodiscard]] result<void> status() const {
        if (!base_status_) return base_status_;
        return rows_.status();
    }

    /// REQUIRES: valid()
    [[nodiscard]] std::string_view name() const {
        return from_base_ ? std::string_view{of_base_->name} : name_of_row();
    }
    /// What the name points to, decoded now; `corrupt` if its row is none. REQUIRES: valid()
    [[nodiscard]] result<entry> row() const {
        if (from_base_) return as_entry(*of_base_);
        auto e = decode<entry>(rows_.value());
        if (!e) return fail(errc::corrupt, "list", std::string{name()}, "no entry");
        return *std::move(e);
    }
    /// The token of the name: a listing is a read. REQUIRES: valid(), and it is of a node
    [[nodiscard]] result<seen_name> token() const {
        const auto at = of().head().at();
        auto row = from_base_ ? not_seen_in_scan<entry>(of().key(name()), at)
                              : seen_in_scan<entry>(rows_.key(), rows_.value(), at);
        if (!row) return passed(row);
        std::optional<entry> lifted;
        if (from_base_) lifted = as_entry(*of_base_);
        return seen_name{*std::move(row), of().base(), std::move(lifted)};
    }

    /// REQUIRES: valid()
    void next() {
        if (from_base_)
            next_of_base();
        else
            rows_.next();
        settle();
    }

private:
    [[nodiscard]] std::string_view name_of_row() const {
        return rows_.key().substr(prefix_.size());
    }

    void next_of_base() {
        auto next = base_->next();
        if (next) {
            of_base_ = *std::move(next);
        } else {
            base_status_ = std::unexpected{std::move(next).error().within("list", "")};
            of_base_.reset();
            ended_ = true;  // what follows in the upper layer would pass for the whole
        }
    }

    /// Goes on to a name that is shown: of two equal ones the row wins, and a tombstone hides both.
    void settle() {
        for (;;) {
            from_base_ = false;
            if (ended_ || !rows_.valid()) {
                from_base_ = !ended_ && of_base_.has_value();
                return;
            }
            if (of_base_ && of_base_->name < name_of_row()) {
                from_base_ = true;
                return;
            }
            if (of_base_ && of_base_->name == name_of_row()) next_of_base();
            if (!hides(rows_.value())) return;
            rows_.next();
        }
    }

    // An entry begins with the tag of what it points to.
    [[nodiscard]] static bool hides(std::string_view row) {
        return !row.empty() && row.front() == char{protocol::dentry::tombstone::tag};
    }

    std::optional<directory> dir_;
    std::string prefix_;
    rows_type rows_;
    std::optional<base_type> base_;
    std::optional<object::dir_entry> of_base_;  // the next one
    result<void> base_status_;
    bool from_base_ = false, ended_ = false;
};

/// `not_empty` if the directory shows a name, `not_found` if it is not there. Reads 3 rows at most;
/// over a base, all tombstones and the base's blocks.
template <store S>
[[nodiscard]] result<emptiness> see_empty(const S& kv, node_id node) {
    const auto now = snapshot_with<head, rev>(kv, node, node);
    auto dir = read_directory(now, node);
    if (!dir) return passed(dir);
    const names_cursor names{now, *dir, ""};
    if (auto s = names.status(); !s) return passed(s);
    if (names.valid())
        return fail(errc::not_empty, "see empty", std::string{names.name()},
                    "is still in the directory");
    return emptiness{*std::move(dir)};
}

}  // namespace casement::tree
