#include <casement/engine/any_store.hpp>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <casement/engine/leveldb.hpp>
#include <casement/kv/memory.hpp>
#include <support/temporary.hpp>

#include "kv/far_store.hpp"
#include "kv/store_laws.hpp"

namespace casement::engine::any_store_test {
namespace {

using casement::testing::commit;
using casement::testing::put;
using casement::testing::temporary_directory;

TEST(any_store, obeys_the_laws_with_either_engine) {
    const temporary_directory here;
    int n = 0;
    for (const auto& law : casement::testing::store_laws<any_store>()) {
        any_store in_memory{memory_store{}};
        EXPECT_EQ(law.broken_by(in_memory), std::nullopt) << law.name;
        auto opened = leveldb_store::open(here / std::to_string(++n),
                                          {.durable = durability::process, .create = true});
        ASSERT_TRUE(opened) << opened.error().message();
        any_store on_disk{*std::move(opened)};
        EXPECT_EQ(law.broken_by(on_disk), std::nullopt) << law.name;
        EXPECT_TRUE(on_disk.sync());
        EXPECT_NE(on_disk.report(), "");
        EXPECT_GT(on_disk.as<leveldb_store>()->counts().commits, 0u);
        EXPECT_EQ(on_disk.as<memory_store>(), nullptr);
        EXPECT_TRUE(on_disk.close());
    }
}

using casement::testing::far_store;

TEST(any_store, of_one_that_is_far_is_asked_for_rows_together) {
    any_store kv{far_store{}};
    EXPECT_TRUE(is_far(kv) && is_far(kv.snapshot()));
    ASSERT_TRUE(commit(kv, {}, {put("k", "v")}));
    const std::vector<std::string_view> keys{"k"};
    const auto journeys = [&] { return kv.as<far_store>()->journeys; };
    const auto before = journeys();
    const auto at = kv.together(keys);
    EXPECT_EQ(at.get("k")->value, "v");
    EXPECT_EQ(journeys(), before + 1) << "the instant, and the row with it";
    EXPECT_EQ(at.together(keys).get("k")->value, "v");
    EXPECT_EQ(journeys(), before + 2);

    any_store near{memory_store{}};
    EXPECT_FALSE(is_far(near) || is_far(near.snapshot()));
    ASSERT_TRUE(commit(near, {}, {put("k", "v")}));
    EXPECT_EQ(near.together(keys).together(keys).get("k")->value, "v");
}

}  // namespace
}  // namespace casement::engine::any_store_test
