#pragma once
// Scripts of commits, reads and snapshots, run on a store and on a std::map side by side. A script
// is bytes, so that RapidCheck can shrink it and a fuzzer can find it. Also the small words that
// the laws are written in.

#include <cstdint>
#include <initializer_list>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/core/codec.hpp>
#include <casement/core/error.hpp>
#include <casement/kv/store.hpp>

namespace casement::testing {

/// How a law was broken, in words; nothing if it holds.
using violation = std::optional<std::string>;

using row_list = std::vector<std::pair<std::string, std::string>>;

// Guards and writes by name. The keys and values must outlive them: a full expression does.
inline guard is(std::string_view key, std::string_view value) { return {key, value, {}, "is"}; }
inline guard absent(std::string_view key) { return {key, std::nullopt, {}, "is absent"}; }
inline write put(std::string_view key, std::string_view value) {
    return {write::kind::put, key, value, 0};
}
inline write erase(std::string_view key) { return {write::kind::erase, key, {}, 0}; }
inline write bump(std::string_view key, std::uint64_t amount) {
    return {write::kind::bump, key, {}, amount};
}

inline std::string counter(std::uint64_t n) {
    std::string out;
    append_big64(out, n);
    return out;
}

template <class S>
result<receipt> commit(S& kv, std::initializer_list<guard> guards,
                       std::initializer_list<write> writes) {
    return kv.commit({guards, writes});
}

/// The row's value; a read that fails is no value, and no law expects that of a sound store.
template <readable R>
std::optional<std::string> value_of(const R& source, std::string_view key) {
    auto row = source.get(key);
    return row ? std::move(row->value) : std::nullopt;
}

template <readable R>
result<row_list> rows_in(const R& source, std::string_view first, std::string_view last) {
    row_list out;
    auto rows = source.scan(first, last);
    for (; rows.valid(); rows.next()) out.emplace_back(rows.key(), rows.value());
    if (auto ended = rows.status(); !ended) return passed(ended);
    return out;
}

/// What one step of a script is made of. Bytes that are not there read as 0.
using step_bytes = std::vector<std::uint8_t>;

namespace detail {

class dice {
public:
    explicit dice(const step_bytes& bytes) : bytes_{bytes} {}
    std::size_t below(std::size_t n) { return at_ < bytes_.size() ? bytes_[at_++] % n : 0; }

private:
    const step_bytes& bytes_;
    std::size_t at_ = 0;
};

/// A store and the map that it should equal, with what was read of both at other times.
template <store S>
class side_by_side {
    using rows = std::map<std::string, std::string>;
    struct token {
        std::string key;
        std::optional<std::string> value;
        version at;
        std::uint64_t change;  // how many commits had touched the key
    };
    struct frozen {
        decltype(std::declval<const S&>().snapshot()) store;
        rows map;
    };

public:
    explicit side_by_side(S& kv) : kv_{kv} {}

    violation start() {
        for (const auto& key : keys())
            if (!commit(kv_, {}, {erase(key)})) return "could not clear";
        return {};
    }

    violation step(const step_bytes& bytes) {
        dice d{bytes};
        switch (d.below(8)) {
            case 0: return look(keys()[d.below(keys().size())]);
            case 1: snapshots_.push_back({kv_.snapshot(), map_}); return {};
            case 2: return scan_some(kv_, map_, d);
            default: return change(d);
        }
    }

    violation finish() {
        for (const auto& s : snapshots_) {
            const auto held = rows_in(s.store, "", "\xff\xff");
            if (!held || *held != row_list(s.map.begin(), s.map.end())) return "a snapshot moved";
            for (const auto& key : keys())
                if (value_of(s.store, key) != in(s.map, key)) return "a snapshot's row moved";
        }
        for (const auto& key : keys())
            if (auto broken = look(key)) return broken;
        const auto held = rows_in(kv_, "", "\xff\xff");
        if (!held || *held != row_list(map_.begin(), map_.end())) return "the rows differ";
        return {};
    }

private:
    static const std::vector<std::string>& keys() {
        static const std::vector<std::string> all{
            "a", std::string{'a', '\0'}, "b", "n", "m", "z1", "\xff"};
        return all;
    }
    static const std::vector<std::string>& values() {
        static const std::vector<std::string> all{
            "", "1", "2", counter(0), counter(~0ull), "long value of a row"};
        return all;
    }
    static std::optional<std::string> in(const rows& map, const std::string& key) {
        const auto row = map.find(key);
        return row == map.end() ? std::nullopt : std::optional{row->second};
    }

