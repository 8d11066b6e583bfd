#include "progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include <fmt/format.h>

#include "command.hpp"

namespace casement::command {

namespace {

std::string human_seconds(double s) {
    const auto whole = static_cast<std::uint64_t>(s);
    if (whole < 60) return fmt::format("{} s", whole);
    return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

int terminal_columns() {
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

bool progress::on_terminal() { return ::isatty(STDERR_FILENO) == 1; }

progress::progress(std::string doing, const tally& counts, bool wanted)
    : doing_{std::move(doing)}, counts_{counts} {
    if (!wanted || !on_terminal()) return;
    drawer_ = std::thread{[this] {
        const auto begun = std::chrono::steady_clock::now();
        while (!done_) {
            std::this_thread::sleep_for(std::chrono::milliseconds{100});
            draw(std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
        }
        write_to(stderr, "\r\x1b[K");
    }};
}

progress::~progress() {
    done_ = true;
    if (drawer_.joinable()) drawer_.join();
}

void progress::draw(double seconds) const {
    const std::uint64_t files = counts_.files, bytes = counts_.bytes;
    const std::uint64_t files_total = counts_.files_total, bytes_total = counts_.bytes_total;
    std::string line = fmt::format(" {} files, {}, {}/s", files, human_bytes(bytes),
                                   human_bytes(static_cast<std::uint64_t>(
                                       static_cast<double>(bytes) / std::max(seconds, 0.1))));
    if (files_total > 0) {
        // Small files cost by their number and large ones by their bytes: both count for half.
        const double share =
            std::min(1.0, 0.5 * static_cast<double>(files) / static_cast<double>(files_total) +
                              0.5 * static_cast<double>(bytes) /
                                  static_cast<double>(std::max(bytes_total, std::uint64_t{1})));
        if (share > 0.01) line += ", " + human_seconds(seconds / share - seconds) + " left";
        const int room = terminal_columns() - static_cast<int>(line.size() + doing_.size()) - 12;
        const int width = std::clamp(room, 0, 40);
        const int full = static_cast<int>(share * width);
        line = fmt::format(" [{:█<{}}{:░<{}}] {:3.0f}%", "", full, "", width - full, 100 * share) +
               line;
    }
    write_to(stderr, fmt::format("\r{}{}\x1b[K", doing_, line));
    std::fflush(stderr);
}

}  // namespace casement::command
