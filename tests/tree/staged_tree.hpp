#pragma once
// A tree in memory whose files are real ones in a temporary directory, and a clock that a test
// sets: for tests of what a file goes through while it is written.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <casement/blob/posix.hpp>
#include <casement/tree/contents.hpp>
#include <casement/tree/file_writer.hpp>
#include <casement/tree/finalize_file.hpp>
#include <casement/tree/leases.hpp>
#include <casement/tree/open_file.hpp>

#include "support/all_bytes.hpp"
#include "support/temporary.hpp"
#include "tree/hand.hpp"

namespace casement::testing {

/// Stands until it is set.
struct set_clock {
    std::shared_ptr<std::int64_t> ns = std::make_shared<std::int64_t>(1000);
    [[nodiscard]] timestamp now() const { return {*ns}; }
};

inline constexpr std::chrono::nanoseconds term{100};

template <store S = memory_store, blob::file_system FS = blob::posix_file_system>
class staged_tree {
public:
    using file_system = FS;
    using me_type = recorded<S>;
    using file_writer = tree::file_writer<me_type, file_system, set_clock>;

    explicit staged_tree(FS disk = {}, blob::durability how = blob::durability::process)
        : disk_{std::move(disk)}, durable_{how}, hand_{kv}, ids_{kv}, me{kv, ids_} {
        reopen();
    }

    /// As a process that starts anew: what was open is open no more.
    void reopen() {
        contents_.reset();
        contents_.emplace(kv,
                          must(blob::files<file_system>::open(
                              disk_, where.path().string(),
                              {[this] { return ids_.template next<blob::blob_id>(); },
                               [this] { return ids_.template next<blob::pack_id>(); }},
                              {{100, 1000, 100'000}, durable_})),
                          true);
    }

    result<file_writer> open(std::string_view path, open_how how) {
        return open_file(me, bytes(), path, how, term, 0640, retries, clock);
    }
    /// Writes the bytes at the end, and closes.
    void write(std::string_view path, open_how how, std::string_view what) {
        auto w = must(open(path, how));
        must(w.append(what));
        must(w.close());
    }
    result<obj_id> finalize(node_id node) {
        return finalize_file(me, bytes(), node, retries, clock);
    }
    result<obj_id> finalize(std::string_view path) { return finalize(node_at(path)); }

    [[nodiscard]] node_id node_at(std::string_view path) const {
        const auto at = must(resolve(kv, path));
        const auto* node = file_in(**at.found);
        if (node == nullptr) throw std::runtime_error{"no file that may be written"};
        return *node;
    }
    [[nodiscard]] file_node node(std::string_view path) const {
        return must(read_file_node(kv, node_at(path)));
    }
    [[nodiscard]] std::string_view state_of(std::string_view path) const {
        return open_file_info{{}, {}, node(path).file()->now, {}}.state_name();
    }
    /// Of an object, or of a file that nobody writes.
    [[nodiscard]] std::string read_back(std::string_view path) {
        const auto what = **must(resolve(kv, path)).found;
        auto reader = must(object_in(what) ? bytes().open(*object_in(what))
                                           : bytes().open(*staging_of(node(path).file()->now)));
        return must(all_bytes(reader));
    }
    [[nodiscard]] std::vector<staging_id> staged() { return must(files().list()).files; }
    [[nodiscard]] contents<S, file_system>& bytes() { return *contents_; }
    [[nodiscard]] blob::staging_files<file_system>& files() { return bytes().files().staging(); }
    void pass(std::chrono::nanoseconds time) { *clock.ns += time.count(); }

    temporary_directory where;
    S kv;
    set_clock clock;
    retry_count retries;

private:
    FS disk_;
    blob::durability durable_;
    hand<S> hand_;  // which makes the root
    id_blocks<S> ids_;

public:
    me_type me;

private:
    std::optional<contents<S, file_system>> contents_;
};

}  // namespace casement::testing
