#pragma once
// What the stories of files on a disk share: a disk with a store on it, disks that say they have
// done what they have not, and blobs that all get files of their own.

#include <string>
#include <string_view>

#include <casement/blob/files.hpp>
#include <casement/check/simulated_files.hpp>
#include <casement/check/story.hpp>
#include <casement/core/assert.hpp>

namespace casement::models {

using check::disk_calls;
using check::file_answer;
using check::file_call;
using check::simulated_disk;

/// A disk with a store on it, in which some more directories are made.
template <class... Path>
[[nodiscard]] simulated_disk disk_under(const check::disk_rules& rules, const Path&... paths) {
    const check::shared_disk_calls calls{simulated_disk{rules}};
    check::simulated_files fs{calls};
    for (const std::string path : {"/store", "/store/blobs", "/store/packs", paths...})
        require(fs.make_directory(path).has_value(), "a directory");
    return calls.disk();
}
template <class... Path>
[[nodiscard]] simulated_disk disk_with(const Path&... paths) {
    return disk_under({}, paths...);
}

/// Says that all went well with such a call, and does nothing.
template <file_call::kind Call>
struct forgets {
    check::disk_calls others;
    file_answer operator()(const file_call& c) const {
        return c.what == Call ? file_answer{} : others(c);
    }
};

/// Asks for a second sync where the first one failed, and believes it.
struct trusts_a_second_sync {
    disk_calls others;
    file_answer operator()(const file_call& c) const {
        auto a = others(c);
        return c.what == file_call::sync && a.code != 0 ? others(c) : a;
    }
};

/// Blobs of two bytes and more have files of their own.
[[nodiscard]] inline blob::options dedicated_blobs() {
    blob::options o;
    o.sizes.inline_max = 1;
    o.sizes.dedicated_min = 2;
    o.magic = [] { return std::uint64_t{0x5ca1ab1e}; };
    return o;
}

[[nodiscard]] inline blob::id_source ids_of(check::actor& me) {
    return {[&me] { return me.ids().next<blob::blob_id>(); },
            [&me] { return me.ids().next<blob::pack_id>(); }};
}

/// A disk that nobody else changes, as the store reads it.
using still_files = check::simulated_files<check::shared_disk_calls>;
[[nodiscard]] inline still_files files_on(const simulated_disk& d) {
    return still_files{check::shared_disk_calls{d}};
}

/// A blob's bytes, verified; or what is wrong with them.
[[nodiscard]] inline result<std::string> bytes_on(const simulated_disk& d,
                                                  const blob::descriptor& where) {
    auto files = blob::files<still_files>::open(files_on(d), "/store", {}, dedicated_blobs());
    if (!files) return passed(files);
    std::string bytes(where.size, '\0');
    const auto n = files->read(where, {}, 0, bytes);
    if (!n) return std::unexpected{n.error()};
    return bytes.substr(0, *n);
}

}  // namespace casement::models
