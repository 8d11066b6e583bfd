#include <casement/tree/content.hpp>

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "tree/contents_fixture.hpp"

namespace casement::tree::content_test {
namespace {

class ContentRow : public testing::contents_test {};

TEST_F(ContentRow, WhatALaterVersionWroteIsNoDamage) {
    auto stored = store_bytes(std::string(5000, 'n'));
    ASSERT_TRUE(commit(stored));
    stored.published();
    auto again = store_bytes(std::string(5000, 'n'));
    const auto key = row_key<content>(stored.object().content);
    const auto bytes = *kv_.get(key)->value;
    const auto codes_with_first_byte = [&](char first) {
        auto changed = bytes;
        changed.front() = first;
        const write w{write::kind::put, key, changed};
        EXPECT_TRUE(kv_.commit({{}, {&w, 1}}));
        auto staged = contents_->stage();
        EXPECT_TRUE(staged && staged->write(std::string(5000, 'n')));
        return std::array{read_content(kv_, stored.object().content).error().code(),
                          contents_->open(stored.id()).error().code(),
                          contents_->find(stored.object()).error().code(),
                          contents_->look_again(again).error().code(),
                          contents_->store_bytes(*std::move(staged)).error().code()};
    };
    for (const auto code : codes_with_first_byte('\2')) EXPECT_EQ(code, errc::newer_format);
    for (const auto code : codes_with_first_byte('\0')) EXPECT_EQ(code, errc::corrupt);
    { const auto given_up = std::move(again); }
    EXPECT_EQ(files_on_disk(), 1u) << "what was not understood is still there, and nothing else";
}

}  // namespace
}  // namespace casement::tree::content_test
