#pragma once
// All that each actor could do in a turn, whatever it reads: its code is run along every log of
// answers that the rows' domains allow, and what it would write makes them larger, until nothing is
// new. No two actors are put together: what the others do is that rows change. One thread.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <casement/check/spin.hpp>
#include <casement/check/story.hpp>

#include "call.hpp"
#include "domains.hpp"
#include "script.hpp"
#include "steps.hpp"

namespace casement::check::detail {

/// Whether a row has a value, or has another.
struct test {
    static constexpr std::uint32_t ticks = index::none;  // in place of a row
    std::uint32_t row = 0, value = 0;
    bool equal = true;
    std::string guard = {};  // the guard that it is; "" for what was read
};

/// What a commit does to a row.
struct effect {
    std::uint32_t row = 0;
    std::uint32_t value = 0;              // that it has then
    std::optional<std::uint64_t> bumped;  // or what is added to it
};

/// One way to go on, like `outcome`, for all rows at once for which its tests hold.
struct option {
    std::vector<test> all, any;  // all of these, and one of those where there are any
    std::vector<effect> effects;
    bool surely = false;        // the effects change something
    std::vector<test> changes;  // or they do if any of these holds
    std::vector<test> carried;  // what must be so when they do, by the actor's contract
    std::uint32_t at = 0;       // the node that takes the step, after its choices
    fault struck = fault::none;
    std::uint32_t node = 0;  // where it leads, unless it ends the turn
    bool ends = false;
    std::uint32_t answer = 0;  // what the turn has come to
    std::string broken;        // what the actor says is
    std::string words;

    // What is known of the time after it, see `outline::observe`.
    struct sight {
        std::uint32_t row, value;
        bool equal;
        int since;
    };
    int since = 0, commits = 0;
    std::vector<sight> seen;
};

/// Where an actor waits for its next step.
struct place {
    std::uint32_t node;
    std::string words;
    std::vector<option> options;
};

/// A turn of a body; if its code numbers things, of one actor.
struct flow {
    std::uint32_t body;
    std::optional<std::size_t> actor;
    int turn = 0;               // how many are left, this one included; of one actor's
    std::vector<place> places;  // that of the beginning first
    int commits = 0;            // in one turn, at most
};

class outline {
public:
    outline(const story& of, const model_limits& within);

    [[nodiscard]] result<void> draw();

    [[nodiscard]] const domains& rows() const { return *rows_; }
    [[nodiscard]] const std::vector<flow>& flows() const { return flows_; }
    [[nodiscard]] bool numbers_things(std::uint32_t body) const { return numbered_.contains(body); }
    [[nodiscard]] const texts& text() const { return text_; }
    /// The value is one that the row can have before the story ends.
    [[nodiscard]] bool reached(const domains::value& v) const { return v.since <= commits_max_; }

private:
    void walk(flow& f, std::uint32_t block);
    void from(std::uint32_t node, option o);
    void arrive(std::uint32_t node, option o);
    void commit(std::uint32_t node, const call& c, const option& o);
    void strike(std::uint32_t node, const option& before, const std::optional<option>& done,
                const option& refused);
    void crash(option o);
    /// Calls `then` with each answer that the read can have, and with what that says of the rows.
    template <class Then>
    void answers(const call& c, const option& o, Then then);
    template <class Then>
    void scanned(const std::vector<std::uint32_t>& range, std::size_t at,
                 std::vector<std::pair<std::string, std::string>> rows, const option& o,
                 const Then& then);
    void write(const call& c, option& o);

    [[nodiscard]] bool possible(const option& o, std::uint32_t row, std::uint32_t value) const;
    [[nodiscard]] bool learns(option& o, std::uint32_t row, std::optional<std::uint32_t> value,
                              bool equal, std::string guard = {}) const;
    [[nodiscard]] bool observe(option& o, std::uint32_t row, std::uint32_t value, bool equal) const;
    [[nodiscard]] std::uint32_t row_of(const call& c, std::size_t guard);

    const story& story_;
    const model_limits& limits_;
    texts text_;
    contents contents_;
    script script_;
    worlds worlds_;
    scope scope_ = scope::raw();
    steps steps_;
    std::optional<domains> rows_;
    std::vector<flow> flows_;
    std::set<std::uint32_t> numbered_;  // bodies
    int commits_max_ = 0;               // in the whole story
    std::size_t logs_ = 0;
    place* here_ = nullptr;
    std::string lost_;
    bool too_big_ = false;
};

}  // namespace casement::check::detail
