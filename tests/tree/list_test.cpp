#include <casement/tree/list.hpp>

#include <gtest/gtest.h>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/take.hpp>
#include <range/v3/view/transform.hpp>

#include "tree/counting_store.hpp"
#include "tree/hand.hpp"

namespace casement::testing::list_test {
namespace {

using strings = std::vector<std::string>;

constexpr auto owned_name = [](const auto& each) { return std::string{each.name()}; };

// Names that are prefixes of others, and bytes at both ends of the alphabet.
const strings tricky{"\x01", "\x01\x01", "a",        "a\x01",     "a\x01z",    "a b",
                     "aa",   "ab",       "a\xff",    "a\xff\x01", "a\xff\xff", "b",
                     "\xfe", "\xff",     "\xff\x01", "\xff\xff"};

void plant(memory_tree& t, std::string_view dir, const strings& names) {
    for (const auto& name : names) t.make(std::string{dir} + "/" + name);
}

TEST(List, IsInTheOrderOfBytes) {
    memory_tree t;
    plant(t, "", tricky);
    auto sorted = tricky;
    std::ranges::sort(sorted);
    EXPECT_EQ(names_in(t.kv, root), sorted);
}

TEST(List, GoesOnAfterAnyName) {
    memory_tree t;
    plant(t, "", tricky);
    const auto all = names_in(t.kv, root);
    for (std::size_t i = 0; i < all.size(); ++i)
        EXPECT_EQ(names_in(t.kv, root, all[i]),
                  strings(all.begin() + static_cast<long>(i) + 1, all.end()));
    EXPECT_EQ(names_in(t.kv, root, ""), all);
    // The name need not be there any more, nor ever have been.
    must(tree::remove(t.me, any_rev{t.dir()}, t.name("/aa")));
    EXPECT_EQ(names_in(t.kv, root, "aa").front(), "ab");
    EXPECT_EQ(names_in(t.kv, root, "a\xff\xff\xff").front(), "b");
    EXPECT_TRUE(names_in(t.kv, root, std::string(255, '\xff')).empty());
}

TEST(List, IsOfOneDirectory) {
    memory_tree t;
    for (const auto* d : {"/a", "/b", "/c"}) {
        t.mkdir(d);
        plant(t, d, {"x", "y"});
    }
    t.mkdir("/empty");
    EXPECT_EQ(names_in(t.kv, t.node("/b")), (strings{"x", "y"}));
    EXPECT_TRUE(names_in(t.kv, t.node("/empty")).empty());
    EXPECT_EQ(names_in(t.kv, root), (strings{"a", "b", "c", "empty"}));
    EXPECT_EQ(code_of(list(t.kv, node_id{99})), errc::not_found);
}

TEST(List, IsOfOneLayer) {
    memory_tree t;
    plant(t, "", {"old"});
    head h = *t.dir().head();
    h.layer = {1};
    t.plant<head>(root, h);
    plant(t, "", {"new"});
    EXPECT_EQ(names_in(t.kv, root), strings{"new"});
}

TEST(List, ReadsWhatIsTaken) {
    memory_tree t;
    for (int i = 0; i < 1000; ++i) t.make("/n" + std::to_string(i));
    counting_store counted{t.kv};
    auto names = must(list(counted, root));
    EXPECT_EQ(counted.counts(), (store_counts{.gets = 2, .scans = 1, .rows = 1}));
    const auto first = names | ranges::views::take(3) | ranges::views::transform(owned_name) |
                       ranges::to<std::vector>;
    EXPECT_EQ(first, (strings{"n0", "n1", "n10"}));
    EXPECT_LE(counted.counts().rows, 4u);
}

TEST(List, IsARangeLikeAnyOther) {
    memory_tree t;
    t.make("/x", file(1), {.size = 10});
    t.make("/y", link("x"), {.size = 1});
    t.make("/z", file(2), {.size = 30});
    auto names = must(list(t.kv, root));
    const auto big = [](const auto& each) { return must(each.row()).about.size > 5; };
    EXPECT_EQ(names | ranges::views::filter(big) | ranges::views::transform(owned_name) |
                  ranges::to<std::vector>,
              (strings{"x", "z"}));
}

TEST(List, IsFrozenAndTaggedWithItsRev) {
    memory_tree t;
    plant(t, "", {"a", "b", "c"});
    const auto rev = t.rev();
    auto names = must(list(t.kv, root));
    must(tree::remove(t.me, any_rev{t.dir()}, t.name("/b")));
    t.make("/d");
    EXPECT_EQ(names.of().rev()->n.value, rev);
    EXPECT_EQ(names | ranges::views::transform(owned_name) | ranges::to<std::vector>,
              (strings{"a", "b", "c"}));
    EXPECT_TRUE(names.status());
    EXPECT_EQ(code_of(create(t.me, at_rev{names.of()}, "e", file(), {})), errc::conflict);
    EXPECT_TRUE(create(t.me, at_rev{must(list(t.kv, root)).of()}, "e", file(), {}));
}

TEST(List, IsARead) {
    memory_tree t;
    plant(t, "", {"a", "b"});
    std::vector<seen_name> tokens;
    auto names = must(list(t.kv, root));
    for (const auto& each : names) tokens.push_back(must(each.token()));
    ASSERT_EQ(tokens.size(), 2u);
    t.replace("/b", 9);
    EXPECT_TRUE(tree::remove(t.me, any_rev{t.dir()}, tokens[0]));
    EXPECT_EQ(code_of(tree::remove(t.me, any_rev{t.dir()}, tokens[1])), errc::conflict);
}

TEST(List, ACorruptRowHasANameAndNoContent) {
    memory_tree t;
    plant(t, "", {"a", "b", "c"});
    const auto key = row_key<entry>({root, {}, "b"});
    const write junk{write::kind::put, key, "\x09", 0};
    must(t.kv.commit({{}, {&junk, 1}}));
    auto names = must(list(t.kv, root));
    strings good, bad;
    for (const auto& each : names) (each.row() ? good : bad).push_back(owned_name(each));
    EXPECT_EQ(good, (strings{"a", "c"}));
    EXPECT_EQ(bad, strings{"b"}) << "one row's damage does not hide the others";
    auto again = must(list(t.kv, root, "a"));
    EXPECT_EQ(code_of((*again.begin()).row()), errc::corrupt);
    EXPECT_EQ(code_of((*again.begin()).token()), errc::corrupt);
}

/// A store whose scans break off after so many rows.
class breaking_store {
public:
    class cursor {
    public:
        cursor(memory_store::cursor of, int rows) : of_{std::move(of)}, left_{rows} {}
        [[nodiscard]] bool valid() const { return left_ > 0 && of_.valid(); }
        [[nodiscard]] std::string_view key() const { return of_.key(); }
        [[nodiscard]] std::string_view value() const { return of_.value(); }
        void next() {
            of_.next();
            --left_;
        }
        [[nodiscard]] result<void> status() const {
            if (left_ > 0 || !of_.valid()) return {};
            return fail(errc::corrupt, "scan", "block 7", "its checksum is another");
        }

