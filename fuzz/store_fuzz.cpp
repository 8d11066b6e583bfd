// A store whose files were mangled while nobody looked. An input is up to eight edits of five
// bytes: what is done, to which file, where (two bytes), and with what. Whatever comes of it:
// nothing wrong is ever read, verify sees what reading trips over, and a second opening tells what
// the first has told.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

#include <casement/tree/verify.hpp>
#include <casement/vault.hpp>

#include "target.hpp"
#include "vault/store_image.hpp"

namespace under_test {

/// Planted: looks at the tree, and at none of the bytes that it names.
template <class Rows, class Contents>
casement::tree::verification verify(const Rows& kv, Contents& c) {
    if (casement::fuzz::planted()) return casement::tree::verify(kv, c, 0);
    return casement::tree::verify(kv, c);
}

}  // namespace under_test

namespace casement::fuzz {
namespace {

namespace fs = std::filesystem;
using testing::answers;

const vault_options quickly{.durable = engine::durability::process,
                            .cache_bytes = 1u << 20,
                            .write_buffer_bytes = 1u << 20};

using files = std::map<std::string, std::string>;  // by their paths

files files_below(const fs::path& root) {
    files all;
    for (const auto& file : fs::recursive_directory_iterator{root}) {
        if (!file.is_regular_file()) continue;
        std::ifstream in{file.path(), std::ios::binary};
        all[fs::relative(file.path(), root)] = {std::istreambuf_iterator<char>{in}, {}};
    }
    return all;
}

/// A store that was closed well, with rows in tables and in the log, and what it answers.
class image {
public:
    image() : root_{fs::temp_directory_path() / ("casement-fuzz-" + std::to_string(::getpid()))} {
        fs::create_directories(root_);
        auto v = testing::well(vault::create(whole(), quickly, testing::small_sizes));
        testing::fill(v);
        testing::well(v.close());
        testing::well(testing::well(vault::open(whole(), quickly)).close());
        v = testing::well(vault::open(whole(), quickly));
        testing::put(v, "/late", "in the log", testing::noise(500, 77));
        right_ = testing::well(testing::read_all(v));
        testing::well(v.close());
        files_ = files_below(whole());
        fs::copy(whole(), mangled(), fs::copy_options::recursive);
    }
    image(const image&) = delete;
    image& operator=(const image&) = delete;
    ~image() { fs::remove_all(root_); }

    [[nodiscard]] const files& all() const { return files_; }
    [[nodiscard]] const answers& right() const { return right_; }
    [[nodiscard]] std::string mangled() const { return root_ / "mangled"; }

    /// `mangled()` has these files and no others.
    void put(const files& now) {
        for (const auto& [path, bytes] : files_below(mangled()))
            if (!now.contains(path)) fs::remove(fs::path{mangled()} / path);
        for (const auto& [path, bytes] : now) {
            std::ofstream out{fs::path{mangled()} / path, std::ios::binary | std::ios::trunc};
            out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
            require(out.flush().good(), "a file of the store is written");
        }
    }

private:
    [[nodiscard]] std::string whole() const { return root_ / "whole"; }

    fs::path root_;
    files files_;
    answers right_;
};

constexpr int edits_max = 8;
constexpr std::size_t sector = 512;

void edit(files& now, input& in) {
    const auto what = in.byte(), which = in.byte();
    const std::size_t at = in.word();
    const auto with = in.byte();
    const auto nth = [&](std::size_t n) {
        return std::next(now.begin(), static_cast<std::ptrdiff_t>(n % now.size()));
    };
    if (now.empty()) return;
    auto& [path, bytes] = *nth(which);
    const auto here = bytes.empty() ? 0 : at % bytes.size();
    const auto rest = bytes.size() - here;
    switch (what % 9) {
        case 0:
            if (!bytes.empty()) bytes[here] = static_cast<char>(bytes[here] ^ (with | 1));
            break;
        case 1: bytes.resize(here); break;
        case 2:
            std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(here), std::min(rest, sector),
                        '\0');
            break;
        case 3: bytes.append(at % 4096 + 1, static_cast<char>(with)); break;
        case 4: now.erase(path); break;
        case 5: std::swap(bytes, nth(with)->second); break;
        case 6: bytes = nth(with)->second; break;
        case 7: {  // a part of it lies somewhere else, too
            const auto part = bytes.substr(here, 64);
            bytes.replace(with * bytes.size() / 256, part.size(), part);
            break;
        }
        case 8: bytes.erase(here, with + std::size_t{1}); break;
    }
}

enum class outcome : std::uint8_t { refused, reported, unchanged };

/// What the store says now. It tells no lie.
outcome judged(const image& of) {
    auto v = vault::open(of.mangled(), quickly);
    if (!v) {
        require(!v.error().message().empty(), "a refusal has a message");
        return outcome::refused;
    }
    const auto found = under_test::verify(v->rows(), v->contents());
    const auto all = testing::read_all(*v);
    require(!all || *all == of.right(), "nothing wrong is read as if it were right");
    require(all || found.problem_count > 0, "what cannot be read, verify sees");
    (void)v->close();  // what is broken may not close well
    return found.problem_count > 0 ? outcome::reported : outcome::unchanged;
}

std::string_view words_of(outcome o) {
    constexpr std::string_view words[] = {"it is not opened", "verify sees it", "nothing is lost"};
    return words[static_cast<std::size_t>(o)];
}

}  // namespace

std::set<std::string> reachable() {
    std::set<std::string> all;
    for (const auto o : {outcome::refused, outcome::reported, outcome::unchanged})
        all.emplace(words_of(o));
    return all;
}

}  // namespace casement::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace casement::fuzz;
    static image store;
    auto now = store.all();
    input in{data, size};
    for (int edits = 0; edits < edits_max && !in.empty(); ++edits) edit(now, in);
    store.put(now);
    const auto first = judged(store);
    saw(std::string{words_of(first)});
    const auto second = judged(store);
    casement::require(second == first, "a second opening tells what the first has told");
    ++accepted;
    return 0;
}
