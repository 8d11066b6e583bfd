#pragma once
// Contents on the memory engine and real files: up to 100 bytes lie in rows, from 1,000 on in files
// of their own.

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <casement/blob/posix.hpp>
#include <casement/kv/id_blocks.hpp>
#include <casement/kv/memory.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/tree/contents.hpp>

#include "support/all_bytes.hpp"
#include "support/temporary.hpp"

namespace casement::testing {

class contents_test : public ::testing::Test {
protected:
    using file_system = blob::posix_file_system;
    using stored_file = tree::stored_file<file_system>;
    using contents = tree::contents<memory_store, file_system>;

    void SetUp() override { reopen({100, 1000, 100'000}); }

    void reopen(const blob::thresholds& chosen) {
        contents_.reset();
        auto files = blob::files<file_system>::open({}, where_.path().string(),
                                                    {[this] { return ids_.next<blob::blob_id>(); },
                                                     [this] { return ids_.next<blob::pack_id>(); }},
                                                    {chosen, blob::durability::process});
        ASSERT_TRUE(files) << files.error().message();
        contents_.emplace(kv_, *std::move(files));
    }

    stored_file store_bytes(const std::string& bytes,
                            tree::stored_before there = tree::stored_before::trusted) {
        auto staged = contents_->stage();
        EXPECT_TRUE(staged && staged->write(bytes));
        auto stored = contents_->store_bytes(*std::move(staged), there);
        EXPECT_TRUE(stored);
        return *std::move(stored);
    }
    result<receipt> commit(const stored_file& f) {
        transaction t{kv_};
        f.add_to(t);
        return t.commit();
    }
    std::string read_back(const protocol::obj_id& id) {
        auto reader = contents_->open(id);
        if (!reader) return reader.error().message();
        auto all = all_bytes(*reader);
        return all ? *all : all.error().message();
    }
    std::size_t files_on_disk() { return contents_->files().list_files()->files.size(); }

    temporary_directory where_;
    memory_store kv_;
    id_blocks<memory_store> ids_{kv_};
    std::optional<contents> contents_;
};

}  // namespace casement::testing
