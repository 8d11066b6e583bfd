// The drawings that people read are the tables that run: in the README, and one file each in
// diagrams/, so that a review sees a table change. To mend one, paste what `draw_protocols` prints.

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "protocol/diagrams.hpp"

namespace casement::testing::diagrams_test {
namespace {

std::string contents(const std::string& path) {
    std::ifstream in{std::string{SOURCE_DIRECTORY "/"} + path, std::ios::binary};
    EXPECT_TRUE(in) << path;
    return {std::istreambuf_iterator<char>{in}, {}};
}

/// From the opening marker to the closing one; empty where there is none.
std::string drawn_in(std::string_view page, std::string_view machine) {
    const auto begin = page.find(opening_of(machine));
    if (begin == page.npos) return {};
    const auto end = page.find(closing, begin);
    if (end == page.npos) return {};
    return std::string{page.substr(begin, end + closing.size() - begin)};
}

TEST(Diagrams, ReadmeShowsWhatRuns) {
    const auto readme = contents("README.md");
    hana::for_each(all_protocols, [&](auto which) {
        constexpr auto name = machine_name<typename decltype(which)::type>();
        const auto drawn = drawn_in(readme, name);
        const bool must = name == "dentry" || name == "file" || name == "lease";
        if (must || !drawn.empty()) {
            EXPECT_EQ(drawn, block_of(name));
        }
    });
}

TEST(Diagrams, FilesShowWhatRuns) {
    hana::for_each(all_protocols, [](auto which) {
        constexpr auto name = machine_name<typename decltype(which)::type>();
        EXPECT_EQ(contents("tests/protocol/diagrams/" + std::string{name} + ".md"), block_of(name));
    });
}

TEST(Diagrams, AreFoundOnlyWhole) {
    const auto block = block_of("lease");
    EXPECT_EQ(drawn_in("text\n" + block + "more\n" + block_of("file"), "lease"), block);
    EXPECT_EQ(drawn_in(block, "file"), "");
    EXPECT_EQ(drawn_in(block.substr(0, block.size() - closing.size()), "lease"), "");
    EXPECT_EQ(block_of("teapot"), "");
}

}  // namespace
}  // namespace casement::testing::diagrams_test
