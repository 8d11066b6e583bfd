#pragma once
// What a caller must have seen before it may change a directory, as types (SPEC F1, F4a-F4d): there
// is no operation without them, and each comes only from a read. Values; any thread.

#include <algorithm>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/core/error.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/store.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/machine/apply.hpp>
#include <casement/tree/objects.hpp>
#include <casement/tree/rows.hpp>

namespace casement::tree {

/// A directory as it was at one instant.
class directory {
public:
    [[nodiscard]] node_id node() const { return head_.key(); }
    [[nodiscard]] layer_id layer() const { return head_->layer; }
    [[nodiscard]] const seen<tree::head>& head() const { return head_; }
    [[nodiscard]] const seen<tree::rev>& rev() const { return rev_; }
    /// The immutable directory that shows where this one has no entry of its own.
    [[nodiscard]] const std::optional<obj_id>& base() const { return head_->base; }

    /// The key of a name in it. REQUIRES: `name` outlives the key.
    [[nodiscard]] entry::key key(std::string_view name) const { return {node(), layer(), name}; }

private:
    template <readable R>
    friend result<directory> read_directory(const R& at, node_id node);
    directory(seen<tree::head> h, seen<tree::rev> r) : head_{std::move(h)}, rev_{std::move(r)} {}

    seen<tree::head> head_;
    seen<tree::rev> rev_;
};

/// Reads a directory's head and rev from one source; from a snapshot they are of one instant.
/// `not_found` if there is no such directory, or no more. Reads 2 rows.
template <readable R>
[[nodiscard]] result<directory> read_directory(const R& at, node_id node) {
    const auto& rows = together<head, rev>(at, node, node);
    auto h = read<head>(rows, node);
    if (!h) return passed(h);
    auto r = read<rev>(rows, node);
    if (!r) return passed(r);
    const std::string which = std::to_string(node.value);
    if (!h->exists()) return fail(errc::not_found, "read directory", which, "no such directory");
    if (!r->exists()) return fail(errc::corrupt, "read directory", which, "it has no rev");
    return directory{*std::move(h), *std::move(r)};
}

/// Whether the directory, as it was seen, takes a change of its names: `illegal` once it is sealed
/// (SPEC F4d), `read_only` where it is mounted (F20). That it is still so when the change commits,
/// its head's guard says.
[[nodiscard]] inline result<void> takes(const directory& parent,
                                        const event<protocol::directory>& change,
                                        std::string_view operation, std::string_view name) {
    if (std::holds_alternative<protocol::directory::mounted>(parent.head()->life))
        return fail(errc::read_only, std::string{operation}, std::string{name},
                    "the directory is mounted");
    auto after = casement::apply<protocol::directory>(parent.head()->life, change);
    if (!after) return within(std::move(after), std::string{operation}, std::string{name});
    return {};
}

/// A name as it was seen in a directory: its row, or what the base has where there is no row. It is
/// what a change of the name carries (contract 2); an entry made by hand proves nothing.
class seen_name {
public:
    /// Is something there? A tombstone is nothing.
    [[nodiscard]] bool exists() const {
        return row_.exists() ? !is_tombstone(*row_) : lifted_.has_value();
    }
    /// REQUIRES: exists()
    [[nodiscard]] const entry& operator*() const {
        require(exists(), "the name that was seen exists");
        return row_.exists() ? *row_ : *lifted_;
    }
    /// REQUIRES: exists()
    [[nodiscard]] const entry* operator->() const { return &**this; }

    /// Its names are views into this token.
    [[nodiscard]] entry::key key() const { return row_.key(); }
    [[nodiscard]] std::string_view key_bytes() const { return row_.key_bytes(); }

    /// The row of the upper layer, which may be absent: what a commit guards.
    [[nodiscard]] const seen<entry>& row() const { return row_; }
    /// The base that the directory had. The head's guard says that it still has it.
    [[nodiscard]] const std::optional<obj_id>& base() const { return base_; }
    /// Does the base alone show it?
    [[nodiscard]] bool is_of_base() const { return !row_.exists() && lifted_.has_value(); }

