#pragma once
// A command line, understood before anything is done: the command that it names with all that it
// says, or what its user is told instead. One thread.

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace casement::command {

class command_line {
public:
    /// `words` without the program's own name.
    explicit command_line(std::vector<std::string> words);
    command_line(command_line&&) noexcept;
    command_line& operator=(command_line&&) noexcept;
    ~command_line();

    /// Nothing where there is no command to run: then `out` and `err` say why, on lines in which
    /// nothing steers a terminal, and `code` is what the program ends with.
    [[nodiscard]] const std::function<int()>& run() const;
    [[nodiscard]] int code() const { return code_; }
    [[nodiscard]] const std::string& out() const { return out_; }
    [[nodiscard]] const std::string& err() const { return err_; }

private:
    struct known;  // the options of all commands
    std::unique_ptr<known> known_;
    int code_ = 0;
    std::string out_, err_;
};

}  // namespace casement::command
