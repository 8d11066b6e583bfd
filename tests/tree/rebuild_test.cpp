// A rebuild on the memory engine and real files: all is there afterwards, where the new thresholds
// put it, wherever it was stopped on the way; and nothing else passes for it.

#include <casement/tree/rebuild.hpp>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <casement/tree/verify.hpp>

#include "blob/blob_files.hpp"
#include "support/property.hpp"
#include "tree/staged_tree.hpp"
#include "tree/stored_tree.hpp"

namespace casement::testing::rebuild_test {
namespace {

using tree::rebuilding;
using tree::rebuilt;

constexpr blob::thresholds before{100, 1000, 8192}, after{20, 2000, 4096};

/// What a store is rebuilt into.
template <blob::file_system FS>
class new_store {
public:
    explicit new_store(const blob::thresholds& sizes = after, FS disk = {})
        : sizes_{sizes}, disk_{std::move(disk)} {
        reopen();
    }
    void reopen() {
        contents_.reset();
        contents_.emplace(
            kv, must(blob::files<FS>::open(disk_, where.path().string(),
                                           {[this] { return ids_.template next<blob::blob_id>(); },
                                            [this] { return ids_.template next<blob::pack_id>(); }},
                                           {sizes_, blob::durability::power})));
    }
    tree::contents<memory_store, FS>& contents() { return *contents_; }

    temporary_directory where;
    memory_store kv;

private:
    blob::thresholds sizes_;
    FS disk_;
    id_blocks<memory_store> ids_{kv};
    std::optional<tree::contents<memory_store, FS>> contents_;
};

/// The whole of a rebuild but the taking of the old one's place.
template <blob::file_system FS>
void finish(new_store<FS>& to) {
    must(transaction{to.kv}.template erase<tree::rebuild_progress>({}).commit());
}

template <blob::file_system FS>
std::string wrong_in(new_store<FS>& to) {
    const auto seen = tree::verify(to.kv, to.contents());
    return seen.problems.empty() ? "" : seen.problems.front().what.message();
}

class Rebuild : public ::testing::Test {
public:
    stored_tree<scripted> from{before};
    scripted disk;
    std::optional<new_store<scripted>> to{std::in_place, after, disk};

    void plant(int files) {
        for (int i = 0; i < files; ++i)
            from.make("/" + std::to_string(i), payload_of(static_cast<std::size_t>(i * 37 % 2500),
                                                          static_cast<std::uint64_t>(i)));
        from.t.mkdir("/d");
        from.t.make("/link", link("0"));
    }
    result<rebuilt> run(const rebuilding& how = {}) {
        return rebuild(from.contents(), to->contents(), 7, how);
    }
    /// Files of a commit that was not made, as a store does when it is opened.
    void sweep_leftovers() {
        std::set<std::uint64_t> named;
        for (auto r = to->kv.scan("c", "d"); r.valid(); r.next()) {
            const auto d = must(blob::read_descriptor(r.value(), r.key()));
            named.insert(d.kind == blob::placement::packed
                             ? blob::to_pack_position(d.position).pack.value
                             : d.id.value);
        }
        must(to->contents().files().sweep(
            [&](const blob::stored_file& f) -> result<bool> { return named.contains(f.id); }));
    }
    void expect_whole(const result<rebuilt>& done) {
        ASSERT_TRUE(done) << done.error().message();
        const auto planned = must(plan_rebuild(from.t.kv, after));
        EXPECT_EQ(done->contents, planned.contents);
        EXPECT_EQ(done->bytes, planned.bytes);
        EXPECT_EQ(done->moved_bytes, planned.moved_bytes);
        finish(*to);
        sweep_leftovers();
        EXPECT_EQ(wrong_in(*to), "");
        EXPECT_EQ(must(plan_rebuild(to->kv, after)).moved, 0u) << "something is where it was";
    }
};

TEST(RebuildLaws, EverythingIsThereAndWhereTheThresholdsPutIt) {
    law("what a rebuild makes is the same store elsewhere", [] {
        const auto sizes = [] {
            const auto inline_max = *rc::gen::inRange<std::uint64_t>(0, 300);
            const auto dedicated_min = inline_max + *rc::gen::inRange<std::uint64_t>(1, 2000);
            return blob::thresholds{inline_max, dedicated_min, dedicated_min + 1000};
        };
        stored_tree from{sizes()};
        const auto wanted = sizes();
        new_store<blob::posix_file_system> to{wanted};
        const auto many =
            *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 3000));
        for (std::size_t i = 0; i < many.size(); ++i)
            from.make("/" + std::to_string(i), payload_of(many[i], i));
        const auto planned = must(plan_rebuild(from.t.kv, wanted));
        const auto done = must(rebuild(from.contents(), to.contents(), 1, {}));
        RC_ASSERT(done == planned);
        finish(to);
        RC_ASSERT(wrong_in(to) == "");
        RC_ASSERT(must(plan_rebuild(to.kv, wanted)).moved == 0);
        for (std::size_t i = 0; i < many.size(); ++i) {
            const auto at = must(resolve(to.kv, "/" + std::to_string(i)));
            auto reader = must(to.contents().open(*object_in(**at.found)));
            std::string bytes(many[i] + 1, '?');
            bytes.resize(must(reader.read_at(0, bytes)));
            RC_ASSERT(bytes == payload_of(many[i], i));
        }
    });
}

