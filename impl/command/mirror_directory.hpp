#pragma once
// A directory of a mirror's destination while its names are settled: what it had before, and which
// name stands for what, where the destination takes two names for one. The walk fills it in; from
// then on, any thread. It is over when the last who works in it lets go of it.

#include <sys/stat.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <casement/tree/rows.hpp>

#include "mirror_log.hpp"
#include "mirror_names.hpp"
#include "mirror_record.hpp"

namespace casement::command::mirrored {

/// In memory it has the names that were there before, and 50 bytes for each name that is met in it.
class filled_directory {
public:
    /// `over` is called at its end, before the directory that it lies in may end.
    filled_directory(std::shared_ptr<filled_directory> above, std::string its_path,
                     const tree::facts& about, std::function<void(filled_directory&)> over)
        : in{std::move(above)}, path{std::move(its_path)}, wanted{about}, over_{std::move(over)} {}
    filled_directory(const filled_directory&) = delete;
    filled_directory& operator=(const filled_directory&) = delete;
    ~filled_directory() { over_(*this); }

    /// Something in it is about to change. REQUIRES: `at`
    void open_up();

    /// Is this what another name of the store stands for here? If not, it is what this one does.
    bool is_alias(const std::string& name, bool is_listed, const struct stat& there);
    /// Held until a claimed name is there: who meets the claim waits for that.
    using naming = std::shared_lock<std::shared_mutex>;
    /// From now on this is what the name stands for.
    [[nodiscard]] naming claim(const std::string& name, bool is_listed, const struct stat& there);
    /// It does not, after all.
    void disclaim(const std::string& name, const struct stat& there);
    /// Is it what a name stands for that the destination lists under another spelling?
    [[nodiscard]] bool is_spelled_otherwise(const struct stat& there);
    /// How the destination lists what it finds under a name that it does not list; "" if not at
    /// all.
    [[nodiscard]] std::string spelling_of(const struct stat& there);

    const std::shared_ptr<filled_directory> in;
    const std::string path;  // below the destination
    const tree::facts wanted;

    directory_ptr at;                    // null in a dry run where there is none
    std::optional<struct stat> found;    // as it was; nothing where it was made now
    bool is_shut = false;                // to its owner: it is open until we are done
    std::vector<std::string> listed;     // in order
    std::size_t passed_by = 0;           // so many of them
    std::vector<std::string> strangers;  // of those: no names of the store
    std::set<std::string> spared;        // of those: told before
    std::optional<placed> known;
    std::shared_ptr<run_log::turn> its_turn;  // once the walk has left it
    std::atomic<bool> changed = false;

private:
    struct owner {
        std::uint64_t name;  // its checksum
        bool is_listed;
    };
    [[nodiscard]] bool lists_both(const std::string& name, std::uint64_t other);

    std::function<void(filled_directory&)> over_;
    std::once_flag opened_up_, spelled_;
    std::shared_mutex naming_;  // taken before `mutex_`
    std::mutex mutex_;
    std::unordered_map<std::uint64_t, owner> owners_;  // of a file, by its number
    std::unordered_map<std::uint64_t, std::string> spellings_;
};

}  // namespace casement::command::mirrored
