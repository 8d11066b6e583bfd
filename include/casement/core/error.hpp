#pragma once
// Errors as values: one code for each way a caller can react, and the whole chain of causes.
// A value type; safe to copy and to read from any thread. Never thrown.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace casement {

/// One code for each way a caller can react (SPEC W7, DESIGN D13). `unknown_outcome` is the only
/// code after which the change may have happened; after every other code it did not.
enum class errc : std::uint8_t {
    conflict = 1,     // a guard did not hold: read again and decide again
    exists,           // the name is taken
    not_found,        // no such name, row, object or file
    not_empty,        // the directory still has entries
    not_a_directory,  // a path component is no directory
    is_a_directory,   // a file was needed
    illegal,          // the protocol has no such transition
    bad_name,         // a name that no directory can hold
    too_deep,         // deeper than the depth limit
    loop,             // symbolic links lead in circles, or a directory would hold itself
    too_big,          // beyond a stated limit: split it
    fenced,           // a newer lease was granted, or this one was revoked
    read_only,        // the store or the directory takes no writes
    need_pull,        // the bytes are elsewhere: fetch them, then ask again
    corrupt,          // the stored bytes are not what was written
    newer_format,     // written by a later version of Casement
    in_use,           // another process has the store open, or another writer the file
    no_space,         // the disk or the quota is full
    io,               // the system refused, and nothing was changed
    unsupported,      // this engine or file system cannot do it
    cancelled,        // the caller asked to stop
    unknown_outcome,  // the change may or may not have been made
    outcome_expired,  // the record of the outcome is past its retention
};

/// The code's name as written above, for people and for JSON.
[[nodiscard]] constexpr std::string_view name_of(errc code) {
    switch (code) {
        case errc::conflict: return "conflict";
        case errc::exists: return "exists";
        case errc::not_found: return "not_found";
        case errc::not_empty: return "not_empty";
        case errc::not_a_directory: return "not_a_directory";
        case errc::is_a_directory: return "is_a_directory";
        case errc::illegal: return "illegal";
        case errc::bad_name: return "bad_name";
        case errc::too_deep: return "too_deep";
        case errc::loop: return "loop";
        case errc::too_big: return "too_big";
        case errc::fenced: return "fenced";
        case errc::read_only: return "read_only";
        case errc::need_pull: return "need_pull";
        case errc::corrupt: return "corrupt";
        case errc::newer_format: return "newer_format";
        case errc::in_use: return "in_use";
        case errc::no_space: return "no_space";
        case errc::io: return "io";
        case errc::unsupported: return "unsupported";
        case errc::cancelled: return "cancelled";
        case errc::unknown_outcome: return "unknown_outcome";
        case errc::outcome_expired: return "outcome_expired";
    }
    std::unreachable();
}

/// One link of the chain: what was tried, on what, and how it failed.
struct cause {
    std::string operation;  // what was tried: "open", "read row", "import"
    std::string subject;    // on what: a path, a key, a name; printable
    std::string detail;     // what is wrong, in words; may be empty
    int system = 0;         // errno, or 0 where the system had no part in it

    bool operator==(const cause&) const = default;
};

/// A code and its causes, the outermost operation first.
class error {
public:
    error(errc code, cause root) : code_{code} { causes_.push_back(std::move(root)); }
    error(errc code, std::string operation, std::string subject, std::string detail = {})
        : error{code, cause{std::move(operation), std::move(subject), std::move(detail), 0}} {}

    [[nodiscard]] errc code() const { return code_; }

    /// Outermost first; never empty.
    [[nodiscard]] const std::vector<cause>& causes() const { return causes_; }

    /// The innermost errno, or 0.
    [[nodiscard]] int system() const { return causes_.back().system; }

    /// The same error, seen from the operation around it.
    [[nodiscard]] error within(std::string operation, std::string subject) && {
        causes_.insert(causes_.begin(), cause{std::move(operation), std::move(subject), {}, 0});
        return std::move(*this);
    }

    /// The same causes under another code, where the caller must react differently.
    [[nodiscard]] error as(errc code) && {
        code_ = code;
        return std::move(*this);
    }

    /// "import '/src': open '/src/x': Permission denied (EACCES)". One line; bytes that are not
    /// printable are escaped.
    [[nodiscard]] std::string message() const;

    bool operator==(const error&) const = default;

private:
    errc code_;
    std::vector<cause> causes_;
};

/// A value, or why there is none. Nothing in this library throws for what a caller can react to.
template <class T>
using result = std::expected<T, error>;

/// `return fail(errc::not_found, "look up", name);`
[[nodiscard]] inline std::unexpected<error> fail(errc code, std::string operation,
                                                 std::string subject, std::string detail = {}) {
    return std::unexpected{
        error{code, std::move(operation), std::move(subject), std::move(detail)}};
}

/// A failure of the operating system: the code follows from `number` (ENOSPC, ENOENT, EROFS, ...).
[[nodiscard]] error system_error(int number, std::string operation, std::string subject);

/// `return fail_system(errno, "open", path);`
[[nodiscard]] inline std::unexpected<error> fail_system(int number, std::string operation,
                                                        std::string subject) {
    return std::unexpected{system_error(number, std::move(operation), std::move(subject))};
}

/// Pass an error up, named by the operation around it: `return within(std::move(r), "put", path);`
template <class T>
[[nodiscard]] std::unexpected<error> within(result<T>&& failed, std::string operation,
                                            std::string subject) {
    return std::unexpected{
        std::move(failed).error().within(std::move(operation), std::move(subject))};
}

/// Pass an error up as it is: `if (!r) return passed(r);`
template <class T>
[[nodiscard]] std::unexpected<error> passed(result<T>& failed) {
    return std::unexpected{std::move(failed).error()};
}

/// Bytes as people can read them: printable ASCII as it is, the rest as `\n`, `\t`, `\\` or `\xNN`.
/// Valid UTF-8 passes unchanged. Two different inputs never print alike.
[[nodiscard]] std::string printable(std::string_view bytes);

}  // namespace casement
