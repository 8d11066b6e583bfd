#pragma once
// The laws of the store concept, for whoever writes an engine: each is a function that is given an
// empty store and answers how it broke the law, or nothing. They use one thread and no test
// framework.
//
//     for (const auto& law : store_laws<my_store>()) {
//         my_store kv = ...;
//         EXPECT_EQ(law.broken_by(kv), std::nullopt) << law.name;
//     }

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/core/codec.hpp>
#include <casement/core/error.hpp>
#include <casement/kv/store.hpp>

#include "kv/store_script.hpp"

namespace casement::testing::laws {

template <store S>
violation what_is_put_is_found(S& kv) {
    const std::vector<std::string> keys{"a",
                                        std::string{'\0'},
                                        std::string{'a', '\0'},
                                        std::string{'a', '\0', 'b'},
                                        "a\xff",
                                        "\xff",
                                        "\xff\xff\xff",
                                        std::string(3000, 'k'),
                                        "\x80\xfe\n"};
    for (const auto& key : keys)
        if (value_of(kv, key)) return "a row that nobody wrote: " + printable(key);
    for (const auto& key : keys)
        if (!commit(kv, {}, {put(key, "of " + key)})) return "could not put " + printable(key);
    for (const auto& key : keys)
        if (value_of(kv, key) != "of " + key) return "not the value put: " + printable(key);
    const std::string large(300'000, 'v');
    if (!commit(kv, {}, {put("a", large)}) || value_of(kv, "a") != large)
        return "a large value came back otherwise";
    return {};
}

template <store S>
violation an_empty_value_is_a_row(S& kv) {
    if (!commit(kv, {}, {put("k", "")})) return "could not put an empty value";
    if (value_of(kv, "k") != "") return "an empty value is not there";
    if (commit(kv, {absent("k")}, {put("x", "1")})) return "an empty value counted as absent";
    if (!commit(kv, {is("k", "")}, {erase("k")})) return "an empty value is not equal to itself";
    if (value_of(kv, "k")) return "the erased row is there";
    if (commit(kv, {is("k", "")}, {put("x", "1")})) return "an absent row counted as empty";
    return {};
}

template <store S>
violation erased_is_absent(S& kv) {
    if (!commit(kv, {}, {put("k", "1")}) || !commit(kv, {}, {erase("k")})) return "refused";
    if (value_of(kv, "k")) return "an erased row is found";
    auto rows = kv.scan("", "z");
    if (rows.valid()) return "an erased row is scanned";
    if (!commit(kv, {}, {erase("k"), erase("never")})) return "what is absent cannot be erased";
    if (!commit(kv, {absent("k")}, {put("k", "2")}))
        return "an erased row is not absent to a guard";
    return {};
}

template <store S>
violation an_absent_guard_holds_once(S& kv) {
    if (!commit(kv, {absent("k")}, {put("k", "1")})) return "refused where nothing was";
    const auto again = commit(kv, {absent("k")}, {put("k", "2")});
    if (again) return "held where a row is";
    if (again.error().code() != errc::conflict) return "not a conflict: " + again.error().message();
    if (value_of(kv, "k") != "1") return "wrote all the same";
    return {};
}

template <store S>
violation an_exact_guard_compares_all(S& kv) {
    if (!commit(kv, {}, {put("k", "value")})) return "refused";
    for (const auto& other : {"", "valu", "value2", "Value", "x"}) {
        const auto r = commit(kv, {is("k", other)}, {put("k", "wrong")});
        if (r || r.error().code() != errc::conflict) return std::string{"held for: "} + other;
    }
    const auto none = commit(kv, {is("none", "value")}, {put("k", "wrong")});
    if (none || none.error().code() != errc::conflict) return "held for an absent row";
    if (!commit(kv, {is("k", "value")}, {put("k", "2")})) return "did not hold for the true value";
    if (value_of(kv, "k") != "2") return "held and did not write";
    return {};
}

template <store S>
violation guards_see_the_commit_before(S& kv) {
    if (!commit(kv, {}, {put("k", "0")})) return "refused";
    for (int i = 0; i < 20; ++i) {
        const auto now = std::to_string(i), then = std::to_string(i + 1);
        if (!commit(kv, {is("k", now)}, {put("k", then)})) return "lost sight of " + now;
        if (commit(kv, {is("k", now)}, {put("k", then)})) return "took " + now + " twice";
    }
    return {};
}

template <store S>
violation all_or_nothing(S& kv) {
    if (!commit(kv, {}, {put("a", "1"), put("c", "no counter"), put("e", "1")})) return "refused";
    const std::vector<write> three{put("a", "2"), put("b", "2"), erase("e")};
    for (const guard& broken : {is("a", "9"), absent("e"), is("z", "")}) {
        for (const bool last : {false, true}) {
            std::vector<guard> guards{absent("y")};
            guards.insert(last ? guards.end() : guards.begin(), broken);
            if (kv.commit({guards, three})) return "a broken guard held";
        }
    }
    auto with_bump = three;
    with_bump.push_back(bump("c", 1));
    if (kv.commit({{}, with_bump})) return "bumped what is no counter";
    if (value_of(kv, "a") != "1" || value_of(kv, "b") || value_of(kv, "e") != "1")
        return "a refused commit wrote";
    if (!kv.commit({{}, three})) return "refused";
    if (value_of(kv, "a") != "2" || value_of(kv, "b") != "2" || value_of(kv, "e"))
        return "a commit wrote in part";
    return {};
}

template <store S>
violation a_conflict_names_its_guard(S& kv) {
    if (!commit(kv, {}, {put("held", "1")})) return "refused";
    const std::vector<guard> guards{is("held", "1"),
                                    {"broken", "1", {}, "the plank is where it was"}};
    const auto r = kv.commit({guards, {}});
    if (r) return "held";
    const auto text = r.error().message();
    if (text.find("the plank is where it was") == text.npos || text.find("broken") == text.npos)
        return "does not name the guard and its key: " + text;
    return {};
}

template <store S>
violation bumps_add(S& kv) {
    if (!commit(kv, {}, {bump("n", 5)}) || value_of(kv, "n") != counter(5))
        return "an absent counter did not count as 0";
    if (!commit(kv, {}, {bump("n", 7)}) || value_of(kv, "n") != counter(12)) return "did not add";
    if (!commit(kv, {}, {bump("n", std::uint64_t{0} - 2)}) || value_of(kv, "n") != counter(10))
        return "2^64 - 2 did not subtract 2";
    if (!commit(kv, {}, {bump("n", 0)}) || value_of(kv, "n") != counter(10)) return "0 is not 0";
    if (!commit(kv, {is("n", counter(10))}, {put("n", counter(~std::uint64_t{0})), bump("m", 1)}))
        return "a counter is not its 8 bytes to a guard";
    if (!commit(kv, {}, {bump("n", 1), bump("m", 1)}) || value_of(kv, "n") != counter(0) ||
        value_of(kv, "m") != counter(2))
        return "does not wrap around";
    if (!commit(kv, {}, {erase("n")}) || !commit(kv, {}, {bump("n", 1)}) ||
        value_of(kv, "n") != counter(1))
        return "an erased counter did not count as 0";
    return {};
}

template <store S>
violation what_is_no_counter_is_not_bumped(S& kv) {
    for (const std::string& other : {std::string{}, std::string(7, 'x'), std::string(9, 'x')}) {
        if (!commit(kv, {}, {put("n", other)})) return "refused";
        const auto r = commit(kv, {}, {put("beside", "1"), bump("n", 1)});
        if (r) return "bumped " + std::to_string(other.size()) + " bytes";
        if (r.error().code() != errc::corrupt) return "not corrupt: " + r.error().message();
        if (value_of(kv, "n") != other || value_of(kv, "beside")) return "wrote all the same";
    }
    return {};
}

template <store S>
violation scans_are_ordered_and_half_open(S& kv) {
    const std::vector<std::string> keys{
        std::string{'\0'}, "a", std::string{'a', '\0'}, "aa", "ab", "b", "\x7f", "\x80", "\xff"};
    for (auto k = keys.rbegin(); k != keys.rend(); ++k)
        if (!commit(kv, {}, {put(*k, "of " + *k)})) return "refused";
    const auto is_row = [&](const auto& row, const std::string& key) {
        return row.first == key && row.second == "of " + key;
    };
    for (std::size_t first = 0; first < keys.size(); ++first) {
        for (std::size_t last = 0; last < keys.size(); ++last) {
            const auto rows = rows_in(kv, keys[first], keys[last]);
            if (!rows) return "a scan failed: " + rows.error().message();
            const std::size_t n = last > first ? last - first : 0;
            if (rows->size() != n) return "a scan of " + std::to_string(n) + " rows has others";
            for (std::size_t i = 0; i < n; ++i)
                if (!is_row((*rows)[i], keys[first + i])) return "a scan is out of order";
        }
    }
    const auto between = rows_in(kv, "ac", "az");
    if (!between || !between->empty()) return "a scan between rows found some";
    return {};
}

template <store S>
violation a_scan_is_of_one_instant(S& kv) {
    for (char c = 'a'; c < 'f'; ++c)
        if (!commit(kv, {}, {put({&c, 1}, "old")})) return "refused";
    auto rows = kv.scan("a", "z");
    if (!rows.valid() || rows.key() != "a") return "the first row is missing";
    rows.next();
    if (!commit(kv, {}, {put("c", "new"), erase("d"), put("dd", "new"), erase("a")}))
        return "cannot commit beside a scan";
    std::string seen;
    for (; rows.valid(); rows.next()) {
        if (rows.value() != "old") return "saw a later value";
        seen += rows.key();
    }
    if (!rows.status()) return "failed: " + rows.status().error().message();
    if (seen != "bcde") return "saw other rows than there were: " + seen;
    return {};
}

template <store S>
violation a_snapshot_is_frozen(S& kv) {
    if (!commit(kv, {}, {put("a", "1"), put("b", "1")})) return "refused";
    const auto then = kv.snapshot();
    if (!commit(kv, {}, {put("a", "2"), erase("b"), put("c", "2")})) return "refused";
    if (value_of(then, "a") != "1" || value_of(then, "b") != "1" || value_of(then, "c"))
        return "get sees what came later";
    const auto rows = rows_in(then, "", "z");
    if (!rows || *rows != row_list{{"a", "1"}, {"b", "1"}}) return "scan sees what came later";
    if (value_of(kv, "a") != "2" || value_of(kv, "b")) return "the store itself is frozen too";
    return {};
}

template <store S>
violation unchanged_is_never_said_of_a_change(S& kv) {
    if (kv.unchanged("k", version{})) return "of a version that promises nothing";
    const std::vector<std::vector<write>> changes{
        {put("k", "1")}, {put("k", "1")}, {bump("n", 1), put("k", "2")}, {erase("k")},
        {erase("k")},    {bump("k", 1)},  {put("o", "1"), erase("k")}};
    std::vector<version> earlier;
    for (const auto& change : changes) {
        const auto row = kv.get("k");
        if (!row) return "could not read";
        earlier.push_back(row->at);
        if (!kv.commit({{}, change})) return "refused";
        for (const auto at : earlier)
            if (kv.unchanged("k", at)) return "said after change " + std::to_string(earlier.size());
    }
    const auto r = commit(kv, {}, {put("k", "3")});
    if (!r || !commit(kv, {}, {put("k", "4")}) || kv.unchanged("k", r->at))
        return "said of a receipt's version";
    return {};
}

/// A guard with a version is still about the value: back to the old value, it holds (rows that must
/// not be mistaken so carry a generation, DESIGN D2).
template <store S>
violation a_stale_version_is_compared_by_value(S& kv) {
    if (!commit(kv, {}, {put("k", "A")})) return "refused";
    const auto seen = kv.get("k");
    const auto none = kv.get("j");
    if (!seen || !none) return "could not read";
    const guard token{"k", *seen->value, seen->at, "k"}, gap{"j", std::nullopt, none->at, "j"};
    if (!commit(kv, {token, gap}, {})) return "a token did not hold at once";
    if (!commit(kv, {token}, {put("k", "B"), put("j", "B")})) return "a token did not hold";
    if (commit(kv, {token}, {put("k", "C")})) return "a token of an older value held";
    if (commit(kv, {gap}, {put("j", "C")})) return "a token of absence held beside a row";
    if (!commit(kv, {}, {put("k", "A"), erase("j")})) return "refused";
    if (!commit(kv, {token, gap}, {put("k", "D")})) return "changed and changed back did not hold";
    return {};
}

template <store S>
violation a_receipt_covers_its_writes(S& kv) {
    const auto r = commit(kv, {}, {put("k", "1"), bump("n", 3), erase("e")});
    if (!r) return "refused";
    const auto three = counter(3);
    const std::vector<guard> guards{
        {"k", "1", r->at, "k"}, {"n", three, r->at, "n"}, {"e", std::nullopt, r->at, "e"}};
    const auto next = kv.commit({guards, {}});
    if (!next) return "what was written is not what is there: " + next.error().message();
    return {};
}

/// Also for `violation`s between stores: both are given the same number of commits.
template <store S>
violation a_foreign_version_promises_nothing(S& kv, S& other) {
    for (int i = 0; i < 5; ++i)
        if (!commit(kv, {}, {put("k", "mine")}) || !commit(other, {}, {put("k", "theirs")}))
            return "refused";
    const auto row = other.get("k");
    if (!row) return "could not read";
    if (kv.unchanged("k", row->at)) return "a version of another store counted";
    if (kv.unchanged("never written", row->at)) return "a version of another store counted";
    const guard theirs{"k", *row->value, row->at, "k"};
    if (commit(kv, {theirs}, {put("k", "wrong")})) return "a token of another store held";
    for (const std::uint64_t number : {std::uint64_t{1}, std::uint64_t{2}, ~std::uint64_t{0}})
        if (commit(kv, {{"k", "theirs", version{number}, "k"}}, {put("k", "wrong")}))
            return "an invented version counted";
    return {};
}

template <store S>
violation a_commit_has_a_limit(S& kv) {
    const auto attempt = [&](std::size_t guards_n, std::size_t writes_n, std::string_view value) {
        std::vector<std::string> keys;
        for (std::size_t i = 0; i < guards_n + writes_n; ++i) keys.push_back(std::to_string(i));
        std::vector<guard> guards;
        for (std::size_t i = 0; i < guards_n; ++i) guards.push_back(absent(keys[i]));
        std::vector<write> writes;
        for (std::size_t i = 0; i < writes_n; ++i) writes.push_back(put(keys[guards_n + i], value));
        return kv.commit({guards, writes});
    };
    for (const auto& [guards, writes] : {std::pair{1, 100}, {101, 0}, {0, 101}}) {
        const auto r = attempt(guards, writes, "1");
        if (r || r.error().code() != errc::too_big) return "took 101 rows";
    }
    if (const auto rows = rows_in(kv, "", "z"); !rows || !rows->empty()) return "wrote in part";
    if (!attempt(50, 50, "1")) return "refused 100 rows";
    const auto rows = rows_in(kv, "", "z");
    if (!rows || rows->size() != 50) return "lost some of 100 rows";
    return {};
}

/// Scripts as a seed draws them, against a std::map: see store_script.hpp.
template <store S>
violation scripts_agree_with_a_map(S& kv) {
    std::mt19937 draw{1};
    for (int n = 0; n < 150; ++n) {
        std::vector<step_bytes> script(30);
        for (auto& step : script) {
            step.resize(16);
            for (auto& byte : step) byte = static_cast<std::uint8_t>(draw());
        }
        if (auto broken = disagrees_with_a_map(kv, script)) return broken;
    }
    return {};
}

}  // namespace casement::testing::laws

namespace casement::testing {

template <store S>
struct store_law {
    std::string_view name;
    violation (*broken_by)(S& empty_store);
};

/// Every law about one store. `a_foreign_version_promises_nothing` is about two, and stands apart.
template <store S>
[[nodiscard]] constexpr auto store_laws() {
    using namespace laws;
    return std::to_array<store_law<S>>({
        // clang-format off
        {"what is put is found",                 what_is_put_is_found<S>},
        {"an empty value is a row",              an_empty_value_is_a_row<S>},
        {"erased is absent",                     erased_is_absent<S>},
        {"an absent guard holds once",           an_absent_guard_holds_once<S>},
        {"an exact guard compares all",          an_exact_guard_compares_all<S>},
        {"guards see the commit before",         guards_see_the_commit_before<S>},
        {"all or nothing",                       all_or_nothing<S>},
        {"a conflict names its guard",           a_conflict_names_its_guard<S>},
        {"bumps add",                            bumps_add<S>},
        {"what is no counter is not bumped",     what_is_no_counter_is_not_bumped<S>},
        {"scans are ordered and half-open",      scans_are_ordered_and_half_open<S>},
        {"a scan is of one instant",             a_scan_is_of_one_instant<S>},
        {"a snapshot is frozen",                 a_snapshot_is_frozen<S>},
        {"unchanged is never said of a change",  unchanged_is_never_said_of_a_change<S>},
        {"a stale version is compared by value", a_stale_version_is_compared_by_value<S>},
        {"a receipt covers its writes",          a_receipt_covers_its_writes<S>},
        {"a commit has a limit",                 a_commit_has_a_limit<S>},
        {"scripts agree with a map",             scripts_agree_with_a_map<S>},
        // clang-format on
    });
}

}  // namespace casement::testing
