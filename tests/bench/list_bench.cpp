// Lists of a directory, every name consumed, beside a raw iterator over the same rows. Checksums
// are verified in both.

#include "names.hpp"

using namespace casement;
using namespace casement::bench;

namespace {

contestant lister(const keeper& k, const std::string& path, const shape& s) {
    const auto store = k.open(path, s, engine::durability::process);
    const auto bytes_of_all = s.names * name_of(0).size();
    return {k.plays, k.name, [=](benchmark::State& state) {
                const hand own = store();
                for (auto _ : state)
                    if (own.list() != bytes_of_all) state.SkipWithError("a wrong list");
                state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(s.names));
            }};
}

}  // namespace

int main() {
    const workshop w{"list_bench"};
    std::vector<keeper> all{raw_leveldb(), by_any_rev()};
    all.back().name = "list";
    for (auto& peer : peers()) all.push_back(std::move(peer));

    for (const auto& [names, words] :
         {std::pair{std::uint64_t{10'000}, "list, 10 k names"}, {1'000'000, "list, 1 M names"}}) {
        const shape s{1, names};
        fill_all(w, all, s);
        std::vector<contestant> contestants;
        for (const auto& k : all) contestants.push_back(lister(k, w / k.name, s));
        hold({words, "names/s"}, contestants);
    }
}
