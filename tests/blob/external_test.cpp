// Links to bytes elsewhere: what a URI says, who opens it, and that nobody is given other bytes
// than those that were linked.

#include <casement/blob/external.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "blob/blob_files.hpp"
#include "support/property.hpp"

namespace casement::testing::external_test {
namespace {

using blob::file_uri, blob::path_in_file_uri, blob::scheme_of;

TEST(file_uri, any_path_comes_back) {
    law("path_in_file_uri(file_uri(path)) == path", [](std::string name) {
        std::erase(name, '\0');
        const auto uri = file_uri("/" + name);
        RC_ASSERT((path_in_file_uri(uri) == "/" + name));
        RC_ASSERT(scheme_of(uri) == "file");
        RC_ASSERT(std::ranges::all_of(uri, [](char c) { return c > ' ' && c < 127; }));
    });
    EXPECT_EQ(file_uri("/a b/\xff#?%~"), "file:///a%20b/%FF%23%3F%25~");
}

TEST(file_uri, is_read_as_others_write_it) {
    for (const auto* same :
         {"file:/a%20b", "file:///a%20b", "FILE://localhost/a b", "file:///a%20b"})
        EXPECT_EQ(path_in_file_uri(same), "/a b") << same;
    EXPECT_EQ(path_in_file_uri("file:///%c3%A9"), "/\u00e9");
}

TEST(file_uri, that_is_none_is_refused) {
    for (const auto* none :
         {"", "/a", "file", "file:", "file:a", "file://", "file:///a%2", "file:///%0",
          "file:///%zz", "file:///a%00b", "file:///a?b", "file:///a#b", "http:///a"})
        EXPECT_EQ(path_in_file_uri(none).error().code(), errc::bad_name) << none;
    EXPECT_EQ(path_in_file_uri("file://host/a").error().code(), errc::unsupported);
}

TEST(scheme, is_what_stands_before_the_colon) {
    EXPECT_EQ(scheme_of("S3://b"), "s3");
    EXPECT_EQ(scheme_of("a+b-c.1:x"), "a+b-c.1");
    for (const auto* none : {"", ":x", "1a:x", "no colon", "a b:c", "/p:q"})
        EXPECT_EQ(scheme_of(none), "") << none;
}

/// Text behind "text:...", as an application would plug it in.
class text final : public blob::external_file {
public:
    explicit text(std::string all) : all_{std::move(all)} {}
    result<std::uint64_t> size() const override { return all_.size(); }
    result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) const override {
        return offset < all_.size() ? all_.copy(into.data(), into.size(), offset) : 0;
    }
    std::string_view path() const override { return "text"; }

private:
    std::string all_;
};

class Links : public ::testing::Test {
protected:
    Links() {
        std::filesystem::create_directory(elsewhere_);
        auto chosen = small_options();
        chosen.elsewhere.set("text", [](const std::string& uri) {
            return std::make_shared<const text>(uri.substr(5));
        });
        files_.emplace(open_files(where_, blob::posix_file_system{}, chosen));
    }
    std::string plant(std::string_view bytes) {
        overwrite(elsewhere_ + "/file", bytes);
        return file_uri(elsewhere_ + "/file");
    }
    result<std::string> bytes_behind(const blob::linked& link) {
        return get(*files_, {link.what, link.sums, {}});
    }

    temporary_directory where_, place_;
    std::string elsewhere_ = place_ / "elsewhere";
    std::optional<blob::files<blob::posix_file_system>> files_;
};

TEST_F(Links, SayWhatIsThere) {
    for (const std::size_t size : {1ul, 5000ul, chunk_size, chunk_size + 1, 3 * piece_size + 7}) {
        const auto payload = payload_of(size);
        const auto link = files_->link(plant(payload));
        ASSERT_TRUE(link) << link.error().message();
        const auto stored = put(*files_, payload);
        EXPECT_EQ(link->what.kind, placement::external);
        EXPECT_EQ(link->what.size, size);
        EXPECT_EQ(link->what.content, stored->what.content);
        EXPECT_EQ(link->what.check, stored->what.check);
        EXPECT_EQ(link->sums, stored->sums);
        EXPECT_EQ(bytes_behind(*link), payload);
    }
}

TEST_F(Links, AreToWhateverIsPluggedIn) {
    const auto link = files_->link("text:hello");
    ASSERT_TRUE(link) << link.error().message();
    EXPECT_EQ(bytes_behind(*link), "hello");
    EXPECT_EQ(files_->link("TEXT:hello")->what.content, link->what.content);
    EXPECT_EQ(files_->link("s3://b/k").error().code(), errc::need_pull);
    EXPECT_NE(files_->link("s3://b/k").error().message().find("nobody opens 's3:'"),
              std::string::npos);
    EXPECT_EQ(files_->link("hello").error().code(), errc::bad_name);
    EXPECT_EQ(files_->link("text:").error().code(), errc::illegal) << "no bytes need no link";
    EXPECT_EQ(files_->link("text:" + std::string(blob::uri_size_max, 'x')).error().code(),
              errc::illegal);
}

TEST_F(Links, TellOfEveryChange) {
    const auto payload = payload_of(2 * chunk_size + 10);
    const auto link = files_->link(plant(payload));
    ASSERT_TRUE(link);
    for (const std::size_t at : {0ul, chunk_size, payload.size() - 1}) {
        auto other = payload;
        other[at] ^= 1;
        plant(other);
        EXPECT_EQ(bytes_behind(*link).error().code(), errc::corrupt) << at;
    }
    for (const auto size : {payload.size() - 1, std::size_t{0}}) {
        plant(payload.substr(0, size));
        EXPECT_EQ(bytes_behind(*link).error().code(), errc::corrupt) << size;
    }
    plant(payload + "x");
    EXPECT_EQ(bytes_behind(*link).error().code(), errc::corrupt) << "longer";
    std::filesystem::remove(elsewhere_ + "/file");
    const auto gone = bytes_behind(*link);
    EXPECT_EQ(gone.error().code(), errc::not_found);
    EXPECT_NE(gone.error().message().find("ENOENT"), std::string::npos) << gone.error().message();
    std::filesystem::create_directory(elsewhere_ + "/file");
    EXPECT_FALSE(bytes_behind(*link));
    plant(payload);
    EXPECT_EQ(bytes_behind(*link), payload);
}

}  // namespace
}  // namespace casement::testing::external_test
