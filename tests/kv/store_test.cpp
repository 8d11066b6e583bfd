// The laws of the store concept are themselves tested here: each store below breaks one promise,
// and some law must say so; and each law must be the one to say so of some store.

#include <casement/kv/store.hpp>

#include <algorithm>
#include <list>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <casement/kv/memory.hpp>

#include "kv/store_laws.hpp"

namespace casement::store_test {
namespace {

using testing::violation;

/// Which promise is broken.
enum class flaw {
    none,
    loses_zero_bytes_in_keys,
    takes_empty_for_absent,
    keeps_what_is_erased,
    drops_absent_guards,
    drops_exact_guards,
    compares_lengths_alone,
    checks_guards_against_the_past,
    checks_the_first_guard_alone,
    writes_before_it_checks,
    hides_the_guard,
    bump_sets,
    bump_sees_zero_in_anything,
    scans_the_last_too,
    scans_in_the_present,
    snapshots_the_present,
    always_says_unchanged,
    trusts_any_version,
    takes_any_number,
    loses_one_commit_in_fifty,
};

/// A memory_store with a flaw.
class flawed_store {
public:
    explicit flawed_store(flaw f) : flaw_{f} {}

    class cursor {
    public:
        cursor(const flawed_store& of, std::string_view first, std::string_view last)
            : of_{&of}, rows_{of.rows_.scan(first, last)}, last_{last} {
            look();
        }
        [[nodiscard]] bool valid() const { return rows_.valid(); }
        [[nodiscard]] std::string_view key() const { return key_; }
        [[nodiscard]] std::string_view value() const { return value_; }
        void next() {
            if (of_->flaw_ == flaw::scans_in_the_present)
                rows_ = of_->rows_.scan(key_ + '\0', last_);
            else
                rows_.next();
            look();
        }
        [[nodiscard]] result<void> status() const { return rows_.status(); }

    private:
        void look() {
            if (!rows_.valid()) return;
            key_ = rows_.key();
            value_ = rows_.value();
        }
        const flawed_store* of_;
        memory_store::cursor rows_;
        std::string last_, key_, value_;
    };

    /// What it shows is in place of the store; a snapshot that is none shows the store itself.
    class view {
    public:
        explicit view(const flawed_store& of) : live_{of}, then_{of.rows_} {}
        [[nodiscard]] result<found> get(std::string_view key) const { return source().get(key); }
        [[nodiscard]] memory_store::cursor scan(std::string_view first,
                                                std::string_view last) const {
            return source().scan(first, last);
        }

    private:
        [[nodiscard]] const memory_store& source() const {
            return live_.flaw_ == flaw::snapshots_the_present ? live_.rows_ : then_;
        }
        const flawed_store& live_;
        memory_store then_;
    };

    [[nodiscard]] result<found> get(std::string_view key) const {
        auto row = rows_.get(stored(key));
        if (flaw_ == flaw::takes_empty_for_absent && row->value == "") row->value.reset();
        return row;
    }
    [[nodiscard]] cursor scan(std::string_view first, std::string_view last) const {
        std::string beyond{last};
        if (flaw_ == flaw::scans_the_last_too && last > first) beyond += '\0';
        return {*this, first, beyond};
    }
    [[nodiscard]] view snapshot() const { return view{*this}; }
    [[nodiscard]] bool unchanged(std::string_view key, version at) const {
        if (flaw_ == flaw::always_says_unchanged) return at.number != 0;
        return rows_.unchanged(key, at);
    }
    [[nodiscard]] result<receipt> commit(const batch& b);

private:
    [[nodiscard]] std::string stored(std::string_view key) const {
        std::string out{key};
        if (flaw_ == flaw::loses_zero_bytes_in_keys) std::erase(out, '\0');
        return out;
    }
    [[nodiscard]] std::vector<guard> checked(std::span<const guard> guards) const;
    [[nodiscard]] std::vector<write> written(std::span<const write> writes);

