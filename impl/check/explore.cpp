#include <casement/check/explore.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <ostream>

#include <casement/check/show.hpp>

#include "search.hpp"

namespace casement::check {

using detail::search;

report detail::refused(const story& of, std::string why) {
    report r;
    r.story = of.name();
    r.failed = std::move(why);
    return r;
}

report explore(const story& of, const scope& in) {
    if (!of.unfit().empty()) return detail::refused(of, of.unfit());
    const auto began = std::chrono::steady_clock::now();
    std::unique_ptr<search> s;
    for (search::lessons known;; known = s->learnt()) {
        s = std::make_unique<search>(of, in, known);
        s->run();
        if (s->learnt() == known) break;
    }
    auto r = s->told();
    r.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return r;
}

result<replayed> replay(const story& of, std::string_view token,
                        const std::vector<left_out>& without) {
    auto parts = detail::parts_of(token);
    if (!parts) return passed(parts);
    if (!of.unfit().empty()) return fail(errc::too_big, "replay", of.name(), of.unfit());
    auto in = scope::raw(parts->without);
    for (const auto& m : without)
        if (std::ranges::find(in.without, m) == in.without.end()) in.without.push_back(m);
    return search{of, in, search::each_call()}.replay(token);
}

bool fits(const story& of, std::string_view token) {
    const auto parts = detail::parts_of(token);
    return parts && of.unfit().empty() && search{of, scope::raw(), {}}.story_mark() == parts->mark;
}

result<std::vector<left_out>> left_out_of(std::string_view token) {
    auto parts = detail::parts_of(token);
    if (!parts) return passed(parts);
    return std::move(parts->without);
}

std::string audit(const story& of, const scope& in) {
    auto raw = scope::raw(in.without), cut = in;
    raw.keep_restful = cut.keep_restful = true;
    raw.stop_at_violation = cut.stop_at_violation = false;
    const auto all = explore(of, raw), few = explore(of, cut);
    if (!all.complete || !few.complete)
        return "not explored whole: " + all.failed + (all.failed.empty() ? few.failed : "");
    std::size_t missed = 0, extra = 0;
    for (const auto& rows : all.restful) missed += few.restful.contains(rows) ? 0 : 1;
    for (const auto& rows : few.restful) extra += all.restful.contains(rows) ? 0 : 1;
    if (missed + extra == 0) return "";
    return std::to_string(missed) + " contents missed and " + std::to_string(extra) +
           " too many, of " + std::to_string(all.restful.size());
}

std::ostream& operator<<(std::ostream& out, const report& r) {
    const bool broken = !r.violations.empty() || (r.walks == 0 && !r.holds());
    out << r.story << ": " << (broken ? "DOES NOT HOLD" : "holds");
    if (r.walks > 0)
        out << " on " << r.walks << " walks of " << r.transitions << " steps, up to " << r.depth
            << " each, and " << r.states << " states";
    else
        out << " in " << r.states << " states, " << r.transitions << " transitions, depth "
            << r.depth;
    out << " (" << r.worlds << " worlds, " << r.logs << " logs, code run " << r.runs << " times, "
        << r.seconds << " s)\n";
    if (!r.ways.empty())
        out << "  " << r.ways.size() << " ways to choose, "
            << std::ranges::count_if(r.ways, [](const auto& w) { return w.second.tried > 0; })
            << " tried, "
            << std::ranges::count_if(r.ways, [](const auto& w) { return w.second.changes > 0; })
            << " of them change the store\n";
    if (!r.failed.empty()) out << "  not explored: " << r.failed << '\n';
    for (const auto& v : r.violations)
        out << "  violated: " << v.property << ": " << on_lines(v.words, "\n    ") << '\n'
            << columns(v, r.actors);
    for (const auto& n : r.never) out << "  never: " << n << '\n';
    for (const auto& [operation, key] : r.unvalidated)
        out << "  unvalidated read of key " << r.spelled.at(key)
            << (operation.empty() ? "" : " in " + operation) << '\n';
    return out;
}

}  // namespace casement::check