TEST_F(Rebuild, GoesOnWhereItWasStopped) {
    plant(120);
    std::uint64_t most = 0;
    bool went_on = false;
    for (std::uint64_t rows_until = 0;; rows_until += 50) {
        to.emplace(after, disk);
        std::uint64_t rows = 0;
        rebuilding how;
        how.stop = [&] { return rows++ == rows_until; };
        const auto stopped = run(how);
        if (stopped) break;
        EXPECT_EQ(code_of(stopped), errc::cancelled);
        to->reopen();
        rows = 0;
        how.stop = [&] { return ++rows, false; };
        const auto done = run(how);
        went_on = went_on || rows < most;
        most = std::max(most, rows);
        expect_whole(done);
    }
    EXPECT_TRUE(went_on) << "each began anew";
}

TEST_F(Rebuild, AnErrorOfTheDiskStopsItAndTheNextGoesOn) {
    plant(30);
    auto& script = disk.follow();
    script.number = EIO;
    std::size_t n = 0;
    for (;; n += 3) {
        to.emplace(after, disk);
        script.restart();
        script.fail_at = n;
        const auto broken = run();
        script.fail_at.reset();
        if (!script.fired()) {
            expect_whole(broken);
            break;
        }
        ASSERT_FALSE(broken) << script.calls()[n].operation;
        EXPECT_EQ(broken.error().system(), EIO);
        to->reopen();
        const auto done = run();
        expect_whole(done);
    }
    EXPECT_GT(n, 60u);
}

TEST_F(Rebuild, LinksWhereItCanAndCopiesWhereItCannot) {
    from.make("/long", payload_of(2500));
    for (const bool links : {true, false}) {
        to.emplace(after, disk);
        disk.follow().cannot_link = !links;
        const auto done = run();
        ASSERT_TRUE(done) << done.error().message();
        EXPECT_EQ(done->linked, links ? 1u : 0u);
        EXPECT_EQ(done->linked_bytes, links ? 2500u : 0u);
        struct ::stat s {};
        const auto files = must(to->contents().files().list_files()).files;
        ASSERT_EQ(files.size(), 1u);
        ASSERT_EQ(::stat(files.front().path.c_str(), &s), 0);
        EXPECT_EQ(s.st_nlink, links ? 2u : 1u);
        expect_whole(done);
    }
    disk.follow().cannot_link = false;
    to.emplace(after, disk);
    rebuilding how;
    how.links = false;
    EXPECT_EQ(must(run(how)).linked, 0u);
}

TEST_F(Rebuild, GivesNoNumberAgain) {
    plant(3);
    const auto given = must(read<allocator>(from.t.kv, {}))->next;
    must(run());
    EXPECT_GE(must(read<allocator>(to->kv, {}))->next, given);
    id_blocks ids{to->kv};
    EXPECT_GE(must(ids.next()), given);
}

TEST_F(Rebuild, TellsOfDamage) {
    from.make("/packed", payload_of(500));
    const auto pack = must(from.contents().files().list_packs()).files.front().path;
    auto bytes = bytes_of(pack);
    bytes[200] ^= 1;
    overwrite(pack, bytes);
    from.reopen();
    const auto done = run();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), errc::corrupt);
    EXPECT_NE(done.error().message().find("rebuild content"), std::string::npos);
}

TEST_F(Rebuild, SeesARowThatIsTooMuchOrMissingOrDifferent) {
    plant(3);
    const auto alter = [&](const auto& change) {
        to.emplace(after, disk);
        change(to->kv);
        return code_of(run());
    };
    EXPECT_EQ(
        alter([](auto& kv) { must(transaction{kv}.template put<rev>(node_id{99}, {}).commit()); }),
        errc::corrupt);
    const auto skip_to = [](char table) {
        return [table](auto& kv) {
            must(transaction{kv}
                     .template put<tree::rebuild_progress>({}, {7, std::string(1, table), {}})
                     .commit());
        };
    };
    EXPECT_EQ(alter(skip_to('\xfe')), errc::corrupt) << "none was brought over";
    EXPECT_EQ(alter(skip_to('c')), errc::corrupt) << "all but the contents' were";
    EXPECT_EQ(alter([&](auto& kv) {
                  skip_to('c')(kv);
                  for (auto r = from.t.kv.scan("c", "d"); r.valid(); r.next()) {
                      auto d = must(blob::read_descriptor(r.value(), r.key()));
                      d.check ^= 1;
                      must(transaction{kv}.template put<content>(d.content, {d}).commit());
                  }
              }),
              errc::corrupt)
        << "their sums are others";
}

TEST_F(Rebuild, IsOfOneNumber) {
    plant(3);
    must(run());
    EXPECT_EQ(code_of(rebuild(from.contents(), to->contents(), 8, {})), errc::illegal);
}

TEST(RebuildStaged, FilesThatAreNotFinalizedGoOn) {
    staged_tree from;
    from.write("/f", open_how::create_or_truncate, "so far");
    auto held = must(from.open("/g", open_how::create_or_truncate));
    must(held.append("half"));
    must(held.flush());
    new_store<blob::posix_file_system> to;
    const auto done = must(rebuild(from.bytes(), to.contents(), 1, {}));
    EXPECT_EQ(done.staged, 2u);
    finish(to);
    EXPECT_EQ(wrong_in(to), "");
    for (const auto& [path, bytes] :
         std::map<std::string, std::string>{{"/f", "so far"}, {"/g", "half"}}) {
        const auto id = *staging_of(from.node(path).file()->now);
        auto reader = must(to.contents().open(id));
        std::string all(100, '?');
        all.resize(must(reader.read_at(0, all)));
        EXPECT_EQ(all, bytes);
    }
    must(held.append("more"));
    EXPECT_EQ(must(to.contents().files().staging().size_of(held.grant().staging())), 4u)
        << "a copy, no link";
}

}  // namespace
}  // namespace casement::testing::rebuild_test
