#pragma once
// What import, export and mirror have brought from one side to the other. Any thread.

#include <atomic>
#include <cstdint>
#include <string>

#include <fmt/format.h>

#include "command.hpp"

namespace casement::command {

struct counts {
    std::atomic<std::uint64_t> directories = 0, files = 0, links = 0, bytes = 0, failed = 0;

    /// All but what failed, which each command tells last.
    [[nodiscard]] json to_json() const {
        return {{"directories", directories.load()},
                {"files", files.load()},
                {"links", links.load()},
                {"bytes", bytes.load()}};
    }
    [[nodiscard]] std::string to_text() const {
        return fmt::format("{} files ({}), {} directories, {} links", files.load(),
                           human_bytes(bytes), directories.load(), links.load());
    }
};

}  // namespace casement::command
