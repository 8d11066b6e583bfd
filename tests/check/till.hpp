#pragma once
// A till that clients add to and look into: the smallest store there is to test in parallel.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <casement/check/parallel.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/transaction.hpp>

namespace casement::testing {

struct till_row {
    static constexpr char table = 'T';
    using key = std::uint64_t;
    std::uint64_t cents = 0;
};

/// As it shall be.
struct till {
    std::uint64_t cents = 0;
};

/// Adds to a till, which is made if there is none; answers what is in it then. Only those who add
/// make each other try again.
template <store S>
[[nodiscard]] std::optional<std::string> add_to(S& kv, std::uint64_t which, std::uint64_t cents) {
    for (;;) {
        const auto row = read<till_row>(kv, which);
        if (!row) return std::nullopt;
        const till_row now{(row->exists() ? (*row)->cents : 0) + cents};
        auto made = transaction{kv}.replace(*row, now, "nobody has added meanwhile").commit();
        if (made) return std::to_string(now.cents);
        if (made.error().code() == errc::unknown_outcome) return std::nullopt;
    }
}

/// Adds so much and one cent, for to add nothing is to race unseen; answers what is in it then.
struct add {
    std::uint64_t cents = 0;

    [[nodiscard]] std::optional<std::string> on(check::actor& me) const {
        return add_to(me.store(), 1, cents + 1);
    }
    [[nodiscard]] std::string on(till& t) const { return std::to_string(t.cents += cents + 1); }
};

struct look {
    [[nodiscard]] static std::optional<std::string> on(check::actor& me) {
        return std::to_string((*read<till_row>(me.store(), 1))->cents);
    }
    [[nodiscard]] static std::string on(till& t) { return std::to_string(t.cents); }
};

using till_call = check::one_of<add, look>;

[[nodiscard]] inline check::story& with_till(check::story& s) {
    return s.begins([](memory_store& kv) { (void)transaction{kv}.put<till_row>(1, {0}).commit(); });
}
[[nodiscard]] inline check::story with_till(check::story&& s) { return std::move(with_till(s)); }

}  // namespace casement::testing
