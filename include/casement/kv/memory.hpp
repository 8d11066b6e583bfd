#pragma once
// The reference engine: rows in memory, as a value. Copying is O(1) and a copy lives its own life, so
// a model can branch it at every step. One thread at a time; nothing outlives the process.

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

class memory_store {
    struct held {
        std::optional<std::string> value;  // none: erased, kept for its version
        std::uint64_t changed = 0;
    };
    struct contents {
        std::map<std::string, held, std::less<>> rows;
        std::uint64_t commits = 1;
    };
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
        found answer{std::nullopt, {contents_->commits}};
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
        const auto row = contents_->rows.find(key);
        return at.number != 0 && (row == contents_->rows.end() || row->second.changed <= at.number);
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
        return receipt{{contents_->commits}};
    }

    /// Equal rows; when they were written does not matter.
    bool operator==(const memory_store& other) const {
        auto a = scan("", "\xff");
        auto b = other.scan("", "\xff");
        for (; a.valid() && b.valid(); a.next(), b.next())
            if (a.key() != b.key() || a.value() != b.value()) return false;
        return !a.valid() && !b.valid();
    }

private:
    void write_all(std::span<const write> writes, std::vector<std::string>& sums) {
        if (contents_.use_count() > 1) contents_ = std::make_shared<contents>(*contents_);
        auto& c = *contents_;
        ++c.commits;
        auto sum = sums.begin();
        for (const auto& w : writes) {
            auto& row = c.rows[std::string{w.key}];
            require(row.changed != c.commits, "no key is written twice in a commit");
            row.changed = c.commits;
            switch (w.what) {
                case write::kind::put: row.value = w.value; break;
                case write::kind::erase: row.value.reset(); break;
                case write::kind::bump: row.value = std::move(*sum++); break;
            }
        }
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
