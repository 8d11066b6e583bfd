#include <casement/tree/verify_staged.hpp>

#include <gtest/gtest.h>

#include <casement/tree/verify.hpp>

#include "blob/blob_files.hpp"
#include "tree/staged_tree.hpp"

namespace casement::testing::verify_staged_test {
namespace {

struct VerifyStaged : ::testing::Test {
    staged_tree<> t;
    void SetUp() override { t.write("/x", open_how::create_exclusive, "staged"); }
    /// What a verification of everything complains of, a line each.
    std::string complaints() {
        std::string all;
        for (const auto& p : verify(t.kv, t.bytes()).problems)
            all += p.path.value_or("?") + ": " + p.what.message() + "\n";
        return all;
    }
};

TEST_F(VerifyStaged, FindsNothingWrongInAnyState) {
    EXPECT_EQ(complaints(), "");
    must(prepare(t.me, t.node("/x")));
    EXPECT_EQ(complaints(), "");
    auto w = must(t.open("/y", open_how::create_exclusive));
    must(w.append("beside a writer"));
    EXPECT_EQ(complaints(), "");
    auto in_flight = must(t.files().create({900}));
    EXPECT_EQ(complaints(), "") << "somebody is about to name it";
    must(w.close());
    must(t.finalize("/x"));
    EXPECT_EQ(complaints(), "");
}

TEST_F(VerifyStaged, ReadsTheBytes) {
    std::uint64_t bytes = 0;
    (void)verify(
        t.kv, t.bytes(), {}, [] { return false; }, [&](auto n) { bytes += n; });
    EXPECT_EQ(bytes, 6u);
}

TEST_F(VerifyStaged, MissesWhatARowNames) {
    must(t.files().remove(t.staged().front()));
    EXPECT_NE(complaints().find("/x: open '"), std::string::npos) << complaints();
}

TEST_F(VerifyStaged, FindsWhatNoRowNames) {
    { (void)must(t.files().create({900})); }
    EXPECT_NE(complaints().find("'900': no row names it"), std::string::npos) << complaints();
    must(t.files().remove({900}));
    overwrite(t.where / "staging/odd", "");
    EXPECT_NE(complaints().find("odd': no file of this store"), std::string::npos);
}

}  // namespace
}  // namespace casement::testing::verify_staged_test
