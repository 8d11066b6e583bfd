#include <casement/tree/finalize_file.hpp>

#include <functional>
#include <utility>

#include <gtest/gtest.h>

#include "tree/staged_tree.hpp"
#include "tree/well_formed.hpp"

namespace casement::testing::finalize_file_test {
namespace {

struct FinalizeFile : ::testing::Test {
    staged_tree<> t;
    void SetUp() override { t.write("/x", open_how::create_exclusive, "bytes"); }
    void TearDown() override { EXPECT_EQ(faults_in(t.kv), ""); }
    [[nodiscard]] entry at(std::string_view path) const {
        return **must(resolve(t.kv, path)).found;
    }
};

TEST_F(FinalizeFile, MakesAnObjectOfTheBytesAndDropsTheStagingFile) {
    const auto id = must(t.finalize("/x"));
    ASSERT_NE(object_in(at("/x")), nullptr);
    EXPECT_EQ(*object_in(at("/x")), id);
    EXPECT_EQ(t.read_back("/x"), "bytes");
    EXPECT_EQ(at("/x").about.size, 5u);
    EXPECT_EQ(at("/x").about.mtime, t.clock.now());
    EXPECT_TRUE(t.staged().empty());
}

TEST_F(FinalizeFile, OfNothingWrittenIsEmpty) {
    const auto root_now = must(read_directory(t.kv, root));
    must(create_file(t.me, any_rev{root_now}, "y", {}));
    must(t.finalize("/y"));
    EXPECT_EQ(t.read_back("/y"), "");
}

TEST_F(FinalizeFile, OfEqualBytesIsTheSameObject) {
    t.write("/y", open_how::create_exclusive, "bytes");
    EXPECT_EQ(must(t.finalize("/x")), must(t.finalize("/y")));
}

TEST_F(FinalizeFile, WaitsForNoWriterAndTakesADeadOnesLease) {
    auto w = must(t.open("/x", open_how::append));
    must(w.append(" more"));
    EXPECT_EQ(code_of(t.finalize("/x")), errc::in_use);
    t.pass(term);
    must(t.finalize("/x"));
    EXPECT_EQ(code_of(w.append("late")), errc::fenced);
    EXPECT_EQ(code_of(w.close()), errc::fenced);
    EXPECT_EQ(t.read_back("/x"), "bytes more");
}

TEST_F(FinalizeFile, GoesOnWithWhatAnotherHasPrepared) {
    must(prepare(t.me, t.node("/x")));
    t.reopen();
    must(t.finalize("/x"));
    EXPECT_EQ(t.read_back("/x"), "bytes");
}

TEST_F(FinalizeFile, OfAFileThatWasOnlyOpenedKeepsItsObjectAndItsTime) {
    const auto id = must(t.finalize("/x"));
    const auto was = at("/x").about;
    t.pass(term);
    const auto here = must(resolve(t.kv, "/x"));
    must(instantiate_file(t.me, any_rev{here.parent}, *here.found));
    EXPECT_EQ(t.state_of("/x"), "finalized");
    EXPECT_EQ(must(t.finalize("/x")), id);
    EXPECT_EQ(at("/x").about, was);
}

TEST_F(FinalizeFile, OfAFileThatIsGoneIsNotFound) {
    const auto node = t.node_at("/x");
    const auto here = must(resolve(t.kv, "/x"));
    must(remove(t.me, any_rev{here.parent}, *here.found));
    EXPECT_EQ(code_of(t.finalize(node)), errc::not_found);
    EXPECT_FALSE(must(resolve(t.kv, "/x")).exists()) << "and does not come back";
}

TEST_F(FinalizeFile, ThatCannotBeBuiltLetsWritersInAgain) {
    for (const auto id : t.staged()) must(t.files().remove(id));
    EXPECT_EQ(code_of(t.finalize("/x")), errc::corrupt);
    EXPECT_EQ(t.state_of("/x"), "cooling");
    t.write("/x", open_how::create_or_truncate, "new");
    must(t.finalize("/x"));
    EXPECT_EQ(t.read_back("/x"), "new");
}

/// A clock that meddles: who finalizes asks it for the time just before the commit.
struct meddling_clock {
    std::function<void()>* meddle;
    [[nodiscard]] timestamp now() const {
        if (*meddle) std::exchange(*meddle, nullptr)();
        return {1};
    }
};

/// What becomes of a finalization whose file is meddled with between its bytes and its commit.
result<obj_id> meddled(staged_tree<>& t, std::function<void()> meddle) {
    return finalize_file(t.me, t.bytes(), t.node_at("/x"), t.retries, meddling_clock{&meddle});
}

TEST_F(FinalizeFile, FollowsARename) {
    must(meddled(t, [&] {
        const auto here = must(resolve(t.kv, "/x")), to = must(resolve(t.kv, "/y"));
        must(tree::rename(t.me, any_rev{here.parent}, *here.found, any_rev{to.parent}, *to.found));
    }));
    EXPECT_FALSE(must(resolve(t.kv, "/x")).exists());
    EXPECT_EQ(t.read_back("/y"), "bytes");
    EXPECT_NE(object_in(at("/y")), nullptr);
    EXPECT_EQ(t.retries.retries, 1u);
}

TEST_F(FinalizeFile, DoesNotBringBackWhatIsRemoved) {
    const auto made = meddled(t, [&] {
        const auto here = must(resolve(t.kv, "/x"));
        must(remove(t.me, any_rev{here.parent}, *here.found));
    });
    EXPECT_EQ(code_of(made), errc::not_found);
    EXPECT_FALSE(must(resolve(t.kv, "/x")).exists());
    EXPECT_TRUE(must(t.bytes().files().list_files()).files.empty()) << "and leaves no bytes";
}

TEST_F(FinalizeFile, HashesAgainWhatWasWrittenMeanwhile) {
    must(meddled(t, [&] {
        must(tree::abort(t.me, t.node("/x")));
        t.write("/x", open_how::append, " and more");
    }));
    EXPECT_EQ(t.read_back("/x"), "bytes and more");
}

TEST_F(FinalizeFile, ByTwoIsDoneByTheFirst) {
    const auto made = meddled(t, [&] { must(t.finalize("/x")); });
    EXPECT_EQ(code_of(made), errc::not_found) << "the node is no more";
    EXPECT_EQ(t.read_back("/x"), "bytes");
}

}  // namespace
}  // namespace casement::testing::finalize_file_test
