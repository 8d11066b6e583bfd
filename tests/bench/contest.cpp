#include "contest.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace casement::bench {

namespace {

constexpr int repetitions = 5;
constexpr std::array role_names{"floor", "ours", "peer", "part"};

/// Keeps the one rate that a turn reports.
class rate_keeper : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const auto& run : runs) {
            if (run.error_occurred) give_up(run.benchmark_name() + ": " + run.error_message);
            for (const auto* counter : {"items_per_second", "bytes_per_second"})
                if (const auto found = run.counters.find(counter); found != run.counters.end())
                    rate = found->second;
        }
    }

    double rate = 0;
};

double take_turn(const situation& s, const contestant& c, double seconds) {
    benchmark::RegisterBenchmark(c.name.c_str(), c.turn)
        ->Threads(s.threads)
        ->UseRealTime()
        ->MinTime(seconds);
    rate_keeper keeper;
    benchmark::RunSpecifiedBenchmarks(&keeper, "all");
    benchmark::ClearRegisteredBenchmarks();  // it would keep the turn's store open
    return keeper.rate;
}

}  // namespace

bool is_long() { return std::getenv("CASEMENT_BENCH_LONG") != nullptr; }

void hold(const situation& s, const std::vector<contestant>& contestants) {
    if (const char* only = std::getenv("CASEMENT_BENCH_ONLY"))
        if (s.name.find(only) == std::string::npos) return;
    // The first round fills caches and lets what filling left behind be compacted; it is not told.
    for (const auto& c : contestants) take_turn(s, c, 0.2);
    for (int repetition = 0; repetition < repetitions; ++repetition)
        for (const auto& c : contestants) {
            const char* plays = role_names[static_cast<std::size_t>(c.plays)];
            const double rate = take_turn(s, c, is_long() ? 3.0 : 0.4);
            std::printf("%s\t%s\t%s\t%s\t%.6g\n", s.name.c_str(), s.unit.c_str(), plays,
                        c.name.c_str(), rate);
            std::fflush(stdout);
        }
}

workshop::workshop(const std::string& name) {
    const char* chosen = std::getenv("CASEMENT_BENCH_DIR");
    path_ = std::string{chosen ? chosen : "."} + "/" + name + "." + std::to_string(::getpid());
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
}

workshop::~workshop() {
    std::error_code ignored;  // a leftover costs room only
    std::filesystem::remove_all(path_, ignored);
}

void give_up(const std::string& why) {
    std::fprintf(stderr, "bench: %s\n", why.c_str());
    std::exit(1);
}

}  // namespace casement::bench