    /// The state of the name as its machine knows it: what the base shows is lifted, for whoever
    /// changes it.
    [[nodiscard]] state<protocol::dentry> target() const {
        if (row_.exists()) return row_->target;
        return lifted_ ? lifted_->target : state<protocol::dentry>{};
    }

    /// The token as bytes, and back: see `seen::from_record`.
    [[nodiscard]] std::string to_record() const {
        return encode(record{row_.to_record(), base_, lifted_});
    }
    [[nodiscard]] static result<seen_name> from_record(std::string_view bytes) {
        auto parts = decode<record>(bytes);
        if (!parts) return fail(errc::corrupt, "read token", std::string{bytes}, "not of a name");
        auto row = seen<entry>::from_record(parts->row);
        if (!row) return passed(row);
        return seen_name{*std::move(row), parts->base, std::move(parts->lifted)};
    }

private:
    struct record {
        std::string row;
        std::optional<obj_id> base;
        std::optional<entry> lifted;
    };
    template <readable R>
    friend result<seen_name> see_name(const R& at, const directory& dir, std::string_view name);
    template <readable R>
    friend class names_cursor;
    seen_name(seen<entry> row, std::optional<obj_id> base, std::optional<entry> lifted)
        : row_{std::move(row)}, base_{base}, lifted_{std::move(lifted)} {}

    seen<entry> row_;
    std::optional<obj_id> base_;
    std::optional<entry> lifted_;
};

/// What the directory's base has under a name. Reads a block a level of it, none without a base.
template <readable R>
[[nodiscard]] result<std::optional<entry>> see_in_base(const R& at, const directory& dir,
                                                       std::string_view name) {
    if (!dir.base()) return std::nullopt;
    auto there = object::dirobj_get_child(known_blocks(at), *dir.base(), name);
    if (!there) return passed(there);
    if (!*there) return std::nullopt;
    return as_entry(**there);
}

/// Reads what a name points to, from a source in which the directory is as it was seen (see
/// `look_up`). Reads 1 row, and the base where that is absent.
template <readable R>
[[nodiscard]] result<seen_name> see_name(const R& at, const directory& dir, std::string_view name) {
    auto row = read<entry>(at, dir.key(name));
    if (!row) return passed(row);
    std::optional<entry> lifted;
    if (!row->exists() && dir.base()) {
        auto there = see_in_base(at, dir, name);
        if (!there) return passed(there);
        lifted = *std::move(there);
    }
    return seen_name{*std::move(row), dir.base(), std::move(lifted)};
}

/// Contract 1: the directory is exactly as it was seen, every name in it. Changes made through this
/// exclude each other.
class at_rev {
public:
    explicit at_rev(directory parent) : parent_{std::move(parent)} {}
    [[nodiscard]] const directory& parent() const { return parent_; }

    template <store S>
    void guard(transaction<S>& t) const {
        t.expect(parent_.head(), "the parent is as it was seen");
        t.expect(parent_.rev(), "the parent's rev is as expected");
    }

private:
    directory parent_;
};

/// The named alternative (DESIGN D4): the directory is alive with the same layer, whatever else has
/// changed in it; only the name itself is guarded. Changes of different names commute.
class any_rev {
public:
    explicit any_rev(directory parent) : parent_{std::move(parent)} {}
    [[nodiscard]] const directory& parent() const { return parent_; }

