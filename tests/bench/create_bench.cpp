// Creates with their guards (SPEC F5, DESIGN D4) beside a raw LevelDB batch of the same two rows:
// in small and large directories, in one that is hot and in many, alone and 16 at a time.

#include <atomic>

#include "names.hpp"

using namespace casement;
using namespace casement::bench;

namespace {

constexpr std::uint64_t thousand = 1'000, million = 1'000'000;
constexpr std::uint64_t many_directories = 64;

std::string words(const shape& s, int threads, engine::durability d) {
    return std::string{"create, "} + (s.names == million ? "1 M names" : "1 k names") +
           (s.directories == 1 ? ", one directory" : ", 64 directories") +
           (d == engine::durability::power ? ", power" : ", process") +
           (threads == 1 ? ", 1 thread" : ", " + std::to_string(threads) + " threads");
}

contestant creator(const keeper& k, const std::string& path, const shape& s, engine::durability d,
                   std::uint64_t first) {
    const auto next = std::make_shared<std::atomic<std::uint64_t>>(first);
    const auto store = k.open(path, s, d);
    return {k.plays, k.name, [=](benchmark::State& state) {
                const hand own = store();
                for (auto _ : state) own.create(next->fetch_add(1));
                state.SetItemsProcessed(state.iterations());
            }};
}

}  // namespace

int main() {
    const workshop w{"create_bench"};
    std::vector<keeper> all{raw_leveldb(), by_any_rev(), by_at_rev()};
    for (auto& peer : peers()) all.push_back(std::move(peer));

    std::uint64_t first = million;  // of the numbers that no situation has used
    for (const auto names : {thousand, million})
        for (const auto directories : {std::uint64_t{1}, many_directories}) {
            const shape s{directories, names};
            if (names == million) fill_all(w, all, s);  // the dearest step; it grows by little
            for (const auto d : {engine::durability::process, engine::durability::power})
                for (const int threads : {1, 16}) {
                    if (names == thousand) fill_all(w, all, s);
                    std::vector<contestant> contestants;
                    for (const auto& k : all)
                        contestants.push_back(creator(k, w / k.name, s, d, first));
                    first += thousand * million;
                    hold({words(s, threads, d), "creates/s", threads}, contestants);
                }
        }
}
