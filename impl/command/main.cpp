// The casement command: takes real directories into a store and out again.

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <exception>

#include "command.hpp"
#include "command_line.hpp"

namespace casement::command {

namespace {

/// A file that is opened later must not get the number of a stream that was closed before we began:
/// a warning would be written into the store. What is said to a closed stream still does not
/// arrive.
void hold_standard_streams() {
    for (int number = 0; number <= 2; ++number)
        if (::fcntl(number, F_GETFD) < 0 && ::open("/dev/null", O_RDONLY | O_CLOEXEC) != number)
            ::_exit(exit_failed);
}

int run(int count, char** words) {
    hold_standard_streams();
    const command_line asked{{words + 1, words + count}};
    write_to(stdout, asked.out());
    write_to(stderr, asked.err());
    const int code = asked.run() ? asked.run()() : asked.code();
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
        casement::command::say(e.what());
        return casement::command::exit_failed;
    }
}