    flaw flaw_;
    memory_store rows_, before_;
    int commits_ = 0;
    std::list<std::string> kept_;
};

/// Whether this store looks at a guard at all.
bool forgets(flaw f, const guard& g, std::size_t place) {
    return (f == flaw::drops_absent_guards && !g.expected) ||
           (f == flaw::drops_exact_guards && g.expected) ||
           (f == flaw::checks_the_first_guard_alone && place > 0) ||
           (f == flaw::trusts_any_version && g.seen_at.number != 0);
}

std::vector<guard> flawed_store::checked(std::span<const guard> guards) const {
    std::vector<guard> out;
    for (const auto& g : guards) {
        if (forgets(flaw_, g, out.size())) continue;
        out.push_back(g);
        if (flaw_ == flaw::hides_the_guard) out.back().name = "a guard";
    }
    return out;
}

std::vector<write> flawed_store::written(std::span<const write> writes) {
    kept_.clear();
    std::vector<write> out;
    for (auto w : writes) {
        if (w.what == write::kind::erase && flaw_ == flaw::keeps_what_is_erased) continue;
        const auto now = rows_.get(w.key);
        if (w.what == write::kind::bump &&
            (flaw_ == flaw::bump_sets ||
             (flaw_ == flaw::bump_sees_zero_in_anything && now->value && now->value->size() != 8)))
            w = {write::kind::put, w.key, kept_.emplace_back(testing::counter(w.amount)), 0};
        w.key = kept_.emplace_back(stored(w.key));
        const auto same = [&](const write& other) { return other.key == w.key; };
        if (std::none_of(out.begin(), out.end(), same)) out.push_back(w);
    }
    return out;
}

result<receipt> flawed_store::commit(const batch& b) {
    if (b.guards.size() + b.writes.size() > commit_rows_max && flaw_ != flaw::takes_any_number)
        return fail(errc::too_big, "commit", "", "");
    auto guards = checked(b.guards);
    const auto writes = written(b.writes);
    const auto then = std::exchange(before_, rows_);
    if (flaw_ == flaw::writes_before_it_checks && !writes.empty())
        (void)rows_.commit({{}, std::span{writes}.first(1)});
    auto& judge = flaw_ == flaw::checks_guards_against_the_past ? before_ = then : rows_;
    for (const auto& g : guards) {
        const auto now = judge.get(g.key);
        const bool same =
            now->value.has_value() == g.expected.has_value() &&
            (!now->value || *now->value == *g.expected ||
             (flaw_ == flaw::compares_lengths_alone && now->value->size() == g.expected->size()));
        if (!same) return std::unexpected{guard_failed(g)};
    }
    if (flaw_ == flaw::loses_one_commit_in_fifty && ++commits_ % 50 == 0)
        return receipt{rows_.get("")->at};
    return rows_.commit({{}, std::span{writes}.first(std::min(writes.size(), commit_rows_max))});
}

static_assert(store<flawed_store>);

std::set<std::string_view> laws_broken_by(flaw f) {
    std::set<std::string_view> broken;
    for (const auto& law : testing::store_laws<flawed_store>()) {
        flawed_store kv{f};
        if (law.broken_by(kv)) broken.insert(law.name);
    }
    flawed_store kv{f}, other{f};
    if (testing::laws::a_foreign_version_promises_nothing(kv, other))
        broken.insert("a foreign version promises nothing");
    return broken;
}

TEST(store_laws, hold_for_a_store_without_flaw) { EXPECT_TRUE(laws_broken_by(flaw::none).empty()); }

TEST(store_laws, find_every_flaw_and_each_law_finds_one) {
    std::set<std::string_view> useful;
    for (int f = 1; f <= static_cast<int>(flaw::loses_one_commit_in_fifty); ++f) {
        const auto broken = laws_broken_by(static_cast<flaw>(f));
        EXPECT_FALSE(broken.empty()) << "nobody finds flaw " << f;
        useful.insert(broken.begin(), broken.end());
    }
    for (const auto& law : testing::store_laws<flawed_store>())
        EXPECT_TRUE(useful.contains(law.name)) << "finds nothing: " << law.name;
    EXPECT_TRUE(useful.contains("a foreign version promises nothing"));
}

// The law that is meant for a flaw finds it by itself, whatever the others do.
TEST(store_laws, name_the_flaw) {
    const auto finds = [](flaw f, std::string_view law) {
        EXPECT_TRUE(laws_broken_by(f).contains(law)) << law;
    };
    // clang-format off
    finds(flaw::loses_zero_bytes_in_keys,       "what is put is found");
    finds(flaw::takes_empty_for_absent,         "an empty value is a row");
    finds(flaw::keeps_what_is_erased,           "erased is absent");
    finds(flaw::drops_absent_guards,            "an absent guard holds once");
    finds(flaw::drops_exact_guards,             "an exact guard compares all");
    finds(flaw::compares_lengths_alone,         "an exact guard compares all");
    finds(flaw::checks_guards_against_the_past, "guards see the commit before");
    finds(flaw::checks_the_first_guard_alone,   "all or nothing");
    finds(flaw::writes_before_it_checks,        "all or nothing");
    finds(flaw::hides_the_guard,                "a conflict names its guard");
    finds(flaw::bump_sets,                      "bumps add");
    finds(flaw::bump_sees_zero_in_anything,     "what is no counter is not bumped");
    finds(flaw::scans_the_last_too,             "scans are ordered and half-open");
    finds(flaw::scans_in_the_present,           "a scan is of one instant");
    finds(flaw::snapshots_the_present,          "a snapshot is frozen");
    finds(flaw::always_says_unchanged,          "unchanged is never said of a change");
    finds(flaw::trusts_any_version,             "a stale version is compared by value");
    finds(flaw::trusts_any_version,             "a foreign version promises nothing");
    finds(flaw::takes_any_number,               "a commit has a limit");
    finds(flaw::loses_one_commit_in_fifty,      "scripts agree with a map");
    // clang-format on
}

// A commit says in words what it is: these are what the docs of the concept promise.
TEST(store, a_commit_leaves_room_below_the_limit_of_etcd) { EXPECT_LE(commit_rows_max, 128u); }

TEST(store, an_unset_version_equals_only_itself) {
    EXPECT_EQ(version{}, version{0});
    EXPECT_NE(version{}, version{1});
}

struct no_commit {
    result<found> get(std::string_view) const;
    memory_store::cursor scan(std::string_view, std::string_view) const;
};
static_assert(readable<no_commit> && !store<no_commit>);
static_assert(readable<memory_store> && store<memory_store>);
static_assert(ordered_cursor<memory_store::cursor>);

}  // namespace
}  // namespace casement::store_test
