// Schedules: one byte says the story, the rest steer its actors and faults. What a story says holds
// on every walk; where it does not, the token of the walk is printed, for
// `casement explore --replay`.

#include <cstdint>
#include <cstdio>
#include <vector>

#include <casement/check/walk.hpp>

#include "schedules.hpp"
#include "target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace casement;
    fuzz::input in{data, size};
    static const auto stories = fuzz::stories();
    const auto& tale = stories[in.byte() % stories.size()];
    std::vector<check::left_out> without;
#ifdef CASEMENT_PLANTED
    without = {{"", std::string{fuzz::planted_guard}}};
#endif
    const auto walked = check::steer(tale, in.rest(), without);
    for (const auto& v : walked.violations)
        std::fprintf(stderr, "%s: %s: %s\n%s\n", tale.name().c_str(), v.property.c_str(),
                     v.words.c_str(), v.token.c_str());
    require(walked.failed.empty(), "a story can be told");
    require(walked.violations.empty(), "what a story says holds on every walk");
    ++fuzz::accepted;
    return 0;
}
