// What a directory shows over its base, held against a map that is merged the same way.

#include <casement/tree/names.hpp>

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <casement/tree/overlay.hpp>
#include "support/property.hpp"
#include "tree/hand.hpp"

namespace casement::testing::names_test {
namespace {

using names = std::vector<std::string>;

std::string name_of(std::uint8_t n) { return std::string(1, static_cast<char>('a' + n % 8)); }

/// /d, changed at random: what it shows by `shown`.
struct over_a_base : memory_tree {
    over_a_base() { mkdir("/d"); }
    void change(std::uint8_t deed) {
        const auto path = "/d/" + name_of(deed);
        if (deed % 16 == 15) return take_base();
        if (shown.contains(name_of(deed))) {
            if (deed & 64) {
                replace(path, deed);
                shown[name_of(deed)] = object(deed);
            } else {
                must(tree::remove(me, any_rev{dir("/d")}, name(path)));
                shown.erase(name_of(deed));
            }
        } else {
            make(path, file(deed));
            shown[name_of(deed)] = object(deed);
        }
    }
    void take_base() {
        must(rebase(me, must(read_image(kv, node("/d")))));
        must(sweep_hidden(kv));
    }
    std::map<std::string, obj_id> shown;
};

TEST(Names, AreThoseOfAMergedMap) {
    law("a list is the merged map, in order, and agrees with every look-up",
        [](const std::vector<std::uint8_t>& deeds) {
            over_a_base t;
            for (const auto d : deeds) t.change(d);
            names expected;
            for (const auto& [name, _] : t.shown) expected.push_back(name);
            RC_ASSERT(names_in(t.kv, t.node("/d")) == expected);
            for (std::uint8_t n = 0; n < 8; ++n) {
                const auto seen = t.name("/d/" + name_of(n));
                const auto at = t.shown.find(name_of(n));
                RC_ASSERT(seen.exists() == (at != t.shown.end()));
                if (seen.exists()) RC_ASSERT(*object_in(*seen) == at->second);
            }
        });
}

TEST(Names, GoOnAfterAnyName) {
    law("a list is resumed by name", [](const std::vector<std::uint8_t>& deeds, std::uint8_t n) {
        over_a_base t;
        for (const auto d : deeds) t.change(d);
        names rest;
        for (const auto& [name, _] : t.shown)
            if (name > name_of(n)) rest.push_back(name);
        RC_ASSERT(names_in(t.kv, t.node("/d"), name_of(n)) == rest);
    });
}

// Emptiness is of what is shown: a base that shows a name is not empty, a tombstone is no name.
TEST(Names, ADirectoryIsEmptyWhereItsListIs) {
    law("see_empty agrees with the list", [](const std::vector<std::uint8_t>& deeds) {
        over_a_base t;
        for (const auto d : deeds) t.change(d);
        RC_ASSERT(see_empty(t.kv, t.node("/d")).has_value() == t.shown.empty());
    });
}

TEST(Names, ATombstoneIsLeftOverABaseAlone) {
    over_a_base t;
    const auto dir = t.node("/d");
    const auto row = [&](std::string_view name) {
        return must(read<entry>(t.kv, t.dir("/d").key(name)));
    };
    t.make("/d/x");
    must(tree::remove(t.me, any_rev{t.dir("/d")}, t.name("/d/x")));
    EXPECT_FALSE(row("x").exists());
    t.make("/d/y");
    t.take_base();
    EXPECT_FALSE(row("y").exists()) << "it is in the base";
    must(tree::remove(t.me, any_rev{t.dir("/d")}, t.name("/d/y")));
    ASSERT_TRUE(row("y").exists());
    EXPECT_TRUE(is_tombstone(*row("y")));
    EXPECT_TRUE(names_in(t.kv, dir).empty());
    EXPECT_EQ(code_of(tree::remove(t.me, any_rev{t.dir("/d")}, t.name("/d/y"))), errc::not_found);
    t.make("/d/y", file(7));
    EXPECT_EQ(names_in(t.kv, dir), names{"y"});
}

TEST(Names, OfAMissingBaseAreElsewhere) {
    over_a_base t;
    t.make("/d/x");
    t.take_base();
    t.uproot<object_row>(*t.dir("/d").head()->base);
    EXPECT_EQ(code_of(look_up(t.kv, t.dir("/d"), "x")), errc::need_pull);
    EXPECT_EQ(code_of(list(t.kv, t.node("/d"))), errc::need_pull);
    EXPECT_EQ(code_of(see_empty(t.kv, t.node("/d"))), errc::need_pull);
}

}  // namespace
}  // namespace casement::testing::names_test
