// expected: casement: this transition leads to a type that is no state of its machine
// A transition into something else.
#include <casement/machine/check.hpp>

struct shut {};
struct ajar {};
struct push {};
struct pull {};

struct door {
    static constexpr auto states = casement::hana::tuple_t<shut, ajar>;
    static constexpr auto events = casement::hana::tuple_t<push, pull>;

    constexpr ajar operator()(shut, push) const { return {}; }
    constexpr int operator()(ajar, pull) const { return 0; }
};

static_assert(casement::prove<door>());
