// Compaction beside everybody, in threads: who writes, reads, removes, copies and collects notices
// nothing of it, and nothing is lost.

#include <atomic>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <casement/tree/verify.hpp>
#include <casement/vault.hpp>

#include "support/scale.hpp"
#include "support/temporary.hpp"
#include "tree/hand.hpp"

namespace casement::testing::vault_compact_test {
namespace {

/// Names and what they must lead to: of one thread, in a directory of its own.
class garden {
public:
    garden(vault& v, unsigned number)
        : vault_{v}, path_{"/" + std::to_string(number)}, random_{number} {
        node_ = must(v.make_path(path_, {0755, {}, 0}));
    }

    void do_something() {
        const auto name = std::to_string(random_() % 12);
        if (const auto known = bytes_.find(name); known == bytes_.end()) {
            plant(name);
        } else if (random_() % 3 == 0) {
            must(vault_.remove(path_ + '/' + name));
            bytes_.erase(known);
        } else if (random_() % 2 == 0) {
            copy(name, known->second);
        } else {
            expect_bytes(name, known->second);
        }
    }
    void expect_all() {
        for (const auto& [name, bytes] : bytes_) expect_bytes(name, bytes);
    }

private:
    // Few different ones: what one thread stores, another drops.
    void plant(const std::string& name) {
        std::string bytes(200 + random_() % 40 * 16, static_cast<char>('a' + random_() % 4));
        auto staged = must(vault_.stage());
        must(staged.write(bytes));
        must(vault_.settle_file(node_, name, std::move(staged), {0644, {}, 0}));
        bytes_[name] = std::move(bytes);
    }
    void copy(const std::string& from, const std::string& bytes) {
        const auto to = "copy-" + from;
        must(vault_.copy_all(path_ + '/' + from, path_ + '/' + to));
        bytes_[to] = bytes;
    }
    void expect_bytes(const std::string& name, const std::string& expected) {
        auto reader = must(vault_.read_file(path_ + '/' + name));
        if (random_() % 2 == 0) std::this_thread::yield();  // opened, and not yet read
        std::string bytes(reader.size(), '?');
        EXPECT_EQ(must(reader.read_at(0, bytes)), bytes.size());
        EXPECT_EQ(bytes, expected) << path_ << '/' << name;
    }

    vault& vault_;
    const std::string path_;
    tree::node_id node_;
    std::mt19937 random_;
    std::map<std::string, std::string> bytes_;
};

TEST(VaultCompact, BesideWritersReadersAndACollector) {
    temporary_directory where;
    auto v = must(vault::create(where / "store", {.durable = engine::durability::process},
                                {.inline_max = 16, .dedicated_min = 4096, .pack_max = 8192}));
    std::atomic<bool> done = false;
    std::uint64_t moved = 0, removed = 0;
    {
        std::jthread collector{[&] {
            while (!done) must(v.collect({.grace = {}}));
        }};
        std::jthread compactor{[&] {
            while (!done) {
                const auto told = must(v.compact({.dead_share_max = 0.02}));
                EXPECT_TRUE(told.damaged.empty());
                moved += told.moved, removed += told.removed;
            }
        }};
        {
            std::vector<std::jthread> gardeners;
            for (unsigned n = 0; n < 3; ++n)
                gardeners.emplace_back([&, n] {
                    garden mine{v, n};
                    for (int i = 0; i < scaled(400); ++i) mine.do_something();
                    mine.expect_all();
                });
        }
        done = true;
    }
    EXPECT_GT(moved, 0u);
    EXPECT_GT(removed, 0u);
    must(v.collect({.grace = {}}));
    must(v.compact({.dead_share_max = 0}));
    const auto seen = tree::verify(v.rows(), v.contents());
    for (const auto& p : seen.problems) ADD_FAILURE() << p.what.message();
}

}  // namespace
}  // namespace casement::testing::vault_compact_test
