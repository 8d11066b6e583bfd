#pragma once
// The names of a directory, in byte order, as a lazy range-v3 view over one instant, tagged with
// the rev that it is a list of (SPEC F12). It reads as it goes, decodes what is asked for, and
// never touches a blob. One thread at a time.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <range/v3/view/facade.hpp>

#include <casement/core/error.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/store.hpp>
#include <casement/tree/rows.hpp>
#include <casement/tree/tokens.hpp>

namespace casement::tree {

/// One name of a listing. Views live until the listing moves on.
class listed {
public:
    listed() = default;
    listed(std::string_view key, std::string_view value, std::size_t prefix, version at)
        : key_{key}, value_{value}, prefix_{prefix}, at_{at} {}

    [[nodiscard]] std::string_view name() const { return key_.substr(prefix_); }
    /// The row, decoded now; `corrupt` if it is none.
    [[nodiscard]] result<entry> row() const {
        auto e = decode<entry>(value_);
        if (!e) return fail(errc::corrupt, "list", std::string{name()}, "no entry");
        return *std::move(e);
    }
    /// The token of this row: a listing is a read.
    [[nodiscard]] result<seen<entry>> token() const {
        return seen_in_scan<entry>(key_, value_, at_);
    }

private:
    std::string_view key_, value_;
    std::size_t prefix_ = 0;
    version at_;
};

/// An input range of `listed`. Ask `status` at its end: a damaged store ends a list early.
template <store S>
class listing : public ranges::view_facade<listing<S>, ranges::unknown> {
    using snapshot_type = decltype(std::declval<const S&>().snapshot());
    using cursor_type = decltype(std::declval<const snapshot_type&>().scan("", ""));

    // What iterators share with their view; on the heap, for views move.
    struct shared {
        snapshot_type snapshot;
        directory dir;
        std::string prefix;
        cursor_type rows;
    };

public:
    listing() = default;

    /// The directory as the list shows it, for operations that expect just that.
    [[nodiscard]] const directory& of() const { return shared_->dir; }
    /// Why the list ended: well, or at damage.
    [[nodiscard]] result<void> status() const { return shared_->rows.status(); }

private:
    friend ranges::range_access;
    template <store T>
    friend result<listing<T>> list(const T& kv, node_id node, std::string_view after);

    explicit listing(std::shared_ptr<shared> s) : shared_{std::move(s)} {}

    class cursor {
    public:
        using single_pass = std::true_type;
        cursor() = default;
        explicit cursor(shared* of) : of_{of} {}
        [[nodiscard]] listed read() const {
            return {of_->rows.key(), of_->rows.value(), of_->prefix.size(), of_->dir.head().at()};
        }
        void next() { of_->rows.next(); }
        [[nodiscard]] bool equal(ranges::default_sentinel_t) const { return !of_->rows.valid(); }

    private:
        shared* of_ = nullptr;
    };

    [[nodiscard]] cursor begin_cursor() const { return cursor{shared_.get()}; }

    std::shared_ptr<shared> shared_;
};

/// Lists the directory from the first name after `after` on; from the beginning for "". So a list
/// is resumed by the last name that was seen. `not_found` if there is no such directory. Reads 2
/// rows, and one for each name.
template <store S>
[[nodiscard]] result<listing<S>> list(const S& kv, node_id node, std::string_view after = {}) {
    using shared = typename listing<S>::shared;
    auto snapshot = kv.snapshot();
    auto dir = read_directory(snapshot, node);
    if (!dir) return passed(dir);
    std::string prefix = row_key<entry>(dir->key(""));
    // The least name after `after` is `after` and a zero byte.
    const std::string first = after.empty() ? prefix : prefix + std::string{after} + '\0';
    auto rows = snapshot.scan(first, after_prefix(prefix));
    if (auto s = rows.status(); !s) return passed(s);
    return listing<S>{std::make_shared<shared>(
        shared{std::move(snapshot), *std::move(dir), std::move(prefix), std::move(rows)})};
}

}  // namespace casement::tree
