// expected: casement: no state accepts this event
// An event that no state accepts.
#include <casement/machine/check.hpp>

struct shut {};
struct ajar {};
struct push {};
struct pull {};

struct door {
    static constexpr auto states = casement::hana::tuple_t<shut, ajar>;
    static constexpr auto events = casement::hana::tuple_t<push, pull>;

    constexpr ajar operator()(shut, push) const { return {}; }
    constexpr shut operator()(ajar, push) const { return {}; }
};

static_assert(casement::prove<door>());
