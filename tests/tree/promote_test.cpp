// What is behind a link comes into the store: a copy, durable before a row names it; whoever else
// uses the file, or the content, notices nothing.

#include <casement/tree/promote.hpp>

#include <filesystem>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include <casement/tree/blob_rows.hpp>
#include <casement/tree/collect.hpp>
#include <casement/tree/verify.hpp>

#include "blob/blob_files.hpp"
#include "tree/interrupted_store.hpp"
#include "tree/song.hpp"
#include "tree/stored_tree.hpp"

namespace casement::testing::promote_test {
namespace {

using tree::promoted;
using tree::promoting;
using store_type = interrupted_store<memory_store>;

class Promote : public ::testing::Test {
protected:
    Promote() {
        auto chosen = small_options(blob::durability::power);
        contents_.emplace(kv_,
                          open_files(where_, disk_, chosen,
                                     {[this] { return t_.ids.next<blob::blob_id>(); },
                                      [this] { return t_.ids.next<blob::pack_id>(); }}),
                          true);
    }
    std::string plant(const std::string& name, std::string_view bytes) {
        overwrite(elsewhere_ / name, bytes);
        return blob::file_uri(elsewhere_ / name);
    }
    digest name_it(const std::string& path, stored_file<scripted> stored) {
        const auto at = must(resolve(t_.kv, path));
        must(create(t_.me, any_rev{at.parent}, at.found->key().name,
                    dentry::create_object{stored.id()}, {0644, {}, stored.object().size},
                    [&](auto& commit) { stored.add_to(commit); }));
        stored.published();
        return stored.object().content;
    }
    digest link(const std::string& path, const std::string& uri) {
        return name_it(path, must(all().store_link(uri)));
    }
    stored_file<scripted> store(std::string_view bytes) {
        auto staged = must(all().stage());
        must(staged.write(bytes));
        return must(all().store_bytes(std::move(staged)));
    }
    blob::descriptor place(const digest& which) { return must(read_content(kv_, which))->where; }
    std::string bytes_of_content(const digest& which) {
        auto reader = all().open(object::file_object{which, place(which).size});
        std::string bytes(place(which).size, '?');
        const auto n = reader ? reader->read_at(0, bytes) : std::unexpected{reader.error()};
        return n ? bytes : n.error().message();
    }
    void expect_clean() {
        const auto seen = tree::verify(kv_, all());
        for (const auto& p : seen.problems) ADD_FAILURE() << p.what.message();
    }
    tree::contents<store_type, scripted>& all() { return *contents_; }

