#pragma once
// Blocks of immutable directories, read and checked once and kept in memory (SPEC F11): what a name
// of 32 bytes stands for never changes, so nothing here is ever stale (SPEC F4i). What a cache
// knows is no proof that a store still has it. The least recently used go first. Any thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include <casement/core/error.hpp>
#include <casement/core/hash.hpp>
#include <casement/object/dir_block.hpp>
#include <casement/object/dir_object.hpp>
#include <casement/object/object_id.hpp>

namespace casement::object {

class block_cache {
public:
    /// Keeps at most so many bytes of memory, of which each of 16 shards has its part: a block that
    /// is larger than a part is not kept.
    explicit block_cache(std::size_t bytes_max) : most_{bytes_max / shards_n} {}

    /// The block of that name, from here or from `fetch`; an error of `fetch` is not kept.
    template <block_source F>
    [[nodiscard]] result<block_ptr> find_or_read(const digest& name, F& fetch) {
        auto& mine = shards_[static_cast<std::uint8_t>(name.front()) % shards_n];
        if (auto known = mine.find(name)) return known;
        auto read = detail::read_block(fetch, name);  // outside the lock
        if (read) mine.keep(name, *read, most_);
        return read;
    }

    struct counts {
        std::uint64_t found = 0, read = 0;  // blocks asked for: known, and not
        std::size_t blocks = 0, bytes = 0;  // kept now
    };
    [[nodiscard]] counts count() const {
        counts all;
        for (const auto& s : shards_) {
            const std::lock_guard lock{s.mutex};
            all.found += s.found;
            all.read += s.missed;
            all.blocks += s.recent.size();
            all.bytes += s.bytes;
        }
        return all;
    }

private:
    static constexpr std::size_t shards_n = 16;

    struct by_front {
        std::size_t operator()(const digest& d) const noexcept {
            return std::hash<obj_id>{}({obj_id::directory, d});
        }
    };

    struct kept {
        digest name;
        block_ptr block;
        std::size_t bytes;
    };

    struct shard {
        [[nodiscard]] block_ptr find(const digest& name) {
            const std::lock_guard lock{mutex};
            const auto at = places.find(name);
            ++(at == places.end() ? missed : found);
            if (at == places.end()) return nullptr;
            recent.splice(recent.begin(), recent, at->second);
            return at->second->block;
        }
        void keep(const digest& name, block_ptr block, std::size_t most) {
            const auto size = memory_of(*block);
            if (size > most) return;
            const std::lock_guard lock{mutex};
            if (places.contains(name)) return;  // another thread was faster
            recent.push_front({name, std::move(block), size});
            places.emplace(name, recent.begin());
            for (bytes += size; bytes > most; recent.pop_back()) {
                bytes -= recent.back().bytes;
                places.erase(recent.back().name);
            }
        }

        mutable std::mutex mutex;
        std::list<kept> recent;
        std::unordered_map<digest, decltype(recent)::iterator, by_front> places;
        std::size_t bytes = 0;
        std::uint64_t found = 0, missed = 0;
    };

    std::array<shard, shards_n> shards_;
    const std::size_t most_;
};

/// A source of blocks that asks `cache` first. The cache must outlive it.
template <block_source F>
[[nodiscard]] auto cached(block_cache& cache, F fetch) {
    return [&cache, fetch = std::move(fetch)](const digest& name) mutable -> result<block_ptr> {
        return cache.find_or_read(name, fetch);
    };
}

}  // namespace casement::object
