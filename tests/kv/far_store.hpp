#pragma once
// A store to which each read is a journey. One thread.

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <casement/kv/memory.hpp>
#include <casement/kv/store.hpp>

namespace casement::testing {

/// Counts the journeys.
struct far_store {
    struct view {
        memory_store then;
        std::vector<std::string> in_hand;
        int* journeys;

        result<found> get(std::string_view key) const {
            *journeys += std::ranges::find(in_hand, key) == in_hand.end();
            return then.get(key);
        }
        auto scan(std::string_view first, std::string_view last) const {
            return then.scan(first, last);
        }
        view together(std::span<const std::string_view> keys) const {
            ++*journeys;
            return {then, {keys.begin(), keys.end()}, journeys};
        }
    };

    memory_store rows;
    mutable int journeys = 0;

    result<found> get(std::string_view key) const { return ++journeys, rows.get(key); }
    auto scan(std::string_view first, std::string_view last) const {
        return rows.scan(first, last);
    }
    view snapshot() const { return ++journeys, view{rows, {}, &journeys}; }
    view together(std::span<const std::string_view> keys) const { return snapshot_of(keys); }
    view snapshot_of(std::span<const std::string_view> keys) const {
        return ++journeys, view{rows, {keys.begin(), keys.end()}, &journeys};
    }
    bool unchanged(std::string_view key, version at) const { return rows.unchanged(key, at); }
    result<receipt> commit(const batch& b) { return rows.commit(b); }
};
static_assert(store<far_store> && far<far_store> && far<far_store::view>);

}  // namespace casement::testing
