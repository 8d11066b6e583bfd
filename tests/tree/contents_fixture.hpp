#pragma once
// A fixture of contents: those of a stored tree, in which nothing has a name.

#include <cstddef>
#include <string>

#include <gtest/gtest.h>

#include <casement/kv/transaction.hpp>
#include <casement/tree/contents.hpp>

#include "tree/stored_tree.hpp"

namespace casement::testing {

class contents_test : public ::testing::Test {
protected:
    using stored_file = tree::stored_file<blob::posix_file_system>;

    void reopen(const blob::thresholds& sizes) { tree_.reopen(sizes); }
    stored_file store_bytes(const std::string& bytes,
                            tree::stored_before there = tree::stored_before::trusted) {
        return tree_.store(bytes, there);
    }
    result<receipt> commit(const stored_file& f) {
        transaction t{kv_};
        f.add_to(t);
        return t.commit();
    }
    std::string read_back(const protocol::obj_id& id) { return tree_.bytes_of(id); }
    std::size_t files_on_disk() { return contents_->files().list_files()->files.size(); }

private:
    stored_tree<> tree_;

protected:
    memory_store& kv_ = tree_.t.kv;
    tree::contents<memory_store, blob::posix_file_system>* const contents_ = &tree_.contents();
};

}  // namespace casement::testing
