#pragma once
// A store whose look-ups in immutable directories are answered from memory where they can be: see
// object/block_cache.hpp. Everything else is the store's own. Any thread, as the store.

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include <casement/kv/store.hpp>
#include <casement/object/block_cache.hpp>

namespace casement::tree {

/// A snapshot, or another view of rows, with the cache of their store, which must outlive it.
template <readable R>
class cached_view : public R {
public:
    cached_view(R rows, object::block_cache& cache) : R{std::move(rows)}, cache_{&cache} {}

    [[nodiscard]] object::block_cache& block_cache() const { return *cache_; }
    [[nodiscard]] auto together(std::span<const std::string_view> keys) const requires far<R> {
        return cached_view<decltype(R::together(keys))>{R::together(keys), *cache_};
    }

private:
    object::block_cache* cache_;
};

template <store S>
class cached_rows : public S {
public:
    /// The cache takes at most so many bytes of memory.
    cached_rows(S kv, std::size_t bytes_max)
        : S{std::move(kv)}, cache_{std::make_unique<object::block_cache>(bytes_max)} {}

    [[nodiscard]] auto snapshot() const { return cached_view{S::snapshot(), *cache_}; }
    [[nodiscard]] auto together(std::span<const std::string_view> keys) const requires far<S> {
        return cached_view<decltype(S::together(keys))>{S::together(keys), *cache_};
    }
    [[nodiscard]] object::block_cache& block_cache() const { return *cache_; }

private:
    std::unique_ptr<object::block_cache> cache_;
};

}  // namespace casement::tree
