// expected: casement: more than one transition matches this state and this event
// Two transitions match the same pair.
#include <casement/machine/check.hpp>

struct shut {};
struct ajar {};
struct push {};
struct pull {};

struct door {
    static constexpr auto states = casement::hana::tuple_t<shut, ajar>;
    static constexpr auto events = casement::hana::tuple_t<push, pull>;

    constexpr ajar operator()(shut, push) const { return {}; }
    constexpr ajar operator()(const shut&, push) const { return {}; }
    constexpr shut operator()(ajar, push) const { return {}; }
    constexpr ajar operator()(shut, pull) const { return {}; }
};

static_assert(casement::prove<door>());
