#pragma once
// A store that another keeps: what is moved about is the pointer to it. As the store is, for any
// thread or for one.

#include <string_view>

#include <casement/kv/store.hpp>

namespace casement::testing {

template <class Pointer>
struct lent_store {
    Pointer of;

    [[nodiscard]] auto get(std::string_view key) const { return of->get(key); }
    [[nodiscard]] auto scan(std::string_view first, std::string_view last) const {
        return of->scan(first, last);
    }
    [[nodiscard]] auto snapshot() const { return of->snapshot(); }
    [[nodiscard]] bool unchanged(std::string_view key, version at) const {
        return of->unchanged(key, at);
    }
    [[nodiscard]] auto commit(const batch& b) { return of->commit(b); }
};

}  // namespace casement::testing
