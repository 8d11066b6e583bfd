// expected: casement: this state has no tag of its own
// Two states with one tag on disk.
#include <cstdint>

#include <casement/machine/check.hpp>

struct shut {
    static constexpr std::uint8_t tag = 1;
};
struct ajar {
    static constexpr std::uint8_t tag = 1;
};
struct push {};
struct pull {};

struct door {
    static constexpr auto states = casement::hana::tuple_t<shut, ajar>;
    static constexpr auto events = casement::hana::tuple_t<push, pull>;

    constexpr ajar operator()(shut, push) const { return {}; }
    constexpr shut operator()(ajar, pull) const { return {}; }
};

static_assert(casement::prove<door>());
