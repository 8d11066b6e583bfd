#include <casement/object/resolve.hpp>

#include <string>

#include <gtest/gtest.h>

#include <object/support.hpp>
#include <support/property.hpp>

namespace casement::object::resolve_test {
namespace {

using testing::block_map;
using testing::file_entry;

dir_entry directory(std::string name, const obj_id& id) {
    return {std::move(name), id, 0755, timestamp{}, 0};
}
dir_entry link_to(std::string name, std::string path) {
    return {std::move(name), symlink{std::move(path)}, 0777, timestamp{}, 0};
}

///     /readme            a file
///     /bin/tool          a file
///     /bin/lib     ->    ../lib
///     /lib/deep/x        a file
///     /lib/up      ->    ..
///     /lib/y       ->    deep//./x
///     /self        ->    self
///     /out         ->    ../../elsewhere/a
///     /abs         ->    /etc/passwd
///     /hole        ->    nothing/here
///     /chain0      ->    chain1  -> ... -> chain5 -> readme
class resolve : public ::testing::Test {
protected:
    block_map store;
    obj_id deep = make({file_entry("x", 7)});
    obj_id lib = make({directory("deep", deep), link_to("up", ".."), link_to("y", "deep//./x")});
    obj_id bin = make({file_entry("tool", 8), link_to("lib", "../lib")});
    obj_id root = make({file_entry("readme", 9), directory("bin", bin), directory("lib", lib),
                        link_to("self", "self"), link_to("out", "../../elsewhere/a"),
                        link_to("abs", "/etc/passwd"), link_to("hole", "nothing/here"),
                        link_to("chain0", "chain1"), link_to("chain1", "chain2"),
                        link_to("chain2", "chain3"), link_to("chain3", "chain4"),
                        link_to("chain4", "chain5"), link_to("chain5", "readme")});

    obj_id make(std::initializer_list<dir_entry> list) {
        testing::entries from;
        for (const auto& entry : list) testing::add(from, entry);
        return testing::build(store, from).id;
    }

    /// The end of the path in a line: "x 0", its name and the links followed, or what went wrong.
    std::string end_of(std::string_view path, unsigned limit = 40,
                       last_link last = last_link::follow) {
        const auto end = resolve_in_object_tree(store.fetch(), root, path, limit, last);
        if (!end) return std::string{name_of(end.error().code())};
        if (const auto* out = std::get_if<outside>(&*end))
            return "outside " + out->path + " " + std::to_string(out->symlinks);
        const auto& in = std::get<inside>(*end);
        return (in.entry ? in.entry->name : "the root") + " " + std::to_string(in.symlinks);
    }
};

TEST_F(resolve, follows_names_down) {
    EXPECT_EQ(end_of("readme"), "readme 0");
    EXPECT_EQ(end_of("/bin/tool"), "tool 0");
    EXPECT_EQ(end_of("lib//deep/x"), "x 0");
    EXPECT_EQ(end_of("lib/deep/"), "deep 0");
    EXPECT_EQ(end_of(""), "the root 0");
    EXPECT_EQ(end_of("/"), "the root 0");
}

TEST_F(resolve, gives_the_entry_as_its_directory_has_it) {
    const auto end = resolve_in_object_tree(store.fetch(), root, "lib/deep/x", 0);
    ASSERT_TRUE(end);
    EXPECT_EQ(std::get<inside>(*end), (inside{file_entry("x", 7), 0}));
    const auto dir = resolve_in_object_tree(store.fetch(), root, "lib", 0);
    EXPECT_EQ(std::get<inside>(*dir).entry->target, dir_target{lib});
}

TEST_F(resolve, reads_one_block_a_name_here) {
    store.reads = 0;
    EXPECT_EQ(end_of("lib/deep/x"), "x 0");
    EXPECT_EQ(store.reads, 3u);
}

TEST_F(resolve, follows_links_from_their_own_directory) {
    EXPECT_EQ(end_of("lib/y"), "x 1");
    EXPECT_EQ(end_of("bin/lib"), "lib 1");
    EXPECT_EQ(end_of("bin/lib/deep/x"), "x 1");
    EXPECT_EQ(end_of("bin/lib/y"), "x 2");
    EXPECT_EQ(end_of("lib/up"), "the root 1");
    EXPECT_EQ(end_of("lib/up/lib/up/lib/up/readme"), "readme 3");
}

TEST_F(resolve, keeps_the_last_link_if_asked) {
    EXPECT_EQ(end_of("lib/y", 40, last_link::keep), "y 0");
    EXPECT_EQ(end_of("lib/y/", 40, last_link::keep), "y 0");
    EXPECT_EQ(end_of("bin/lib/y", 40, last_link::keep), "y 1");
    EXPECT_EQ(end_of("self", 40, last_link::keep), "self 0");
    EXPECT_EQ(end_of("abs", 40, last_link::keep), "abs 0");
}

TEST_F(resolve, says_where_a_link_leads_out) {
    EXPECT_EQ(end_of("out"), "outside ../../elsewhere/a 1");
    EXPECT_EQ(end_of("out/b"), "outside ../../elsewhere/a/b 1");
    EXPECT_EQ(end_of("abs"), "outside /etc/passwd 1");
    EXPECT_EQ(end_of("lib/up/abs"), "outside /etc/passwd 2");
}

TEST_F(resolve, counts_links_up_to_its_limit) {
    EXPECT_EQ(end_of("chain0", 6), "readme 6");
    EXPECT_EQ(end_of("chain0", 5), "loop");
    EXPECT_EQ(end_of("self"), "loop");
    EXPECT_EQ(end_of("lib/y", 0), "loop");
    EXPECT_EQ(end_of("abs", 0), "loop");
}

TEST_F(resolve, says_what_is_wrong_with_a_path) {
    EXPECT_EQ(end_of("nothing"), "not_found");
    EXPECT_EQ(end_of("nothing/at/all"), "not_found");
    EXPECT_EQ(end_of("hole"), "not_found");
    EXPECT_EQ(end_of("readme/x"), "not_a_directory");
    EXPECT_EQ(end_of("lib/y/x"), "not_a_directory");
    EXPECT_EQ(end_of("lib/.."), "bad_name");
    EXPECT_EQ(end_of("./lib"), "bad_name");
    EXPECT_EQ(end_of(std::string(256, 'n')), "bad_name");
    root.kind = obj_id::file;
    EXPECT_EQ(end_of("x"), "not_a_directory");
    root = {obj_id::directory, sha256_of("pulled by no one")};
    EXPECT_EQ(end_of("x"), "need_pull");
}

TEST_F(resolve, goes_down_as_repeated_look_ups_do) {
    casement::testing::law("a path without links is one look-up a name", [&] {
        const auto names = *rc::gen::container<std::vector<std::string>>(
            rc::gen::element<std::string>("a", "b", "c"));
        RC_PRE(!names.empty());
        auto below = make({file_entry("leaf", 1)});
        for (auto name = names.rbegin(); name != names.rend(); ++name)
            below = make({directory(*name, below), file_entry("other", 2)});
        root = below;
        std::string path;
        for (const auto& name : names) path += "/" + name;
        RC_ASSERT(end_of(path + "/leaf") == "leaf 0");
        RC_ASSERT(end_of(path + "/none") == "not_found");
        RC_ASSERT(end_of(path) == names.back() + " 0");
    });
}

}  // namespace
}  // namespace casement::object::resolve_test
