#pragma once
// One turn of an actor: its body runs on a fiber along a log of answers, and stops at the first
// call that the log does not answer. One thread.

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <casement/check/story.hpp>

#include "call.hpp"
#include "fiber.hpp"
#include "index.hpp"

namespace casement::check::detail {

/// More calls than this in one turn mean that it does not end.
inline constexpr std::size_t calls_max = 1024;

class turn {
public:
    turn(const std::function<void(actor&)>& body, const texts& text)
        : text_{text}, fiber_{[this, &body] { play(body); }} {}
    /// Destructors of what the turn holds may call the disk, and one of them may be where it
    /// stands: it is not unwound there, but goes on to where it can be.
    ~turn() {
        ended_ = true;
        if (asked_.what == call::kind::file && fiber_.suspended()) fiber_.resume();
    }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

    /// Runs along `log` and answers what the body asks next. REQUIRES: called once.
    const call& begin(std::vector<std::uint32_t> log) {
        log_ = std::move(log);
        fiber_.resume();
        return asked_;
    }
    /// Answers the last call and runs on to the next. REQUIRES: that call does not end the turn.
    const call& go_on(std::uint32_t answer) {
        log_.push_back(answer);
        fiber_.resume();
        return asked_;
    }

    // From inside, for the stage and the actor.

    std::uint32_t ask(call c) {
        if (ended_) return after_the_end(c);
        c.operation = operation_;
        if (c.what == call::kind::commit) c.carried = carried_;
        if (step_ == calls_max) stop(call::kind::lost, "more than 1024 calls in one turn");
        asked_ = std::move(c);
        if (asked_.is_of_snapshot()) {
            if (asked_.number != last_snapshot_)
                stop(call::kind::lost,
                     "a snapshot was read after another call: read what is "
                     "needed of it at once");
        } else if (asked_.is_step() || asked_.what == call::kind::choose) {
            last_snapshot_ = asked_.what == call::kind::snapshot ? snapshots_++ : no_snapshot;
        }
        asked_.number = 0;  // which snapshot it was makes no difference to what it asks
        while (step_ == log_.size() && !ended_) fiber_.suspend();
        return ended_ ? answer::gone : log_[step_++];
    }
    [[noreturn]] void stop(call::kind how, std::string why) {
        call c;
        c.what = how;
        c.operation = operation_;
        c.key = std::move(why);
        asked_ = std::move(c);
        for (;;) fiber_.suspend();
    }
    [[nodiscard]] std::string_view text(std::uint32_t answer) const { return text_[answer]; }
    [[nodiscard]] std::uint64_t asked_snapshots() const { return snapshots_; }
    void name_operation(std::string_view name) {
        operation_ = name;
        carried_.clear();
    }
    void carry(std::string_view key, std::optional<std::string_view> expected) {
        carried_.emplace_back(key, expected);
    }
    void come_to(std::string answer) { outcome_ = std::move(answer); }

private:
    static constexpr std::uint64_t no_snapshot = ~std::uint64_t{};

    std::uint32_t after_the_end(const call& c) {
        if (c.what == call::kind::file) return answer::gone;
        require(std::uncaught_exceptions() == 0, "a destructor asks for no row");
        for (;;) fiber_.suspend();
    }

    void play(const std::function<void(actor&)>& body) {
        try {
            actor me{*this};
            body(me);
        } catch (const std::exception& e) {
            stop(call::kind::lost, std::string{"an exception: "} + e.what());
        }
        stop(call::kind::done, std::move(outcome_));
    }

    const texts& text_;
    std::vector<std::uint32_t> log_;
    std::size_t step_ = 0;
    std::uint64_t snapshots_ = 0, last_snapshot_ = no_snapshot;
    std::string operation_, outcome_;
    std::vector<std::pair<std::string, std::optional<std::string>>> carried_;
    call asked_;
    bool ended_ = false;  // nobody will answer any more
    fiber fiber_;         // last: it is unwound first
};

}  // namespace casement::check::detail
