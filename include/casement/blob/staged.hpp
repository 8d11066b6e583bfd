#pragma once
// A staged write as types (SPEC W1): a step out of order does not compile, and an unpublished write
// that goes out of scope removes its file. One thread a write; any number of writes at once. It
// never names its bytes to anyone: the caller's commit of the descriptor is the publication.
//
//     auto put = files.stage();                       // staged<open>: takes bytes
//     put->write(bytes);
//     auto measured = std::move(*put).measure();      // size, digest and placement are known
//     if (already_stored(measured->content())) return std::move(*measured).abandon();
//     auto sealed = std::move(*measured).seal();      // durable, and no row names it
//     commit(sealed->what(), sealed->sums(), sealed->inline_bytes());
//     std::move(*sealed).published();

#include <concepts>
#include <memory>
#include <string_view>
#include <utility>

#include <casement/blob/staged_write.hpp>
#include <casement/core/assert.hpp>
#include <casement/core/error.hpp>
#include <casement/machine/step.hpp>
#include <casement/protocol/staging.hpp>

namespace casement::blob {

using protocol::staging;

// The protocol's states are the types of the steps.
using open = staging::open;            // bytes come in
using sealed = staging::sealed;        // whole and durable, and no row names it
using published = staging::published;  // a row names it

/// Between the two in which the protocol sees it: still open to the protocol, but all bytes are in.
struct measured {
    staging::open so_far;
    protocol::byte_count size;  // asked of the open file
    digest content{};
};

/// What was published, and how firmly.
struct receipt {
    published state;
    bool names_synced = true;  // false: this file system cannot sync directories (SPEC W3)
};

template <class State, file_system FS>
class staged {
public:
    /// Only `files` and the steps below make one.
    staged(State state, std::unique_ptr<staged_write<FS>> work)
        : state_{std::move(state)}, work_{std::move(work)} {}

    [[nodiscard]] const State& state() const { return state_; }

    /// Takes the next bytes, which must not change during the call; holds on to none of them. After
    /// an error (`no_space`, `io` ...) every further call answers with it.
    [[nodiscard]] result<void> write(std::string_view bytes) requires std::same_as<State, open> {
        auto done = work_->write(bytes);
        if (done) state_ = step<staging>(state_, staging::write{bytes.size()});
        return done;
    }

    /// All bytes are in. Those of a Dedicated blob are in their file, the others still in memory.
    [[nodiscard]] result<staged<measured, FS>> measure() && requires std::same_as<State, open> {
        auto size = work_->measure();
        if (!size) return passed(size);
        return staged<measured, FS>{{state_, {*size}, work_->what().content}, std::move(work_)};
    }

    /// Packed bytes go to their pack, and all become as durable as the store asks. `corrupt` if the
    /// file is not as long as what was written to it.
    [[nodiscard]] result<staged<sealed, FS>> seal() && requires std::same_as<State, measured> {
        auto next = step<staging>(state_.so_far, staging::seal{state_.size, state_.content});
        if (!next) return passed(next);
        if (auto stored = work_->store(); !stored) return passed(stored);
        return staged<sealed, FS>{*std::move(next), std::move(work_)};
    }

    /// The row that names the bytes is committed: they stay.
    receipt published() && requires std::same_as<State, sealed> {
        const receipt given{step<staging>(state_, staging::publish{}), work_->names_synced()};
        work_->publish();
        work_.reset();
        return given;
    }

    /// The bytes are not wanted: a Dedicated file is removed, a frame counted as dead. The error is
    /// that of the removal; the file is then found as a leftover.
    [[nodiscard]] result<void> abandon() && {
        require(work_ != nullptr, "a staged write that was not moved from");
        return std::exchange(work_, nullptr)->abandon();
    }

    /// SHA-256 of all bytes.
    [[nodiscard]] const digest& content() const requires(!std::same_as<State, open>) {
        return work_->what().content;
    }

    [[nodiscard]] std::uint64_t size() const requires(!std::same_as<State, open>) {
        return work_->what().size;
    }

    [[nodiscard]] placement kind() const requires(!std::same_as<State, open>) {
        return work_->what().kind;
    }

    /// What the row keeps.
    [[nodiscard]] const descriptor& what() const requires std::same_as<State, sealed> {
        return work_->what();
    }

    /// What the rows of sums keep; readers want it back.
    [[nodiscard]] const chunk_sums& sums() const requires std::same_as<State, sealed> {
        return work_->sums();
    }

    /// The bytes of an Inline blob, for its row; they live as long as this. Empty for the others.
    [[nodiscard]] std::string_view inline_bytes() const requires std::same_as<State, sealed> {
        return kind() == placement::inline_row ? work_->held() : std::string_view{};
    }

private:
    State state_;
    std::unique_ptr<staged_write<FS>> work_;
};

}  // namespace casement::blob
