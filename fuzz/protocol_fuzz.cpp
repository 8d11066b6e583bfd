// The states of the protocols and what events do to them. An input is a machine's number, the
// length of a state's encoding, the encoding, and events: each its place in the table, then its
// members.

#include <array>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include <casement/core/codec.hpp>
#include <casement/machine/apply.hpp>
#include <casement/machine/machine.hpp>
#include <casement/protocol/blob.hpp>
#include <casement/protocol/dentry.hpp>
#include <casement/protocol/directory.hpp>
#include <casement/protocol/file.hpp>
#include <casement/protocol/lease.hpp>
#include <casement/protocol/staging.hpp>

#include "target.hpp"

#ifdef CASEMENT_PLANTED
namespace under_test = casement::fuzz::planted::protocol;
#else
namespace under_test = casement;
#endif

namespace casement::fuzz {
namespace {

template <class Variant, std::size_t... I>
bool read_alternative(reader& in, std::size_t place, Variant& out, std::index_sequence<I...>) {
    bool whole = false;
    (void)((I == place && (whole = decode_from(in, out.template emplace<I>()), true)) || ...);
    return whole;
}

/// The next event in `in`; false at the end.
template <machine M>
bool read_event(reader& in, event<M>& out) {
    constexpr auto n = std::variant_size_v<event<M>>;
    std::uint8_t place = 0;
    return in.byte(place) && read_alternative(in, place % n, out, std::make_index_sequence<n>{});
}

/// Where `event` leads from `now`; `now` itself where it is refused.
template <machine M>
state<M> after(const state<M>& now, const event<M>& event) {
    auto next = casement::apply<M>(now, event);
    if (!next) {
        require((next.error().code() == errc::illegal) == !is_legal<M>(now, event),
                "illegal is what the table has no line for");
        require(!next.error().message().empty(), "a refusal has a message");
        return now;
    }
    require(is_legal<M>(now, event), "only the table's lines lead anywhere");
    require(casement::decode<state<M>>(encode(*next)) == *next, "every state can be read back");
    return *std::move(next);
}

template <machine M>
void laws(std::string_view bytes, std::string_view events) {
    auto now = under_test::decode<state<M>>(bytes);
    if (!now) return;
    canonical(encode(*now), bytes);
    reader in{events};
    for (event<M> event; read_event<M>(in, event);) now = after<M>(*now, event);
}

constexpr std::array machines = {
    &laws<protocol::dentry>,    &laws<protocol::file>,    &laws<protocol::lease>,
    &laws<protocol::directory>, &laws<protocol::staging>, &laws<protocol::blob>,
};

}  // namespace
}  // namespace casement::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace casement::fuzz;
    input in{data, size};
    const auto which = in.byte() % machines.size();
    const auto state = in.take(in.byte());
    machines[which](state, in.rest());
    return 0;
}
