// What people type, and what a mirror has left in a directory that is not ours. An input is a part
// and the bytes: c, a command line, its words ended by NUL; t, a token of `explore --replay`; m, a
// line of the mount table; r, a mirror's record; l, a record's length in two bytes, the record, and
// the log of a run. Records and logs are tried as they are, and with their sums put right: nothing
// is guessed that is 32 bits long.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

#include <casement/check/explore.hpp>
#include <casement/core/codec.hpp>

#include "command.hpp"
#include "command_line.hpp"
#include "mirror_record.hpp"
#include "probe.hpp"
#include "schedules.hpp"
#include "target.hpp"

namespace under_test {
namespace {

/// Planted: orders paths by their bytes, as if "a/b" did not belong to what comes before "a.b".
std::strong_ordering in_order(std::string_view a, std::string_view b) {
    return casement::fuzz::planted() ? a <=> b : casement::command::mirrored::in_order(a, b);
}

}  // namespace
}  // namespace under_test

namespace casement::fuzz {
namespace {

using namespace casement::command;
namespace fs = std::filesystem;

std::vector<std::string> words_in(std::string_view bytes) {
    std::vector<std::string> words;
    while (!bytes.empty()) {
        const auto end = std::min(bytes.find('\0'), bytes.size());
        words.emplace_back(bytes.substr(0, end));
        bytes.remove_prefix(std::min(end + 1, bytes.size()));
    }
    return words;
}

bool is_harmless(std::string_view text) {
    return std::ranges::all_of(
        text, [](unsigned char c) { return (c >= 0x20 && c != 0x7f) || c == '\n'; });
}

void command_line_laws(std::string_view bytes) {
    const command_line asked{words_in(bytes)};
    saw("command line", static_cast<bool>(asked.run()));
    if (asked.run()) {
        require(asked.out().empty() && asked.err().empty(), "what is to be run is not answered");
        ++accepted;
        return;
    }
    require(asked.code() == exit_ok || asked.code() == exit_usage, "a line is help or is misused");
    accepted += asked.code() == exit_ok;
    require(!asked.out().empty() || !asked.err().empty(), "a line is run or is answered");
    require(asked.err().empty() == (asked.code() == exit_ok), "who misuses it is told so");
    require(is_harmless(asked.out()) && is_harmless(asked.err()), "no word steers a terminal");
}

void token_laws(std::string_view token) {
    static const auto tale = story_named("late-writer");
    const auto without = check::left_out_of(token);
    if (!without) require(!without.error().message().empty(), "a refusal has a message");
    const auto again = check::replay(tale, token);
    saw("token", again.has_value());
    if (!again) return require(!again.error().message().empty(), "a refusal has a message");
    require(without.has_value(), "what can be replayed says what it leaves out");
    ++accepted;
}

void mount_laws(std::string_view line) {
    const auto mount = probe::parse_mount(std::string{line});
    saw("mount", mount.has_value());
    if (!mount) return;
    require(!probe::kind_of(*mount).empty(), "a mount is of some kind");
    ++accepted;
}

// --- what a mirror remembers ---------------------------------------------------------------------

/// A directory that a mirror has been in, for as long as the process lives.
class destination {
public:
    destination()
        : path_{fs::temp_directory_path() / ("casement-fuzz-" + std::to_string(::getpid()))} {
        fs::create_directories(path_);
        at_ = *open_directory::open(path_.string());
    }
    destination(const destination&) = delete;
    destination& operator=(const destination&) = delete;
    ~destination() { fs::remove_all(path_); }

