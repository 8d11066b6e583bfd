#pragma once
// A progress bar with rate and time left, on a terminal; nothing in a pipe. Workers count from any
// thread; the bar draws itself ten times a second and is gone when it is destroyed.

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace casement::command {

/// What is done and what there is to do; unknown totals are 0.
struct tally {
    std::atomic<std::uint64_t> files = 0, bytes = 0;
    std::atomic<std::uint64_t> files_total = 0, bytes_total = 0;
};

class progress {
public:
    /// `doing` names the work: "import". Draws only if standard error is a terminal and `wanted`.
    progress(std::string doing, const tally& counts, bool wanted);
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;
    ~progress();

    [[nodiscard]] static bool on_terminal();

private:
    void draw(double seconds) const;

    const std::string doing_;
    const tally& counts_;
    std::atomic<bool> done_ = false;
    std::thread drawer_;
};

}  // namespace casement::command
