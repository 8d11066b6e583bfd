#pragma once
// Many threads that change one tree at once, in every way there is, and a ledger of what they made
// and took away. Nodes and objects have numbers that are given once, so whatever order the changes
// had, the tree must be what was made and not taken, each once.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include <casement/kv/operation.hpp>
#include <casement/kv/store.hpp>
#include <casement/tree/rows.hpp>

namespace casement::testing {

/// Hears a line before each change that makes or takes something, and one after it. Any thread.
using tell = std::function<void(const std::string& line)>;

/// What a crowd did.
struct crowd_report {
    std::map<tree::change_kind, std::uint64_t> done;
    std::string wrong;                                    // errors that no race explains
    std::uint64_t unanswered = 0;                         // where nobody answers for a while
    std::chrono::steady_clock::duration longest_pause{};  // of a thread, between what it has done
};

/// Lets so many threads change the tree until it is `over`.
template <store S>
[[nodiscard]] crowd_report crowd(S& kv, int threads, const std::function<bool()>& over,
                                 const tell& told);

/// What the lines say. One thread.
class ledger {
public:
    void add(const std::string& line);

    /// Asks the store what became of the changes whose end nobody told (SPEC F22); how many.
    template <store S>
    [[nodiscard]] std::size_t settle(S& kv);

    /// Lost, brought back, or there twice; "" if nothing is. REQUIRES: all changes are settled.
    template <store S>
    [[nodiscard]] std::string differences(const S& kv) const;
    [[nodiscard]] std::size_t made() const { return made_.size(); }

private:
    struct change {
        op_name name;
        tree::change_kind what{};
        std::uint64_t takes = 0, makes = 0;  // 0: nothing, or a node that the outcome names
    };
    void happened(const change& c, std::uint64_t node);

    std::map<std::uint64_t, change> open_;  // by operation
    std::set<std::uint64_t> made_, taken_;
};

}  // namespace casement::testing
