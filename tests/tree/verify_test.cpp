// Verify on the memory engine: a whole tree is clean, and each way to be broken is a problem.

#include <casement/tree/verify.hpp>

#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>

#include <gtest/gtest.h>

#include <casement/blob/posix.hpp>
#include <casement/kv/id_blocks.hpp>
#include <casement/kv/memory.hpp>
#include <casement/tree/create.hpp>

#include "support/temporary.hpp"

namespace casement::tree::verify_test {
namespace {

using file_system = blob::posix_file_system;
using dentry = protocol::dentry;

class Verify : public ::testing::Test {
protected:
    void SetUp() override {
        auto files = blob::files<file_system>::open(
            {}, where_.path().string(),
            {[this] { return ids_.next<blob::blob_id>(); },
             [this] { return ids_.next<blob::pack_id>(); }},
            {blob::thresholds{100, 1000, 100'000}, blob::durability::process});
        ASSERT_TRUE(files);
        contents_.emplace(kv_, *std::move(files));
        ASSERT_TRUE(create_root(kv_, {}));
        const auto top = read_directory(kv_, root);
        const auto made = create_directory(me_, any_rev{*top}, "dir", {});
        ASSERT_TRUE(made);
        dir_ = std::get<created>(*made).node;
        put("inline", "short");
        put("dedicated", std::string(5000, 'd'));
        ASSERT_TRUE(create(me_, any_rev{*top}, "link", dentry::create_symlink{"x"}, {}));
    }

    void put(const std::string& name, const std::string& bytes) {
        auto staged = contents_->stage();
        ASSERT_TRUE(staged && staged->write(bytes));
        auto stored = contents_->store_bytes(*std::move(staged));
        ASSERT_TRUE(stored);
        const auto dir = read_directory(kv_, dir_);
        ASSERT_TRUE(create(me_, any_rev{*dir}, name, dentry::create_object{stored->id()},
                           {0644, {}, bytes.size()}, [&](auto& t) { stored->add_to(t); }));
        stored->published();
    }
    verification look(std::optional<std::uint64_t> sample = {}) {
        return verify(kv_, *contents_, sample);
    }
    seen<entry> entry_of(node_id parent, std::string_view name) {
        return *read<entry>(kv_, read_directory(kv_, parent)->key(name));
    }
    /// Breaks rows, looks, and mends them again.
    verification broken(const std::function<void(transaction<memory_store>&)>& breaks) {
        const auto whole = kv_;
        transaction t{kv_};
        breaks(t);
        EXPECT_TRUE(t.commit());
        auto found = look();
        kv_ = whole;
        return found;
    }

    testing::temporary_directory where_;
    memory_store kv_;
    id_blocks<memory_store> ids_{kv_};
    recorded<memory_store> me_{kv_, ids_};
    std::optional<contents<memory_store, file_system>> contents_;
    node_id dir_;
};

TEST_F(Verify, AWholeTreeIsCleanAndCounted) {
    const auto found = look();
    EXPECT_EQ(found.problem_count, 0u);
    EXPECT_EQ(found.directories, 2u);
    EXPECT_EQ(found.files, 2u);
    EXPECT_EQ(found.links, 1u);
    EXPECT_EQ(found.contents, 2u);
    EXPECT_EQ(found.bytes, 5005u);
}

TEST_F(Verify, ASampleHashesSoMany) {
    EXPECT_EQ(look(1).contents, 1u);
    EXPECT_EQ(look(0).contents, 0u);
    EXPECT_EQ(look(7).contents, 7u) << "with so few contents, some twice";
    EXPECT_EQ(look(7).problem_count, 0u);
}

TEST_F(Verify, EveryWayToBeBrokenIsAProblem) {
    const auto file = entry_of(dir_, "inline");
    const auto object = std::get<dentry::object>(file->target).id;
    const auto bytes = sha256_of("short");
    const std::map<std::string, std::function<void(transaction<memory_store>&)>> ways{
        {"a head that nothing leads to",
         [&](auto& t) { t.template put<head>(node_id{9999}, head{}); }},
        {"a directory without its head", [&](auto& t) { t.template erase<head>(dir_); }},
        {"a directory without its rev", [&](auto& t) { t.template erase<rev>(dir_); }},
        {"a directory bound elsewhere",
         [&](auto& t) {
             t.template put<binding>(dir_, {root, "other"});
         }},
        {"a directory bound nowhere", [&](auto& t) { t.template erase<binding>(dir_); }},
        {"a name in no directory",
         [&](auto& t) {
             t.template put<entry>({node_id{9999}, {}, "x"}, *file);
         }},
        {"a name for nothing",
         [&](auto& t) {
             t.template put<entry>(file.key(), entry{dentry::absent{}, {}, {}});
         }},
        {"a name with another size",
         [&](auto& t) {
             entry e = *file;
             e.about.size = 6;
             t.template put<entry>(file.key(), e);
         }},
        {"a missing object", [&](auto& t) { t.template erase<object_row>(object); }},
        {"an object of another id",
         [&](auto& t) {
             t.template put<object_row>(object, {object::to_bytes({bytes, 4})});
         }},
        {"a missing content", [&](auto& t) { t.template erase<content>(bytes); }},
        {"missing bytes", [&](auto& t) { t.template erase<inline_bytes>(bytes); }},
        {"other bytes", [&](auto& t) { t.template put<inline_bytes>(bytes, {"shirt"}); }},
        {"an operation of an era to come",
         [&](auto& t) {
             t.template put<operation>({1, op_id{7}}, {1, 0, ""});
         }},
        {"eras that end before they begin",
         [&](auto& t) {
             t.template put<retention>({}, {2, 1, {}});
         }},
        {"a directory in itself",
         [&](auto& t) {
             t.template put<entry>({dir_, {}, "self"}, entry{dentry::inode{dir_}, {}, {}});
         }},
    };
    for (const auto& [way, breaks] : ways) EXPECT_GT(broken(breaks).problem_count, 0u) << way;
    EXPECT_EQ(look().problem_count, 0u) << "all was mended";
}

TEST_F(Verify, BrokenBytesAreToldWithTheirPath) {
    const auto listed = contents_->files().list_files();
    ASSERT_EQ(listed->files.size(), 1u);
    {
        std::fstream f{listed->files[0].path, std::ios::in | std::ios::out | std::ios::binary};
        f.seekp(77);
        f.put('!');
    }
    const auto found = look();
    ASSERT_EQ(found.problem_count, 1u);
    EXPECT_EQ(found.problems[0].path, "/dir/dedicated");
    EXPECT_EQ(found.problems[0].what.code(), errc::corrupt);
}

TEST_F(Verify, StrangeAndUnnamedFilesAreProblems) {
    std::ofstream{where_ / "packs/readme.txt"} << "?";
    EXPECT_EQ(look().problem_count, 1u);
    const auto stray = contents_->files().where().file_of(blob::blob_id{77});
    std::filesystem::create_directories(std::filesystem::path{stray}.parent_path());
    std::ofstream{stray} << "x";
    EXPECT_EQ(look().problem_count, 2u);
}

}  // namespace
}  // namespace casement::tree::verify_test
