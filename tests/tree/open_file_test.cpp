#include <casement/tree/open_file.hpp>

#include <gtest/gtest.h>

#include "tree/staged_tree.hpp"
#include "tree/well_formed.hpp"

namespace casement::testing::open_file_test {
namespace {

struct OpenFile : ::testing::Test {
    staged_tree<> t;
    void TearDown() override { EXPECT_EQ(faults_in(t.kv), ""); }
};

constexpr auto exclusive = open_how::create_exclusive, truncate = open_how::create_or_truncate,
               append_to = open_how::append, go_on = open_how::continue_interrupted;

TEST_F(OpenFile, CreateExclusiveWantsAFreeName) {
    t.write("/x", exclusive, "new");
    EXPECT_EQ(t.read_back("/x"), "new");
    EXPECT_EQ(code_of(t.open("/x", exclusive)), errc::exists);
    must(t.finalize("/x"));
    EXPECT_EQ(code_of(t.open("/x", exclusive)), errc::exists) << "an object, too";
    EXPECT_EQ((**must(resolve(t.kv, "/x")).found).about.mode, 0640u);
}

TEST_F(OpenFile, IsFencedWhereASweepHasPassedItsBytes) {
    t.write("/x", exclusive, "bytes");
    must(raise_fence(t.kv, 1));
    t.write("/x", append_to, " of mine");
    must(raise_fence(t.kv, 1'000'000));
    EXPECT_EQ(code_of(t.open("/x", append_to)), errc::fenced);
    EXPECT_EQ(t.read_back("/x"), "bytes of mine");
    EXPECT_EQ(t.staged().size(), 1u);
}

TEST_F(OpenFile, CreateOrTruncateBeginsEmpty) {
    t.write("/x", truncate, "first");
    t.write("/x", truncate, "2nd");
    EXPECT_EQ(t.read_back("/x"), "2nd");
    must(t.finalize("/x"));
    t.write("/x", truncate, "");
    EXPECT_EQ(t.read_back("/x"), "");
    EXPECT_EQ(t.staged().size(), 1u) << "what no row names is taken away at once";
}

TEST_F(OpenFile, AppendKeepsTheBytesOfAFileAndOfAnObject) {
    EXPECT_EQ(code_of(t.open("/x", append_to)), errc::not_found);
    for (const std::size_t size : {3u, 500u, 5000u}) {  // inline, packed, dedicated
        const std::string first(size, 'a');
        t.write("/x", truncate, first);
        must(t.finalize("/x"));
        t.write("/x", append_to, "bb");
        t.write("/x", append_to, "c");
        EXPECT_EQ(t.read_back("/x"), first + "bbc");
        must(t.finalize("/x"));
        EXPECT_EQ(t.read_back("/x"), first + "bbc");
    }
}

TEST_F(OpenFile, ContinueInterruptedGoesOnWhereAnotherStopped) {
    EXPECT_EQ(code_of(t.open("/x", go_on)), errc::not_found);
    auto dead = must(t.open("/x", truncate));
    must(dead.append("one "));
    must(dead.flush());
    EXPECT_EQ(code_of(t.open("/x", go_on)), errc::in_use) << "it may live";
    t.pass(term);
    auto next = must(t.open("/x", go_on));
    EXPECT_EQ(code_of(dead.append("late")), errc::fenced);
    must(next.append("two"));
    must(next.close());
    EXPECT_EQ(t.read_back("/x"), "one two");
    must(t.finalize("/x"));
    EXPECT_EQ(code_of(t.open("/x", go_on)), errc::illegal) << "nobody was interrupted";
}

TEST_F(OpenFile, EachGrantHasAStagingFileOfItsOwn) {
    auto first = must(t.open("/x", truncate));
    const auto was = first.grant().staging();
    must(first.append("a"));
    must(first.close());
    auto second = must(t.open("/x", append_to));
    EXPECT_NE(second.grant().staging(), was);
    EXPECT_EQ(t.staged(), std::vector{second.grant().staging()});
    must(second.close());
}

TEST_F(OpenFile, KeepsOthersOutOfAFileThatIsWrittenOrFinalized) {
    auto w = must(t.open("/x", truncate));
    for (const auto how : {truncate, append_to, go_on})
        EXPECT_EQ(code_of(t.open("/x", how)), errc::in_use);
    must(w.close());
    must(prepare(t.me, t.node("/x")));
    const auto number = must(t.me.next<staging_id>());
    for (const auto how : {truncate, append_to, go_on})
        EXPECT_EQ(code_of(t.open("/x", how)), errc::illegal);
    EXPECT_EQ(must(t.me.next<staging_id>()), (staging_id{number.value + 1}))
        << "nothing was staged for what was refused";
    must(tree::abort(t.me, t.node("/x")));
    must(t.open("/x", append_to));
}

TEST_F(OpenFile, WantsAFile) {
    must(ensure_path(t.me, "/d", {}));
    EXPECT_EQ(code_of(t.open("/d", truncate)), errc::is_a_directory);
    EXPECT_EQ(code_of(t.open("/", truncate)), errc::is_a_directory);
    EXPECT_EQ(code_of(t.open("/no/x", truncate)), errc::not_found);
    t.write("/d/x", truncate, "in d");
    EXPECT_EQ(code_of(t.open("/d/x/y", truncate)), errc::not_a_directory);
    const auto root_now = must(read_directory(t.kv, root));
    must(create(t.me, any_rev{root_now}, "l", link("d/x"), {}));
    t.write("/l", append_to, "!");
    EXPECT_EQ(t.read_back("/d/x"), "in d!") << "links are followed";
}

TEST_F(OpenFile, SaysThatStagedBytesAreLost) {
    t.write("/x", truncate, "gone");
    for (const auto id : t.staged()) must(t.files().remove(id));
    EXPECT_EQ(code_of(t.open("/x", append_to)), errc::corrupt);
    EXPECT_EQ(t.state_of("/x"), "cooling");
    t.write("/x", truncate, "new");  // which needs none of them
    EXPECT_EQ(t.read_back("/x"), "new");
}

}  // namespace
}  // namespace casement::testing::open_file_test
