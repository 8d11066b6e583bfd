#pragma once
// One situation measured for several contestants in turn, A B C A B C ..., so that whatever else
// the machine does meanwhile hits all alike. Google Benchmark times each turn. One thread holds a
// contest; the bodies run on as many threads as the situation says. It prints measurements and
// never judges.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace casement::bench {

/// What a contestant is to the table: the floor that others are divided by, the library, another
/// database, or a part of the library's work measured alone.
enum class role { floor, ours, peer, part };

struct contestant {
    role plays;
    std::string name;
    std::function<void(benchmark::State&)> turn;
};

struct situation {
    std::string name;
    std::string unit = "1/s";  // of the rate: of the items or the bytes that the turns report
    int threads = 1;
};

/// Prints one line for each turn: situation, unit, role, contestant, rate; tabs in between. Does
/// nothing if CASEMENT_BENCH_ONLY is set and the situation's name does not have it.
void hold(const situation& s, const std::vector<contestant>& contestants);

/// CASEMENT_BENCH_LONG: every turn takes seconds, for figures to publish.
[[nodiscard]] bool is_long();

/// A fresh directory below CASEMENT_BENCH_DIR, or the working directory; gone with its owner.
class workshop {
public:
    explicit workshop(const std::string& name);
    workshop(const workshop&) = delete;
    workshop& operator=(const workshop&) = delete;
    ~workshop();

    [[nodiscard]] std::string operator/(const std::string& name) const {
        return path_ + "/" + name;
    }

private:
    std::string path_;
};

/// Ends the program with the reason: a measurement of something that failed would be none.
[[noreturn]] void give_up(const std::string& why);

template <class Result>
auto must(Result r) {
    if (!r) give_up(r.error().message());
    if constexpr (!std::is_void_v<typename Result::value_type>) return *std::move(r);
}

}  // namespace casement::bench
