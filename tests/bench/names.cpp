#include "names.hpp"

#include <cstdio>
#include <filesystem>
#include <map>

namespace casement::bench {

std::string name_of(std::uint64_t number) {
    char name[32];
    std::snprintf(name, sizeof name, "file-%016llx",
                  static_cast<unsigned long long>((number + 1) * 0x9e3779b97f4a7c15u));
    return name;
}

tree::node_id directory_of(const shape& s, std::uint64_t number) {
    return {(1u << 20) + number % s.directories};
}

tree::entry entry_of(std::uint64_t number) {
    tree::obj_id id{tree::obj_id::file, {}};
    for (int i = 0; i < 8; ++i) id.digest[i] = static_cast<std::byte>(number >> 8 * i);
    return {protocol::dentry::object{id}, {number}, {0644, {1'700'000'000'000'000'000}, 1234}};
}

tree::head head_of_all() {
    return {protocol::directory::alive{}, {}, 0755, {1'700'000'000'000'000'000}};
}

std::vector<keeper> peers() {
    return {
#ifdef CASEMENT_BENCH_SQLITE
        sqlite_peer(),
#endif
#ifdef CASEMENT_BENCH_ROCKSDB
        rocksdb_peer(),
#endif
    };
}

void fill_all(const workshop& w, const std::vector<keeper>& all, const shape& s) {
    std::map<std::string, std::string> filled;
    for (const auto& k : all) {
        const std::string path = w / k.name;
        std::filesystem::remove_all(path);
        if (const auto same = filled.find(k.files); same != filled.end()) {
            std::filesystem::copy(same->second, path, std::filesystem::copy_options::recursive);
            continue;
        }
        k.fill(path, s);
        filled[k.files] = path;
    }
}

}  // namespace casement::bench
