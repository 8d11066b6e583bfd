// What Spin and the explorer need for the same states, by the process: CPU time and peak memory;
// and how many states the explorer's short cuts leave of them. Spin gets its best compiler flags,
// and a hash table that is as large as the states it will find.
//
//     spin_bench [bank|queue [actors [turns [crashes and lost replies]]]]

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <string>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <casement/check/explore.hpp>
#include <casement/check/spin.hpp>

#include "spin_run.hpp"
#include "spin_stories.hpp"

namespace {

using namespace casement;

struct cost {
    double seconds = 0, megabytes = 0;
};

// In a process of its own, so that the peak is its own.
cost cost_of(const std::function<void()>& work) {
    std::cout.flush();
    const auto child = ::fork();
    if (child == 0) {
        work();
        ::_exit(0);
    }
    int status = 0;
    rusage used{};
    ::wait4(child, &status, 0, &used);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return {seconds(used.ru_utime) + seconds(used.ru_stime),
            static_cast<double>(used.ru_maxrss) / 1024};
}

struct measured {
    std::uint64_t states = 0, transitions = 0;
    cost of;
};

void print(const char* who, const measured& m) {
    std::cout << std::left << std::setw(10) << who << std::right << std::fixed
              << std::setprecision(2) << std::setw(9) << m.of.seconds << " s"
              << std::setprecision(0) << std::setw(8) << m.of.megabytes << " MB" << std::setw(10)
              << static_cast<double>(m.states) / m.of.seconds << " states/s" << std::setw(10)
              << static_cast<double>(m.transitions) / m.of.seconds << " transitions/s\n";
}

measured by_us(const check::story& of, const check::scope& in, const std::string& directory) {
    const auto path = directory + "/explored";
    measured m;
    m.of = cost_of([&] {
        const auto r = check::explore(of, in);
        std::ofstream{path} << r.states << ' ' << r.transitions;
    });
    std::ifstream{path} >> m.states >> m.transitions;
    return m;
}

measured by_spin(const testing::spin& s, const std::string& flags) {
    measured m;
    m.of = cost_of([&] {
        if (::chdir(s.directory().c_str()) == 0 && std::freopen("counted", "w", stdout) != nullptr)
            ::execl(s.verifier().c_str(), "pan", "-m10000", flags.c_str(), nullptr);
    });
    std::ifstream in{s.directory() + "/counted"};
    const std::string said{std::istreambuf_iterator<char>{in}, {}};
    m.states = testing::spin::number(said, "([0-9]+) states, stored");
    m.transitions = m.states + testing::spin::number(said, "([0-9]+) states, matched") - 1;
    return m;
}

void contest(const std::string& name, const check::story& of, bool properties) {
    check::model_limits within;
    within.properties = properties;
    const auto model = check::promela(of, within);
    testing::spin s;
    if (!model || !s.make(*model, "-O3 -march=native -DNOREDUCE -DNOFAIR -DNOBOUNDCHECK -DSFH")) {
        std::cout << (model ? s.said() : model.error().message()) << '\n';
        return;
    }
    const auto ours = by_us(of, check::scope::raw(), s.directory());
    const auto shorter = by_us(of, {}, s.directory());
    int bits = 20;
    while (std::uint64_t{1} << bits < ours.states) ++bits;
    const auto theirs = by_spin(s, "-w" + std::to_string(bits));
    std::cout << name << (properties ? "" : ", no properties in Spin") << ": " << ours.states
              << " states, " << ours.transitions << " transitions"
              << (ours.states == theirs.states && ours.transitions == theirs.transitions
                      ? ""
                      : "; SPIN COUNTS OTHERWISE")
              << '\n';
    print("spin", theirs);
    print("explorer", ours);
    std::cout << std::setprecision(2) << "explorer / spin: CPU "
              << ours.of.seconds / theirs.of.seconds << ", memory "
              << ours.of.megabytes / theirs.of.megabytes << "; states / those by short cuts "
              << std::setprecision(1)
              << static_cast<double>(ours.states) / static_cast<double>(shorter.states) << " ("
              << shorter.states << ")\n\n"
              << std::flush;
}

}  // namespace

int main(int count, char** given) {
    const std::string which = count > 1 ? given[1] : "bank";
    const auto number = [&](int at, int otherwise) {
        return count > at ? std::atoi(given[at]) : otherwise;
    };
    const auto actors = static_cast<std::size_t>(number(2, 4));
    const int turns = number(3, 2);
    check::faults may;
    may.crashes = may.lost_replies = number(4, 1);
    const auto of = which == "queue" ? testing::workers(actors, turns, 8, may)
                                     : testing::bank(actors, turns, may);
    for (const bool properties : {true, false}) contest(which, of, properties);
}
