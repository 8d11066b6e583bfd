// Scripts for the job queue, drawn by RapidCheck; of each, every schedule is explored.

#include <ostream>

#include <casement/check/rapidcheck.hpp>

#include "job_queue.hpp"

using namespace job_queue;

struct call {  // any event, as the code does it, and as the table alone would
    event<life> by;
    std::optional<std::string> on(check::actor& me) const {
        return check::answer_of(advance(me.store(), by));
    }
    std::string on(job& model) const {
        const auto next = apply<life>(model.now, by);
        if (next) model.now = *next;
        return *check::answer_of(next);
    }
    std::string name() const { return by.index() == 0 ? "take" : "finish"; }
};
void showValue(const call& c, std::ostream& out) { out << c.name(); }

int main() {
    const auto law = [](std::vector<check::left_out> without) {
        return [=] { check::hold_in_parallel<call>(job{}, with_job, {}, without); };
    };
    const bool holds = rc::check("scripts hold", law({}));
    const bool breaks = !rc::check("and without the fence", law({{"", no_fence.guard}}));
    return holds && breaks ? 0 : 1;
}
