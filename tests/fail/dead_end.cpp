// expected: casement: nothing leads out of this state, and it is not declared final
// Nothing leads out of a state, and it is not declared final.
#include <casement/machine/check.hpp>

struct shut {};
struct ajar {};
struct push {};
struct pull {};

struct door {
    static constexpr auto states = casement::hana::tuple_t<shut, ajar>;
    static constexpr auto events = casement::hana::tuple_t<push, pull>;

    constexpr ajar operator()(shut, push) const { return {}; }
    constexpr ajar operator()(ajar, pull) const { return {}; }
};

static_assert(casement::prove<door>());
