// Every file of a store, broken in every way that a disk breaks files: what comes of it is
// reported, or changes no answer. Nothing wrong is ever read, and nothing crashes.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include <gtest/gtest.h>

#include <casement/tree/verify.hpp>

#include "support/scale.hpp"
#include "support/temporary.hpp"
#include "vault/store_image.hpp"

namespace casement::testing::vault_damage_test {
namespace {

namespace fs = std::filesystem;

const vault_options quickly{.durable = engine::durability::process,
                            .cache_bytes = 1u << 20,
                            .write_buffer_bytes = 1u << 20,
                            .mapped_bytes_max = 1u << 20};

std::string slurp(const fs::path& file) {
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

void spill(const fs::path& file, const std::string& bytes) {
    std::ofstream{file, std::ios::binary | std::ios::trunc} << bytes;
}

/// A closed store, pristine, and the answers that it gives.
class Damage : public ::testing::Test {
protected:
    void SetUp() override {
        auto v = vault::create(pristine(), quickly, small_sizes);
        ASSERT_TRUE(v) << v.error().message();
        fill(*v);
        ASSERT_TRUE(v->close());
        reopen_so_that_there_are_tables();
        v = vault::open(pristine(), quickly);
        ASSERT_TRUE(v) << v.error().message();
        put(*v, "/late", "in the log", noise(500, 77));
        auto all = read_all(*v);
        ASSERT_TRUE(all) << all.error().message();
        right_ = *std::move(all);
        ASSERT_TRUE(v->close());
        for (const auto& file : fs::recursive_directory_iterator{pristine()})
            if (file.is_regular_file()) files_.push_back(fs::relative(file.path(), pristine()));
        ASSERT_GE(files_.size(), 8u);
    }

    std::string pristine() const { return where_ / "pristine"; }
    std::string broken() const { return where_ / "broken"; }

    void reopen_so_that_there_are_tables() {
        auto v = vault::open(pristine(), quickly);
        ASSERT_TRUE(v) << v.error().message();
        ASSERT_TRUE(v->close());
    }

    void restore() {
        fs::remove_all(broken());
        fs::copy(pristine(), broken(), fs::copy_options::recursive);
    }

    enum class outcome { reported, unchanged };

    /// Opens, verifies and reads the broken store. Fails the test if it tells a lie.
    outcome judge(const std::string& how) {
        auto v = vault::open(broken(), quickly);
        if (!v) return outcome::reported;
        const auto found = tree::verify(v->rows(), v->contents());
        auto all = read_all(*v);
        if (all) {
            EXPECT_EQ(*all == right_, true) << how << ": wrong answers were given as right ones";
        } else {
            EXPECT_GT(found.problem_count, 0u)
                << how << ": reading fails but verify is clean: " << all.error().message();
        }
        (void)v->close();  // what is broken may not close well
        return found.problem_count > 0 ? outcome::reported : outcome::unchanged;
    }

    temporary_directory where_;
    std::vector<fs::path> files_;
    answers right_;
};

TEST_F(Damage, AnUndamagedStoreIsClean) {
    restore();
    EXPECT_EQ(judge("nothing"), outcome::unchanged);
}

TEST_F(Damage, EveryFlippedByteIsReportedOrChangesNothing) {
    const char* asked = std::getenv("CASEMENT_DAMAGE_STRIDE");
    const std::size_t stride = asked ? std::strtoul(asked, nullptr, 10) : spaced(23);
    std::size_t flips = 0, reported = 0;
    for (const auto& file : files_) {
        const std::string bytes = slurp(fs::path{pristine()} / file);
        for (std::size_t at = flips % stride; at < bytes.size(); at += stride) {
            for (const unsigned mask : {0x01u, 0x80u, 0xffu}) {
                if (stride > 1 && mask != (at % 2 == 0 ? 0x01u : 0xffu)) continue;
                std::string damaged = bytes;
                damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ mask);
                restore();
                spill(fs::path{broken()} / file, damaged);
                const auto how =
                    file.string() + " at " + std::to_string(at) + " with " + std::to_string(mask);
                reported += judge(how) == outcome::reported ? 1 : 0;
                ++flips;
                if (HasFailure()) FAIL() << how;
            }
        }
    }
    // Most bytes carry something; the rest is padding, LevelDB's own text log, and what a second
    // copy makes good.
    std::printf("%zu flips, %zu reported\n", flips, reported);
    EXPECT_GT(reported, flips / 2);
}

TEST_F(Damage, EveryTruncationAndDeletionIsReportedOrChangesNothing) {
    for (const auto& file : files_) {
        const std::string bytes = slurp(fs::path{pristine()} / file);
        for (const std::size_t left :
             {bytes.size() - 1, bytes.size() / 2, std::size_t{1}, std::size_t{0}}) {
            if (left >= bytes.size()) continue;
            restore();
            spill(fs::path{broken()} / file, bytes.substr(0, left));
            (void)judge(file.string() + " cut to " + std::to_string(left));
        }
        restore();
        fs::remove(fs::path{broken()} / file);
        (void)judge(file.string() + " deleted");
        if (HasFailure()) FAIL() << file;
    }
}

TEST_F(Damage, AFileThatIsNoLogOrTextIsMissed) {
    for (const auto& file : files_) {
        const auto name = file.filename().string();
        if (name == "LOG" || name == "LOG.old" || name == "LOCK") continue;
        restore();
        fs::remove(fs::path{broken()} / file);
        EXPECT_EQ(judge(file.string() + " deleted"), outcome::reported) << file;
    }
}

TEST_F(Damage, ALogCutBelowTheWatermarkIsReported) {
    for (const auto& file : files_) {
        if (file.extension() != ".log") continue;
        const std::string bytes = slurp(fs::path{pristine()} / file);
        ASSERT_GT(bytes.size(), 500u);
        for (std::size_t left = 0; left < bytes.size(); left += 29) {
            restore();
            spill(fs::path{broken()} / file, bytes.substr(0, left));
            auto v = vault::open(broken(), quickly);
            ASSERT_FALSE(v) << "cut to " << left;
            EXPECT_EQ(v.error().code(), errc::corrupt) << v.error().message();
        }
    }
}

TEST_F(Damage, ABrokenContentIsToldWithThePathsThatHaveIt) {
    restore();
    for (const auto& file : files_) {
        if (file.extension() != ".pack") continue;
        std::string bytes = slurp(fs::path{broken()} / file);
        bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
        spill(fs::path{broken()} / file, bytes);
    }
    auto v = vault::open(broken(), quickly);
    ASSERT_TRUE(v) << v.error().message();
    const auto found = tree::verify(v->rows(), v->contents());
    std::vector<std::string> paths;
    for (const auto& p : found.problems) paths.push_back(p.path.value_or("?"));
    EXPECT_EQ(paths, (std::vector<std::string>{"/a/b/twin", "/a/packed"}));
}

}  // namespace
}  // namespace casement::testing::vault_damage_test