    temporary_directory where_, elsewhere_;
    scripted disk_;
    memory_tree t_;
    store_type kv_{t_.kv};
    std::optional<tree::contents<store_type, scripted>> contents_;
};

TEST_F(Promote, TakesInWhatTheThresholdsSayAndLeavesTheFileAlone) {
    const std::map<std::size_t, blob::placement> sizes{
        {50, placement::inline_row}, {500, placement::packed}, {5000, placement::dedicated}};
    std::map<std::size_t, digest> which;
    for (const auto& [size, _] : sizes)
        which[size] =
            link("/" + std::to_string(size), plant(std::to_string(size), payload_of(size)));
    expect_clean();
    EXPECT_EQ(must(promote_all(all(), {.dry_run = true})), (promoted{3, 5550, 0, 0, {}}));
    const auto id = place(which[5000]).id;
    EXPECT_EQ(must(promote_all(all(), {})), (promoted{3, 5550, 3, 5550, {}}));
    EXPECT_NE(place(which[5000]).id, id) << "a file of ours has a number of its own";
    for (const auto& [size, kind] : sizes) {
        EXPECT_EQ(bytes_of(elsewhere_ / std::to_string(size)), payload_of(size));
        std::filesystem::remove(elsewhere_ / std::to_string(size));
        EXPECT_EQ(place(which[size]).kind, kind) << size;
        EXPECT_EQ(bytes_of_content(which[size]), payload_of(size));
    }
    expect_clean();
    EXPECT_EQ(must(promote_all(all(), {})), promoted{});
}

TEST_F(Promote, LeavesALinkToWhatIsGoneOrIsSomethingElse) {
    const auto changed = link("/changed", plant("changed", payload_of(5000)));
    link("/gone", plant("gone", payload_of(5001)));
    link("/good", plant("good", payload_of(5002)));
    plant("changed", payload_of(5000, 2));
    std::filesystem::remove(elsewhere_ / "gone");
    const auto n = must(promote_all(all(), {}));
    EXPECT_EQ(n.taken, 1u);
    ASSERT_EQ(n.refused.size(), 2u);
    EXPECT_EQ(place(changed).kind, placement::external);
    EXPECT_EQ(must(all().files().list_files()).files.size(), 1u) << "no half of a file stays";
    plant("changed", payload_of(5000));
    EXPECT_EQ(must(promote_all(all(), {})).taken, 1u);
}

// SPEC W2: a row may say that the bytes are here when they would outlive a loss of power.
TEST_F(Promote, TheCopyIsDurableBeforeTheRowNamesIt) {
    for (const std::size_t size : {500u, 5000u}) {
        link("/" + std::to_string(size), plant("f", payload_of(size)));
        disk_.follow().restart();
        std::size_t synced = 0, named = 0;
        kv_.before_commit = [&] {
            synced = disk_.follow().count("sync");
            named = disk_.follow().count("sync directory");
        };
        must(promote_all(all(), {}));
        EXPECT_GE(synced, 1u) << size;
        EXPECT_GE(named, 1u) << size;
        EXPECT_EQ(disk_.follow().count("sync"), synced) << "and nothing is done afterwards";
    }
}

// Who was taken for gone has had the copy swept, perhaps: the link stays.
TEST_F(Promote, NamesNothingThatASweepHasPassed) {
    pace<> speed{0};
    const auto which = link("/a", plant("a", payload_of(5000)));
    kv_.before_commit = [&] { must(raise_fence(t_.kv, 1'000'000)); };
    EXPECT_EQ(must(promote(all(), which, speed)), tree::promotion::not_needed);
    EXPECT_EQ(place(which).kind, placement::external);
    EXPECT_EQ(code_of(promote(all(), which, speed)), errc::fenced);
    EXPECT_EQ(place(which).kind, placement::external);
}

TEST_F(Promote, GivesWayToACollectorAndToAnother) {
    pace<> speed{0};
    const auto first = link("/a", plant("a", payload_of(5000)));
    kv_.before_commit = [&] {
        const auto at = must(resolve(t_.kv, "/a"));
        must(tree::remove(t_.me, any_rev{at.parent}, *at.found));
        must(collect(t_.me, {.now = {}}));
    };
    EXPECT_EQ(must(promote(all(), first, speed)), tree::promotion::not_needed);
    EXPECT_FALSE(must(read_content(kv_, first)).exists());
    EXPECT_EQ(must(all().files().list_files()).files.size(), 0u);

    const auto second = link("/b", plant("b", payload_of(5001)));
    kv_.before_commit = [&] {
        auto bytes = store(payload_of(5001));
        EXPECT_FALSE(bytes.deduplicated());
        must(all().settle(bytes));
    };
    EXPECT_EQ(must(promote(all(), second, speed)), tree::promotion::not_needed);
    EXPECT_EQ(must(all().files().list_files()).files.size(), 1u);
    EXPECT_EQ(bytes_of_content(second), payload_of(5001));
    expect_clean();
    EXPECT_EQ(must(promote(all(), second, speed)), tree::promotion::not_needed) << "it is in";
    EXPECT_EQ(must(promote(all(), sha256_of("?"), speed)), tree::promotion::not_needed);
}

TEST_F(Promote, IsStoppedBetweenContents) {
    for (int i = 0; i < 5; ++i)
        link("/" + std::to_string(i), plant(std::to_string(i), payload_of(500, i + 1)));
    int asked = 0;
    promoting how;
    how.stop = [&] { return asked++ == 2; };
    EXPECT_EQ(code_of(promote_all(all(), how)), errc::cancelled);
    EXPECT_EQ(must(promote_all(all(), {})), (promoted{3, 1500, 3, 1500, {}}));
}

TEST_F(Promote, BytesInHandTakeThePlaceOfALink) {
    const auto uri = plant("f", payload_of(5000));
    const auto which = link("/f", uri);
    EXPECT_TRUE(must(all().store_link(uri)).deduplicated());
    const auto other = plant("g", payload_of(5000));
    name_it("/g", must(all().store_link(other)));
    EXPECT_EQ(place(which).uri, other) << "of two links the later one holds";
    name_it("/h", store(payload_of(5000)));
    EXPECT_EQ(place(which).kind, placement::dedicated);
    EXPECT_TRUE(must(all().store_link(uri)).deduplicated()) << "and a link takes the place of none";
    std::filesystem::remove(elsewhere_ / "g");
    EXPECT_EQ(bytes_of_content(which), payload_of(5000));
    expect_clean();
}

// Two who store the same at once: whoever has the bytes keeps them, whoever has a link gives way.
TEST_F(Promote, AfterAConflictBytesStillTakeThePlaceOfALink) {
    const auto uri = plant("f", payload_of(5000));
    auto bytes = store(payload_of(5000));
    const auto which = link("/f", uri);
    EXPECT_TRUE(must(all().look_again(bytes)));
    EXPECT_FALSE(bytes.deduplicated());
    must(all().settle(bytes));
    EXPECT_EQ(place(which).kind, placement::dedicated);

    const auto more = plant("g", payload_of(6000));
    auto late = must(all().store_link(more));
    name_it("/g", store(payload_of(6000)));
    EXPECT_TRUE(must(all().look_again(late)));
    EXPECT_TRUE(late.deduplicated());
    expect_clean();
}

TEST_F(Promote, ARowsFieldMayBeALink) {
    const auto uri = plant("cover", payload_of(5000));
    const auto old = must(read<song>(kv_, {1}));
    must(put(all(), old, song{"Aria", blob::link{uri}}, "as read"));
    const auto row = must(read<song>(kv_, {1}));
    EXPECT_EQ(must(describe(all(), row->cover))->uri, uri);
    EXPECT_EQ(std::get<blob::bytes>(must(fetch(all(), row->cover))).data, payload_of(5000));
    must(promote_all(all(), {}));
    std::filesystem::remove(elsewhere_ / "cover");
    EXPECT_EQ(std::get<blob::bytes>(must(fetch(all(), row->cover))).data, payload_of(5000));
    EXPECT_EQ(code_of(put(all(), row, song{"Aria", blob::link{uri}}, "as read")), errc::not_found);
    EXPECT_EQ(code_of(put(all(), row, song{"Aria", blob::link{"no URI"}}, "as read")),
              errc::bad_name);
}

}  // namespace
}  // namespace casement::testing::promote_test
