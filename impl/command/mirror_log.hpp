#pragma once
// Writes the log of a mirror's run while many threads work: what is about to be touched is written
// before it is, and what came of it in the order of the names, whoever is done first. Nothing is
// written, not even an empty file, while nothing has changed. Any thread.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <casement/core/error.hpp>

#include "disk.hpp"
#include "mirror_record.hpp"

namespace casement::command::mirrored {

class run_log {
public:
    /// Goes on from the record of this sum. A `durable` one outlives a loss of power; one of
    /// nowhere forgets.
    run_log(std::shared_ptr<open_directory> at, std::uint64_t record, bool durable)
        : at_{std::move(at)}, record_{record}, durable_{durable} {}

    /// A name's turn in the order: what came of it is told once, or never.
    class turn {
    public:
        turn(run_log& of, std::uint64_t number) : of_{of}, number_{number} {}
        turn(const turn&) = delete;
        turn& operator=(const turn&) = delete;
        ~turn() { of_.resolve(number_, std::move(told_)); }
        void tell(frame f) { told_ = std::move(f); }

    private:
        run_log& of_;
        const std::uint64_t number_;
        std::optional<frame> told_;
    };

    /// The next turn; waits where too many are not over.
    [[nodiscard]] std::shared_ptr<turn> take_turn();

    /// Written when it returns; and synced, where that `matters` and the log is durable.
    [[nodiscard]] result<void> touch(placed what, bool matters = true);
    /// What the run has placed may not be on the disk.
    [[nodiscard]] result<void> doubt();

    /// Is there anything to tell?
    [[nodiscard]] bool has_begun();
    /// The first failure to write it, after which it takes no more.
    [[nodiscard]] result<void> status();
    /// Writes what is left. Is there a log at all? REQUIRES: every turn is over
    [[nodiscard]] result<bool> close();

private:
    struct slot {
        bool over = false;
        std::optional<frame> told;
    };

    void resolve(std::uint64_t number, std::optional<frame> told);
    void append(const frame& f);
    result<void> write_out();
    result<void> create();
    result<void> sync_to(std::uint64_t end);

    const std::shared_ptr<open_directory> at_;
    const std::uint64_t record_;
    const bool durable_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<slot> turns_;
    std::uint64_t first_ = 0;  // number of the front of `turns_`
    std::string waiting_;      // to be written
    std::uint64_t written_ = 0, synced_ = 0;
    bool syncing_ = false;
    result<void> failure_;
    descriptor file_{-1};
};

}  // namespace casement::command::mirrored