    private:
        memory_store::cursor of_;
        int left_;
    };

    breaking_store(memory_store of, int rows) : of_{std::move(of)}, rows_{rows} {}
    [[nodiscard]] result<found> get(std::string_view key) const { return of_.get(key); }
    [[nodiscard]] cursor scan(std::string_view first, std::string_view last) const {
        return {of_.scan(first, last), rows_};
    }
    [[nodiscard]] breaking_store snapshot() const { return *this; }
    [[nodiscard]] bool unchanged(std::string_view, version) const { return false; }
    [[nodiscard]] result<receipt> commit(const batch& b) { return of_.commit(b); }

private:
    memory_store of_;
    int rows_;
};

TEST(List, SaysThatItEndedAtDamage) {
    memory_tree t;
    plant(t, "", {"a", "b", "c"});
    const breaking_store broken{t.kv, 2};
    auto names = must(list(broken, root));
    EXPECT_EQ(names | ranges::views::transform(owned_name) | ranges::to<std::vector>,
              (strings{"a", "b"}));
    EXPECT_EQ(code_of(names.status()), errc::corrupt);
    EXPECT_EQ(code_of(list(breaking_store{t.kv, 0}, root)), errc::corrupt);
    EXPECT_EQ(code_of(see_empty(breaking_store{t.kv, 0}, root)), errc::corrupt)
        << "a directory that cannot be read is not an empty one";
}

}  // namespace
}  // namespace casement::testing::list_test
