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
#include <casement/kv/store.hpp>
#include <casement/tree/names.hpp>
#include <casement/tree/rows.hpp>
#include <casement/tree/tokens.hpp>

namespace casement::tree {

/// An input range of the directory's names, each a `names_cursor` that stands on it. Ask `status`
/// at its end: a damaged store ends a list early.
template <store S>
class listing : public ranges::view_facade<listing<S>, ranges::unknown> {
    using snapshot_type = decltype(std::declval<const S&>().snapshot());
    using names_type = names_cursor<snapshot_type>;

    // What iterators share with their view; on the heap, for views move and the names refer to it.
    struct shared {
        snapshot_type snapshot;
        std::optional<names_type> names;
    };

public:
    listing() = default;

    /// The directory as the list shows it, for operations that expect just that. REQUIRES: a node
    [[nodiscard]] const directory& of() const { return shared_->names->of(); }
    /// Why the list ended: well, or at damage.
    [[nodiscard]] result<void> status() const { return shared_->names->status(); }

private:
    friend ranges::range_access;
    template <store T>
    friend result<listing<T>> list(const T& kv, node_id node, std::string_view after);
    template <store T>
    friend result<listing<T>> list(const T& kv, const entry& of, std::string_view after);

    explicit listing(std::shared_ptr<shared> s) : shared_{std::move(s)} {}

    class cursor {
    public:
        using single_pass = std::true_type;
        cursor() = default;
        explicit cursor(shared* of) : of_{of} {}
        [[nodiscard]] const names_type& read() const { return *of_->names; }
        void next() { of_->names->next(); }
        [[nodiscard]] bool equal(ranges::default_sentinel_t) const { return !of_->names->valid(); }

    private:
        shared* of_ = nullptr;
    };

    [[nodiscard]] cursor begin_cursor() const { return cursor{shared_.get()}; }

    std::shared_ptr<shared> shared_;
};

/// Lists the directory from the first name after `after` on; from the beginning for "". So a list
/// is resumed by the last name that was seen. `not_found` if there is no such directory. Reads 2
/// rows, and one for each name, or a block of its base for some 200.
template <store S>
[[nodiscard]] result<listing<S>> list(const S& kv, node_id node, std::string_view after = {}) {
    using shared = typename listing<S>::shared;
    auto s = std::make_shared<shared>(shared{snapshot_with<head, rev>(kv, node, node), {}});
    auto dir = read_directory(s->snapshot, node);
    if (!dir) return passed(dir);
    s->names.emplace(s->snapshot, *std::move(dir), after);
    if (auto good = s->names->status(); !good) return passed(good);
    return listing<S>{std::move(s)};
}

/// Lists the directory that an entry points to, a node or an object. `not_a_directory`.
template <store S>
[[nodiscard]] result<listing<S>> list(const S& kv, const entry& of, std::string_view after = {}) {
    if (const auto* node = directory_in(of)) return list(kv, *node, after);
    if (!is_directory(of)) return fail(errc::not_a_directory, "list", "");
    using shared = typename listing<S>::shared;
    auto s = std::make_shared<shared>(shared{kv.snapshot(), {}});
    s->names.emplace(s->snapshot, *object_in(of), after);
    if (auto good = s->names->status(); !good) return passed(good);
    return listing<S>{std::move(s)};
}

}  // namespace casement::tree
