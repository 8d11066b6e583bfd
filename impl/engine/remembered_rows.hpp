#pragma once
// Rows that were read of a store that others write too, and what has been heard of its changes
// since: a row is known from the revision at which it was written, or seen to be absent, up to that
// to which changes have been heard of. What is known is forgotten when the hearing stops, and when
// a read shows that a change was not heard of that should have been (etcd before 3.4.31 and 3.5.13
// may leave one out, and says nothing). Bounded memory, the rows asked for last. Any thread.

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "change_table.hpp"

namespace casement::engine {

/// A change as it was heard of: no value where the row went.
struct heard_change {
    std::string_view key;
    std::optional<std::string> value;
    std::int64_t revision;
};

class remembered_rows {
public:
    explicit remembered_rows(std::size_t bytes_max) : generation_bytes_max_{bytes_max / 2} {}

    /// From here on every change after `revision` will be heard of, in order.
    void listen_from(std::int64_t revision) {
        const std::lock_guard lock{mutex_};
        forget();
        from_ = heard_ = revision;
        moved_.notify_all();
    }

    /// Nothing is heard any more: nothing is known.
    void stop_listening() {
        const std::lock_guard lock{mutex_};
        stop();
    }

    /// What came together; all of a revision's changes do. REQUIRES: later than what came before
    template <class Changes>
    void hear(const Changes& changes) {
        const std::lock_guard lock{mutex_};
        if (from_ == 0) return;
        std::int64_t last = heard_;
        for (const heard_change& c : changes) {
            last = std::max(last, c.revision);
            if (c.revision <= from_) continue;
            changes_.touch(c.key, static_cast<std::uint64_t>(c.revision));
            if (auto* row = find(c.key); row != nullptr && c.revision > row->seen)
                replace(c.key, *row, {c.value, c.revision, c.revision});
        }
        heard_ = last;
        missed_ = false;
        moved_.notify_all();
    }

    /// A row as it was read at `revision`, and when it was written; 0 if it was not there. False if
    /// it cannot be so by what has been heard: then all is forgotten, and nothing is known until
    /// the listening begins anew.
    bool keep(std::string_view key, const std::optional<std::string>& value, std::int64_t written,
              std::int64_t revision) {
        const std::lock_guard lock{mutex_};
        if (from_ == 0 || revision < from_) return true;
        auto* old = find(key);
        if ((value && unheard(key, written)) || (old && contradicts(*old, value, revision))) {
            stop();
            return false;
        }
        // It was changed since, and nobody was there to take that down.
        if (changes_.last(key) > static_cast<std::uint64_t>(revision)) return true;
        const known row{value, value ? written : revision, revision};
        if (old != nullptr) {
            if (old->seen < revision) replace(key, *old, row);
        } else if (bytes_of(key, row) <= row_bytes_max()) {
            insert(std::string{key}, row);
        }
        return true;
    }

    /// The row as it was at `revision`, if that is known: a value, or nothing where no row was.
    [[nodiscard]] std::optional<std::optional<std::string>> at(std::string_view key,
                                                               std::int64_t revision) {
        const std::lock_guard lock{mutex_};
        const auto* row = from_ == 0 ? nullptr : find(key);
        if (row == nullptr || !covers(*row, revision)) return std::nullopt;
        return row->value;
    }

    /// Whether a change of the row after `revision` may have been heard of. Of one that has,
    /// always.
    [[nodiscard]] bool changed_since(std::string_view key, std::int64_t revision) const {
        return changes_.last(key) > static_cast<std::uint64_t>(revision);
    }

    /// Waits a moment for what is on its way. Whether changes up to `revision` have been heard of.
    /// Where that was in vain, it waits no more until something is heard.
    bool wait_for(std::int64_t revision, auto how_long) {
        std::unique_lock lock{mutex_};
        const auto here = [&] { return heard_ >= revision; };
        if (here()) return true;
        if (from_ == 0 || missed_) return false;
        missed_ = !moved_.wait_for(lock, how_long, here);
        return !missed_;
    }

    [[nodiscard]] std::size_t size() const {
        const std::lock_guard lock{mutex_};
        return young_.size() + old_.size();
    }

private:
    struct known {
        std::optional<std::string> value;
        std::int64_t since;  // it has been so, at least
        std::int64_t seen;   // it was so, for it was read or written then
    };
    struct hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    using rows = std::unordered_map<std::string, known, hash, std::equal_to<>>;
    static constexpr std::size_t row_overhead_bytes = 128;

    static std::size_t bytes_of(std::string_view key, const known& row) {
        return row_overhead_bytes + key.size() + (row.value ? row.value->size() : 0);
    }

    [[nodiscard]] bool covers(const known& row, std::int64_t revision) const {
        return row.since <= revision && revision <= std::max(row.seen, heard_);
    }
    [[nodiscard]] bool contradicts(const known& row, const std::optional<std::string>& value,
                                   std::int64_t revision) const {
        return covers(row, revision) && row.value != value;
    }
    /// Whether it was written when that should have been heard of, and was not. Of a key whose
    /// place in the table another shares, that may not be seen; never the reverse.
    [[nodiscard]] bool unheard(std::string_view key, std::int64_t written) const {
        return from_ < written && written <= heard_ &&
               changes_.last(key) < static_cast<std::uint64_t>(written);
    }

    [[nodiscard]] std::size_t row_bytes_max() const { return generation_bytes_max_ / 8; }

    /// One that has grown too large is forgotten. REQUIRES: it was found, so it is young
    void replace(std::string_view key, known& old, known row) {
        young_bytes_ -= bytes_of(key, old);
        if (bytes_of(key, row) > row_bytes_max()) {
            young_.erase(young_.find(key));
            return;
        }
        young_bytes_ += bytes_of(key, row);
        old = std::move(row);
        if (young_bytes_ > generation_bytes_max_) turn();
    }
    void turn() {
        old_ = std::exchange(young_, {});
        young_bytes_ = 0;
    }

    void stop() {
        forget();
        from_ = heard_ = 0;
    }

    void forget() {
        young_.clear();
        old_.clear();
        young_bytes_ = 0;
        missed_ = false;
    }

    // What is asked for moves to the young; when they are many, they are the old, and what was old
    // and not asked for since is forgotten.
    known* find(std::string_view key) {
        if (const auto row = young_.find(key); row != young_.end()) return &row->second;
        const auto row = old_.find(key);
        if (row == old_.end()) return nullptr;
        auto moved = old_.extract(row);
        return insert(std::move(moved.key()), std::move(moved.mapped()));
    }
    known* insert(std::string key, known row) {
        const auto bytes = bytes_of(key, row);
        if (young_bytes_ + bytes > generation_bytes_max_) turn();
        young_bytes_ += bytes;
        return &young_.insert_or_assign(std::move(key), std::move(row)).first->second;
    }

    const std::size_t generation_bytes_max_;
    mutable std::mutex mutex_;
    std::condition_variable moved_;
    rows young_, old_;
    std::size_t young_bytes_ = 0;
    change_table changes_;
    std::int64_t from_ = 0;   // changes after it have been heard of; 0: none are
    std::int64_t heard_ = 0;  // up to it
    bool missed_ = false;     // a wait was in vain
};

}  // namespace casement::engine
