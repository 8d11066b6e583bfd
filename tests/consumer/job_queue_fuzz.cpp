// The job queue under libFuzzer: bytes choose the schedule and the faults.

#include <cstdio>
#include <cstdlib>

#include <casement/check/walk.hpp>

#include "job_queue.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    using namespace job_queue;
    static const auto story = workers(3);
#ifdef NO_FENCE
    const std::vector<check::left_out> without{no_fence};
#else
    const std::vector<check::left_out> without;
#endif
    const auto walked = check::steer(story, {reinterpret_cast<const char*>(data), size}, without);
    if (walked.violations.empty()) return 0;
    std::fprintf(stderr, "%s: %s\n", walked.violations[0].property.c_str(),
                 walked.violations[0].token.c_str());
    std::abort();
}
