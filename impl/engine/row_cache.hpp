#pragma once
// The rows that guards and bumps ask for again and again: heads and counters of busy directories.
// It is written through, so what it holds is the row after the last decided commit, exactly. One
// thread at a time, the leader of the commits; constant memory for rows of ordinary size.

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace casement::engine {

class row_cache {
public:
    /// The row's value, if it is here and exists; null says nothing.
    [[nodiscard]] const std::string* find(std::string_view key) const {
        const auto& e = entries_[slot(key)];
        return !key.empty() && e.key == key ? &e.value : nullptr;
    }

    /// A row as it was read.
    void keep(std::string_view key, std::string_view value) {
        if (key.size() + value.size() > row_bytes_max) return;
        auto& e = entries_[slot(key)];
        e.key = key;
        e.value = value;
    }

    /// A commit was decided that writes the row, or erases it. Only rows that are here are
    /// followed: a new name in a directory is not what the next guard asks for.
    void written(std::string_view key, std::optional<std::string_view> value) {
        auto& e = entries_[slot(key)];
        if (e.key != key) return;
        if (value && value->size() <= row_bytes_max)
            e.value = *value;
        else
            e.key.clear();
    }

private:
    static constexpr std::size_t slots = 4096;
    static constexpr std::size_t row_bytes_max = 256;

    struct entry {
        std::string key;  // empty: nothing is here (the row of the empty key is never kept)
        std::string value;
    };

    static std::size_t slot(std::string_view key) {
        return std::hash<std::string_view>{}(key) % slots;
    }

    std::array<entry, slots> entries_;
};

}  // namespace casement::engine
