// Scripts for the job queue, drawn by RapidCheck; of each, every schedule is explored.

#include <casement/check/rapidcheck.hpp>

#include "job_queue.hpp"

int main() {
    using namespace job_queue;
    const auto law = [](std::vector<check::left_out> without) {
        return [=] { check::hold_in_parallel<call>(job{}, with_job, {}, without); };
    };
    const bool holds = rc::check("scripts hold", law({}));
    const bool breaks = !rc::check("and without the fence", law({{"", no_fence.guard}}));
    return holds && breaks ? 0 : 1;
}
