#pragma once
// The reference engine: rows in memory, as a value. Copying is O(1) and a copy lives its own life,
// so a model can branch it at every step. One thread at a time; nothing outlives the process.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/core/assert.hpp>
#include <casement/core/codec.hpp>
#include <casement/kv/store.hpp>

namespace casement {

/// What the bump of a counter row makes of it: 8 bytes big-endian, no row counts as 0.
/// `corrupt` if the row is there and is no counter.
[[nodiscard]] inline result<std::string> bumped(const std::optional<std::string>& old,
                                                std::uint64_t amount, std::string_view key) {
    std::uint64_t n = 0;
    if (old) {
        reader in{*old};
        if (!in.big64(n) || !in.finished())
            return fail(errc::corrupt, "bump", std::string{key}, "the row is no counter");
    }
    std::string out;
    append_big64(out, n + amount);
    return out;
}

/// The error of a commit whose guard did not hold; engines answer with nothing else.
[[nodiscard]] inline error guard_failed(const guard& g) {
    return error{errc::conflict, "commit", std::string{g.key},
                 "no longer holds: " + std::string{g.name}};
}

/// A store as a value: what a copy is told, the original never hears of.
class memory_store {
    struct held {
        std::optional<std::string> value;  // none: erased, kept for its version
        std::size_t changed = 0;           // the number of the commit that did it
    };
    struct contents {
        std::map<std::string, held, std::less<>> rows;
        // The version after each commit. It depends on all that was written up to there, so that a
        // version of another store, or of a copy that went its own way, is not found here.
        std::vector<version> history{first_version};
    };
    static constexpr std::uint64_t no_engine = std::uint64_t{1} << 63;  // engines count below it
    static constexpr int history_bits = 40;
    static constexpr version first_version{no_engine};
    using row_iterator = std::map<std::string, held, std::less<>>::const_iterator;

public:
    class cursor {
    public:
        [[nodiscard]] bool valid() const { return here_ != end_; }
        [[nodiscard]] std::string_view key() const { return here_->first; }
        [[nodiscard]] std::string_view value() const { return *here_->second.value; }
        void next() {
            ++here_;
            skip();
        }
        [[nodiscard]] result<void> status() const { return {}; }

    private:
        friend memory_store;
        cursor(std::shared_ptr<const contents> of, row_iterator first, row_iterator last)
            : of_{std::move(of)}, here_{first}, end_{last} {
            skip();
        }
        void skip() {
            while (here_ != end_ && !here_->second.value) ++here_;
        }
        std::shared_ptr<const contents> of_;
        row_iterator here_, end_;
    };

    [[nodiscard]] result<found> get(std::string_view key) const {
        const auto row = contents_->rows.find(key);
        found answer{std::nullopt, contents_->history.back()};
        if (row != contents_->rows.end()) answer.value = row->second.value;
        return answer;
    }

    [[nodiscard]] cursor scan(std::string_view first, std::string_view last) const {
        const auto& rows = contents_->rows;
        const auto begin = rows.lower_bound(first);
        return {contents_, begin, last > first ? rows.lower_bound(last) : begin};
    }

    [[nodiscard]] memory_store snapshot() const { return *this; }

    [[nodiscard]] bool unchanged(std::string_view key, version at) const {
        const auto& history = contents_->history;
        const std::size_t commits = (at.number & ~no_engine) >> history_bits;
        if (commits >= history.size() || history[commits] != at) return false;
        const auto row = contents_->rows.find(key);
        return row == contents_->rows.end() || row->second.changed <= commits;
    }

    [[nodiscard]] result<receipt> commit(const batch& b) {
        if (b.guards.size() + b.writes.size() > commit_rows_max)
            return fail(errc::too_big, "commit", "", "more than 100 guards and writes");
        for (const auto& g : b.guards)
            if (!holds(g)) return std::unexpected{guard_failed(g)};
        std::vector<std::string> sums;
        for (const auto& w : b.writes) {
            if (w.what != write::kind::bump) continue;
            const auto row = contents_->rows.find(w.key);
            auto sum = bumped(row == contents_->rows.end() ? std::nullopt : row->second.value,
                              w.amount, w.key);
            if (!sum) return passed(sum);
            sums.push_back(*std::move(sum));
        }
        write_all(b.writes, sums);
        return receipt{contents_->history.back()};
    }

    /// Equal rows; when they were written does not matter.
    bool operator==(const memory_store& other) const {
        cursor a = all(), b = other.all();
        for (; a.valid() && b.valid(); a.next(), b.next())
            if (a.key() != b.key() || a.value() != b.value()) return false;
        return !a.valid() && !b.valid();
    }

private:
    void write_all(std::span<const write> writes, std::vector<std::string>& sums) {
        if (contents_.use_count() > 1) contents_ = std::make_shared<contents>(*contents_);
        auto& c = *contents_;
        const std::size_t commit = c.history.size();
        auto trace = c.history.back().number;
        auto sum = sums.begin();
        for (const auto& w : writes) {
            auto& row = c.rows[std::string{w.key}];
            require(row.changed != commit, "no key is written twice in a commit");
            row.changed = commit;
            switch (w.what) {
                case write::kind::put: row.value = w.value; break;
                case write::kind::erase: row.value.reset(); break;
                case write::kind::bump: row.value = std::move(*sum++); break;
            }
            trace = traced(trace + row.value.has_value(), w.key);
            if (row.value) trace = traced(trace, *row.value);
        }
        c.history.push_back({no_engine | std::uint64_t{commit} << history_bits |
                             trace % (std::uint64_t{1} << history_bits)});
    }

    [[nodiscard]] static std::uint64_t traced(std::uint64_t trace, std::string_view bytes) {
        const auto mixed = (trace ^ std::hash<std::string_view>{}(bytes)) * 0x9e3779b97f4a7c15u;
        return mixed ^ mixed >> 29;
    }

    [[nodiscard]] cursor all() const {
        return {contents_, contents_->rows.begin(), contents_->rows.end()};
    }

    [[nodiscard]] bool holds(const guard& g) const {
        const auto row = contents_->rows.find(g.key);
        const bool there = row != contents_->rows.end() && row->second.value;
        return there == g.expected.has_value() && (!there || *row->second.value == *g.expected);
    }

    std::shared_ptr<contents> contents_ = std::make_shared<contents>();
};

static_assert(store<memory_store>);

}  // namespace casement
