// The face of it all: what an application does with a vault, and what it is told when it cannot.

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <casement/tree/verify.hpp>
#include <casement/vault.hpp>

#include "support/all_bytes.hpp"
#include "support/temporary.hpp"
#include "tree/song.hpp"
#include "vault/store_image.hpp"

namespace casement::testing::vault_test {
namespace {

namespace fs = std::filesystem;

const vault_options quickly{.durable = engine::durability::process};
const tree::facts about{0644, {1}, 0};

class Vault : public ::testing::Test {
protected:
    void SetUp() override {
        auto made = vault::create(path(), quickly, small_sizes);
        ASSERT_TRUE(made) << made.error().message();
        vault_.emplace(*std::move(made));
    }
    std::string path() const { return where_ / "store"; }
    vault& v() { return *vault_; }

    std::string bytes_of(const std::string& file) {
        auto reader = v().read_file(file);
        if (!reader) return "error: " + reader.error().message();
        auto all = all_bytes(*reader);
        return all ? *all : "error: " + all.error().message();
    }
    bool there(const std::string& name) {
        auto place = v().resolve(name, tree::last_link::keep);
        return place && place->exists();
    }
    void expect_clean() {
        const auto found = tree::verify(v().rows(), v().contents());
        for (const auto& p : found.problems)
            ADD_FAILURE() << p.path.value_or("?") << ": " << p.what.message();
    }
    std::uint64_t contents() { return tree::verify(v().rows(), v().contents()).contents; }

