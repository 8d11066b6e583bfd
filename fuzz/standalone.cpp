// A target without a fuzzer: `<unit>_corpus DIRECTORY [--all]` runs it once over each file there. A
// file whose name does not begin with `refused_` must encode something: what was written
// once stays readable; but `found_` ones, which a campaign has left, are whatever they are. With
// --all they show together whatever the code that ships can come to. A broken law aborts.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "target.hpp"

int main(int argc, char** argv) {
    if (argc != 2 && argc != 3)
        return std::fprintf(stderr, "usage: %s DIRECTORY [--all]\n", argv[0]), 2;
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator{argv[1]})
        files.push_back(file.path());
    std::ranges::sort(files);
    int wrong = files.empty();
    for (const auto& file : files) {
        std::ifstream in{file, std::ios::binary};
        const std::string bytes{std::istreambuf_iterator<char>{in}, {}};
        const auto before = casement::fuzz::accepted;
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
        const bool refused = casement::fuzz::accepted == before;
        if (file.filename().string().starts_with("found_")) continue;
        if (refused == file.filename().string().starts_with("refused_")) continue;
        std::fprintf(stderr, "%s: %s\n", file.c_str(), refused ? "is refused" : "is accepted");
        ++wrong;
    }
    const auto all = argc == 3 ? casement::fuzz::reachable() : std::set<std::string>{};
    std::size_t missing = 0;
    for (const auto& one : all) {
        if (casement::fuzz::all_seen().contains(one)) continue;
        std::fprintf(stderr, "no input shows: %s\n", one.c_str());
        ++missing;
    }
    std::printf("%zu files, %d wrong; %zu of %zu outcomes shown\n", files.size(), wrong,
                all.size() - missing, all.size());
    wrong += missing > 0;
    return wrong != 0;
}
