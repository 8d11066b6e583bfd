#pragma once
// What a mirror remembers of its destination, in the destination: a record of every name that it
// has put there and of what the file system said of it then, and a log of the run that is going on.
// So the next run knows what has changed without reading bytes, also after a kill -9. Both are
// read as they go, in bounded memory. One thread.
//
//     0      4         5
//     +------+---------+-------+-------+-- -
//     | CsmM | version | frame | frame |
//     +------+---------+-------+-------+-- -
//      4 bytes 1 byte=1
//
//     +--------+--------+--------+---------+
//     | length | tag    | fields | CRC-32C |   `length` is that of tag and fields, which the sum
//     +--------+--------+--------+---------+   is of
//      LEB128   1 byte            4 bytes
//
// A record is `placed` ..., `ended`, its paths in order. A log is `begun`, then the rest as it
// happens, with the paths of `placed` and `gone` in order; it ends where a frame is not whole, or
// its path not in order: what a disk shows there is of an older log.

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <casement/core/error.hpp>
#include <casement/core/hash.hpp>
#include <casement/tree/rows.hpp>

#include "disk.hpp"

namespace casement::command::mirrored {

// Tags and kinds are on disk: never change one.

/// A name, and what it stands for.
struct placed {
    static constexpr std::uint8_t tag = 1;
    static constexpr std::uint8_t file = 1, directory = 2, link = 3;

    std::string path;  // below the destination; "" is the destination itself
    std::uint8_t kind = 0;
    digest content{};    // of a file its object's id, of a link the SHA-256 of its target
    tree::facts wanted;  // what the store says of it
    tree::facts shown;   // what the destination said of it, once it had that
    bool sure = true;    // else it is this, or what was there before: `shown` is of that one

    bool operator==(const placed&) const = default;
};

/// From here on the name may be this one.
struct touched {
    static constexpr std::uint8_t tag = 2;
    placed what;
};

/// The name is no longer ours.
struct gone {
    static constexpr std::uint8_t tag = 3;
    std::string path;
};

/// Of a log: which record it goes on from, and since which start of the machine.
struct begun {
    static constexpr std::uint8_t tag = 4;
    std::uint64_t record = 0;
    std::string boot;
};

/// What was placed by this run may not be on the disk: a sync has failed.
struct doubted {
    static constexpr std::uint8_t tag = 5;
};

/// Of a record, at its end: how many names, and the sum of all frames before.
struct ended {
    static constexpr std::uint8_t tag = 6;
    std::uint64_t names = 0, sum = 0;
};

using frame = std::variant<placed, touched, gone, begun, doubted, ended>;

inline constexpr std::string_view record_name = ".casement-mirror";
inline constexpr std::string_view log_name = ".casement-mirror.log";
inline constexpr std::string_view lock_name = ".casement-mirror.lock";

/// Is this a name of ours in the destination? Also where it makes no difference between upper and
/// lower case.
[[nodiscard]] bool is_own(std::string_view name, bool at_top);
/// Is it one that a file has while it is written? What no run holds is a leftover.
[[nodiscard]] bool is_unfinished(std::string_view name);
/// The next such name.
[[nodiscard]] std::string unfinished_name();

/// The order of paths: name by name and byte by byte, and a directory after all that is in it.
[[nodiscard]] std::strong_ordering in_order(std::string_view a, std::string_view b);
[[nodiscard]] bool is_below(std::string_view path, std::string_view directory);

/// The first bytes of both.
[[nodiscard]] std::string begin_frames();
void append_frame(std::string& out, const frame& f);
/// The sum of a record's frames, from that of all before and the next one.
[[nodiscard]] std::uint64_t sum_with(std::uint64_t before, const frame& f);

/// Frames as they come from a file, a piece at a time.
class frame_source {
public:
    /// `not_found`, `newer_format`, `corrupt`.
    [[nodiscard]] static result<frame_source> open(const open_directory& at, std::string_view name);

    /// Nothing at the end; `corrupt` where a frame is not whole.
    [[nodiscard]] result<std::optional<frame>> next();

private:
    frame_source(descriptor file, std::string path)
        : file_{std::move(file)}, path_{std::move(path)} {}
    result<std::size_t> fill(std::size_t wanted);
    [[nodiscard]] std::unexpected<error> corrupt(const char* what) const;

    descriptor file_;
    std::string path_;
    std::string bytes_;  // read, and not yet taken from `at_` on
    std::size_t at_ = 0;
    std::uint64_t offset_ = 0;  // in the file, of the end of `bytes_`
};

/// The names of a record, to its end, which proves it whole.
class record_source {
public:
    [[nodiscard]] static result<record_source> open(const open_directory& at);

    [[nodiscard]] result<std::optional<placed>> next();
    /// Of all the frames; once `next` has answered nothing.
    [[nodiscard]] std::uint64_t sum() const { return sum_; }

private:
    explicit record_source(frame_source frames) : frames_{std::move(frames)} {}

    frame_source frames_;
    std::uint64_t names_ = 0, sum_ = 0;
    std::optional<std::string> last_;
};

/// The frames of a log, to where it ends.
class log_source {
public:
    [[nodiscard]] static result<log_source> open(const open_directory& at);

    [[nodiscard]] std::optional<frame> next();

private:
    explicit log_source(frame_source frames) : frames_{std::move(frames)} {}

    std::optional<frame_source> frames_;
    std::optional<std::string> last_;
};

/// All names that are known to be ours, in order: those of the record, changed by a log.
class known_names {
public:
    /// None at all.
    known_names() = default;

    /// The one that it stands on, or null at the end.
    [[nodiscard]] const placed* now() const { return now_ ? &*now_ : nullptr; }
    [[nodiscard]] result<void> next();

private:
    friend class memory;
    result<void> next_of_record();
    void next_of_log();

    std::optional<record_source> record_;
    std::optional<log_source> log_;
    bool log_is_sure_ = true;
    std::vector<placed> unsure_;  // touched, and the log says no more; the last is the next
    std::optional<placed> of_record_, now_;
    std::optional<frame> of_log_;
};

/// What the runs before have left in a destination.
class memory {
public:
    /// Of a destination where no run has been.
    memory() = default;
    /// Reads all of it once; `corrupt` and `newer_format` of a record. Where one `is_due`, it may
    /// take a moment to be seen.
    [[nodiscard]] static result<memory> read(std::shared_ptr<open_directory> at, bool is_due);

    [[nodiscard]] bool is_empty() const { return !record_ && !log_counts_; }
    /// Was a run cut short, or is one going on?
    [[nodiscard]] bool has_log() const { return log_counts_; }
    /// The sum of the record, 0 where there is none.
    [[nodiscard]] std::uint64_t record() const { return record_.value_or(0); }

    [[nodiscard]] result<known_names> names() const;

    /// Writes all of it as one record, durably, in the place of the old one, and takes the log
    /// away.
    [[nodiscard]] result<void> settle() const;

private:
    result<void> read_log();

    std::shared_ptr<open_directory> at_;
    std::optional<std::uint64_t> record_;
    bool log_counts_ = false, log_is_sure_ = true;
    std::vector<placed> unsure_;
};

/// Which start of the machine this is; "" where nobody says.
[[nodiscard]] std::string this_boot();

}  // namespace casement::command::mirrored
