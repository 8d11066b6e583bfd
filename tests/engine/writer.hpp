#pragma once
// Another process that writes a store: started, listened to, killed. One thread.

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include <casement/core/assert.hpp>

extern "C" char** environ;

namespace casement::testing {

class writer_process {
public:
    /// Runs CASEMENT_WRITER with these words; see writer.cpp.
    explicit writer_process(std::vector<std::string> words) {
        words.insert(words.begin(), CASEMENT_WRITER);
        std::vector<char*> arguments;
        for (auto& w : words) arguments.push_back(w.data());
        arguments.push_back(nullptr);
        int in[2], out[2];
        require(::pipe2(in, O_CLOEXEC) == 0 && ::pipe2(out, O_CLOEXEC) == 0, "pipes");
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, in[0], 0);
        ::posix_spawn_file_actions_adddup2(&actions, out[1], 1);
        require(::posix_spawn(&child_, CASEMENT_WRITER, &actions, nullptr, arguments.data(),
                              environ) == 0,
                "the writer runs");
        ::posix_spawn_file_actions_destroy(&actions);
        ::close(in[0]);
        ::close(out[1]);
        to_child_ = in[1];
        from_child_ = out[0];
    }
    writer_process(const writer_process&) = delete;
    writer_process& operator=(const writer_process&) = delete;
    ~writer_process() {
        if (child_ > 0) (void)kill();
        ::close(to_child_);
        ::close(from_child_);
    }

    /// The next line it prints; empty when it is gone.
    std::string line() {
        std::string out;
        char c = 0;
        while (::read(from_child_, &c, 1) == 1 && c != '\n') out.push_back(c);
        return out;
    }

    /// How many lines come until it is gone; kills it after `kill_after` of them.
    std::size_t lines(std::size_t kill_after = ~std::size_t{0}) {
        std::size_t n = 0;
        bool killed = false;
        while (!line().empty()) {
            if (++n >= kill_after && !std::exchange(killed, true)) ::kill(child_, SIGKILL);
        }
        return n;
    }

    /// Waits for its end; the status as `waitpid` gives it.
    int wait() {
        int status = 0;
        require(::waitpid(std::exchange(child_, -1), &status, 0) > 0, "the writer was ours");
        return status;
    }
    int kill() {
        ::kill(child_, SIGKILL);
        return wait();
    }

private:
    pid_t child_ = -1;
    int to_child_ = -1, from_child_ = -1;
};

}  // namespace casement::testing
