#pragma once
// A tree in memory whose files have bytes, on a real disk: small ones in rows, from 100 bytes on in
// packs, from 1,000 on in files of their own.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include <casement/blob/posix.hpp>
#include <casement/tree/contents.hpp>

#include "support/all_bytes.hpp"
#include "support/temporary.hpp"
#include "tree/hand.hpp"

namespace casement::testing {

/// How many rows there are in these tables, a letter each.
[[nodiscard]] std::uint64_t rows_of(const auto& kv, std::string_view tables) {
    std::uint64_t n = 0;
    for (const char table : tables) {
        const std::string first(1, table);
        for (auto r = kv.scan(first, after_prefix(first)); r.valid(); r.next()) ++n;
    }
    return n;
}

template <blob::file_system FS = blob::posix_file_system>
class stored_tree {
public:
    explicit stored_tree(const blob::thresholds& sizes = {100, 1000, 100'000}, FS disk = {})
        : sizes_{sizes}, disk_{disk} {
        reopen();
    }

    /// As after a crash of the process: what was in memory of it is gone.
    void reopen() {
        contents_.reset();
        auto files = blob::files<FS>::open(disk_, where.path().string(),
                                           {[this] { return t.ids.next<blob::blob_id>(); },
                                            [this] { return t.ids.next<blob::pack_id>(); }},
                                           {.sizes = sizes_,
                                            .durable = blob::durability::process,
                                            .others = [this] { return others(); }});
        contents_.emplace(t.kv, must(std::move(files)), true);
    }

    void reopen(const blob::thresholds& sizes) {
        sizes_ = sizes;
        reopen();
    }

    /// The same place after every opening.
    [[nodiscard]] tree::contents<memory_store, FS>& contents() { return *contents_; }

    blob::others_asked others = blob::nobody_else;

    tree::stored_file<FS> store(std::string_view bytes,
                                tree::stored_before there = tree::stored_before::trusted) {
        auto staged = must(contents_->stage());
        must(staged.write(bytes));
        return must(contents_->store_bytes(std::move(staged), there));
    }
    obj_id make(std::string_view path, std::string_view bytes) {
        auto stored = store(bytes);
        const auto at = must(resolve(t.kv, path));
        must(create(t.me, any_rev{at.parent}, at.found->key().name,
                    dentry::create_object{stored.id()}, {0644, {}, bytes.size()},
                    [&](auto& commit) { stored.add_to(commit); }));
        stored.published();
        return stored.id();
    }
    void remove(std::string_view path) {
        const auto at = must(resolve(t.kv, path));
        must(tree::remove(t.me, any_rev{at.parent}, *at.found));
    }
    /// The bytes, verified; or what is wrong with them.
    [[nodiscard]] std::string bytes_of(const obj_id& id) {
        auto reader = contents_->open(id);
        if (!reader) return reader.error().message();
        auto all = all_bytes(*reader);
        return all ? *all : all.error().message();
    }

    temporary_directory where;
    memory_tree t;

private:
    blob::thresholds sizes_;
    FS disk_;
    std::optional<tree::contents<memory_store, FS>> contents_;
};

}  // namespace casement::testing
