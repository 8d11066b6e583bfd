#include <casement/object/dir_builder.hpp>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <object/support.hpp>
#include <support/property.hpp>
#include <support/scale.hpp>

namespace casement::object::dir_builder_test {
namespace {

using casement::testing::law;
using testing::block_map;
using testing::build;
using testing::entries;
using testing::file_entry;
using testing::numbered;

entries golden_entries() {
    entries out;
    testing::add(out, {"a.txt", obj_id{obj_id::file, sha256_of("a")}, 0644, timestamp{1}, 6});
    testing::add(out, {"b", obj_id{obj_id::directory, sha256_of("b")}, 0755, timestamp{-1}, 0});
    testing::add(out, {"c", symlink{"../a.txt"}, 0777, timestamp{1'700'000'000'000'000'000}, 8});
    return out;
}

// The ids were found again by a second implementation, written from the drawings in the headers.
TEST(dir_builder, keeps_the_ids_of_golden_directories_for_ever) {
    block_map store;
    EXPECT_EQ(to_text(build(store, {}).id),
              "dir:4931b4f2f37d6efb51bcb81072dc1b7289a54fb44ba734b24930c37515bdfca0");
    EXPECT_EQ(to_text(build(store, golden_entries()).id),
              "dir:dfd180a57e2514c528c561c618135041816d651fd47be9cc4cda335094219562");
    EXPECT_EQ(to_text(build(store, numbered(1000)).id),
              "dir:65bd30bf8aad5014effdfbd8a28c6a5e450c6ffbcb6c0a7f809c5e09350031e9");
    EXPECT_EQ(to_text(build(store, numbered(10'000)).id),
              "dir:1c113bc06db2b46570be5103c3b290f9f27b6c7160918f19f319a7ed919564fa");
}

TEST(dir_builder, writes_an_empty_directory_as_one_empty_leaf) {
    block_map store;
    const auto made = build(store, {});
    EXPECT_EQ(made, (dir_summary{{obj_id::directory, sha256_of({"CsmD\1\0", 6})}, 0, 1, 6, 1}));
    EXPECT_EQ(store.blocks.at(made.id.digest), std::string("CsmD\1\0", 6));
}

TEST(dir_builder, counts_what_it_wrote) {
    for (const auto count : {1u, 30u, 100u, 5000u}) {
        block_map store;
        const auto made = build(store, numbered(count));
        std::uint64_t bytes = 0;
        for (const auto& [name, block] : store.blocks) bytes += block.size();
        EXPECT_EQ(made.entries, count);
        EXPECT_EQ(made.blocks, store.blocks.size());
        EXPECT_EQ(made.bytes, bytes);
        EXPECT_EQ(dir_block_from_bytes(store.blocks.at(made.id.digest))->level + 1u, made.levels);
    }
}

TEST(dir_builder, cuts_blocks_of_about_4_kib) {
    block_map store;
    const auto made = build(store, numbered(20'000));
    EXPECT_GT(made.bytes / made.blocks, 3u * 1024);
    EXPECT_LT(made.bytes / made.blocks, 5u * 1024);
    for (const auto& [name, block] : store.blocks) EXPECT_LE(block.size(), dir_block_bytes_max);
}

TEST(dir_builder, makes_no_root_of_one_child) {
    int full_to_the_end = 0;  // the case that would have one: the last leaf ends with the last name
    for (std::uint64_t count = 30; count < 300; ++count) {
        block_map store;
        const auto from = numbered(count);
        const auto root = dir_block_from_bytes(store.blocks[build(store, from).id.digest]);
        ASSERT_TRUE(root);
        EXPECT_NE(root->children.size(), 1u) << count;
        full_to_the_end +=
            root->is_leaf() && ends_block(0, from.rbegin()->first, to_bytes(*root).size());
    }
    EXPECT_GT(full_to_the_end, 0);
}

TEST(dir_builder, stays_within_16_kib_for_the_longest_entries) {
    entries from;
    for (int i = 0; i < 200; ++i) {
        const auto digits = std::to_string(1000 + i);
        testing::add(from, {std::string(251, 'n') + digits, symlink{std::string(4096, 'x')}, ~0u,
                            timestamp{INT64_MIN}, ~std::uint64_t{0}});
    }
    block_map store;
    const auto made = build(store, from);
    EXPECT_EQ(made.entries, 200u);
    for (const auto& [name, block] : store.blocks) {
        EXPECT_LE(block.size(), dir_block_bytes_max);
        EXPECT_TRUE(dir_block_from_bytes(block));
    }
}

TEST(dir_builder, names_every_block_by_its_hash_children_first) {
    std::vector<std::string> order;
    block_map seen;
    dir_builder builder{[&](const digest& name, std::string_view bytes) -> result<void> {
        EXPECT_EQ(name, sha256_of(bytes));
        const auto block = dir_block_from_bytes(bytes);
        EXPECT_TRUE(block);
        if (!block) return {};
        for (const auto& child : block->children) EXPECT_TRUE(seen.blocks.contains(child.block));
        order.emplace_back(bytes);
        return seen.writer()(name, bytes);
    }};
    for (const auto& [name, entry] : numbered(20'000)) ASSERT_TRUE(builder.push(entry));
    const auto made = builder.finish();
    ASSERT_TRUE(made);
    EXPECT_GE(made->levels, 3u);
    EXPECT_EQ(sha256_of(order.back()), made->id.digest) << "the root comes last";
}

TEST(dir_builder, gives_equal_directories_equal_ids_and_no_others) {
    law("id(a) == id(b) exactly when a == b", [] {
        const auto a = *testing::any_entries(100);
        auto b = a;
        if (!b.empty() && *rc::gen::arbitrary<bool>()) {
            auto& [name, entry] = *std::next(b.begin(), *rc::gen::inRange<long>(0, b.size()));
            switch (*rc::gen::inRange(0, 4)) {
                case 0: entry.target = *testing::any_target(); break;
                case 1: entry.mode ^= 1; break;
                case 2: entry.mtime.ns ^= 1; break;
                default: b.erase(b.begin()->first);
            }
        }
        block_map store;
        RC_ASSERT((build(store, a).id == build(store, b).id) == (a == b));
    });
}

TEST(dir_builder, forgets_what_it_built_before_and_what_it_refused) {
    law("refused pushes leave no trace", [] {
        const auto from = *testing::any_entries(50);
        block_map plain, disturbed;
        const auto expected = build(plain, from);
        dir_builder builder{disturbed.writer()};
        for (const auto& [name, entry] : from) {
            RC_ASSERT(builder.push(entry).has_value());
            RC_ASSERT(builder.push(entry).error().code() == errc::exists);
            RC_ASSERT(builder.push(file_entry("", 1)).error().code() == errc::bad_name);
        }
        RC_ASSERT(builder.finish().value() == expected);
        RC_ASSERT(plain.blocks == disturbed.blocks);
    });
}

TEST(dir_builder, refuses_entries_out_of_order) {
    block_map store;
    dir_builder builder{store.writer()};
    ASSERT_TRUE(builder.push(file_entry("b", 1)));
    EXPECT_EQ(builder.push(file_entry("a", 1)).error().message(), "add entry 'a': not after 'b'");
    EXPECT_EQ(builder.push(file_entry("a", 1)).error().code(), errc::illegal);
    EXPECT_EQ(builder.push(file_entry("b", 2)).error().code(), errc::exists);
    EXPECT_EQ(builder.push({"c", obj_id{}, 0, {}, 0}).error().code(), errc::illegal);
    EXPECT_TRUE(builder.push(file_entry("b\xff", 1))) << "bytes are unsigned";
    EXPECT_EQ(builder.finish()->entries, 2u);
}

TEST(dir_builder, hands_the_error_of_its_sink_back) {
    for (std::size_t room = 0; room < 12; ++room) {
        std::size_t taken = 0;
        dir_builder builder{[&](const digest&, std::string_view) -> result<void> {
            if (taken++ == room) return fail(errc::no_space, "write", "block");
            return {};
        }};
        result<void> pushed;
        for (const auto& [name, entry] : numbered(700))
            if (pushed = builder.push(entry); !pushed) break;
        const auto code = pushed ? builder.finish().error().code() : pushed.error().code();
        EXPECT_EQ(code, errc::no_space) << room;
        EXPECT_EQ(taken, room + 1) << "nothing is written after the failure";
    }
}

/// Blocks that a version of `before` with that change has, and `before` has not.
std::size_t new_blocks(const entries& before, const entries& after) {
    block_map old_store, new_store;
    build(old_store, before);
    build(new_store, after);
    return new_store.not_in(old_store);
}

TEST(dir_builder, shares_all_but_one_path_when_an_entry_changes) {
    constexpr int size = casement::testing::scaled(100'000);
    const auto before = numbered(size);
    block_map store;
    const auto levels = build(store, before).levels;
    for (const auto at : {0, size / 3, size - 1}) {
        auto after = before;
        std::next(after.begin(), at)->second.target = testing::file_named(1'000'000);
        block_map changed;
        build(changed, after);
        EXPECT_EQ(changed.not_in(store), levels) << "one block a level, entry " << at;
    }
}

TEST(dir_builder, shares_all_but_a_few_blocks_when_names_come_and_go) {
    constexpr int size = casement::testing::scaled(100'000);
    const auto before = numbered(size);
    block_map store;
    const auto levels = build(store, before).levels;
    for (const auto at : {0, size / 3, size - 1}) {
        auto added = before, removed = before;
        const auto place = std::next(before.begin(), at);
        testing::add(added, file_entry(place->first + "+", 1));
        removed.erase(place->first);
        for (const auto* after : {&added, &removed}) {
            block_map changed;
            build(changed, *after);
            EXPECT_LE(changed.not_in(store), 3 * levels) << "entry " << at;
            EXPECT_GE(changed.not_in(store), 1u);
        }
    }
}

TEST(dir_builder, shares_blocks_between_directories_that_differ_at_the_front) {
    auto before = numbered(20'000);
    auto after = before;
    for (int i = 0; i < 100; ++i) testing::add(after, file_entry("aaa" + std::to_string(i), 1));
    EXPECT_LE(new_blocks(before, after), 12u);
}

using dir_builder_death = ::testing::Test;

TEST(dir_builder_death, is_not_used_when_it_is_spent) {
    block_map store;
    EXPECT_DEATH(
        {
            dir_builder builder{store.writer()};
            (void)builder.finish();
            (void)builder.push(file_entry("a", 1));
        },
        "required: a builder is not used after it finished");
    EXPECT_DEATH(
        {
            dir_builder builder{store.writer()};
            (void)builder.finish();
            (void)builder.finish();
        },
        "required: a builder finishes once");
}

}  // namespace
}  // namespace casement::object::dir_builder_test