    template <store S>
    void guard(transaction<S>& t) const {
        t.expect(parent_.head(), "the parent is as it was seen");
    }

private:
    directory parent_;
};

/// What a change must say of its directory: `at_rev{dir}` or `any_rev{dir}`. Nothing else will do.
template <class P>
concept parent_expectation = std::same_as<P, at_rev> || std::same_as<P, any_rev>;

/// Says in the compiler's message which contract a call has left out.
template <class P>
struct contract_1_a_directory_change_names_its_expected_parent_rev {
    static constexpr bool kept = true;
    static_assert(parent_expectation<P>,
                  "casement: contract 1: pass at_rev{directory} or any_rev{directory}, read by "
                  "read_directory where the change was decided");
};

class emptiness;
class ancestry;

/// Whether a call passes a `T` at all; one that does not is told which contract it has left out.
template <class T, class... Given>
inline constexpr bool passes = (std::same_as<Given, T> || ...);

/// The compiler's message for a change of a name that does not say what the name pointed to.
template <class... Given>
struct contract_2_a_change_of_a_name_carries_what_was_seen_there {
    static constexpr bool kept = true;
    static_assert(
        passes<seen_name, Given...>,
        "casement: contract 2: pass the seen_name that look_up, list or resolve gave where "
        "the change was decided; an entry made by hand proves nothing");
};

/// The compiler's message for a rename that does not say what both its names pointed to.
template <class... Given>
struct contract_2_a_rename_carries_what_was_seen_at_both_names {
    static constexpr bool kept = true;
    static_assert((std::same_as<Given, seen_name> + ...) == 2,
                  "casement: contract 2: pass a seen_name for the source and one for the "
                  "destination, which may be free, as look_up gave them");
};

/// The compiler's message for the removal of a directory that nobody saw empty.
template <class... Given>
struct contract_of_life_a_removed_directory_was_seen_empty {
    static constexpr bool kept = true;
    static_assert(passes<emptiness, Given...>,
                  "casement: contract of life: pass the emptiness that see_empty gave for the "
                  "directory; its removal guards just that");
};

/// The compiler's message for a rename of a directory that does not know what lies above it.
template <class... Given>
struct contract_of_shape_a_directory_rename_guards_what_lies_above {
    static constexpr bool kept = true;
    static_assert(passes<ancestry, Given...>,
                  "casement: contract of shape: pass the ancestry that read_ancestry gave for the "
                  "destination's directory, else two renames at once can make a loop");
};

/// A directory that was seen to be empty: its removal guards just that (SPEC F4d).
class emptiness {
public:
    [[nodiscard]] const directory& of() const { return of_; }

private:
    template <store S>
    friend result<emptiness> see_empty(const S& kv, node_id node);
    explicit emptiness(directory of) : of_{std::move(of)} {}
    directory of_;
};

/// The line of directories from one up to the root, as their bindings were seen: what a rename of a
/// directory guards so that two of them never make a loop (SPEC F4c).
class ancestry {
public:
    [[nodiscard]] node_id of() const { return of_; }
    /// Is `node` the directory itself or one above it?
    [[nodiscard]] bool contains(node_id node) const {
        return node == of_ || node == root || leads_through(node);
    }
    /// From the directory up; the root has no binding.
    [[nodiscard]] const std::vector<seen<binding>>& line() const { return line_; }
    /// How many directories lie above it; 0 for the root.
    [[nodiscard]] int depth() const { return static_cast<int>(line_.size()); }

private:
    template <readable R>
    friend result<ancestry> read_ancestry(const R& at, node_id node);
    explicit ancestry(node_id of) : of_{of} {}
    [[nodiscard]] bool leads_through(node_id node) const {
        return std::ranges::any_of(line_, [&](const auto& b) { return b.key() == node; });
    }
    node_id of_;
    std::vector<seen<binding>> line_;
};

/// `too_deep` beyond `depth_max`; `not_found` if the line does not reach the root (the directory is
/// gone); `conflict` if it comes to where it was, for directories moved while it was read (never
/// from a snapshot). Reads a row for each directory above.
template <readable R>
[[nodiscard]] result<ancestry> read_ancestry(const R& at, node_id node) {
    ancestry up{node};
    for (node_id here = node; here != root;) {
        const std::string which = std::to_string(here.value);
        if (up.leads_through(here))
            return fail(errc::conflict, "read ancestors", which, "was moved meanwhile");
        if (up.depth() == depth_max)
            return fail(errc::too_deep, "read ancestors", std::to_string(node.value),
                        "more than 64 directories deep");
        auto b = read<binding>(at, here);
        if (!b) return passed(b);
        if (!b->exists()) return fail(errc::not_found, "read ancestors", which, "bound nowhere");
        here = (*b)->parent;
        up.line_.push_back(*std::move(b));
    }
    return up;
}

/// What else a commit must guard and write for its name to be true: nothing. See the vault's put.
struct nothing_more {
    template <store S>
    void operator()(transaction<S>&) const {}
};

}  // namespace casement::tree