    temporary_directory where_;
    std::optional<vault> vault_;
};

TEST_F(Vault, AnswersWhatBecameOfAChangeUntilThatIsForgotten) {
    auto kept = quickly;
    kept.outcomes_kept = {};  // forgotten by the second opening after the next
    const auto reopened = [&] {
        ASSERT_TRUE(v().close());
        auto again = vault::open(path(), kept);
        ASSERT_TRUE(again) << again.error().message();
        vault_.emplace(*std::move(again));
    };
    reopened();
    auto op = v().client().begin();
    ASSERT_TRUE(op);
    const auto name = op->name();
    const auto here = v().resolve("/d");
    const auto made = tree::create_directory(*op, tree::any_rev{here->parent}, "d", {});
    ASSERT_TRUE(made);
    reopened();
    const auto was =
        v().client().recall(name)->settle<tree::created>(tree::change_kind::create_directory);
    ASSERT_TRUE(was);
    EXPECT_TRUE(*was == std::get<tree::created>(*made));
    reopened();
    EXPECT_EQ(v().client().recall(name).error().code(), errc::outcome_expired);
    EXPECT_TRUE(there("/d"));
    EXPECT_TRUE(v().make_directory("/e", {}));
    expect_clean();
}

TEST_F(Vault, KeepsWhatItWasGivenAcrossAReopening) {
    fill(v());
    const auto before = read_all(v());
    ASSERT_TRUE(before) << before.error().message();
    ASSERT_TRUE(v().close());
    auto again = vault::open(path(), quickly);
    ASSERT_TRUE(again) << again.error().message();
    vault_.emplace(*std::move(again));
    const auto after = read_all(v());
    ASSERT_TRUE(after) << after.error().message();
    EXPECT_TRUE(*before == *after);
    EXPECT_EQ(v().sizes(), small_sizes);
    expect_clean();
}

TEST_F(Vault, EachPlacementIsWhereItsBoundarySays) {
    const std::vector<std::pair<std::size_t, blob::placement>> cases{
        {0, blob::placement::inline_row},   {1000, blob::placement::inline_row},
        {1001, blob::placement::packed},    {3999, blob::placement::packed},
        {4000, blob::placement::dedicated}, {4001, blob::placement::dedicated}};
    for (const auto& [size, placement] : cases) {
        const auto bytes = noise(size, 5);
        put(v(), "/", std::to_string(size), bytes);
        auto row = read<tree::content>(v().rows(), sha256_of(bytes));
        ASSERT_TRUE(row && row->exists());
        EXPECT_EQ((*row)->where.kind, placement) << size;
        EXPECT_EQ(bytes_of("/" + std::to_string(size)), bytes);
    }
    expect_clean();
}

/// Every blob file with what a write of any kind would change.
std::map<std::string, std::pair<std::uintmax_t, fs::file_time_type>> blob_files(
    const fs::path& store) {
    std::map<std::string, std::pair<std::uintmax_t, fs::file_time_type>> all;
    for (const auto* below : {"blobs", "packs"})
        for (const auto& e : fs::recursive_directory_iterator{store / below})
            if (e.is_regular_file()) all[e.path().string()] = {e.file_size(), e.last_write_time()};
    return all;
}

TEST(VaultRows, KeepTheirBlobsAndChangeWithoutThem) {
    temporary_directory where;
    const std::string path = where / "store";
    auto v = vault::create(path, quickly);
    ASSERT_TRUE(v) << v.error().message();
    const std::vector<blob::field> covers{blob::null{},
                                          blob::bytes{},
                                          blob::bytes{"x"},
                                          blob::bytes{noise(65'536, 1)},
                                          blob::bytes{noise(65'537, 2)},
                                          blob::bytes{noise((4 << 20) - 1, 3)},
                                          blob::bytes{noise(4 << 20, 4)},
                                          blob::uri{"file:///covers/7"}};
    for (std::uint64_t id = 0; id < covers.size(); ++id) {
        const auto none = read<song>(v->rows(), {id});
        ASSERT_TRUE(none);
        ASSERT_TRUE(v->put(*none, song{"old", covers[id]}, "no song yet"));
    }
    ASSERT_TRUE(v->close());
    v = vault::open(path, quickly);
    ASSERT_TRUE(v) << v.error().message();
    EXPECT_EQ(v->leftovers_removed(), 0u);
    const auto files = blob_files(path);
    EXPECT_EQ(files.size(), 2u);
    for (std::uint64_t id = 0; id < covers.size(); ++id) {
        const auto old = read<song>(v->rows(), {id});
        ASSERT_TRUE(old && old->exists());
        ASSERT_TRUE(v->put(*old, song{"new", (*old)->cover}, "the song is as it was read"));
    }
    EXPECT_EQ(blob_files(path), files);
    for (std::uint64_t id = 0; id < covers.size(); ++id) {
        const auto now = read<song>(v->rows(), {id});
        ASSERT_TRUE(now && now->exists());
        EXPECT_EQ((*now)->title, "new");
        EXPECT_TRUE(v->fetch((*now)->cover) == covers[id]) << id;
    }
    auto last = v->open_blob((*read<song>(v->rows(), {6}))->cover);
    ASSERT_TRUE(last) << last.error().message();
    std::string part(100, '\0');
    EXPECT_EQ(last->read_at(3'000'000, part), 100u);
    EXPECT_EQ(part, std::get<blob::bytes>(covers[6]).data.substr(3'000'000, 100));
}

TEST_F(Vault, StoresTheSameContentOnce) {
    for (const std::size_t size : {500u, 2000u, 5000u}) {
        put(v(), "/", "one" + std::to_string(size), noise(size, 1));
        put(v(), "/", "two" + std::to_string(size), noise(size, 1));
    }
    EXPECT_EQ(contents(), 3u);
    const auto listed = v().contents().files().list_files();
    ASSERT_TRUE(listed);
    EXPECT_EQ(listed->files.size(), 2u);  // a pack and a dedicated blob
    expect_clean();
}

TEST_F(Vault, ConcurrentWritersOfTheSameContentBothSucceed) {
    std::vector<std::thread> writers;
    for (int n = 0; n < 8; ++n)
        writers.emplace_back([this, n] {
            for (unsigned i = 0; i < 20; ++i)
                put(v(), "/", std::to_string(n) + "-" + std::to_string(i), noise(5000, i));
        });
    for (auto& w : writers) w.join();
    EXPECT_EQ(contents(), 20u);
    const auto listed = v().contents().files().list_files();
    ASSERT_TRUE(listed);
    EXPECT_EQ(listed->files.size(), 20u) << "whoever came second has removed its own bytes";
    expect_clean();
}

TEST_F(Vault, SettlesANameOnlyWhereItMustChange) {
    const auto settle = [&](const std::string& bytes, const tree::facts& f) {
        auto staged = v().stage();
        EXPECT_TRUE(staged && staged->write(bytes));
        return v().settle_file(tree::root, "name", *std::move(staged), f);
    };
    EXPECT_EQ(settle("one", about), settled::created);
    EXPECT_EQ(settle("one", about), settled::unchanged);
    EXPECT_EQ(settle("two", about), settled::replaced);
    EXPECT_EQ(settle("two", {0600, {1}, 0}), settled::replaced);
    EXPECT_EQ(bytes_of("name"), "two");
    EXPECT_EQ(v().settle_link(tree::root, "name", "x", about).error().code(), errc::exists);
    ASSERT_TRUE(v().settle_directory(tree::root, "dir", about));
    EXPECT_EQ(settle("two", about), settled::replaced);
    auto staged = v().stage();
    ASSERT_TRUE(staged);
    EXPECT_EQ(v().settle_file(tree::root, "dir", *std::move(staged), about).error().code(),
              errc::exists);
    auto bad = v().stage();
    ASSERT_TRUE(bad);
    EXPECT_EQ(v().settle_file(tree::root, "a/b", *std::move(bad), about).error().code(),
              errc::bad_name);
}

TEST_F(Vault, ReplacesDamagedBytesWhereThoseAreVerified) {
    const std::string song(100'000, 's');
    const auto settle = [&](tree::stored_before there) {
        auto staged = v().stage(song.size());
        EXPECT_TRUE(staged && staged->write(song));
        return v().settle_file(tree::root, "name", *std::move(staged), about, there);
    };
    using enum tree::stored_before;
    EXPECT_EQ(settle(verified), settled::created);
    EXPECT_EQ(settle(verified), settled::unchanged) << "it is sound";
    const auto stored = v().contents().files().list_files()->files;
    ASSERT_EQ(stored.size(), 1u);
    fs::resize_file(stored[0].path, song.size() / 2);
    EXPECT_EQ(settle(trusted), settled::unchanged) << "nobody has looked";
    EXPECT_EQ(settle(verified), settled::healed);
    EXPECT_EQ(bytes_of("name"), song);
    EXPECT_EQ(settle(verified), settled::unchanged);
    ASSERT_TRUE(v().close());
    vault_.emplace(*vault::open(path(), quickly));
    EXPECT_FALSE(fs::exists(stored[0].path)) << "the file that was left is swept";
    expect_clean();
}

TEST_F(Vault, IsReadThoughARowOfAContentIsDamagedAndNothingIsSweptUntilItIsMended) {
    const auto reopen = [&] { vault_.emplace(well(vault::open(path(), quickly))); };
    const auto key = row_key<tree::content>(sha256_of("damaged"));
    const auto commit = [&](write::kind how) {
        const write row{how, key, how == write::kind::put ? "\1" : ""};
        return v().rows().commit({{}, {&row, 1}});
    };
    ASSERT_TRUE(v().close());  // what was made until now is named
    reopen();
    const auto store = [&](const std::string& name, char all) {
        auto staged = v().stage();
        return staged && staged->write(std::string(100'000, all)) &&
               v().settle_file(tree::root, name, *std::move(staged), about);
    };
    ASSERT_TRUE(store("song", 's'));
    const auto song = v().contents().files().list_files()->files.at(0);
    const auto leftover = v().contents().files().where().file_of(blob::blob_id{song.id + 1});
    fs::copy_file(song.path, leftover);
    ASSERT_TRUE(commit(write::kind::put));
    vault_.reset();  // it crashes

    reopen();
    EXPECT_EQ(bytes_of("song"), std::string(100'000, 's'));
    EXPECT_TRUE(fs::exists(leftover)) << "the damaged row may name it";
    ASSERT_TRUE(store("another", 'a'));
    ASSERT_TRUE(v().close());
    reopen();
    ASSERT_TRUE(commit(write::kind::erase));
    ASSERT_TRUE(v().close());
    reopen();
    EXPECT_FALSE(fs::exists(leftover));
    expect_clean();
}

TEST_F(Vault, MovesCopiesAndRemoves) {
    fill(v());
    ASSERT_TRUE(v().copy("/a/packed", "/copy"));
    EXPECT_EQ(bytes_of("/copy"), noise(3000, 2));
    ASSERT_TRUE(v().copy("/a/inline", "/hollow"));
    EXPECT_TRUE(there("/hollow/inline"));
    ASSERT_TRUE(v().move("/copy", "/hollow/moved"));
    EXPECT_FALSE(there("/copy"));
    ASSERT_TRUE(v().move("/a", "/hollow"));
    EXPECT_EQ(bytes_of("/hollow/a/b/dedicated"), noise(9000, 3));
    EXPECT_EQ(v().move("/hollow", "/hollow/a").error().code(), errc::loop);
    EXPECT_EQ(v().remove("/hollow").error().code(), errc::not_empty);
    EXPECT_EQ(v().remove("/").error().code(), errc::illegal);
    EXPECT_EQ(v().remove("/nothing").error().code(), errc::not_found);
    ASSERT_TRUE(v().remove("/hollow/moved"));
    ASSERT_TRUE(v().remove_all("/hollow"));
    EXPECT_FALSE(there("/hollow"));
    ASSERT_TRUE(v().remove_all("/link"));
    expect_clean();
}

TEST_F(Vault, ACopyThatWasStoppedGoesOn) {
    fill(v());
    ASSERT_TRUE(v().make_path("/from/deep/deeper", {0755, {1}, 0}));
    const auto from = v().look("/from");
    for (int n = 0; n < 20; ++n)
        ASSERT_TRUE(v().settle_link(*from->node(), "link" + std::to_string(n), "x", about));
    ASSERT_TRUE(v().move("/a", "/from"));
    // Stopped after a name more each time: it goes past what it did, and no name costs two commits.
    std::uint64_t rounds = 0;
    const auto before = v().rows().as<engine::leveldb_store>()->counts().commits;
    for (bool done = false; !done; ++rounds) {
        std::uint64_t names = 0;
        const auto copied =
            v().copy_all("/from", "/to", {.onto = true, .stop = [&] { return names++ > rounds; }});
        done = copied.has_value();
        ASSERT_TRUE(done || copied.error().code() == errc::cancelled) << copied.error().message();
    }
    EXPECT_GT(rounds, 20u);
    const auto cost = v().rows().as<engine::leveldb_store>()->counts().commits - before;
    const auto again = v().copy_all("/from", "/to", {.onto = true});
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(v().rows().as<engine::leveldb_store>()->counts().commits, before + cost)
        << "all of it is there";
    const auto names = again->directories + again->files + again->links;
    EXPECT_EQ(again->unchanged, names);
    EXPECT_LE(cost, 2 * names) << "one for the name, and seldom one for ids";
    EXPECT_EQ(bytes_of("/to/a/b/dedicated"), bytes_of("/from/a/b/dedicated"));
    EXPECT_EQ(v().copy_all("/from", "/from/deep/x").error().code(), errc::loop);
    // An object is one name, and goes on in the same way.
    ASSERT_TRUE(v().finalize_directory("/from"));
    for (const std::uint64_t unchanged : {0u, 1u}) {
        const auto object = v().copy_all("/from", "/object", {.onto = true});
        ASSERT_TRUE(object) << object.error().message();
        EXPECT_EQ(object->directories, 1u);
        EXPECT_EQ(object->unchanged, unchanged);
    }
    EXPECT_EQ(v().look("/object/from").error().code(), errc::not_found);
    EXPECT_EQ(v().copy_all("/from", "/", {.onto = true}).error().code(), errc::exists);
    EXPECT_EQ(v().copy_all("/nothing", "/x").error().code(), errc::not_found);
    expect_clean();
}

TEST_F(Vault, RemovesWhatACrashLeftBehindAndNothingElse) {
    fill(v());
    ASSERT_TRUE(v().close());
    const auto stray = blob::layout{path()}.file_of(blob::blob_id{999});
    fs::create_directories(fs::path{stray}.parent_path());
    std::ofstream{stray} << "half a blob";
    auto again = vault::open(path(), quickly);
    ASSERT_TRUE(again) << again.error().message();
    vault_.emplace(*std::move(again));
    EXPECT_EQ(v().leftovers_removed(), 1u);
    EXPECT_FALSE(fs::exists(stray));
    EXPECT_EQ(bytes_of("/a/b/dedicated"), noise(9000, 3));
    expect_clean();
}

TEST_F(Vault, TellsWhyItCannotBeMadeOrOpened) {
    EXPECT_EQ(vault::create(path(), quickly).error().code(), errc::exists);
    EXPECT_EQ(vault::open(where_ / "nowhere", quickly).error().code(), errc::not_found);
    EXPECT_EQ(vault::open(path(), quickly).error().code(), errc::in_use);
    std::ofstream{where_ / "file"} << "x";
    EXPECT_EQ(vault::create(where_.path().string(), quickly).error().code(), errc::not_empty);
    EXPECT_FALSE(vault::create(where_ / "file", quickly));
    EXPECT_EQ(vault::create(where_ / "odd", quickly, {10, 5, 100}).error().code(), errc::illegal);
    ASSERT_TRUE(v().close());
    std::ofstream{path() + "/casement"} << "This directory is a Casement store; format 2.\n";
    EXPECT_EQ(vault::open(path(), quickly).error().code(), errc::newer_format);
    std::ofstream{path() + "/casement"} << "This directory is a Casement store; format 01.\n";
    EXPECT_EQ(vault::open(path(), quickly).error().code(), errc::corrupt);
}

TEST_F(Vault, AContentOfALaterVersionStopsTheSweepAndTheCopy) {
    put(v(), "/", "file", noise(5000, 1));
    const auto key = row_key<tree::content>(sha256_of(noise(5000, 1)));
    auto later = *v().rows().get(key)->value;
    later.front() = '\2';
    const write w{write::kind::put, key, later};
    ASSERT_TRUE(v().rows().commit({{}, {&w, 1}}));
    EXPECT_EQ(v().copy("/file", "/twin").error().code(), errc::newer_format);
    EXPECT_EQ(v().read_file("/file").error().code(), errc::newer_format);
    EXPECT_EQ(v().collect({}).error().code(), errc::newer_format);
    vault_.reset();  // as a crash would
    EXPECT_EQ(vault::open(path(), quickly).error().code(), errc::newer_format);
    EXPECT_EQ(blob_files(path()).size(), 1u);
}

TEST_F(Vault, ManyThreadsOnOneTreeLoseNothing) {
    constexpr int threads = 8, rounds = 40;
    std::atomic<int> removed = 0;
    std::vector<std::thread> crew;
    for (int t = 0; t < threads; ++t)
        crew.emplace_back([&, t] {
            for (int i = 0; i < rounds; ++i) {
                const auto mine = std::to_string(t) + "-" + std::to_string(i);
                put(v(), "/shared/d" + std::to_string(i % 3), mine, mine);
                // Several move the same directory back and forth; whoever loses is told so.
                (void)v().move("/shared/d0", "/shared/d1/d0");
                (void)v().move("/shared/d1/d0", "/shared/d0");
                if (i % 8 == 7 && v().remove("/shared/d2/" + mine)) ++removed;
            }
        });
    for (auto& t : crew) t.join();
    const auto all = read_all(v());
    ASSERT_TRUE(all) << all.error().message();
    const auto files =
        std::count_if(all->begin(), all->end(), [](const auto& p) { return p.second.kind == 'f'; });
    EXPECT_EQ(files, threads * rounds - removed);
    expect_clean();
}

TEST_F(Vault, ModesAndTimesChangeAlone) {
    put(v(), "/", "file", "x");
    ASSERT_TRUE(v().set_facts("/file", 0123, {-7}));
    const auto place = v().resolve("/file");
    ASSERT_TRUE(place && place->exists());
    EXPECT_EQ((*place->found)->about, (tree::facts{0123, {-7}, 1}));
    ASSERT_TRUE(v().make_directory("/dir", {0755, {3}, 0}));
    ASSERT_TRUE(v().set_facts("/dir", 0500, {9}));
    const auto dir = tree::read_directory(v().rows(), *v().resolve("/dir")->node());
    ASSERT_TRUE(dir);
    EXPECT_EQ(dir->head()->mode, 0500u);
    EXPECT_EQ(v().set_facts("/none", 0, {}).error().code(), errc::not_found);
}

}  // namespace
}  // namespace casement::testing::vault_test
