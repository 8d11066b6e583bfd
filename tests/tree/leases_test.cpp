#include <casement/tree/leases.hpp>

#include <gtest/gtest.h>

#include "tree/staged_tree.hpp"
#include "tree/well_formed.hpp"

namespace casement::testing::leases_test {
namespace {

struct Leases : ::testing::Test {
    staged_tree<> t;
    [[nodiscard]] std::vector<open_file_info> all() const { return must(list_open_files(t.kv)); }
    void TearDown() override { EXPECT_EQ(faults_in(t.kv), ""); }
};

TEST_F(Leases, ListWhatIsNotFinalizedWithItsPathAndWhoHasIt) {
    must(ensure_path(t.me, "/d/e", {}));
    auto w = must(t.open("/d/e/x", open_how::create_exclusive));
    t.write("/y", open_how::create_exclusive, "");
    t.write("/z", open_how::create_exclusive, "");
    must(prepare(t.me, t.node("/y")));
    must(t.finalize("/z"));
    const auto now = all();
    ASSERT_EQ(now.size(), 2u);
    EXPECT_EQ(now[0].path, "/d/e/x");
    EXPECT_EQ(now[0].state_name(), "working");
    EXPECT_EQ(now[0].seq(), w.grant().seq());
    ASSERT_TRUE(now[0].lease);
    EXPECT_EQ(now[0].lease->session, w.grant().session());
    EXPECT_EQ(now[0].lease->expires, after(t.clock.now(), term));
    EXPECT_EQ(now[1].path, "/y");
    EXPECT_EQ(now[1].state_name(), "finalizing");
    EXPECT_FALSE(now[1].lease);
    must(w.close());
}

TEST_F(Leases, ThatHaveRunOutAreTakenBackAndNoOthers) {
    auto dead = must(t.open("/x", open_how::create_exclusive));
    must(dead.append("kept"));
    t.pass(term / 2);
    auto alive = must(t.open("/y", open_how::create_exclusive));
    EXPECT_EQ(must(reclaim_expired(t.me, t.files(), t.clock.now())), 0u);
    t.pass(term / 2);
    EXPECT_EQ(must(reclaim_expired(t.me, t.files(), t.clock.now())), 1u);
    EXPECT_EQ(t.state_of("/x"), "cooling");
    EXPECT_EQ(code_of(dead.append("late")), errc::fenced);
    EXPECT_EQ(t.read_back("/x"), "kept");
    must(alive.append("mine"));
    must(alive.close());
    EXPECT_EQ(must(reclaim_expired(t.me, t.files(), t.clock.now())), 0u);
}

TEST_F(Leases, SweepTakesWhatNoFileNamesAndNeverALiveOne) {
    t.write("/x", open_how::create_exclusive, "named");
    {
        auto open = must(t.open("/y", open_how::create_exclusive));
        auto unnamed = must(t.files().create({900}));
        { (void)must(t.files().create({901})); }
        const auto swept = must(sweep_staging(t.kv, t.files()));
        EXPECT_EQ(swept.removed, 1u);
        EXPECT_EQ(swept.kept, 3u);
    }
    t.reopen();  // where nobody has it open any more
    const auto swept = must(sweep_staging(t.kv, t.files()));
    EXPECT_EQ(swept.removed, 1u);
    EXPECT_EQ(swept.kept, 2u) << "what rows name, is for who continues";
}

TEST_F(Leases, PathsAreReadFromBindings) {
    EXPECT_EQ(must(path_of(t.kv, root)), "/");
    EXPECT_EQ(must(path_of(t.kv, must(ensure_path(t.me, "/a/b", {})))), "/a/b");
    EXPECT_EQ(code_of(path_of(t.kv, {12345})), errc::not_found);
}

}  // namespace
}  // namespace casement::testing::leases_test
