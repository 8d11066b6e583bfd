// crowd_cluster work ENDPOINTS PREFIX LOG SECONDS
// crowd_cluster judge ENDPOINTS PREFIX LOG...
//
// Opens the store on a cluster of etcd and lets two threads of a crowd change its tree for so long,
// while others do; what is told of the changes goes to LOG, a line a write. Or judges what all logs
// say together: asks about the changes that nobody knows the end of, and holds the tree against
// what was acknowledged. ENDPOINTS have commas between them.

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include <casement/engine/etcd.hpp>
#include <casement/tree/create.hpp>

#include "tree/crowd_work.hpp"
#include "tree/well_formed.hpp"

namespace {

using namespace casement;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int threads = 2;

engine::etcd_store opened(const std::string& endpoints, const std::string& prefix) {
    engine::etcd_options options{
        .prefix = prefix, .create = true, .call_time_max = milliseconds{3000}};
    std::istringstream in{endpoints};
    for (std::string each; std::getline(in, each, ',');) options.endpoints.push_back(each);
    for (int tries = 1;; ++tries) {
        auto kv = engine::etcd_store::open(options);
        if (kv) return *std::move(kv);
        require(tries < 20, kv.error().message().c_str());
    }
}

int work(engine::etcd_store& kv, const char* log_name, int seconds) {
    const int log = ::open(log_name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0) return 3;
    const auto told = [log](const std::string& line) {
        if (::write(log, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
            std::_Exit(4);
    };
    const auto end = steady_clock::now() + std::chrono::seconds{seconds};
    const auto report = casement::testing::crowd(
        kv, threads, [end] { return steady_clock::now() > end; }, told);
    std::uint64_t done = 0;
    for (const auto& [what, n] : report.done) done += n;
    std::printf("%llu %llu %llu %lld\n%s", static_cast<unsigned long long>(done),
                static_cast<unsigned long long>(kv.counts().unknown),
                static_cast<unsigned long long>(report.unanswered),
                static_cast<long long>(
                    std::chrono::duration_cast<milliseconds>(report.longest_pause).count()),
                report.wrong.c_str());
    return report.wrong.empty() ? 0 : 5;
}

int judge(engine::etcd_store& kv, int logs, char** names) {
    casement::testing::ledger book;
    for (int i = 0; i < logs; ++i) {
        std::ifstream lines{names[i]};
        for (std::string line; std::getline(lines, line);) book.add(line);
    }
    const auto asked = book.settle(kv);
    const auto differences = book.differences(kv), faults = casement::testing::faults_in(kv);
    std::printf("%zu %zu\n%s%s", book.made(), asked, differences.c_str(), faults.c_str());
    return differences.empty() && faults.empty() ? 0 : 5;
}

}  // namespace

int main(int count, char** words) {
    const std::string what = count > 4 ? words[1] : "";
    if (what != "work" && what != "judge") return 2;
    auto kv = opened(words[2], words[3]);
    if (what == "judge") return judge(kv, count - 4, words + 4);
    // The first to come makes it; a reply may be lost.
    for (int tries = 0; tries < 20; ++tries) {
        const auto made = tree::create_root(kv, {});
        if (made || made.error().code() == errc::exists)
            return work(kv, words[4], std::atoi(words[5]));
    }
    return 3;
}
