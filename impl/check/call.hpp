#pragma once
// What an actor asks of the world, and how the answers are numbered. Plain values.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/kv/store.hpp>

namespace casement::check::detail {

struct call {
    enum class kind : std::uint8_t {
        get,   // key
        scan,  // key <= row < last
        snapshot,
        snapshot_get,  // key; of the snapshot `number`
        snapshot_scan,
        commit,  // guards, writes
        now,
        file,    // key: the call, encoded; its answer is one too
        choose,  // ways
        fresh,   // a block of numbers
        done,    // key: the turn's answer
        broken,  // key: why
        lost,    // key: why the turn cannot be explored
    };
    struct guard {
        std::string key;
        std::optional<std::string> expected;
        std::string name;
        bool operator==(const guard&) const = default;
    };
    struct write {
        casement::write::kind what{};
        std::string key, value;
        std::uint64_t amount = 0;
        bool operator==(const write&) const = default;
    };

    kind what{};
    std::string operation;  // as the actor has named it
    std::string key, last;
    std::uint64_t number = 0;
    std::vector<guard> guards;
    std::vector<write> writes;
    std::vector<std::string> ways;
    std::vector<std::pair<std::string, std::optional<std::string>>> carried;  // of a commit

    bool operator==(const call&) const = default;

    /// A step of its own, between which others may act; the rest belongs to the step before.
    [[nodiscard]] bool is_step() const {
        return what == kind::get || what == kind::scan || what == kind::snapshot ||
               what == kind::commit || what == kind::now || what == kind::file;
    }
    [[nodiscard]] bool reads() const { return what <= kind::snapshot_scan; }
    [[nodiscard]] bool ranges() const { return what == kind::scan || what == kind::snapshot_scan; }
    [[nodiscard]] bool is_of_snapshot() const {
        return what == kind::snapshot_get || what == kind::snapshot_scan;
    }
    [[nodiscard]] bool ends() const {
        return what == kind::done || what == kind::broken || what == kind::lost;
    }
};

/// Answers are 32-bit numbers: of a text for gets, scans, clocks and blocks; of a way for choices;
/// and these.
namespace answer {
inline constexpr std::uint32_t absent = 0xffffffff;  // of a get
inline constexpr std::uint32_t taken = 0;            // of a snapshot
inline constexpr std::uint32_t committed = 0;        // of a commit
inline constexpr std::uint32_t unknown = 1;
inline constexpr std::uint32_t spurious = 2;
inline constexpr std::uint32_t too_big = 3;
inline constexpr std::uint32_t corrupt = 4;
inline constexpr std::uint32_t gone = 0xfffffffe;  // of a file call from a turn that has ended
inline constexpr std::uint32_t conflict = 16;      // and the guard's number
}  // namespace answer

/// Rows of a scan as one text: length and bytes of each key and value.
[[nodiscard]] std::string to_text(const std::vector<std::pair<std::string, std::string>>& rows);
[[nodiscard]] std::vector<std::pair<std::string, std::string>> rows_in(std::string_view text);

}  // namespace casement::check::detail