    violation look(const std::string& key) {
        const auto row = kv_.get(key);
        if (!row) return "get failed: " + row.error().message();
        if (row->value != in(map_, key)) return "get differs: " + printable(key);
        tokens_.push_back({key, row->value, row->at, changes_[key]});
        for (const auto& t : tokens_)
            if (kv_.unchanged(t.key, t.at) && t.change != changes_[t.key])
                return "unchanged, but it was changed: " + printable(t.key);
        return {};
    }

    template <class R>
    static violation scan_some(const R& source, const rows& map, dice& d) {
        const auto &first = keys()[d.below(keys().size())], &last = keys()[d.below(keys().size())];
        const auto held = rows_in(source, first, last);
        row_list expected;
        if (first < last) expected.assign(map.lower_bound(first), map.lower_bound(last));
        if (!held || *held != expected) return "a scan differs";
        return {};
    }

    violation change(dice& d) {
        std::vector<guard> guards;
        std::vector<write> writes;
        bool held = true, counters = true;
        auto after = map_;
        for (std::size_t n = d.below(4), at = d.below(keys().size()); n > 0; --n, ++at)
            held &= draw_guard(d, keys()[at % keys().size()], guards);
        for (std::size_t n = d.below(5), at = d.below(keys().size()); n > 0; --n, ++at)
            counters &= draw_write(d, keys()[at % keys().size()], writes, after);
        const auto made = kv_.commit({guards, writes});
        if (!held)
            return !made && made.error().code() == errc::conflict
                       ? violation{}
                       : "a guard is broken, and the commit was not refused for it";
        if (!counters)
            return !made && made.error().code() == errc::corrupt ? violation{}
                                                                 : "what is no counter was bumped";
        if (!made) return "refused: " + made.error().message();
        map_ = std::move(after);
        for (const auto& w : writes) {
            ++changes_[std::string{w.key}];
            tokens_.push_back({std::string{w.key}, in(map_, std::string{w.key}), made->at,
                               changes_[std::string{w.key}]});
        }
        return {};
    }

    /// Either what was once seen, with its version, or what is drawn. Whether it holds now.
    bool draw_guard(dice& d, const std::string& key, std::vector<guard>& guards) {
        const auto how = d.below(4);
        if (how == 0) {
            for (auto t =
                     tokens_.rbegin() + static_cast<std::ptrdiff_t>(d.below(tokens_.size() + 1));
                 t != tokens_.rend(); ++t) {
                if (t->key != key) continue;
                // A copy: tokens move as more are taken.
                kept_.push_back(t->value);
                guards.push_back({key, view(kept_.back()), t->at, "as it was seen"});
                return t->value == in(map_, key);
            }
        }
        if (how == 1) {
            guards.push_back({key, std::nullopt, {}, "absent"});
        } else if (how == 2) {
            guards.push_back({key, values()[d.below(values().size())], {}, "drawn"});
        } else {
            kept_.push_back(in(map_, key));
            guards.push_back({key, view(kept_.back()), {}, "true"});
        }
        return (guards.back().expected ? std::optional{std::string{*guards.back().expected}}
                                       : std::nullopt) == in(map_, key);
    }

    static bool draw_write(dice& d, const std::string& key, std::vector<write>& writes,
                           rows& after) {
        switch (d.below(4)) {
            case 0:
                writes.push_back(erase(key));
                after.erase(key);
                return true;
            case 1: {
                const std::uint64_t amount = d.below(2) == 0 ? 1 : std::uint64_t{0} - d.below(256);
                writes.push_back(bump(key, amount));
                std::uint64_t n = 0;
                if (const auto old = in(after, key)) {
                    reader r{*old};
                    if (!r.big64(n) || !r.finished()) return false;
                }
                after[key] = counter(n + amount);
                return true;
            }
            default:
                writes.push_back(put(key, values()[d.below(values().size())]));
                after[key] = writes.back().value;
                return true;
        }
    }

    static std::optional<std::string_view> view(const std::optional<std::string>& s) {
        return s ? std::optional<std::string_view>{*s} : std::nullopt;
    }

    S& kv_;
    rows map_;
    std::map<std::string, std::uint64_t> changes_;
    std::vector<token> tokens_;
    std::vector<frozen> snapshots_;
    std::list<std::optional<std::string>> kept_;
};

}  // namespace detail

/// Runs a script on the store and on a std::map, and says where they differ.
template <store S>
violation disagrees_with_a_map(S& kv, const std::vector<step_bytes>& script) {
    detail::side_by_side<S> both{kv};
    if (auto broken = both.start()) return broken;
    for (const auto& step : script)
        if (auto broken = both.step(step)) return broken;
    return both.finish();
}

}  // namespace casement::testing
