// Look-ups below immutable directories, from memory; and that memory is no proof.

#include <casement/tree/cached_rows.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <casement/tree/overlay.hpp>
#include <casement/tree/reach.hpp>
#include "support/property.hpp"
#include "tree/hand.hpp"

namespace casement::testing::cached_rows_test {
namespace {

/// /d is an object of many names.
struct scene {
    explicit scene(int names = 2'000) {
        memory_tree plant;
        plant.mkdir("/d");
        for (int n = 0; n < names; ++n) plant.make("/d/" + std::to_string(n), file(7));
        const auto now = must(read_image(plant.kv, plant.node("/d")));
        d = now.object();
        must(finalize_directory(plant.me, now, must(read<binding>(plant.kv, plant.node("/d"))),
                                any_rev{plant.dir()}, plant.name("/d")));
        must(sweep_hidden(plant.kv));
        kv = plant.kv;
    }
    obj_id d;
    memory_store kv;
};

TEST(CachedRows, FindNamesBelowAnObjectWithoutReadingItsBlocksAgain) {
    scene s;
    cached_rows<memory_store> rows{s.kv, 16u << 20};
    const auto look = [](const auto& at, int n) {
        return must(resolve_through(at, "/d/" + std::to_string(n))).what;
    };
    for (int round = 0; round < 2; ++round)
        for (int n = 0; n < 2'000; n += 13) EXPECT_EQ(look(rows, n), look(s.kv, n));
    const auto blocks = must(object::dirobj_check(blocks_in(s.kv), s.d)).blocks;
    EXPECT_EQ(rows.block_cache().count().read, blocks);
    EXPECT_EQ(code_of(resolve_through(rows, "/d/none")), errc::not_found);
}

TEST(CachedRows, AreTheRowsOfTheirStoreOtherwise) {
    law("a tree over cached rows changes as one without",
        [](const std::vector<std::uint8_t>& deeds) {
            scene s{40};
            memory_store plain = s.kv;
            cached_rows<memory_store> rows{s.kv, 1u << 20};
            hand<memory_store> a{plain};
            hand<cached_rows<memory_store>> b{rows};
            (void)must(instantiate_directory(a.me, any_rev{a.dir()}, a.name("/d")));
            (void)must(instantiate_directory(b.me, any_rev{b.dir()}, b.name("/d")));
            for (const auto deed : deeds) {
                const auto path = "/d/" + std::to_string(deed % 64);
                if (a.name(path).exists()) {
                    must(tree::remove(a.me, any_rev{a.dir("/d")}, a.name(path)));
                    must(tree::remove(b.me, any_rev{b.dir("/d")}, b.name(path)));
                } else {
                    a.make(path, file(deed));
                    b.make(path, file(deed));
                }
                RC_ASSERT(names_in(plain, a.node("/d")) == names_in(rows, b.node("/d")));
            }
        });
}

TEST(CachedRows, AreNoProofThatABlockIsThere) {
    scene s;
    cached_rows<memory_store> rows{s.kv, 16u << 20};
    (void)must(resolve_through(rows, "/d/7"));
    must(transaction{rows}.erase<object_row>(s.d).commit());
    EXPECT_TRUE(resolve_through(rows, "/d/7")) << "what was read stays true";
    EXPECT_EQ(code_of(blocks_in(rows)(s.d.digest)), errc::need_pull);
    const auto fine = [](const auto&...) -> result<void> { return {}; };
    EXPECT_EQ(code_of(object_walk{rows}.below(s.d, "", fine, fine)), errc::need_pull)
        << "who asks what is stored is told the truth";
}

}  // namespace
}  // namespace casement::testing::cached_rows_test
