#pragma once
// A simulated disk of chosen rules, for the tests of disks.

#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <casement/check/simulated_files.hpp>

namespace casement::testing {

using check::shared_disk_calls;
using check::simulated_disk;
using check::simulated_files;

class disk_under : public ::testing::Test {
public:
    explicit disk_under(const check::disk_rules& rules = {}) : calls{simulated_disk{rules}} {}
    shared_disk_calls calls;
    simulated_files<shared_disk_calls> fs{calls};

    void make(const std::string& path, std::string_view text, bool synced) {
        auto file = fs.create(path);
        ASSERT_TRUE(file);
        ASSERT_TRUE(file->write_at(0, text));
        if (!synced) return;
        ASSERT_TRUE(file->sync());
    }
    static std::string text_on(const simulated_disk& d, const std::string& path) {
        simulated_files<shared_disk_calls> left{shared_disk_calls{d}};
        auto file = left.open(path);
        if (!file) return "-";
        std::string text(100, '?');
        return text.substr(0, *file->read_at(0, text));
    }
    using texts = std::set<std::string>;
    /// What a disk of such a journal may have there: "-" where there is no such name.
    texts left_at(const std::string& path, check::journal::kind left = check::journal::none) {
        texts all;
        check::disk_rules rules;
        rules.leaves = left;
        for (const auto& d : calls.disk().under(rules).after_power_loss()) {
            EXPECT_EQ(d.settled(), d) << "nothing more can be lost of it";
            EXPECT_EQ(simulated_disk::decoded(d.encoded()), d);
            all.insert(text_on(d, path));
        }
        return all;
    }
};

}  // namespace casement::testing
