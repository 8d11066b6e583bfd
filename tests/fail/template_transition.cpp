// expected: casement: this transition is reached through a conversion or a template parameter
// A template parameter takes more states than were meant.
#include <casement/machine/check.hpp>

struct shut {};
struct ajar {};
struct push {};
struct pull {};

struct door {
    static constexpr auto states = casement::hana::tuple_t<shut, ajar>;
    static constexpr auto events = casement::hana::tuple_t<push, pull>;

    constexpr ajar operator()(auto, push) const { return {}; }
    constexpr shut operator()(ajar, pull) const { return {}; }
};

static_assert(casement::prove<door>());
