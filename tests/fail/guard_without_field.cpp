// expected: casement: this transition compares a field that its state or its event does not have
// A guard on a field that the event does not carry.
#include <casement/machine/check.hpp>
#include <casement/protocol/ids.hpp>

using casement::protocol::session_id;

struct shut {};
struct ajar {
    session_id by;
};
struct push {};
struct pull {};

struct door {
    static constexpr auto states = casement::hana::tuple_t<shut, ajar>;
    static constexpr auto events = casement::hana::tuple_t<push, pull>;

    constexpr ajar operator()(shut, push) const { return {}; }
    constexpr casement::guarded<shut, session_id> operator()(ajar, pull) const { return {}; }
};

static_assert(casement::prove<door>());
