// The record of a mirror and the log of its run: their order, their bytes, what is left of them
// after damage and after a kill.

#include "mirror_record.hpp"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "mirror_log.hpp"
#include "support/temporary.hpp"

namespace casement::command::mirrored::mirror_record_test {
namespace {

placed name_of(std::string path, std::uint8_t kind = placed::file) {
    return {std::move(path), kind, {}, {0644, {5}, 3}, {0777, {4}, 3}, true};
}

/// A destination of a test's own.
struct destination {
    casement::testing::temporary_directory folder;
    std::shared_ptr<open_directory> at = *open_directory::open(folder.path().string());

    void write(std::string_view name, const std::string& bytes) const {
        std::ofstream{folder / std::string{name}, std::ios::binary} << bytes;
    }
    [[nodiscard]] std::string bytes_of(std::string_view name) const {
        std::ifstream in{folder / std::string{name}, std::ios::binary};
        return {std::istreambuf_iterator<char>{in}, {}};
    }
    [[nodiscard]] bool has(std::string_view name) const {
        return std::filesystem::exists(folder / std::string{name});
    }
    /// All that is known; nothing where the record is damaged.
    [[nodiscard]] std::optional<std::vector<placed>> known() const {
        const auto m = memory::read(at, false);
        if (!m) return std::nullopt;
        std::vector<placed> all;
        for (auto names = *m->names(); const auto* p = names.now();) {
            all.push_back(*p);
            EXPECT_TRUE(names.next());
        }
        return all;
    }
    void keep(const std::vector<placed>& all) const {
        std::string bytes = begin_frames();
        ended end;
        for (const auto& p : all) {
            append_frame(bytes, p);
            ++end.names;
            end.sum = sum_with(end.sum, p);
        }
        append_frame(bytes, end);
        write(record_name, bytes);
    }
    [[nodiscard]] std::uint64_t sum() const { return memory::read(at, false)->record(); }
};

std::vector<std::string> paths_of(const std::optional<std::vector<placed>>& all) {
    std::vector<std::string> paths;
    for (const auto& p : all.value()) paths.push_back(p.path + (p.sure ? "" : "?"));
    return paths;
}

TEST(Order, IsThatOfAWalkThatLeavesDirectoriesLast) {
    const std::vector<std::string> in_a_walk{"a/a/a", "a/a",  "a/b", "a", "a!/x", "a!",
                                             "a.",    "ab/x", "ab",  "b", "\xff", ""};
    for (std::size_t i = 0; i < in_a_walk.size(); ++i)
        for (std::size_t j = 0; j < in_a_walk.size(); ++j)
            EXPECT_EQ(in_order(in_a_walk[i], in_a_walk[j]), i <=> j)
                << in_a_walk[i] << " and " << in_a_walk[j];
}

TEST(Order, BelowIsInside) {
    EXPECT_TRUE(is_below("a/b", "a"));
    EXPECT_TRUE(is_below("a", ""));
    EXPECT_FALSE(is_below("", ""));
    EXPECT_FALSE(is_below("ab", "a"));
    EXPECT_FALSE(is_below("a", "a"));
    EXPECT_FALSE(is_below("a!b", "a"));
}

TEST(Names, OurOwn) {
    for (const auto* name : {".casement-mirror", ".casement-mirror.log", ".Casement-MIRROR.lock",
                             ".casement-mirror.12", ".casement-mirror."})
        EXPECT_TRUE(is_own(name, true)) << name;
    EXPECT_TRUE(is_own(".casement-mirror.12", false));
    for (const auto* name : {".casement-mirror", ".casement-mirror.", ".casement-mirror.1a", "x"})
        EXPECT_FALSE(is_own(name, false)) << name;
    EXPECT_FALSE(is_own(".casement-mirrors", true));
    EXPECT_TRUE(is_unfinished(unfinished_name()));
    EXPECT_NE(unfinished_name(), unfinished_name());
}

TEST(Record, HasTheseBytes) {
    const destination d;
    auto p = name_of("d/f");
    p.content.fill(std::byte{0xcc});
    d.keep({p});
    const std::string content(32, '\xcc');
    const std::string fields = std::string{"\1\3d/f\1"} + content +
                               std::string{"\xa4\3\x0a\3"} +  // 0644, 5 ns, 3 bytes
                               std::string{"\xff\3\x08\3"} +  // 0777, 4 ns, 3 bytes
                               "\1";
    const auto bytes = d.bytes_of(record_name);
    EXPECT_EQ(bytes.substr(0, 5), "CsmM\1");
    EXPECT_EQ(static_cast<std::size_t>(bytes[5]), fields.size());
    EXPECT_EQ(bytes.substr(6, fields.size()), fields);
    EXPECT_EQ(bytes.substr(6 + fields.size() + 4 + 1, 2), "\6\1") << "the end, after one name";
    EXPECT_EQ(d.known(), std::vector{p});
}

TEST(Record, DamageIsSeenAtEveryByte) {
    const destination d;
    d.keep({name_of("a/b"), name_of("a", placed::directory), name_of("", placed::directory)});
    const auto whole = d.bytes_of(record_name);
    for (std::size_t i = 0; i < whole.size(); ++i) {
        d.write(record_name, whole.substr(0, i));
        EXPECT_FALSE(d.known()) << "cut off after " << i;
        auto flipped = whole;
        flipped[i] = static_cast<char>(flipped[i] ^ 4);
        d.write(record_name, flipped);
        EXPECT_FALSE(d.known()) << "flipped at " << i;
    }
    d.keep({name_of("a/b"), name_of("c"), name_of("a", placed::directory)});
    EXPECT_FALSE(d.known()) << "not in order";
    d.keep({name_of("a"), name_of("a")});
    EXPECT_FALSE(d.known()) << "twice";
}

TEST(Log, IsWrittenInTheOrderOfTurnsAndOnlyIfThereIsSomething) {
    const destination d;
    d.keep({});
    run_log log{d.at, d.sum(), true};
    { const auto nothing = log.take_turn(); }
    EXPECT_FALSE(log.has_begun());
    auto a = log.take_turn(), b = log.take_turn(), c = log.take_turn();
    ASSERT_TRUE(log.touch(name_of("a")));
    EXPECT_TRUE(d.has(log_name));
    c->tell(name_of("c"));
    c.reset();
    b->tell(gone{"b"});
    b.reset();
    ASSERT_TRUE(log.touch(name_of("z")));
    EXPECT_EQ(paths_of(d.known()), (std::vector<std::string>{"a?", "z?"}));
    a->tell(name_of("a"));
    a.reset();
    ASSERT_TRUE(*log.close());
    EXPECT_EQ(paths_of(d.known()), (std::vector<std::string>{"a", "c", "z?"}));
    ASSERT_TRUE(memory::read(d.at, false)->settle());
    EXPECT_FALSE(d.has(log_name));
    EXPECT_EQ(paths_of(d.known()), (std::vector<std::string>{"a", "c", "z?"}));
}

TEST(Log, ChangesTheRecordThatItGoesOnFromAndNoOther) {
    const destination d;
    d.keep({name_of("a"), name_of("b"), name_of("d")});
    const auto log_of = [&](std::uint64_t record, const std::string& boot,
                            std::vector<frame> frames) {
        std::string bytes = begin_frames();
        append_frame(bytes, begun{record, boot});
        for (const auto& f : frames) append_frame(bytes, f);
        d.write(log_name, bytes);
        return paths_of(d.known());
    };
    using paths = std::vector<std::string>;
    const std::vector<frame> frames{touched{name_of("b")}, gone{"a"}, name_of("b"), name_of("c"),
                                    touched{name_of("e")}};
    EXPECT_EQ(log_of(d.sum(), this_boot(), frames), (paths{"b", "c", "d", "e?"}));
    EXPECT_EQ(log_of(d.sum() + 1, this_boot(), frames), (paths{"a", "b", "d"}));
    EXPECT_EQ(log_of(d.sum(), "another", frames), (paths{"b?", "c?", "d", "e?"}));
    auto doubtful = frames;
    doubtful.push_back(doubted{});
    EXPECT_EQ(log_of(d.sum(), this_boot(), doubtful), (paths{"b?", "c?", "d", "e?"}));
    // A frame whose path does not come after the others' is of an older log, and ends this one.
    EXPECT_EQ(log_of(d.sum(), this_boot(), {name_of("c"), gone{"a"}, doubted{}}),
              (paths{"a", "b", "c", "d"}));
    EXPECT_EQ(log_of(d.sum(), this_boot(), {gone{"a"}, touched{name_of("b")}, gone{"a"}}),
              (paths{"b?", "d"}));
    EXPECT_EQ(log_of(d.sum(), this_boot(), {name_of("c"), name_of("c")}),
              (paths{"a", "b", "c", "d"}));
}

TEST(Log, CutOffAnywhereIsWhatWasWrittenUntilThen) {
    const destination d;
    d.keep({name_of("a")});
    std::string bytes = begin_frames();
    append_frame(bytes, begun{d.sum(), this_boot()});
    const auto head = bytes.size();
    append_frame(bytes, touched{name_of("b")});
    const auto one = bytes.size();
    append_frame(bytes, name_of("b"));
    for (std::size_t n = 0; n <= bytes.size(); ++n) {
        d.write(log_name, bytes.substr(0, n));
        const auto known = paths_of(d.known());
        EXPECT_EQ(known.size(), n < one ? 1u : 2u) << n;
        EXPECT_EQ(known.back(), n < one ? "a" : n < bytes.size() ? "b?" : "b") << n;
        EXPECT_EQ(memory::read(d.at, false)->has_log(), n >= head) << n;
    }
}

TEST(Log, ManyThreadsTellInOneOrder) {
    const destination d;
    d.keep({});
    run_log log{d.at, d.sum(), false};
    constexpr int names = 5000;
    std::vector<std::thread> threads;
    std::mutex mutex;
    std::deque<std::pair<std::string, std::shared_ptr<run_log::turn>>> ahead;
    bool is_over = false;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (;;) {
                std::unique_lock lock{mutex};
                if (ahead.empty() && is_over) return;
                if (ahead.empty()) continue;
                auto [path, turn] = std::move(ahead.front());
                ahead.pop_front();
                lock.unlock();
                EXPECT_TRUE(log.touch(name_of(path)));
                turn->tell(name_of(path));
            }
        });
    for (int i = 0; i < names; ++i) {
        auto turn = log.take_turn();
        const std::lock_guard lock{mutex};
        ahead.emplace_back(std::to_string(10'000 + i), std::move(turn));
    }
    {
        const std::lock_guard lock{mutex};
        is_over = true;
    }
    for (auto& t : threads) t.join();
    ASSERT_TRUE(*log.close());
    const auto known = d.known();
    ASSERT_EQ(known->size(), static_cast<std::size_t>(names));
    EXPECT_TRUE(std::ranges::all_of(*known, &placed::sure));
}

}  // namespace
}  // namespace casement::command::mirrored::mirror_record_test
