#pragma once
// The values that each row could ever have, whoever writes it, and how many commits it takes at
// least until it can have them. One thread.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/kv/memory.hpp>

#include "call.hpp"
#include "contents.hpp"
#include "index.hpp"

namespace casement::check::detail {

class domains {
public:
    static constexpr int never = std::numeric_limits<int>::max();
    static constexpr std::uint32_t absent = 0;  // the value of no row, in every domain

    struct value {
        std::uint32_t text;
        int since;             // it is not there before so many commits have happened
        bool written = false;  // by some commit; else it never comes back
    };
    struct row {
        std::string key;
        std::vector<value> values;
        std::uint32_t first;  // the value that it has in the beginning
    };

    domains(const memory_store& beginning, texts& text) : text_{text} {
        for (auto at = beginning.scan("", past_all_keys); at.valid(); at.next()) {
            auto& r = rows_[number(at.key())];
            r.values.front().since = never;
            r.values.push_back({text_.number(at.value()), 0});
            r.first = 1;
        }
        grew_ = false;
    }

    /// The row of that key. One that was not known is absent in the beginning.
    [[nodiscard]] std::uint32_t number(std::string_view key) {
        if (const auto at = numbers_.find(key); at != numbers_.end()) return at->second;
        const auto n = static_cast<std::uint32_t>(rows_.size());
        rows_.push_back({std::string{key}, {{answer::absent, 0}}, absent});
        numbers_.emplace(key, n);
        grew_ = true;
        return n;
    }

    /// Rows with first <= key < last, in byte order of their keys.
    [[nodiscard]] std::vector<std::uint32_t> range(std::string_view first,
                                                   std::string_view last) const {
        std::vector<std::uint32_t> out;
        for (auto at = numbers_.lower_bound(first); at != numbers_.end() && at->first < last; ++at)
            out.push_back(at->second);
        return out;
    }

    [[nodiscard]] const row& operator[](std::uint32_t n) const { return rows_[n]; }
    /// All rows, in byte order of their keys.
    [[nodiscard]] const std::map<std::string, std::uint32_t, std::less<>>& all() const {
        return numbers_;
    }

    [[nodiscard]] std::optional<std::uint32_t> find(std::uint32_t of, std::uint32_t text) const {
        const auto& values = rows_[of].values;
        const auto at = std::ranges::find(values, text, &value::text);
        if (at == values.end()) return std::nullopt;
        return static_cast<std::uint32_t>(at - values.begin());
    }

    /// The row can have that value after `since` commits. Gives the value's number.
    std::uint32_t add(std::uint32_t of, std::uint32_t text, int since) {
        auto& values = rows_[of].values;
        const auto known = find(of, text);
        if (!known) values.push_back({text, never});
        const auto n = known.value_or(static_cast<std::uint32_t>(values.size() - 1));
        if (since < values[n].since || !values[n].written) {
            values[n] = {text, std::min(since, values[n].since), true};
            grew_ = true;
        }
        return n;
    }

    /// Whether anything was added since the last call.
    [[nodiscard]] bool grew() { return std::exchange(grew_, false); }

private:
    texts& text_;
    std::vector<row> rows_;
    std::map<std::string, std::uint32_t, std::less<>> numbers_;
    bool grew_ = false;
};

}  // namespace casement::check::detail
