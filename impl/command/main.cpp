// The casement command: takes real directories into a store and out again.

#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "command.hpp"
#include "command_line.hpp"

namespace casement::command {

namespace {

int run(int count, char** words) {
    const command_line asked{{words + 1, words + count}};
    fmt::print(stdout, "{}", asked.out());
    fmt::print(stderr, "{}", asked.err());
    int code = asked.code();
    if (asked.run()) {
        listen_for_stop();
        code = asked.run()();
    }
    // Output that did not arrive is a failure: `casement ls ... > /dev/full` must not say ok.
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
        std::perror("casement: standard output");
        return exit_failed;
    }
    return code;
}

}  // namespace

}  // namespace casement::command

int main(int count, char** words) {
    try {
        return casement::command::run(count, words);
    } catch (const std::exception& e) {  // out of memory, or a bug: nothing of ours throws
        fmt::print(stderr, "casement: {}\n", e.what());
        return casement::command::exit_failed;
    }
}
