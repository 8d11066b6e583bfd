// Every state that a loss of power may leave of a recorded disk: each is made into a real directory
// and opened as a store. What was promised is there, whatever was not synced; all that any row
// names is there and whole; and the store goes on.
//
//     crash_states LOG SCRATCH strict|ordered|sized|none FIRST EVERY AT_MOST [FORGETS [PROGRAM]]
//
// With a PROGRAM, that judges the directory, which it is given, and what it says is wrong.
//
// The FIRST moments are looked at, and then every EVERY-th, and of each AT_MOST states. FORGETS: a
// disk that says of each `sync` or `sync_directory` that it was done, and does nothing; such a disk
// loses what was promised, or this finds nothing at all. Answers 0 if nothing is lost, 1 if
// something is.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <casement/check/simulated_files.hpp>
#include <casement/core/hash.hpp>

#include "crash/promises.hpp"
#include "crash/record.hpp"

namespace casement::testing {
namespace {

namespace fs = std::filesystem;
using check::file_call, check::simulated_disk;

void write_out(check::simulated_files<check::shared_disk_calls>& from, const std::string& path,
               const fs::path& to) {
    const auto names = from.list(path);
    if (!names) std::abort();
    for (const auto& name : *names) {
        const auto below = path == "/" ? "/" + name : path + "/" + name;
        const auto what = *from.look(below);
        if (what.kind == blob::entry_kind::directory) {
            fs::create_directory(to / name);
            write_out(from, below, to / name);
            continue;
        }
        std::string bytes(what.size, '\0');
        auto file = from.open(below);
        if (!file || file->read_at(0, bytes) != bytes.size()) std::abort();
        std::ofstream{to / name, std::ios::binary} << bytes;
    }
}

class judge {
public:
    judge(fs::path scratch, std::string program)
        : scratch_{std::move(scratch)}, program_{std::move(program)} {}

    /// What is wrong with a disk that is left so, or "".
    [[nodiscard]] std::string complaint(const simulated_disk& left, const promises& told) {
        fs::remove_all(scratch_);
        fs::create_directories(scratch_);
        check::simulated_files from{check::shared_disk_calls{left}};
        write_out(from, "/", scratch_);
        return program_.empty() ? complaint_of((scratch_ / "store").string(), told)
                                : of_the_program();
    }

private:
    [[nodiscard]] std::string of_the_program() const {
        const auto command = program_ + " '" + scratch_.string() + "' 2>&1";
        std::FILE* out = ::popen(command.c_str(), "r");
        if (out == nullptr) return "it cannot be judged";
        std::string said;
        for (int c = std::fgetc(out); c != EOF; c = std::fgetc(out))
            said += c == '\n' ? ' ' : static_cast<char>(c);
        return ::pclose(out) == 0 ? "" : "judged: " + said;
    }

    fs::path scratch_;
    std::string program_;
};

/// The disk as it was written, call by call.
class recorded_disk {
public:
    recorded_disk(std::uint8_t leaves, std::string_view forgets)
        : disk_{{.leaves = leaves, .punches = true}},
          forgets_sync_{forgets == "sync"},
          forgets_names_{forgets == "sync_directory"} {}

    void apply(file_call c) {
        if (c.what == file_call::sync && forgets_sync_) return;
        if (c.what == file_call::sync_directory && forgets_names_) return;
        const bool by_number = c.what == file_call::write || c.what == file_call::sync;
        const auto number = c.file;
        if (by_number) c.file = files_.at(number);
        const auto a = disk_.perform(c);
        if (a.code != 0) {
            std::fprintf(stderr, "the disk does not do as it is told: call %d of %s: %d\n", c.what,
                         c.path.c_str(), a.code);
            std::exit(2);
        }
        if (c.what == file_call::create || c.what == file_call::open) files_[number] = a.number;
    }
    [[nodiscard]] std::vector<simulated_disk> left(std::size_t at_most, std::size_t seed) const {
        return disk_.some_after_power_loss(at_most, seed);
    }

private:
    simulated_disk disk_;
    bool forgets_sync_, forgets_names_;
    std::map<std::uint64_t, std::uint64_t> files_;
};

/// The moments at which most may be lost, or most was promised: before each sync, and after a
/// promise was kept. What is lost in between is lost then, too.
[[nodiscard]] bool is_a_moment(const crash_record& next) {
    return next.what == crash_record::kept || next.call.what == file_call::sync ||
           next.call.what == file_call::sync_directory;
}

/// Losses that are told; what is lost by then is lost.
constexpr std::size_t enough = 10;

int run(const std::vector<std::string>& words) {
    const std::map<std::string, std::uint8_t> journals{{"strict", check::journal::strict},
                                                       {"ordered", check::journal::ordered},
                                                       {"sized", check::journal::sized},
                                                       {"none", check::journal::none}};
    const auto first = std::stoul(words[3]), every = std::stoul(words[4]);
    const auto at_most = std::stoul(words[5]);
    recorded_disk disk{journals.at(words[2]), words.size() > 6 ? words[6] : ""};
    judge by{words[1], words.size() > 7 ? words[7] : ""};
    promises told;
    std::set<std::string> seen;
    std::size_t moments = 0, states = 0, bad = 0;
    const auto look = [&] {
        if (++moments > first && moments % every != 0) return;
        for (const auto& left : disk.left(at_most, moments)) {
            if (bad == enough) return;
            const auto what = sha256_of(left.encoded() + std::to_string(told.version()));
            if (!seen.insert(to_hex(what)).second) continue;
            ++states;
            const auto why = by.complaint(left, told);
            if (why.empty()) continue;
            ++bad;
            std::cout << "moment " << moments << ", state " << states << ": " << why << std::endl;
        }
    };
    for (const auto& r : records_in(words[0])) {
        if (r.what == crash_record::called) {
            if (is_a_moment(r)) look();
            disk.apply(r.call);
        } else {
            told.note(r);
            if (is_a_moment(r)) look();
        }
    }
    look();
    std::cout << words[2] << ": " << moments << " moments, " << states << " states, " << bad
              << " of them lose something" << std::endl;
    return bad == 0 ? 0 : 1;
}

}  // namespace
}  // namespace casement::testing

int main(int count, char** words) {
    const std::vector<std::string> given{words + 1, words + count};
    if (given.size() < 6) return std::fputs("usage: see the head of crash_states.cpp\n", stderr), 2;
    return casement::testing::run(given);
}
