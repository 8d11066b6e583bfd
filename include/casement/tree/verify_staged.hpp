#pragma once
// The staging files of a store held against the rows that name them: what a file has is there and
// can be read, and nothing else is there (SPEC W4, W6). Their bytes have no hash yet. Reads only;
// one thread.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <variant>

#include <casement/blob/staging_files.hpp>
#include <casement/core/error.hpp>
#include <casement/machine/machine.hpp>
#include <casement/protocol/file.hpp>
#include <casement/protocol/ids.hpp>
#include <casement/tree/leases.hpp>

namespace casement::tree {

/// `check` it with the row of every file, then `check_rest`.
template <blob::file_system FS>
class staged_verifier {
public:
    /// `read` hears of bytes as they are read. REQUIRES: `files` outlives this
    staged_verifier(blob::staging_files<FS>& files, std::function<void(std::uint64_t bytes)> read)
        : files_{files}, read_{std::move(read)} {}

    /// Takes note of what a file names. `corrupt` if that is not there or cannot be read; what is
    /// being written is opened, and not read.
    [[nodiscard]] result<void> check(const state<protocol::file>& now) {
        const auto id = staging_of(now);
        if (!id || *id == protocol::staging_id{}) return {};
        named_.insert(*id);
        auto bytes = files_.read(*id);
        result<void> all;
        if (!bytes)
            all = passed(bytes);
        else if (!std::holds_alternative<protocol::file::working>(now))
            all = bytes->for_each_piece([&](std::string_view piece) -> result<void> {
                read_(piece.size());
                return {};
            });
        if (!all) return std::unexpected{std::move(all).error().as(errc::corrupt)};
        return {};
    }

    /// Calls `complain(error)` for each file that none of those checked names, and that nobody in
    /// this process has open.
    template <class Complain>
    void check_rest(const Complain& complain) {
        auto listed = files_.list();
        if (!listed) return complain(std::move(listed).error());
        for (auto& path : listed->strange)
            complain(error{errc::corrupt, "list staging files", std::move(path),
                           "no file of this store"});
        for (const auto id : listed->files)
            if (!named_.contains(id) && !files_.is_open(id))
                complain(error{errc::corrupt, "list staging files", std::to_string(id.value),
                               "no row names it"});
    }

private:
    blob::staging_files<FS>& files_;
    std::function<void(std::uint64_t)> read_;
    std::unordered_set<protocol::staging_id> named_;
};

}  // namespace casement::tree
