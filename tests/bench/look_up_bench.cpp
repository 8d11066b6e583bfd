// Look-ups of random names in a directory of a million, there and not there, beside a raw Get.

#include "names.hpp"

using namespace casement;
using namespace casement::bench;

namespace {

constexpr shape large{1, 1'000'000};

/// xorshift64*: a hand's own sequence, cheap enough not to show.
struct sequence {
    std::uint64_t state;
    std::uint64_t operator()() {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return state * 0x2545f4914f6cdd1du;
    }
};

contestant searcher(const keeper& k, const hands& store, bool present) {
    return {k.plays, k.name, [=](benchmark::State& state) {
                const hand own = store();
                sequence random{static_cast<std::uint64_t>(state.thread_index()) + 1};
                for (auto _ : state) {
                    const auto number = random() % large.names + (present ? 0 : large.names);
                    if (own.look_up(number) != present) state.SkipWithError("a wrong answer");
                }
                state.SetItemsProcessed(state.iterations());
            }};
}

}  // namespace

int main() {
    const workshop w{"look_up_bench"};
    std::vector<keeper> all{raw_leveldb(), by_any_rev()};
    all.back().name = "look_up";
    for (auto& peer : peers()) all.push_back(std::move(peer));
    fill_all(w, all, large);

    std::vector<hands> stores;
    for (const auto& k : all)
        stores.push_back(k.open(w / k.name, large, engine::durability::process));
    for (const bool present : {true, false})
        for (const int threads : {1, 16}) {
            std::vector<contestant> contestants;
            for (std::size_t i = 0; i < all.size(); ++i)
                contestants.push_back(searcher(all[i], stores[i], present));
            hold({std::string{"look up, 1 M names, "} + (present ? "present" : "absent") +
                      (threads == 1 ? ", 1 thread" : ", 16 threads"),
                  "look-ups/s", threads},
                 contestants);
        }
}
