// The states of the protocols and what events do to them. An input is a machine's number, the
// length of a state's encoding, the encoding, and events: each its place in the table, then its
// members.

#include <array>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include <boost/hana/for_each.hpp>
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

namespace under_test {
namespace {

/// Planted: takes a last number also in a longer form: its high bit set, and a zero behind it.
template <class T>
std::optional<T> decode(std::string_view bytes) {
    if (auto value = casement::decode<T>(bytes); value || !casement::fuzz::planted()) return value;
    if (bytes.size() < 3 || bytes.back() != '\0') return std::nullopt;
    std::string shorter{bytes.substr(0, bytes.size() - 1)};
    shorter.back() = static_cast<char>(shorter.back() & 0x7f);
    return casement::decode<T>(shorter);
}

}  // namespace
}  // namespace under_test

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

/// A line of the table, and what it has come to.
template <class M, class From, class On>
std::string words_of(bool taken) {
    return std::string{name_of<M>()} + ": " + std::string{name_of<From>()} + " on " +
           std::string{name_of<On>()} + (taken ? ", taken" : ", refused");
}

template <machine M>
void saw_edge(const state<M>& now, const event<M>& event, bool taken) {
    std::visit(
        [&]<class From, class On>(const From&, const On&) {
            if constexpr (accepts<M, From, On>) saw(words_of<M, From, On>(taken));
        },
        now, event);
}

/// Each line can be taken, and refused where it compares anything.
template <machine M>
void each_line(std::set<std::string>& all) {
    hana::for_each(edges<M>, [&](auto which) {
        using edge = typename decltype(which)::type;
        using from = typename edge::from;
        using on = typename edge::on;
        all.insert(words_of<M, from, on>(true));
        if constexpr (!std::same_as<answer_of<M, from, on>, typename edge::to>)
            all.insert(words_of<M, from, on>(false));
    });
}

/// Where `event` leads from `now`; `now` itself where it is refused.
template <machine M>
state<M> after(const state<M>& now, const event<M>& event) {
    auto next = casement::apply<M>(now, event);
    saw_edge<M>(now, event, next.has_value());
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

template <machine... M>
struct machines {
    static constexpr std::array laws_of = {&laws<M>...};
    static std::set<std::string> lines() {
        std::set<std::string> all;
        (each_line<M>(all), ...);
        return all;
    }
};
using all_machines = machines<protocol::dentry, protocol::file, protocol::lease,
                              protocol::directory, protocol::staging, protocol::blob>;

}  // namespace

std::set<std::string> reachable() { return all_machines::lines(); }

}  // namespace casement::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace casement::fuzz;
    input in{data, size};
    const auto which = in.byte() % all_machines::laws_of.size();
    const auto state = in.take(in.byte());
    all_machines::laws_of[which](state, in.rest());
    return 0;
}
