#pragma once
// Strong ids and counters. They offer equality and nothing else: what is only compared for equality
// may be renamed by the explorer (DESIGN D11), and a node is never mistaken for a generation.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace casement {

/// An unsigned 64-bit identity of the kind that `Tag` names. `Tag::name` is what people read.
template <class Tag>
struct strong {
    using tag = Tag;
    std::uint64_t value = 0;

    static constexpr std::string_view name = Tag::name;

    bool operator==(const strong&) const = default;
};

/// The named way to an order, where keys or logs need one (SPEC: never in `protocol/`).
template <class Tag>
[[nodiscard]] constexpr std::strong_ordering by_number(strong<Tag> a, strong<Tag> b) {
    return a.value <=> b.value;
}

/// Whether `T` is a `strong` id or counter.
template <class T>
inline constexpr bool is_strong = false;
template <class Tag>
inline constexpr bool is_strong<strong<Tag>> = true;

}  // namespace casement

template <class Tag>
struct std::hash<casement::strong<Tag>> {
    std::size_t operator()(casement::strong<Tag> id) const noexcept {
        return std::hash<std::uint64_t>{}(id.value);
    }
};
