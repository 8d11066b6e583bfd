#include <casement/tree/survey.hpp>

#include <gtest/gtest.h>

#include <casement/tree/overlay.hpp>
#include "tree/hand.hpp"

namespace casement::testing::survey_test {
namespace {

/// Contents without bytes: a survey asks for none.
struct surveyed : memory_tree {
    obj_id store(const std::string& bytes) {
        const object::file_object what{sha256_of(bytes), bytes.size()};
        blob::descriptor where;
        where.kind = blob::placement::inline_row;
        where.size = what.size;
        where.content = what.content;
        plant<content>(what.content, {where});
        plant<object_row>(object::id_of(what), {object::to_bytes(what)});
        return object::id_of(what);
    }
    [[nodiscard]] survey look() const {
        return must(survey_of(kv, [] { return false; }));
    }
};

TEST(Survey, TellsWhatIsNamedFromWhatIsNot) {
    surveyed t;
    const auto named = t.store("named");
    t.store("left over");
    t.mkdir("/d");
    t.make("/d/x", dentry::create_object{named}, {0644, {}, 5});
    auto seen = t.look();
    EXPECT_EQ(seen.contents(), 1u);
    EXPECT_EQ(seen.bytes(), 5u);
    EXPECT_EQ(seen.blocks(), 0u);
    ASSERT_EQ(seen.unnamed().size(), 1u);
    EXPECT_EQ(seen.unnamed()[0].which, whole(sha256_of("left over")));
    EXPECT_EQ(seen.unnamed()[0].bytes, 9u);
    EXPECT_FALSE(seen.unnamed()[0].sentence);

    must(rebase(t.me, must(read_image(t.kv, t.node("/d")))));
    must(sweep_hidden(t.kv));
    seen = t.look();
    EXPECT_EQ(seen.contents(), 1u) << "the base leads there";
    EXPECT_EQ(seen.blocks(), 1u);
}

TEST(Survey, KnowsTheCondemned) {
    surveyed t;
    const auto id = t.store("x");
    t.store("y");
    for (const auto* bytes : {"x", "y"}) t.plant<condemned>(whole(sha256_of(bytes)), {{{5}}, {}});
    t.make("/x", dentry::create_object{id}, {0644, {}, 1});
    const auto seen = t.look();
    ASSERT_EQ(seen.wronged().size(), 1u);
    EXPECT_EQ(seen.wronged()[0].which, whole(sha256_of("x")));
    ASSERT_EQ(seen.unnamed().size(), 1u);
    EXPECT_TRUE(seen.unnamed()[0].sentence);
}

TEST(Survey, EndsWhenAsked) {
    surveyed t;
    t.store("x");
    EXPECT_EQ(code_of(survey_of(t.kv, [] { return true; })), errc::cancelled);
}

}  // namespace
}  // namespace casement::testing::survey_test
