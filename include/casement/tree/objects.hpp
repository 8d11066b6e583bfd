#pragma once
// Immutable objects as rows, and how an entry of an immutable directory becomes a row's and back.
// An object's row never changes: it is there with these bytes, or it is not. Any thread.
//
//   o obj_id    object_row    a file's canonical encoding, or a block of a directory

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>

#include <casement/core/error.hpp>
#include <casement/core/hash.hpp>
#include <casement/kv/retry.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/store.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/machine/apply.hpp>
#include <casement/object/block_cache.hpp>
#include <casement/object/dir_builder.hpp>
#include <casement/object/dir_object.hpp>
#include <casement/object/object_id.hpp>
#include <casement/tree/collection.hpp>
#include <casement/tree/rows.hpp>

namespace casement::tree {

/// An object's canonical encoding, in table `o`.
struct object_row {
    static constexpr char table = 'o';
    using key = obj_id;
    std::string bytes;
};

/// How a collector names a directory's block.
[[nodiscard]] inline condemned::key block(const digest& of) {
    return {static_cast<std::uint8_t>(object_row::table), of};
}

/// A source of directory blocks: the rows of `at`, which must outlive it. `need_pull` for a block
/// that is not here: it is elsewhere, or the base was never brought (SPEC F20). Reads 1 row a call.
template <readable R>
[[nodiscard]] auto blocks_in(const R& at) {
    return [&at](const digest& name) -> result<std::string> {
        const obj_id id{obj_id::directory, name};
        auto row = read<object_row>(at, id);
        if (!row) return passed(row);
        if (!row->exists())
            return fail(errc::need_pull, "read object", object::to_text(id), "is not in the store");
        return (*row)->bytes;
    };
}

/// The same for who looks something up: from memory, where `at` has a `block_cache`. An answer is
/// true for ever, and no proof that the store still has the rows: who is about to name a directory
/// takes `blocks_in`. Reads 1 row a call at most.
template <readable R>
[[nodiscard]] auto known_blocks(const R& at) {
    if constexpr (requires { at.block_cache(); })
        return object::cached(at.block_cache(), blocks_in(at));
    else
        return blocks_in(at);
}

/// Takes the blocks of directories to come, and writes those that are not there yet, a few to a
/// commit, with no guard: they are named by their bytes. Those that are condemned it revives.
/// `finish` writes what is left.
template <store S>
class block_writer {
public:
    explicit block_writer(S& kv) : kv_{kv} {}

    result<void> operator()(const digest& name, std::string_view bytes) {
        waiting_.emplace(obj_id{obj_id::directory, name}, bytes);
        return waiting_.size() < blocks_a_commit ? result<void>{} : finish();
    }

    /// `conflict` if collectors come between its reads and its commit again and again.
    [[nodiscard]] result<void> finish() {
        auto written = retry(retries_, [&] { return write(); });
        if (!written) return within(std::move(written), "write blocks", "");
        written_ += *written;
        waiting_.clear();
        return {};
    }

    /// Of blocks that were not there.
    [[nodiscard]] std::uint64_t bytes_written() const { return written_; }

private:
    static constexpr std::size_t blocks_a_commit = 32;  // half a MiB at most

    /// Answers the bytes of the blocks that were not there.
    result<std::uint64_t> write() {
        std::uint64_t fresh = 0;
        transaction t{kv_};
        for (const auto& [id, bytes] : waiting_) {
            auto row = read<object_row>(kv_, id);
            if (!row) return passed(row);
            if (!row->exists()) {
                t.template put<object_row>(id, {bytes});
                fresh += bytes.size();
                continue;
            }
            revival again{block(id.digest)};
            auto is_condemned = again.look_again(kv_);
            if (!is_condemned) return passed(is_condemned);
            if (!*is_condemned) continue;
            t.expect(*row, "the block is stored");
            again(t);
        }
        if (t.size() == 0) return 0;
        if (auto made = t.commit(); !made) return passed(made);
        return fresh;
    }

    S& kv_;
    retry_count retries_;
    std::unordered_map<obj_id, std::string> waiting_;
    std::uint64_t written_ = 0;
};

/// What an immutable directory has under a name, as a row would have it: with no generation, for
/// nobody wrote it here.
[[nodiscard]] inline entry as_entry(const object::dir_entry& e) {
    using d = protocol::dentry;
    const auto* link = std::get_if<object::symlink>(&e.target);
    const event<d> lift = link ? event<d>{d::lift_symlink{link->path}}
                               : event<d>{d::lift_object{std::get<obj_id>(e.target)}};
    return {*casement::apply<d>({}, lift), {}, {e.mode, e.mtime, e.size}};
}

/// The reverse. REQUIRES: `e` points to an object or is a link.
[[nodiscard]] inline object::dir_entry as_dir_entry(std::string_view name, const entry& e) {
    const auto* link = std::get_if<protocol::dentry::symlink>(&e.target);
    require(link != nullptr || object_in(e) != nullptr, "an object or a link");
    auto target = link ? object::dir_target{object::symlink{link->path}} : *object_in(e);
    return {std::string{name}, std::move(target), e.about.mode, e.about.mtime, e.about.size};
}

}  // namespace casement::tree
