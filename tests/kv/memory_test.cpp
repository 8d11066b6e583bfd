#include <casement/kv/memory.hpp>

#include <string>

#include <gtest/gtest.h>

#include <support/property.hpp>

#include "kv/store_laws.hpp"

namespace casement::memory_test {
namespace {

using testing::commit;
using testing::counter;
using testing::put;
using testing::value_of;

TEST(memory, obeys_the_laws) {
    for (const auto& law : testing::store_laws<memory_store>()) {
        memory_store kv;
        EXPECT_EQ(law.broken_by(kv), std::nullopt) << law.name;
    }
    memory_store kv, other;
    EXPECT_EQ(testing::laws::a_foreign_version_promises_nothing(kv, other), std::nullopt);
}

TEST(memory, agrees_with_a_map) {
    testing::law("any script", [](const std::vector<testing::step_bytes>& script) {
        memory_store kv;
        const auto broken = testing::disagrees_with_a_map(kv, script);
        if (broken) RC_FAIL(*broken);
    });
}

TEST(memory, a_copy_lives_its_own_life) {
    memory_store one;
    ASSERT_TRUE(commit(one, {}, {put("k", "1")}));
    memory_store two = one;
    EXPECT_EQ(one, two);
    ASSERT_TRUE(commit(two, {}, {put("k", "2"), put("j", "2")}));
    EXPECT_EQ(value_of(one, "k"), "1");
    EXPECT_EQ(value_of(one, "j"), std::nullopt);
    EXPECT_EQ(value_of(two, "k"), "2");
    EXPECT_NE(one, two);
}

// A model copies a store and lets the copies differ: a cache must not carry over.
TEST(memory, a_version_of_a_copy_that_went_its_own_way_promises_nothing) {
    memory_store one;
    ASSERT_TRUE(commit(one, {}, {put("k", "0"), put("j", "0")}));
    const auto before = one.get("k")->at;
    memory_store two = one;
    ASSERT_TRUE(commit(one, {}, {put("k", "1")}));
    ASSERT_TRUE(commit(two, {}, {put("j", "1")}));
    EXPECT_TRUE(two.unchanged("k", before));
    EXPECT_FALSE(two.unchanged("k", one.get("k")->at));
    EXPECT_FALSE(one.unchanged("j", two.get("j")->at));
}

TEST(memory, unchanged_is_said_beside_other_changes) {
    memory_store kv;
    ASSERT_TRUE(commit(kv, {}, {put("k", "1")}));
    const auto at = kv.get("k")->at;
    EXPECT_TRUE(kv.unchanged("k", at));
    ASSERT_TRUE(commit(kv, {}, {put("j", "1")}));
    EXPECT_TRUE(kv.unchanged("k", at));
    EXPECT_TRUE(kv.unchanged("never", at));
    ASSERT_TRUE(commit(kv, {}, {put("k", "1")}));
    EXPECT_FALSE(kv.unchanged("k", at));
}

// The same history gives the same versions, so that a model can tell states apart by what they
// hold.
TEST(memory, versions_are_a_function_of_the_history) {
    memory_store one, two;
    for (auto* kv : {&one, &two}) ASSERT_TRUE(commit(*kv, {}, {put("k", "1")}));
    EXPECT_EQ(one.get("k")->at, two.get("k")->at);
    ASSERT_TRUE(commit(one, {}, {put("k", "2")}));
    ASSERT_TRUE(commit(two, {}, {testing::erase("k")}));
    EXPECT_NE(one.get("k")->at, two.get("k")->at);
}

TEST(memory, equal_is_equal_rows_however_they_came) {
    memory_store one, two;
    ASSERT_TRUE(commit(one, {}, {put("k", "1"), put("j", "1")}));
    ASSERT_TRUE(commit(one, {}, {testing::erase("j")}));
    ASSERT_TRUE(commit(two, {}, {put("k", "1")}));
    EXPECT_EQ(one, two);
    ASSERT_TRUE(commit(two, {}, {put("\xff\xff", "1")}));
    EXPECT_NE(one, two);
    ASSERT_TRUE(commit(one, {}, {put("\xff\xff", "2")}));
    EXPECT_NE(one, two);
}

TEST(memory, bumped_is_the_sum) {
    EXPECT_EQ(bumped(std::nullopt, 3, "n"), counter(3));
    EXPECT_EQ(bumped(counter(~0ull), 1, "n"), counter(0));
    for (const auto& other : {"", "1234567", "123456789"}) {
        const auto r = bumped(other, 1, "the key");
        ASSERT_FALSE(r);
        EXPECT_EQ(r.error().code(), errc::corrupt);
        EXPECT_NE(r.error().message().find("the key"), std::string::npos);
    }
}

TEST(memory_death, no_key_is_written_twice) {
    memory_store kv;
    EXPECT_DEATH((void)commit(kv, {}, {put("k", "1"), put("k", "2")}), "written twice");
}

}  // namespace
}  // namespace casement::memory_test
