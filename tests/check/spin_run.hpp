#pragma once
// Runs Spin over a model and reads what it counted. Everything it makes is in a directory of its
// own. One thread.

#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <regex>
#include <string>

#include "support/temporary.hpp"

namespace casement::testing {

struct counted {
    std::uint64_t stored = 0, matched = 0, errors = 0;
    std::string said;  // all that Spin and the compiler wrote

    /// Spin counts the beginning among what a transition leads to.
    [[nodiscard]] std::uint64_t transitions() const { return stored + matched - 1; }
};

class spin {
public:
    /// Makes the verifier; `flags` are of the C compiler. What went wrong is in `said`.
    [[nodiscard]] bool make(const std::string& model, const std::string& flags) {
        std::ofstream{in_ / "story.pml"} << model;
        said_ = output_of("spin -a story.pml");
        said_ += output_of("cc -DSAFETY " + flags + " -o pan pan.c");
        return std::ifstream{in_ / "pan"}.good();
    }
    [[nodiscard]] std::string verifier() const { return in_ / "pan"; }
    [[nodiscard]] std::string directory() const { return in_.path().string(); }
    [[nodiscard]] const std::string& said() const { return said_; }

    [[nodiscard]] counted run() {
        counted c;
        c.said = said_ + output_of("./pan -m1000000");
        c.stored = number(c.said, "([0-9]+) states, stored");
        c.matched = number(c.said, "([0-9]+) states, matched");
        c.errors = number(c.said, "errors: ([0-9]+)");
        return c;
    }

    [[nodiscard]] static std::uint64_t number(const std::string& text, const char* pattern) {
        std::smatch found;
        return std::regex_search(text, found, std::regex{pattern}) ? std::stoull(found[1]) : 0;
    }

private:
    [[nodiscard]] std::string output_of(const std::string& command) const {
        std::string out;
        auto* pipe = ::popen(("cd " + directory() + " && " + command + " 2>&1").c_str(), "r");
        if (pipe == nullptr) return "cannot run " + command;
        std::array<char, 4096> some{};
        while (const auto n = std::fread(some.data(), 1, some.size(), pipe))
            out.append(some.data(), n);
        ::pclose(pipe);
        return out;
    }

    temporary_directory in_;
    std::string said_;
};

}  // namespace casement::testing
