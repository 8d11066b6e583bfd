#include <casement/engine/any_store.hpp>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <casement/engine/leveldb.hpp>
#include <casement/kv/memory.hpp>
#include <support/temporary.hpp>

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

/// Counts the journeys to it.
class far_store : public memory_store {
public:
    struct view : memory_store {
        explicit view(const memory_store& now, int* j) : memory_store{now}, journeys{j} {}
        [[nodiscard]] view together(std::span<const std::string_view>) const {
            ++*journeys;
            return *this;
        }
        int* journeys;
    };
    explicit far_store(int* journeys) : journeys_{journeys} {}
    [[nodiscard]] view snapshot() const { return view{*this, journeys_}; }
    [[nodiscard]] view together(std::span<const std::string_view> keys) const {
        return snapshot().together(keys);
    }

private:
    int* journeys_;
};
static_assert(far<far_store>);

TEST(any_store, of_one_that_is_far_is_asked_for_rows_together) {
    int journeys = 0;
    any_store kv{far_store{&journeys}};
    ASSERT_TRUE(commit(kv, {}, {put("k", "v")}));
    const std::vector<std::string_view> keys{"k"};
    (void)kv.snapshot();
    EXPECT_EQ(journeys, 0);
    const auto at = kv.together(keys);
    EXPECT_EQ(journeys, 1);
    EXPECT_EQ(at.together(keys).get("k")->value, "v");
    EXPECT_EQ(journeys, 2);

    any_store near{memory_store{}};
    ASSERT_TRUE(commit(near, {}, {put("k", "v")}));
    EXPECT_EQ(near.together(keys).together(keys).get("k")->value, "v");
}

}  // namespace
}  // namespace casement::engine::any_store_test
