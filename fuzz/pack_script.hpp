#pragma once
// A pack made and damaged by a script, and what a scan must say of it: each frame that is still as
// it was written is found, nothing else is, and every byte is in a frame or reported. Pure.
//
//     cut (2 bytes off the end), then steps of
//     0 n payload   a frame          1 n bytes   what a writer left, to the next multiple of 64
//     2 place mask  a byte changed   3 n         n multiples of 64 that were never written

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/blob/checksum.hpp>
#include <casement/blob/file_system.hpp>
#include <casement/blob/pack_format.hpp>
#include <casement/blob/pack_read.hpp>

#include "target.hpp"

namespace casement::fuzz {

/// A file that is its bytes.
class memory_file {
public:
    explicit memory_file(std::string bytes) : bytes_{std::move(bytes)} {}
    memory_file(memory_file&&) = default;
    memory_file& operator=(memory_file&&) = default;

    result<void> write_at(std::uint64_t, std::string_view) {
        return fail(errc::read_only, "write", "pack");
    }
    result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) const {
        if (offset >= bytes_.size()) return 0;
        return std::string_view{bytes_}.substr(offset).copy(into.data(), into.size());
    }
    result<std::uint64_t> size() const { return bytes_.size(); }
    void start_writeback(std::uint64_t, std::uint64_t) const {}
    result<void> sync() { return {}; }
    result<void> close() { return {}; }
    std::string_view path() const { return "pack"; }

private:
    std::string bytes_;
};

struct scripted_frame {
    blob::descriptor what;
    std::string bytes;  // header and payload, as they were written
};

struct scripted_pack {
    std::string file;
    std::vector<scripted_frame> frames;
    std::uint64_t magic = 0;

    void pad() { file.resize(blob::aligned(file.size())); }

    void add_frame(std::string_view payload) {
        blob::payload_hasher hasher;
        hasher.take(payload);
        const auto hash = hasher.finish();
        const auto offset = static_cast<std::uint32_t>(file.size() + blob::frame_header_size);
        blob::descriptor what{blob::placement::packed,
                              blob::to_number({{1}, offset}),
                              payload.size(),
                              {frames.size() + 1},
                              {},
                              blob::check_of(hash.sums),
                              hash.content};
        auto bytes = blob::encode_frame_header(blob::frame_of(what, magic)).append(payload);
        file += bytes;
        pad();
        frames.push_back({std::move(what), std::move(bytes)});
    }

    [[nodiscard]] bool whole(const scripted_frame& f) const {
        const auto begin = blob::to_pack_position(f.what.position).offset - blob::frame_header_size;
        return begin <= file.size() && file.compare(begin, f.bytes.size(), f.bytes) == 0;
    }
};

/// The magic comes from the whole script, so that no script can hold a frame that it forges.
inline scripted_pack run_script(input in) {
    scripted_pack pack;
    pack.magic = checksum_of(in.rest());
    pack.file = blob::encode_pack_header({{1}, pack.magic});
    const std::size_t cut = in.word();
    while (!in.empty()) {
        switch (in.byte() % 4) {
            case 0:
                if (const auto payload = in.take(in.byte()); !payload.empty())
                    pack.add_frame(payload);
                break;
            case 1: pack.file += in.take(in.byte()); break;
            case 2:
                if (const std::size_t span = pack.file.size() - blob::pack_header_size) {
                    auto& at = pack.file[blob::pack_header_size + in.word() % span];
                    at = static_cast<char>(at ^ in.byte());
                }
                break;
            case 3: pack.file.resize(pack.file.size() + 64 * (in.byte() % 4)); break;
        }
        pack.pad();
    }
    pack.file.resize(pack.file.size() - std::min(cut % 256, pack.file.size()));
    return pack;
}

inline void pack_laws(input in) {
    const auto pack = run_script(in);
    const memory_file file{pack.file};
    auto scanner = blob::pack_scanner<memory_file>::begin(file, blob::pack_id{1});
    require(scanner.has_value() == (pack.file.size() >= blob::pack_header_size),
            "a pack begins with its whole header");
    if (!scanner) return;
    ++accepted;
    std::uint64_t covered = 0;
    for (const auto& written : pack.frames) {
        if (!pack.whole(written)) continue;
        const auto found = scanner->next();
        require(found && *found && (*found)->what == written.what, "every whole frame is found");
        require(blob::verify_frame_header(file, pack.magic, written.what).has_value(),
                "a frame that is found can be read");
        const auto begin = blob::to_pack_position(written.what.position).offset;
        const auto end =
            std::min<std::uint64_t>(blob::aligned(begin + written.what.size), pack.file.size());
        covered += end - begin + blob::frame_header_size;
    }
    const auto rest = scanner->next();
    require(rest && !*rest, "nothing else is found");
    std::uint64_t offset = 0;
    for (const auto& damage : scanner->report().damaged) {
        require(damage.length > 0 && damage.offset > offset, "damage is in order, and apart");
        offset = damage.offset + damage.length;
        covered += damage.length;
    }
    require(offset <= pack.file.size(), "damage is in the file");
    require(covered == pack.file.size() - blob::pack_header_size,
            "every byte is in a frame or reported");
}

}  // namespace casement::fuzz
