#include <casement/tree/reach.hpp>

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "tree/hand.hpp"

namespace casement::testing::reach_test {
namespace {

/// Directories as objects, of names and what they lead to.
struct shelf {
    obj_id directory(const std::map<std::string, obj_id>& names) {
        block_writer blocks{kv};
        object::dir_builder builder{
            [&](const digest& name, std::string_view bytes) { return blocks(name, bytes); }};
        for (const auto& [name, id] : names) must(builder.push({name, id, 0644, {}, 1}));
        const auto made = must(builder.finish());
        must(blocks.finish());
        return made.id;
    }
    memory_store kv;
};

TEST(ObjectWalk, MeetsEachDirectoryOnce) {
    shelf s;
    const auto low = s.directory({{"x", object(1)}, {"y", object(2)}});
    const auto mid = s.directory({{"a", low}, {"b", low}});
    const auto top = s.directory({{"l", low}, {"m", mid}, {"n", mid}});
    std::map<obj_id, int, decltype([](const obj_id& a, const obj_id& b) {
                 return object::to_text(a) < object::to_text(b);
             })>
        blocks;
    std::map<std::string, int> entries;
    object_walk walk{s.kv};
    for (int twice = 0; twice < 2; ++twice)
        must(walk.below(
            top, "",
            [&](const obj_id& b) -> result<void> {
                ++blocks[b];
                return {};
            },
            [&](const std::string& path, const object::dir_entry& e) -> result<void> {
                ++entries[path + '/' + e.name];
                return {};
            }));
    EXPECT_EQ(blocks.size(), 3u);
    for (const auto& [_, n] : blocks) EXPECT_EQ(n, 1);
    EXPECT_EQ(entries.size(), 3u + 2 + 2);
    for (const auto& [_, n] : entries) EXPECT_EQ(n, 1);
    EXPECT_TRUE(entries.contains("/l/x")) << "by the first way there";
}

TEST(ObjectWalk, MeetsAllThatItHasForgotten) {
    shelf s;
    const auto low = s.directory({{"x", object(1)}});
    const auto mid = s.directory({{"a", low}, {"b", low}});
    const auto top = s.directory({{"l", low}, {"m", mid}, {"n", mid}});
    std::map<std::string, int> entries;
    object_walk walk{s.kv, 1};
    must(walk.below(
        top, "", [](const obj_id&) -> result<void> { return {}; },
        [&](const std::string& path, const object::dir_entry& e) -> result<void> {
            ++entries[path + '/' + e.name];
            return {};
        }));
    EXPECT_EQ(entries.size(), 3u + 1 + 3 + 3) << "twice in a row is once";
    EXPECT_TRUE(entries.contains("/n/a/x"));
    EXPECT_DEATH(object_walk(s.kv, 0), "remembers");
}

TEST(ObjectWalk, EndsWithTheFirstError) {
    shelf s;
    const auto low = s.directory({{"x", object(1)}});
    const auto top = s.directory({{"a", low}, {"b", object(2)}});
    const auto fine = [](const auto&...) -> result<void> { return {}; };
    const auto never = [](const auto&...) -> result<void> {
        return fail(errc::cancelled, "walk", "");
    };
    EXPECT_EQ(code_of(object_walk{s.kv}.below(top, "", never, fine)), errc::cancelled);
    EXPECT_EQ(code_of(object_walk{s.kv}.below(top, "", fine, never)), errc::cancelled);
    must(transaction{s.kv}.erase<object_row>(low).commit());
    EXPECT_EQ(code_of(object_walk{s.kv}.below(top, "", fine, fine)), errc::need_pull);
}

}  // namespace
}  // namespace casement::testing::reach_test
