// expected: guard_without_field<door, *casement::from<ajar>, *casement::on<pull> ?>
// A guard on a field that the event does not carry.
#include <casement/machine/check.hpp>
#include <casement/protocol/ids.hpp>

struct shut {};
struct ajar {
    casement::protocol::session_id by;
};
struct push {};
struct pull {};

struct door {
    static constexpr auto states = casement::hana::tuple_t<shut, ajar>;
    static constexpr auto events = casement::hana::tuple_t<push, pull>;

    constexpr ajar operator()(shut, push) const { return {}; }
    constexpr casement::guarded<shut, casement::protocol::session_id> operator()(ajar, pull) const {
        return {};
    }
};

static_assert(casement::prove<door>());
