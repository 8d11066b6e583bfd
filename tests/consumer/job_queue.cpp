// The job queue explored: it holds, and without its fence it does not.

#include <iostream>

#include "job_queue.hpp"

int main() {
    using namespace job_queue;
    check::scope without;
    without.without = {no_fence};
    const auto holds = explore(workers(3)), breaks = explore(workers(3), without);
    std::cout << holds << breaks;
    return holds.holds() && !breaks.violations.empty() ? 0 : 1;
}
