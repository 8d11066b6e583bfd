#pragma once
// Damage to the files of a store, one at a time: every file of a directory, cut, deleted, or with a
// byte flipped at every so many places; and the judge of what an engine says afterwards. The damage
// knows nothing of engines, so whole stores can be tested with it too. One thread.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/core/error.hpp>
#include <casement/engine/leveldb.hpp>

#include "engine/rows.hpp"
#include "kv/store_script.hpp"

namespace casement::testing {

inline std::string bytes_of(const std::filesystem::path& file) {
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

inline void write_bytes(const std::filesystem::path& file, std::string_view bytes) {
    std::ofstream out{file, std::ios::binary | std::ios::trunc};
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// `to` becomes a copy of the directory `from`, and holds nothing else.
inline void copy_directory(const std::filesystem::path& from, const std::filesystem::path& to) {
    std::filesystem::remove_all(to);
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

/// One thing that can happen to one file.
struct damage {
    enum class kind : std::uint8_t { flip, cut, remove };
    kind what;
    std::string file;  // in the directory
    std::size_t at = 0;
    std::uint8_t mask = 0;

    void apply_to(const std::filesystem::path& directory) const {
        const auto path = directory / file;
        if (what == kind::remove) {
            std::filesystem::remove(path);
            return;
        }
        auto bytes = bytes_of(path);
        if (what == kind::cut)
            bytes.resize(at);
        else
            bytes[at] = static_cast<char>(bytes[at] ^ mask);
        write_bytes(path, bytes);
    }

    [[nodiscard]] std::string told() const {
        const auto place = std::to_string(at);
        switch (what) {
            case kind::flip: return file + ": byte " + place + " ^ " + std::to_string(mask);
            case kind::cut: return file + ": cut at " + place;
            case kind::remove: return file + ": deleted";
        }
        std::unreachable();
    }
};

/// How densely to damage: 1 is every byte.
struct strides {
    std::size_t flip = 1;
    std::size_t cut = 1;
};

/// The damages to one file of a directory.
inline std::vector<damage> damages_of(const std::filesystem::path& directory,
                                      const std::string& file, strides every) {
    const auto size = std::filesystem::file_size(directory / file);
    std::vector<damage> out{{damage::kind::remove, file}};
    for (std::size_t at = 0; at < size; at += every.cut)
        out.push_back({damage::kind::cut, file, at});
    // One bit, and all bits: a length that is wrong by one, and one that is far off.
    for (std::size_t at = 0, n = 0; at < size; at += every.flip, ++n)
        out.push_back({damage::kind::flip, file, at,
                       static_cast<std::uint8_t>(n % 2 == 0 ? 1u << n / 2 % 8 : 0xff)});
    return out;
}

/// The files of a directory and those below it, as paths within it.
inline std::vector<std::string> files_of(const std::filesystem::path& directory) {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{directory})
        if (entry.is_regular_file())
            out.push_back(std::filesystem::relative(entry.path(), directory).string());
    std::sort(out.begin(), out.end());
    return out;
}

/// What became of a damaged store.
struct toll {
    std::size_t refused = 0;   // the open or a read said what is wrong
    std::size_t unharmed = 0;  // every answer was right
    std::vector<std::string> wrong;
};

/// Applies each damage to a fresh copy of `pristine` in `scratch` and lets `judge` look: it answers
/// how the store was wrong, and sets `refused` if the store said that it is damaged.
inline toll suffer(const std::filesystem::path& pristine, const std::filesystem::path& scratch,
                   const std::vector<damage>& all,
                   const std::function<violation(const std::string& path, bool& refused)>& judge) {
    toll out;
    for (const auto& d : all) {
        copy_directory(pristine, scratch);
        d.apply_to(scratch);
        bool refused = false;
        if (auto bad = judge(scratch.string(), refused))
            out.wrong.push_back(d.told() + ": " + *bad);
        ++(refused ? out.refused : out.unharmed);
    }
    return out;
}

/// The judge of an engine's store: it must refuse to open as damaged or gone, or else hold the rows
/// `0 ... n - 1` (of `bytes` bytes) for some `at_least <= n <= at_most`, where every row may be an
/// error instead of an answer, and a scan may end early with one. It is asked to create the store
/// if it is not there: a damaged store must not be taken for none.
inline violation still_numbered(const std::string& path, std::size_t bytes, std::size_t at_least,
                                std::size_t at_most, bool& refused) {
    auto kv =
        engine::leveldb_store::open(path, {.durable = engine::durability::process, .create = true});
    if (!kv) {
        refused = true;
        const auto code = kv.error().code();
        if (code == errc::corrupt || code == errc::not_found) return {};
        return "opening says " + kv.error().message();
    }
    std::size_t n = 0;
    auto rows = kv->scan("", "\xff");
    for (; rows.valid(); rows.next(), ++n)
        if (n == at_most || rows.key() != numbered_key(n) ||
            rows.value() != numbered_value(n, bytes))
            return "a scan shows " + printable(rows.key()) + " as row " + std::to_string(n);
    if (const auto ended = rows.status(); !ended) {
        refused = true;
        if (ended.error().code() != errc::corrupt) return ended.error().message();
    } else if (n < at_least) {
        return "a scan ends well after " + std::to_string(n) + " rows";
    }
    for (std::size_t i = 0; i < at_most; ++i) {
        const auto row = kv->get(numbered_key(i));
        if (!row) {
            refused = true;
            if (row.error().code() != errc::corrupt) return row.error().message();
        } else if (row->value ? *row->value != numbered_value(i, bytes) : i < at_least) {
            return "row " + std::to_string(i) + (row->value ? " is another" : " is missing");
        }
    }
    return {};
}

}  // namespace casement::testing
