#pragma once
// The commit builder: what must still hold, what shall be written, and one commit that does all or
// nothing. It reads nothing, so it cannot agree with itself (SPEC F4a). One thread; used once.
//
//     transaction{kv}.expect(parent, "the parent is as seen")
//                    .put<dentry>({parent_id, name}, entry)
//                    .bump<rev>(parent_id)
//                    .commit();

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <casement/core/assert.hpp>
#include <casement/core/error.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/store.hpp>

namespace casement {

template <store S>
class transaction {
public:
    explicit transaction(S& kv) : kv_{kv} {
        guards_.reserve(8);
        writes_.reserve(8);
    }
    transaction(const transaction&) = delete;
    transaction& operator=(const transaction&) = delete;

    /// The row must still be exactly as it was seen. `name` says so in words; a literal.
    template <row R>
    transaction& expect(const seen<R>& token, std::string_view name) {
        auto g = token.unchanged(name);
        g.key = kept(g.key);
        if (g.expected) g.expected = kept(*g.expected);
        guards_.push_back(g);
        return *this;
    }

    /// No row may be there. It needs no read: absence is known by name, and a row's guard is what
    /// makes it unique (SPEC F5).
    template <row R>
    transaction& expect_absent(const typename R::key& key, std::string_view name) {
        guards_.push_back({key_of<R>(key), std::nullopt, version{}, name});
        return *this;
    }

    template <row R>
    transaction& put(const typename R::key& key, const R& value) {
        const auto where = key_of<R>(key);
        scratch_.clear();
        encode_to(scratch_, value);
        writes_.push_back({write::kind::put, where, kept(scratch_), 0});
        return *this;
    }

    template <row R>
    transaction& erase(const typename R::key& key) {
        writes_.push_back({write::kind::erase, key_of<R>(key), {}, 0});
        return *this;
    }

    template <counter_row R>
    transaction& bump(const typename R::key& key, std::uint64_t amount = 1) {
        writes_.push_back({write::kind::bump, key_of<R>(key), {}, amount});
        return *this;
    }

    /// Guard and put in one: the row as seen becomes `value`.
    template <row R>
    transaction& replace(const seen<R>& token, const R& value, std::string_view name) {
        return expect(token, name).put(token.key(), value);
    }

    /// Is this row guarded by now, as whoever saw it?
    template <row R>
    [[nodiscard]] bool guards(const seen<R>& token) const {
        return std::ranges::any_of(guards_,
                                   [&](const guard& g) { return g.key == token.key_bytes(); });
    }

    /// Guards and writes so far: what `commit_rows_max` bounds.
    [[nodiscard]] std::size_t size() const { return guards_.size() + writes_.size(); }

    /// All or nothing; see the store concept for what each error promises.
    /// REQUIRES: no key is guarded twice or written twice: which of the two would hold, engines
    /// would not agree on.
    [[nodiscard]] result<receipt> commit() {
        require(all_differ(guards_), "no key is guarded twice in a transaction");
        require(all_differ(writes_), "no key is written twice in a transaction");
        return kv_.commit({guards_, writes_});
    }

private:
    /// Of a commit's few keys; more than a commit holds are `too_big` to the store anyway.
    template <class Keyed>
    [[nodiscard]] static bool all_differ(const std::pmr::vector<Keyed>& all) {
        std::array<std::string_view, commit_rows_max> keys;
        if (all.size() > keys.size()) return true;
        const auto end = std::ranges::transform(all, keys.begin(), &Keyed::key).out;
        std::sort(keys.begin(), end);
        return std::adjacent_find(keys.begin(), end) == end;
    }

    std::string_view kept(std::string_view bytes) {
        auto* copy = static_cast<char*>(arena_.allocate(bytes.size() + 1, 1));
        bytes.copy(copy, bytes.size());
        return {copy, bytes.size()};
    }
    template <row R>
    std::string_view key_of(const typename R::key& key) {
        scratch_.clear();
        append_row_key<R>(scratch_, key);
        return kept(scratch_);
    }

    S& kv_;
    std::string scratch_;
    // An ordinary commit fits here and allocates nothing.
    std::array<std::byte, 2048> buffer_;
    std::pmr::monotonic_buffer_resource arena_{buffer_.data(), buffer_.size()};
    std::pmr::vector<guard> guards_{&arena_};
    std::pmr::vector<write> writes_{&arena_};
};

}  // namespace casement
