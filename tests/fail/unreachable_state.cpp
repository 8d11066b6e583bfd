// expected: casement: no event leads from the initial state here
// Nothing leads to a state.
#include <casement/machine/check.hpp>

struct shut {};
struct ajar {};
struct push {};
struct pull {};

struct door {
    static constexpr auto states = casement::hana::tuple_t<shut, ajar>;
    static constexpr auto events = casement::hana::tuple_t<push, pull>;
    static constexpr auto final_states = casement::hana::tuple_t<shut>;

    constexpr shut operator()(shut, push) const { return {}; }
    constexpr shut operator()(ajar, pull) const { return {}; }
};

static_assert(casement::prove<door>());
