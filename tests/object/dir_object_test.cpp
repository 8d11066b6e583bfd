#include <casement/object/dir_object.hpp>

#include <iterator>
#include <ranges>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <object/support.hpp>
#include <support/property.hpp>

namespace casement::object::dir_object_test {
namespace {

using casement::testing::law;
using testing::block_map;
using testing::build;
using testing::entries;
using testing::file_entry;
using testing::numbered;

using source = decltype(std::declval<block_map&>().fetch());
static_assert(block_source<source>);
static_assert(std::ranges::input_range<dir_view<source>>);

std::vector<std::string> names_from(dir_cursor<source> cursor) {
    std::vector<std::string> out;
    while (true) {
        auto entry = cursor.next();
        EXPECT_TRUE(entry) << (entry ? "" : entry.error().message());
        if (!entry || !*entry) return out;
        out.push_back((*entry)->name);
    }
}

/// Everything that a directory says, by a listing; or the error that ended it.
result<entries> listed(const source& fetch, const obj_id& dir) {
    entries out;
    for (const auto& entry : dir_view{fetch, dir}) {
        if (!entry) return std::unexpected{entry.error()};
        testing::add(out, *entry);
    }
    return out;
}

TEST(dirobj_get_child, is_the_look_up_of_a_map) {
    law("get_child(build(m), n) == m.find(n), and reads one block a level", [] {
        const auto model = *testing::any_entries(20);
        block_map store;
        const auto made = build(store, model);
        auto names = *rc::gen::container<std::vector<std::string>>(testing::any_name());
        for (const auto& [name, entry] : model) names.push_back(name);
        for (const auto& name : names) {
            store.reads = 0;
            const auto got = dirobj_get_child(store.fetch(), made.id, name);
            RC_ASSERT(got.has_value());
            RC_ASSERT(store.reads == made.levels);
            const auto known = model.find(name);
            RC_ASSERT(got->has_value() == (known != model.end()));
            if (*got) RC_ASSERT(**got == known->second);
        }
    });
}

TEST(dirobj_get_child, reads_four_blocks_of_100_000_entries) {
    block_map store;
    const auto made = build(store, numbered(100'000));
    EXPECT_LE(made.levels, 4u);
    for (const auto* name :
         {"file-0000000", "file-0054321", "file-0099999", "a", "file-0054321+", "zzz"}) {
        store.reads = 0;
        const auto got = dirobj_get_child(store.fetch(), made.id, name);
        ASSERT_TRUE(got);
        EXPECT_EQ(got->has_value(), std::string_view{name}.size() == 12) << name;
        EXPECT_LE(store.reads, 4u) << name;
    }
}

TEST(dirobj_get_child, refuses_what_is_no_name_or_no_directory) {
    block_map store;
    const auto made = build(store, numbered(3));
    const auto code = [&](const obj_id& id, std::string_view name) {
        const auto got = dirobj_get_child(store.fetch(), id, name);
        EXPECT_FALSE(got);
        return got ? errc{} : got.error().code();
    };
    for (const auto* name : {"", ".", "..", "a/b"}) EXPECT_EQ(code(made.id, name), errc::bad_name);
    EXPECT_EQ(store.reads, 0u) << "and reads nothing for that";
    EXPECT_EQ(code({obj_id::file, made.id.digest}, "a"), errc::not_a_directory);
    EXPECT_EQ(code({}, "a"), errc::not_a_directory);
    EXPECT_EQ(code({obj_id::directory, sha256_of("nothing")}, "a"), errc::need_pull)
        << "the error of the source";
}

TEST(dirobj_count, reads_the_root_alone) {
    for (const auto count : {0u, 1u, 70u, 20'000u}) {
        block_map store;
        const auto made = build(store, numbered(count));
        EXPECT_EQ(dirobj_count(store.fetch(), made.id).value(), count);
        EXPECT_EQ(store.reads, 1u);
    }
}

TEST(dir_cursor, gives_all_entries_in_order) {
    law("a listing is the map", [] {
        const auto model = *testing::any_entries(60);
        block_map store;
        const auto made = build(store, model);
        dir_cursor cursor{store.fetch(), made.id};
        for (const auto& [name, entry] : model) RC_ASSERT(cursor.next().value() == entry);
        RC_ASSERT(cursor.next().value() == std::nullopt);
        RC_ASSERT(cursor.next().value() == std::nullopt);
        RC_ASSERT(store.reads <= made.blocks);
    });
}

TEST(dir_cursor, seeks_as_lower_bound_and_upper_bound_do) {
    law("seek(n) is lower_bound(n), seek_past(n) is upper_bound(n)", [] {
        const auto model = *testing::any_entries(60);
        block_map store;
        const auto made = build(store, model);
        auto sought = *testing::any_name();
        if (!model.empty() && *rc::gen::arbitrary<bool>())
            sought = std::next(model.begin(), *rc::gen::inRange<long>(0, model.size()))->first;
        if (*rc::gen::arbitrary<bool>()) sought += *rc::gen::element('!', '\xff');
        dir_cursor cursor{store.fetch(), made.id};
        for (int i = *rc::gen::inRange(0, 5); i > 0; --i) RC_ASSERT(cursor.next().has_value());

        const auto expect_from = [&](entries::const_iterator from) {
            for (int i = 0; i < 100; ++i) {
                const auto entry = cursor.next().value();
                RC_ASSERT(entry.has_value() == (from != model.end()));
                if (from == model.end()) return;
                RC_ASSERT(*entry == from++->second);
            }
        };
        cursor.seek(sought);
        expect_from(model.lower_bound(sought));
        cursor.seek_past(sought);
        expect_from(model.upper_bound(sought));
        cursor.seek("");
        expect_from(model.begin());
    });
}

TEST(dir_cursor, is_lazy) {
    block_map store;
    const auto made = build(store, numbered(20'000));
    dir_cursor cursor{store.fetch(), made.id};
    EXPECT_EQ(store.reads, 0u);
    cursor.seek("file-0010000");
    EXPECT_EQ(store.reads, 0u) << "nor does a seek read";
    EXPECT_EQ((*cursor.next())->name, "file-0010000");
    EXPECT_EQ(store.reads, made.levels);
    EXPECT_EQ((*cursor.next())->name, "file-0010001");
    EXPECT_LE(store.reads, made.levels + 1u);
}

TEST(dir_cursor, takes_a_listing_up_where_it_stopped) {
    block_map store;
    const auto made = build(store, numbered(3000));
    const auto all = names_from({store.fetch(), made.id});
    std::vector<std::string> paged;
    for (std::string last; paged.size() < 3000;) {
        dir_cursor page{store.fetch(), made.id};
        page.seek_past(last);
        for (int i = 0; i < 7; ++i)
            if (const auto entry = page.next(); entry && *entry) paged.push_back((*entry)->name);
        ASSERT_NE(paged.back(), last);
        last = paged.back();
    }
    EXPECT_EQ(paged, all);
}

TEST(dir_cursor, tries_again_after_an_error) {
    block_map store;
    const auto model = numbered(2000);
    const auto made = build(store, model);
    std::size_t asked = 0;
    const auto unreliable = [&](const digest& name) -> result<std::string> {
        if (++asked % 2 == 1) return fail(errc::need_pull, "fetch", "block");
        return store.fetch()(name);
    };
    dir_cursor cursor{unreliable, made.id};
    std::vector<std::string> names;
    for (int failures = 0; names.size() < model.size();) {
        const auto entry = cursor.next();
        if (entry) {
            ASSERT_TRUE(*entry);
            names.push_back((*entry)->name);
        } else {
            ASSERT_EQ(entry.error().code(), errc::need_pull);
            ASSERT_LT(++failures, 1000);
        }
    }
    EXPECT_TRUE(std::ranges::equal(names, std::views::keys(model)));
    EXPECT_EQ(cursor.next().value(), std::nullopt);
}

TEST(dir_view, ranges_over_the_entries_as_often_as_it_is_begun) {
    block_map store;
    dir_view view{store.fetch(), build(store, numbered(500)).id};
    EXPECT_EQ(store.reads, 0u);
    EXPECT_EQ((*view.begin())->name, "file-0000000");
    EXPECT_EQ(view.begin()->value().name, "file-0000000");
    EXPECT_EQ(std::ranges::distance(view), 500);
    EXPECT_EQ(std::ranges::distance(view), 500);
    dir_view empty{store.fetch(), build(store, {}).id};
    EXPECT_TRUE(empty.begin() == empty.end());
}

TEST(dir_view, ends_with_the_error_that_ended_it) {
    block_map store;
    const auto made = build(store, numbered(500));
    block_map holed = store;
    for (const auto& [name, bytes] : store.blocks)
        if (dir_block_from_bytes(bytes)->entries.size() > 0 &&
            dir_block_from_bytes(bytes)->entries.front().name > "file-0000100")
            holed.blocks.erase(name);
    std::size_t good = 0;
    std::vector<errc> errors;
    for (const auto& entry : dir_view{holed.fetch(), made.id})
        if (entry)
            ++good;
        else
            errors.push_back(entry.error().code());
    EXPECT_EQ(errors, std::vector{errc::need_pull});
    EXPECT_GT(good, 0u);
}

TEST(dir_object, catches_every_flipped_byte) {
    block_map store;
    const auto model = numbered(300);
    const auto made = build(store, model);
    ASSERT_GE(made.blocks, 3u);
    for (auto& [name, bytes] : store.blocks)
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            bytes[at] = static_cast<char>(bytes[at] ^ 1 << at % 8);
            const auto read = detail::checked_block(name, bytes);
            ASSERT_FALSE(read) << at;
            ASSERT_EQ(read.error().code(), errc::corrupt);
            bytes[at] = static_cast<char>(bytes[at] ^ 1 << at % 8);
        }
    const auto root = store.blocks.at(made.id.digest);
    store.blocks.at(made.id.digest)[6] ^= 1;
    EXPECT_EQ(listed(store.fetch(), made.id).error().code(), errc::corrupt);
    EXPECT_EQ(dirobj_get_child(store.fetch(), made.id, "a").error().code(), errc::corrupt);
    store.blocks.at(made.id.digest) = root;
    EXPECT_EQ(listed(store.fetch(), made.id).value(), model);
}

/// Blocks that lie although each has the hash it is named by: written by no builder.
struct forgery {
    block_map store{};

    dir_child put(const dir_block& block, std::string first, std::uint64_t count) {
        const auto bytes = to_bytes(block);
        store.blocks[sha256_of(bytes)] = bytes;
        return {std::move(first), sha256_of(bytes), count};
    }
    dir_child leaf(std::vector<std::string> names) {
        dir_block block;
        for (const auto& name : names) block.entries.push_back(file_entry(name, 1));
        return put(block, names.front(), names.size());
    }
    obj_id root(std::uint8_t level, std::vector<dir_child> children) {
        return {obj_id::directory, put({level, {}, std::move(children)}, "", 0).block};
    }

    /// What a listing and a look-up of `name` complain of.
    std::string complaint(const obj_id& dir, std::string_view name) {
        const auto list = listed(store.fetch(), dir);
        const auto child = dirobj_get_child(store.fetch(), dir, name);
        if (list && child) return "believed";
        if (list || child) return "one of them believed it";
        EXPECT_EQ(list.error().code(), errc::corrupt);
        EXPECT_EQ(child.error().code(), errc::corrupt);
        return child.error().causes().back().detail;
    }
};

TEST(dir_object, believes_no_index_that_lies) {
    forgery f;
    const auto ab = f.leaf({"a", "b"});
    const auto cd = f.leaf({"c", "d"});
    EXPECT_EQ(f.complaint(f.root(1, {ab, cd}), "c"), "believed");

    auto more = cd;
    ++more.entries;
    EXPECT_EQ(f.complaint(f.root(1, {ab, more}), "c"), "its index counts it differently");
    auto renamed = cd;
    renamed.first = "bb";
    EXPECT_EQ(f.complaint(f.root(1, {ab, renamed}), "c"), "its index gives it another first name");
    for (const auto* beyond : {"c", "cc", "z"}) {
        const auto overlapping = f.leaf({"a", beyond});
        EXPECT_EQ(f.complaint(f.root(1, {overlapping, cd}), "a"), "it has names of the next block");
    }
    EXPECT_EQ(f.complaint(f.root(2, {ab, cd}), "c"), "it stands at the wrong level");
    const auto nothing = f.put({}, "c", 1);
    EXPECT_EQ(f.complaint(f.root(1, {ab, nothing}), "c"), "its index counts it differently");
}

TEST(dir_object, holds_a_block_to_the_bound_of_every_index_above) {
    forgery f;
    const auto left = f.put({1, {}, {f.leaf({"a"}), f.leaf({"b", "x"})}}, "a", 3);
    const auto right = f.put({1, {}, {f.leaf({"m"}), f.leaf({"n"})}}, "m", 2);
    EXPECT_EQ(f.complaint(f.root(2, {left, right}), "b"), "it has names of the next block");
}

TEST(dirobj_check, accepts_what_a_builder_wrote) {
    law("check(build(m)) is the summary of the build", [] {
        block_map store;
        const auto made = build(store, *testing::any_entries(100));
        RC_ASSERT(dirobj_check(store.fetch(), made.id).value() == made);
    });
}

TEST(dirobj_check, refuses_blocks_cut_by_another_rule) {
    forgery f;
    const auto dir = f.root(1, {f.leaf({"a", "b"}), f.leaf({"c", "d"})});
    EXPECT_TRUE(listed(f.store.fetch(), dir)) << "it can be read";
    const auto checked = dirobj_check(f.store.fetch(), dir);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code(), errc::corrupt);
    EXPECT_EQ(checked.error().causes().back().detail, "its blocks are cut wrongly");

    const auto single = f.root(1, {f.leaf({"a", "b"})});
    EXPECT_EQ(dirobj_check(f.store.fetch(), single).error().code(), errc::corrupt)
        << "an index of one child";
    f.store.blocks.clear();
    EXPECT_EQ(dirobj_check(f.store.fetch(), dir).error().code(), errc::need_pull);
}

}  // namespace
}  // namespace casement::object::dir_object_test
