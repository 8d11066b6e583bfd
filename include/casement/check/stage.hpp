#pragma once
// The store as an actor under exploration sees it. Each get, scan, snapshot and commit is a step
// between which others may act; what is read of a snapshot belongs to the snapshot's step. It
// satisfies the store concept, so the code that ships runs on it unchanged. Used only inside an
// actor's turn.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/check/simulated_files.hpp>
#include <casement/core/error.hpp>
#include <casement/kv/memory.hpp>
#include <casement/kv/store.hpp>

namespace casement::check {

namespace detail {
class turn;
}

class stage {
public:
    /// The rows of a scan, as they were when the scan was called.
    class cursor {
    public:
        [[nodiscard]] bool valid() const { return here_ < rows_->size(); }
        [[nodiscard]] std::string_view key() const { return (*rows_)[here_].first; }
        [[nodiscard]] std::string_view value() const { return (*rows_)[here_].second; }
        void next() { ++here_; }
        [[nodiscard]] result<void> status() const { return {}; }

    private:
        friend stage;
        using list = std::vector<std::pair<std::string, std::string>>;
        explicit cursor(list rows) : rows_{std::make_shared<const list>(std::move(rows))} {}
        std::shared_ptr<const list> rows_;
        std::size_t here_ = 0;
    };

    /// One moment of the store.
    class instant {
    public:
        [[nodiscard]] result<found> get(std::string_view key) const;
        [[nodiscard]] cursor scan(std::string_view first, std::string_view last) const;

    private:
        friend stage;
        instant(detail::turn& of, std::uint64_t which) : of_{&of}, which_{which} {}
        detail::turn* of_;
        std::uint64_t which_;  // of the turn's snapshots
    };

    explicit stage(detail::turn& of) : of_{&of} {}

    [[nodiscard]] result<found> get(std::string_view key) const;
    [[nodiscard]] cursor scan(std::string_view first, std::string_view last) const;
    [[nodiscard]] instant snapshot() const;
    /// One moment that is read from later: the whole store, in one step.
    [[nodiscard]] memory_store held_snapshot() const;
    /// Never: so that an operation reads what it would have to read in the worst case.
    [[nodiscard]] bool unchanged(std::string_view, version) const { return false; }
    [[nodiscard]] result<receipt> commit(const batch& b);

private:
    static cursor rows_of(std::string_view answer);
    detail::turn* of_;
};

static_assert(store<stage>);

/// How an actor asks the story's disk: each call is a step.
class disk_calls {
public:
    static constexpr bool for_one_thread = true;  // a turn is a fiber

    explicit disk_calls(detail::turn& of) : of_{&of} {}
    file_answer operator()(const file_call& c) const;

private:
    detail::turn* of_;
};
/// The story's disk as a file system: the blob code that ships runs on it unchanged.
using staged_disk = simulated_files<disk_calls>;

}  // namespace casement::check