    void put(std::string_view name, std::string_view bytes) const {
        std::ofstream out{path_ / name, std::ios::binary | std::ios::trunc};
        out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        require(out.flush().good(), "a file of the destination is written");
    }
    void clear() const {
        fs::remove(path_ / mirrored::record_name);
        fs::remove(path_ / mirrored::log_name);
    }
    [[nodiscard]] const std::shared_ptr<open_directory>& at() const { return at_; }

private:
    fs::path path_;
    std::shared_ptr<open_directory> at_;
};

struct sound_frames {
    std::string bytes = mirrored::begin_frames();
    mirrored::ended end;  // of a record
};

/// The frames that stand in the bytes, each with the sum that it should have, up to what is none; a
/// log goes on from that record.
sound_frames put_right(std::string_view bytes, std::uint64_t record = 0) {
    sound_frames out;
    reader in{bytes.substr(std::min(bytes.size(), out.bytes.size()))};
    for (std::uint64_t length = 0; in.varint(length) && length + 4 <= in.rest().size();) {
        auto f = decode<mirrored::frame>(in.rest().substr(0, length));
        in = reader{in.rest().substr(length + 4)};
        if (!f) break;
        if (std::holds_alternative<mirrored::placed>(*f)) {
            ++out.end.names;
            out.end.sum = mirrored::sum_with(out.end.sum, *f);
        }
        if (std::holds_alternative<mirrored::ended>(*f)) f = out.end;
        if (auto* log = std::get_if<mirrored::begun>(&*f)) log->record = record;
        mirrored::append_frame(out.bytes, *f);
    }
    return out;
}

/// Frame by frame to the first that is not whole: each is written as it was read.
void frames_laws(const destination& in, std::string_view bytes) {
    auto frames = mirrored::frame_source::open(*in.at(), mirrored::record_name);
    if (!frames) return refused_as_written(frames.error());
    std::string again = mirrored::begin_frames();
    for (;;) {
        const auto next = frames->next();
        saw("frame", next.has_value());
        if (!next) return refused_as_written(next.error());
        if (!*next) break;
        mirrored::append_frame(again, **next);
        require(bytes.starts_with(again), "one value, one encoding");
    }
    canonical(again, bytes);
}

std::vector<std::string> names_of(const mirrored::memory& of) {
    std::vector<std::string> all;
    auto names = of.names();
    require(names.has_value(), "what was read whole can be read again");
    for (; names->now() != nullptr;) {
        require(all.empty() || under_test::in_order(all.back(), names->now()->path) < 0,
                "names come in order, each once");
        all.push_back(names->now()->path);
        require(names->next().has_value(), "what was read whole can be read again");
    }
    return all;
}

/// What is remembered is the same once it is settled: one record, and no log.
void memory_laws(const destination& in) {
    auto before = mirrored::memory::read(in.at(), false);
    saw("memory", before.has_value());
    if (!before) return refused_as_written(before.error());
    saw(before->has_log() ? "a run that was cut short" : "no run that was cut short");
    const auto names = names_of(*before);
    if (!before->has_log()) return;
    require(before->settle().has_value(), "what is remembered can be settled");
    auto after = mirrored::memory::read(in.at(), false);
    require(after.has_value() && !after->has_log(), "what was settled is a record alone");
    require(names_of(*after) == names, "settling changes nothing that is remembered");
    ++accepted;
}

void mirror_laws(char part, input in) {
    static const destination here;
    here.clear();
    if (part == 'r') {
        for (const auto& record : {std::string{in.rest()}, put_right(in.rest()).bytes}) {
            here.put(mirrored::record_name, record);
            frames_laws(here, record);
        }
        return;
    }
    const auto record = in.take(in.word());
    if (!record.empty()) here.put(mirrored::record_name, record);
    here.put(mirrored::log_name, in.rest());
    memory_laws(here);

    here.clear();
    const auto sound = put_right(record);
    if (!record.empty()) here.put(mirrored::record_name, sound.bytes);
    here.put(mirrored::log_name, put_right(in.rest(), sound.end.sum).bytes);
    memory_laws(here);
}

}  // namespace

std::set<std::string> reachable() {
    auto all = either_way({"command line", "token", "mount", "frame", "memory"});
    all.merge(std::set<std::string>{"a run that was cut short", "no run that was cut short"});
    return all;
}

}  // namespace casement::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace casement::fuzz;
    input in{data, size};
    switch (const char part = static_cast<char>(in.byte()); part) {
        case 'c': command_line_laws(in.rest()); break;
        case 't': token_laws(in.rest()); break;
        case 'm': mount_laws(in.rest()); break;
        case 'r':
        case 'l': mirror_laws(part, in); break;
    }
    return 0;
}
