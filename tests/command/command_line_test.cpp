// Command lines that are none, and what their users are told.

#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "command.hpp"
#include "command_line.hpp"

namespace casement::testing::command_line_test {
namespace {

using command::command_line;
using words = std::vector<std::string>;

TEST(CommandLine, WhatMakesSenseIsToBeRun) {
    for (const words& good :
         {words{"init", "s"}, words{"ls", "-l", "s", "/photos"}, words{"ls", "--json", "s", "/"},
#ifdef CASEMENT_HAS_STORIES
          words{"explore", "all-any-rev", "--scope", "2x1", "--without", "create/it is free"},
#endif
          words{"write", "s", "/f", "--create", "--finalize"}, words{"doctor", "."}}) {
        const command_line asked{good};
        EXPECT_TRUE(asked.run()) << good[0] << ": " << asked.err();
        EXPECT_EQ(asked.out() + asked.err(), "");
    }
}

TEST(CommandLine, WhatMakesNoneIsToldAndNotRun) {
    for (const words& bad :
         {words{}, words{"frobnicate"}, words{"init"}, words{"ls", "s", "--no-such"},
          words{"init", "s", "--inline-max", "-1"}, words{"init", "s", "--inline-max", "1e3"},
          words{"explore", "x", "--scope", "3"}, words{"explore", "x", "--scope", "7x1"},
          words{"explore", "x", "--without", "y"}, words{"mkdir", "s", "/d", "--mode", "9"}}) {
        const command_line asked{bad};
        EXPECT_FALSE(asked.run());
        EXPECT_EQ(asked.code(), command::exit_usage);
        EXPECT_NE(asked.err(), "");
        EXPECT_EQ(asked.out(), "");
    }
}

std::vector<std::string> all_commands() {
    std::vector<std::string> names;
    std::istringstream help{command_line{{"--help"}}.out()};
    bool are_commands = false;
    for (std::string line; std::getline(help, line);) {
        if (are_commands && line.starts_with("  "))
            names.push_back(line.substr(2, line.find(' ', 2) - 2));
        are_commands = are_commands || line == "Subcommands:";
    }
    return names;
}

// CLI11 2.3 loops for ever at the option, of a command with an option group: as a script would that
// has a variable of nothing. Found by fuzz/command_fuzz.
TEST(CommandLine, EmptyWordsAreToldToo) {
    const auto names = all_commands();
    EXPECT_GT(names.size(), 25u);
    for (const auto& name : names) {
        words line{name};
        line.resize(12);
        line.emplace_back("--no-such");
        const command_line asked{line};
        EXPECT_EQ(asked.code(), command::exit_usage) << name;
    }
}

TEST(CommandLine, WhoAsksForHelpGetsIt) {
    for (const words& help : {words{"--help"}, words{"import", "--help"}, words{"--version"}}) {
        const command_line asked{help};
        EXPECT_FALSE(asked.run());
        EXPECT_EQ(asked.code(), command::exit_ok);
        EXPECT_NE(asked.out(), "");
        EXPECT_EQ(asked.err(), "");
    }
}

TEST(CommandLine, NoWordSteersATerminal) {
    const command_line asked{{"\x1b[2Jls"}};
    EXPECT_EQ(asked.err().find('\x1b'), std::string::npos) << asked.err();
    EXPECT_NE(asked.err().find(R"(\x1b[2Jls)"), std::string::npos) << asked.err();
}

}  // namespace
}  // namespace casement::testing::command_line_test
