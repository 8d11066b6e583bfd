// expected: casement: this transition may fail and names no field
// A transition that may fail says on which field.
#include <casement/machine/check.hpp>

struct shut {};
struct ajar {};
struct push {};
struct pull {};

struct door {
    static constexpr auto states = casement::hana::tuple_t<shut, ajar>;
    static constexpr auto events = casement::hana::tuple_t<push, pull>;

    constexpr ajar operator()(shut, push) const { return {}; }
    casement::result<shut> operator()(ajar, pull) const { return shut{}; }
};

static_assert(casement::prove<door>());
