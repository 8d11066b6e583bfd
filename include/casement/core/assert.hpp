#pragma once
// The assertion that stays on in release: a broken precondition or invariant stops the process
// with the condition and its place, before it can write anything wrong.

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace casement {

/// REQUIRES: `holds`. Prints `what` and the caller's place and aborts otherwise.
constexpr void require(bool holds, const char* what,
                       std::source_location where = std::source_location::current()) {
    if (holds) [[likely]]
        return;
    std::fprintf(stderr, "casement: %s:%u: required: %s\n", where.file_name(), where.line(), what);
    std::abort();
}

}  // namespace casement
