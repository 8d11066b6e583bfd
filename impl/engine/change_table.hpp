#pragma once
// Which commit last touched a key, by the key's hash: the conflict table of an optimistic store (as
// in FoundationDB's resolvers), in constant memory. It may name a later commit than the true one,
// never an earlier one, so "not since" is exact. Readers on any thread; one writer at a time.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace casement::engine {

class change_table {
public:
    /// REQUIRES: called before the change can be seen by any reader.
    void touch(std::string_view key, std::uint64_t commit) {
        slot(key).store(commit, std::memory_order_release);
    }

    /// The last commit that may have touched `key`.
    [[nodiscard]] std::uint64_t last(std::string_view key) const {
        return slot(key).load(std::memory_order_acquire);
    }

private:
    static constexpr std::size_t slots = 1u << 15;  // 256 KiB: within the second-level cache

    std::atomic<std::uint64_t>& slot(std::string_view key) const {
        return table_[std::hash<std::string_view>{}(key) % slots];
    }

    std::unique_ptr<std::atomic<std::uint64_t>[]> table_ {
        new std::atomic<std::uint64_t>[slots] {}
    };
};

}  // namespace casement::engine
