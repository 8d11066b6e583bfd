#pragma once
// What the two passes of a mirror share: first what the store has no more is taken away, which
// makes room, and frees names; then what has changed is placed. Counts and tells from any thread.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include <casement/core/error.hpp>
#include <casement/vault.hpp>

#include "command.hpp"
#include "counts.hpp"
#include "disk.hpp"
#include "mirror_names.hpp"
#include "mirror_record.hpp"
#include "progress.hpp"

namespace casement::command {

struct mirror_options {
    std::string store, destination, path = "/";
    std::string durable = "power";
    unsigned jobs = 0;
    bool adopt = false, remove_foreign = false, verify = false, dry_run = false;

    /// May what no mirror has put there be replaced?
    [[nodiscard]] bool takes_over() const { return adopt || remove_foreign; }
};

/// `directories`, `files` and `links` were made, `bytes` written.
struct mirror_counts : counts {
    std::atomic<std::uint64_t> compared = 0;  // files whose bytes were read at the destination
    std::atomic<std::uint64_t> repaired = 0;  // of them: had other bytes than were written
    std::atomic<std::uint64_t> facts = 0;     // of these names, mode or mtime alone were set
    std::atomic<std::uint64_t> removed = 0, unchanged = 0, foreign = 0;
};

class mirror_run {
public:
    mirror_run(vault& v, const mirror_options& o, bool as_json)
        : store{v}, how{o}, as_json_{as_json} {}

    vault& store;
    const mirror_options& how;
    mirrored::directory_ptr top;  // null in a dry run where there is none
    mirror_counts n;
    tally moved;
    /// Directories that the store has no more and that hold what is foreign. Of the first pass.
    std::set<std::string> remaining;

    /// "foreign 'a/b'": what people and programs are to know of one name.
    void tell(const std::string& what, const std::string& path);
    /// In a dry run, what would be done.
    void would(const std::string& what, const std::string& path);

    /// What is wrong with one name is told, and the rest goes on; but a full disk ends it all.
    [[nodiscard]] result<void> pass_over(const error& e);

    /// Some file systems have modes and times of their own: told once, and no failure.
    [[nodiscard]] result<void> unless_refused(int why, const std::string& path);

private:
    const bool as_json_;
    std::atomic<bool> refusal_told_ = false;
    std::mutex output_;
};

/// `placed::file`, `directory`, `link`, or 0 for what no store holds.
[[nodiscard]] std::uint8_t kind_of(const struct stat& s);

/// Is a name what a mirror has put there, and has nobody changed it since?
[[nodiscard]] bool is_as_placed(const mirrored::placed& p, const open_directory& in,
                                const std::string& name, const struct stat& there);

/// The link that an entry is, or null.
[[nodiscard]] inline const protocol::dentry::symlink* link_in(const tree::entry& e) {
    return std::get_if<protocol::dentry::symlink>(&e.target);
}

/// As asked to.
[[nodiscard]] inline std::unexpected<error> mirror_stopped(const mirror_run& run) {
    return fail(errc::cancelled, "mirror", run.how.destination,
                "stopped; another run goes on from here");
}

/// "a/b" is "b" in "a".
[[nodiscard]] std::pair<std::string, std::string> parent_and_name(const std::string& path);

/// The first pass: removes what is known and what the store has no more, or of another kind, unless
/// somebody has changed it. Counts what there is to do.
[[nodiscard]] result<void> prune_mirror(mirror_run& run, mirrored::known_names known,
                                        const tree::entry& from);

/// The second pass. `is_new`: the destination was made for it. True if anything was changed, and
/// the log has it.
[[nodiscard]] result<bool> fill_mirror(mirror_run& run, const mirrored::memory& before,
                                       const tree::entry& from, bool is_new);

}  // namespace casement::command
