// Writes models/README.md's table: every guard of every commit that the stories make, and the
// certificate that it is needed. `matrix` prints it; `matrix --check FILE` says whether the file
// has just this table (SPEC T8).

#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

#include <casement/check/mutants.hpp>

#include "stories.hpp"

namespace {

using namespace casement;
using check::certificate;

constexpr std::string_view begins = "<!-- matrix: written by models/matrix -->\n";
constexpr std::string_view ends = "<!-- end of matrix -->\n";

std::string others(const certificate& c) {
    std::string out;
    for (std::size_t i = 1; i < c.without.size(); ++i)
        out += (i == 1 ? "beside *" : ", *") + c.without[i].guard + '*';
    return out;
}

void put_table(std::ostream& out, const check::necessity& all) {
    out << "| operation | guard | | breaks without it | property | steps |\n"
           "|---|---|---|---|---|---|\n";
    for (const auto& c : all.guards) {
        const auto* verdict = c.what == certificate::kind::necessary   ? "necessary"
                              : c.what == certificate::kind::redundant ? "redundant "
                                                                       : "**survives**";
        out << "| " << c.guard.operation << " | " << c.guard.guard << " | " << verdict << others(c)
            << " | " << c.story << " | " << c.broke.property << " | " << c.broke.schedule.size()
            << " |\n";
    }
    out << "\nEach row's schedule, replayed by `casement explore --replay TOKEN`:\n\n```\n";
    for (const auto& c : all.guards)
        if (!c.broke.token.empty()) out << c.broke.token << '\n';
    out << "```\n\n" << all.guards.size() << " guards, " << all.survivors() << " survive.\n";
    for (const auto& p : all.never_violated) out << "Nothing violates the property: " << p << ".\n";
}

std::string table_in(const char* path) {
    std::ifstream file{path};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    const auto begin = text.find(begins), end = text.find(ends);
    if (begin == std::string::npos || end == std::string::npos) return {};
    return text.substr(begin + begins.size(), end - begin - begins.size());
}

}  // namespace

int main(int count, char** words) {
    std::vector<check::story> told;
    for (const auto& s : models::situations())
        if (!s.breaks && !s.large) told.push_back(s.tell({}));
    auto all = check::needs(told);
    // What stands in no commit, like a sync, is left out by the stories that are told to break.
    for (const auto& s : models::situations())
        if (s.breaks)
            for (const auto& v : check::explore(s.tell({})).violations)
                std::erase(all.never_violated, v.property);
    std::ostringstream table;
    put_table(table, all);
    if (count == 3 && std::string_view{words[1]} == "--check") {
        const bool same = table_in(words[2]) == table.str();
        if (!same) std::cout << words[2] << " has another table than this:\n" << table.str();
        std::cout << all.guards.size() << " guards, " << all.searches << " searches, "
                  << all.seconds << " s\n";
        return same && all.survivors() == 0 && all.never_violated.empty() ? 0 : 1;
    }
    std::cout << begins << table.str() << ends;
    return 0;
}
