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

/// Adds so much and one cent, for to add nothing is to race unseen; answers what is in it then.
struct add {
    std::uint64_t cents = 0;

    [[nodiscard]] std::optional<std::string> on(check::actor& me) const {
        const auto row = read<till_row>(me.store(), 1);
        const till_row now{(*row)->cents + cents + 1};
        auto made =
            transaction{me.store()}.replace(*row, now, "nobody has added meanwhile").commit();
        if (made) return std::to_string(now.cents);
        if (made.error().code() == errc::unknown_outcome) return std::nullopt;
        // Again: only those who add make each other do so.
        return on(me);
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
