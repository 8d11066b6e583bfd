#include <casement/tree/survey.hpp>

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <casement/tree/overlay.hpp>
#include "tree/hand.hpp"

namespace casement::testing::survey_test {
namespace {

struct overview {
    named_total total;
    std::vector<surveyed> unnamed, wronged;
};

/// In which order, is not promised.
std::set<std::string> keys_of(const std::vector<surveyed>& all) {
    std::set<std::string> keys;
    for (const auto& s : all) keys.insert(row_key<condemned>(s.which));
    EXPECT_EQ(keys.size(), all.size()) << "each is told once";
    return keys;
}

/// Contents without bytes: a survey asks for none.
struct store_of_contents : memory_tree {
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
    [[nodiscard]] overview look(std::size_t names_max = surveying{}.names_max) const {
        overview seen;
        seen.total = must(survey(kv, {.names_max = names_max}, [&](surveyed what) {
            (what.named ? seen.wronged : seen.unnamed).push_back(std::move(what));
            return result<void>{};
        }));
        return seen;
    }
};

TEST(Survey, TellsWhatIsNamedFromWhatIsNot) {
    store_of_contents t;
    const auto named = t.store("named");
    t.store("left over");
    t.mkdir("/d");
    t.make("/d/x", dentry::create_object{named}, {0644, {}, 5});
    auto seen = t.look();
    EXPECT_EQ(seen.total.contents, 1u);
    EXPECT_EQ(seen.total.bytes, 5u);
    EXPECT_EQ(seen.total.blocks, 0u);
    ASSERT_EQ(seen.unnamed.size(), 1u);
    EXPECT_EQ(seen.unnamed[0].which, whole(sha256_of("left over")));
    EXPECT_EQ(seen.unnamed[0].bytes, 9u);
    EXPECT_FALSE(seen.unnamed[0].sentence);

    must(rebase(t.me, must(read_image(t.kv, t.node("/d")))));
    must(sweep_hidden(t.kv));
    seen = t.look();
    EXPECT_EQ(seen.total.contents, 1u) << "the base leads there";
    EXPECT_EQ(seen.total.blocks, 1u);
}

TEST(Survey, KnowsTheCondemned) {
    store_of_contents t;
    const auto id = t.store("x");
    t.store("y");
    for (const auto* bytes : {"x", "y"}) t.plant<condemned>(whole(sha256_of(bytes)), {{{5}}, {}});
    t.plant<condemned>(whole(sha256_of("never stored")), {{{5}}, {}});
    t.make("/x", dentry::create_object{id}, {0644, {}, 1});
    const auto seen = t.look();
    ASSERT_EQ(seen.wronged.size(), 1u);
    EXPECT_EQ(seen.wronged[0].which, whole(sha256_of("x")));
    EXPECT_TRUE(seen.wronged[0].sentence);
    ASSERT_EQ(seen.unnamed.size(), 1u);
    EXPECT_TRUE(seen.unnamed[0].sentence);
}

/// A row of an application.
struct playlist {
    static constexpr char table = 'P';
    struct key {
        std::uint64_t number;
    };
    std::string songs;
};

// Files, blocks, sentences and the rows of applications: whatever fits in memory, the same is seen.
TEST(Survey, SeesTheSameHoweverLittleItKeepsInMind) {
    store_of_contents t;
    t.mkdir("/d");
    std::string songs = "some bytes before them";
    for (int i = 0; i < 120; ++i) {
        const auto bytes = "content " + std::to_string(i);
        const auto id = t.store(bytes);
        const auto of = sha256_of(bytes);
        if (i % 3 == 0) t.make("/d/" + std::to_string(i), dentry::create_object{id}, {0644, {}, 1});
        if (i % 5 == 0) songs.append(reinterpret_cast<const char*>(of.data()), of.size());
        if (i % 7 == 0) t.plant<condemned>(whole(of), {{{5}}, {}});
    }
    t.plant<playlist>({1}, {songs});
    const auto merged = must(read_image(t.kv, t.node("/d")));
    must(rebase(t.me, merged));
    t.plant<condemned>(block(merged.object().digest), {{{5}}, {}});

    const auto whole_survey = t.look();
    EXPECT_EQ(whole_survey.total.contents, 56u);  // 40 by a name, 24 by a playlist, 8 by both
    EXPECT_EQ(whole_survey.unnamed.size(), 64u);
    EXPECT_EQ(whole_survey.wronged.size(), 9u);  // 8 contents, and the block
    for (const std::size_t names_max : {2u, 3u, 16u, 41u}) {
        const auto seen = t.look(names_max);
        EXPECT_EQ(seen.total, whole_survey.total);
        EXPECT_EQ(keys_of(seen.unnamed), keys_of(whole_survey.unnamed));
        EXPECT_EQ(keys_of(seen.wronged), keys_of(whole_survey.wronged));
    }
}

TEST(Survey, EndsWhenAskedAndWhenNotTaken) {
    store_of_contents t;
    t.store("x");
    const auto fine = [](const surveyed&) { return result<void>{}; };
    EXPECT_EQ(code_of(survey(t.kv, {.stop = [] { return true; }}, fine)), errc::cancelled);
    const auto refused = [](const surveyed&) -> result<void> {
        return fail(errc::no_space, "", "");
    };
    EXPECT_EQ(code_of(survey(t.kv, {}, refused)), errc::no_space);
}

}  // namespace
}  // namespace casement::testing::survey_test
