#pragma once
// A file in the hands of the one who writes it: a grant of its lease, and the staging file of that
// grant (SPEC F3, F4f, F14). Every use asks the rows whether the grant still stands, and the
// staging file whether it is sealed; so who is late is `fenced`, and has changed nothing. One
// thread a writer; whoever takes its lease back may be any.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <casement/blob/staging_files.hpp>
#include <casement/core/clock.hpp>
#include <casement/core/error.hpp>
#include <casement/kv/client.hpp>
#include <casement/kv/retry.hpp>
#include <casement/tree/rows.hpp>
#include <casement/tree/writer.hpp>

namespace casement::tree {

/// When a lease that begins or is renewed at `now` runs out. Terms of centuries end with time.
[[nodiscard]] constexpr timestamp after(timestamp now, std::chrono::nanoseconds term) {
    constexpr auto last = std::numeric_limits<std::int64_t>::max();
    const std::int64_t ns = term.count();
    return {ns > 0 && now.ns > last - ns ? last : now.ns + ns};
}

/// A file's bytes end here at the latest: what a file system can count.
inline constexpr std::uint64_t file_bytes_max = std::uint64_t{1} << 62;

/// Comes from `open_file`. Destroyed without `close`, it leaves the lease to run out, and what was
/// flushed to who continues. After `close` every use is `fenced`. `C` and what the vault keeps must
/// outlive it.
template <client C, blob::file_system FS, clock_source K>
class file_writer {
public:
    using staging = blob::staging_file<FS>;

    /// REQUIRES: `granted` is of this staging file, which has `size` bytes
    file_writer(C& me, writer granted, staging bytes, std::uint64_t size,
                std::chrono::nanoseconds term, K clock)
        : me_{&me},
          granted_{granted},
          bytes_{std::move(bytes)},
          size_{size},
          term_{term},
          clock_{std::move(clock)} {}

    /// The grant that every use carries.
    [[nodiscard]] const writer& grant() const { return granted_; }

    /// Writes all of the bytes at `offset`; what lies between the end and there is zeros. They are
    /// durable after `flush`. `fenced`, `too_big` beyond 2^62 bytes, `no_space`, `io`.
    [[nodiscard]] result<void> write_at(std::uint64_t offset, std::string_view bytes) {
        if (auto mine = check("write"); !mine) return mine;
        if (offset > file_bytes_max || bytes.size() > file_bytes_max - offset)
            return fail(errc::too_big, "write", which(), "ends beyond 2^62 bytes");
        if (auto written = bytes_->write_at(offset, bytes); !written)
            return within(std::move(written), "write", which());
        if (!bytes.empty()) size_ = std::max(size_, offset + bytes.size());
        return {};
    }

    /// Writes at the end.
    [[nodiscard]] result<void> append(std::string_view bytes) { return write_at(size_, bytes); }

    /// Fills `into` from `offset` on, as far as the file goes; answers the bytes read. What was
    /// written is seen at once. `fenced`.
    [[nodiscard]] result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) const {
        if (auto mine = check("read"); !mine) return passed(mine);
        if (offset >= size_) return 0;
        return bytes_->read_at(offset, into);
    }

    /// In bytes. `fenced`.
    [[nodiscard]] result<std::uint64_t> size() const {
        if (auto mine = check("measure"); !mine) return passed(mine);
        return size_;
    }

    /// What was written is durable, and was written by right: the grant still stood after that.
    [[nodiscard]] result<void> flush() {
        if (auto mine = check("flush"); !mine) return mine;
        if (auto synced = bytes_->sync(); !synced)
            return within(std::move(synced), "flush", which());
        return check("flush");
    }

    /// The lease runs for another term from now on. `fenced` if it was taken back; late, but not
    /// yet taken back, is not too late.
    [[nodiscard]] result<void> renew() {
        return while_mine("renew",
                          [&] { return tree::renew(*me_, granted_, after(clock_.now(), term_)); });
    }

    /// No more bytes: they become durable, and then, in one commit, the file cools and the lease is
    /// free. `fenced` if that was taken back. Where the commit fails it may be called again; where
    /// the bytes could not be made durable they may be lost, and it is `fenced` from then on.
    [[nodiscard]] result<void> close() {
        if (auto mine = check("close"); !mine) return mine;
        if (!sealed_)
            if (auto finished = bytes_->finish(); !finished)
                return within(std::move(finished), "close", which());
        sealed_ = true;
        const auto cools = [&] { return close_writer(*me_, granted_); };
        if (auto cooled = while_mine("close", cools); !cooled) return cooled;
        bytes_.reset();
        return {};
    }

private:
    [[nodiscard]] std::string which() const { return std::to_string(granted_.node().value); }
    [[nodiscard]] result<void> check(const char* operation) const {
        if (!bytes_) return fail(errc::fenced, operation, which(), "the writer is closed");
        return check_writer(me_->rows(), granted_);
    }

    /// A change of the grant by right: a conflict that leaves it standing was about something else.
    template <class Change>
    [[nodiscard]] result<void> while_mine(const char* operation, const Change& change) {
        for (int tries = 1;; ++tries) {
            auto done = change();
            if (done || done.error().code() != errc::conflict || tries == decisions_max)
                return done;
            if (auto mine = check(operation); !mine) return mine;
        }
    }

    C* me_;
    writer granted_;
    std::optional<staging> bytes_;  // none once closed
    std::uint64_t size_;
    std::chrono::nanoseconds term_;
    K clock_;
    bool sealed_ = false;
};

}  // namespace casement::tree
