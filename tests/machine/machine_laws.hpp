#pragma once
// What every machine obeys, whatever it is for: run time and compile time agree on each pair, each
// guard holds and fails on its own field, and a state has one encoding. Tests only.

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <boost/hana/for_each.hpp>
#include <boost/hana/length.hpp>
#include <boost/hana/tuple.hpp>

#include <casement/core/codec.hpp>
#include <casement/core/reflect.hpp>
#include <casement/core/strong.hpp>
#include <casement/machine/apply.hpp>
#include <casement/machine/step.hpp>
#include "support/property.hpp"

namespace casement::testing {

/// Some value of `T`, inside a property. Ids are few, so that they often meet.
template <class T>
T arbitrary() {
    T value{};
    if constexpr (is_strong<T>) {
        value.value = *rc::gen::element<std::uint64_t>(0, 1, 2, 200, ~std::uint64_t{0});
    } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
        value = *rc::gen::arbitrary<T>();
    } else if constexpr (requires {
                             std::tuple_size<T>::value;
                             value.data();
                         }) {
        for (auto& byte : value) byte = static_cast<std::byte>(*rc::gen::inRange(0, 256));
    } else {
        std::apply(
            [](auto&... m) { ((m = arbitrary<std::remove_reference_t<decltype(m)>>()), ...); },
            members(value));
    }
    return value;
}

template <class... A>
std::variant<A...> arbitrary_of(std::type_identity<std::variant<A...>>) {
    std::variant<A...> value;
    const auto which = *rc::gen::inRange<std::size_t>(0, sizeof...(A));
    std::size_t place = 0;
    ((place++ == which ? void(value = arbitrary<A>()) : void()), ...);
    return value;
}

template <machine M>
state<M> arbitrary_state() {
    return arbitrary_of(std::type_identity<state<M>>{});
}
template <machine M>
event<M> arbitrary_event() {
    return arbitrary_of(std::type_identity<event<M>>{});
}

/// Another value than `field`.
template <class F>
F changed(F field) {
    if constexpr (is_strong<F>)
        field.value += 1;
    else
        std::get<0>(members(field)) += 1;
    return field;
}

/// One pair of types, many values: `apply` does what `accepts` and `step` say.
template <machine M, class S, class E>
void pair_obeys() {
    const S s = arbitrary<S>();
    const E e = arbitrary<E>();
    const auto r = apply<M>(s, e);
    RC_ASSERT((is_legal<M>(s, e) == accepts<M, S, E>));
    if constexpr (!accepts<M, S, E>) {
        RC_ASSERT(!r.has_value());
        RC_ASSERT(r.error().code() == errc::illegal);
        RC_ASSERT(r.error().message() == std::string{machine_name<M>()} + ": no transition from " +
                                             std::string{name_of<S>()} + " on " +
                                             std::string{name_of<E>()});
    } else if constexpr (detail::landing<answer_of<M, S, E>>::is_conditional) {
        const auto expected = step<M>(s, e);
        RC_ASSERT(r.has_value() == expected.has_value());
        if (r)
            RC_ASSERT(*r == state<M>{*expected});
        else
            RC_ASSERT(r.error() == expected.error());
    } else {
        RC_ASSERT(r.has_value());
        RC_ASSERT(*r == state<M>{step<M>(s, e)});
    }
}

/// Every state, every event; and `edges` has each legal pair exactly once.
template <machine M>
void obeys_its_table() {
    std::size_t legal = 0;
    hana::for_each(M::states, [&](auto s) {
        hana::for_each(M::events, [&](auto e) {
            using S = typename decltype(s)::type;
            using E = typename decltype(e)::type;
            legal += accepts<M, S, E>;
            law(std::string{name_of<S>()} + " on " + std::string{name_of<E>()},
                [] { pair_obeys<M, S, E>(); });
        });
    });
    std::set<std::pair<std::string_view, std::string_view>> listed;
    hana::for_each(edges<M>, [&](auto which) {
        using edge = typename decltype(which)::type;
        EXPECT_TRUE((accepts<M, typename edge::from, typename edge::on>));
        listed.emplace(name_of<typename edge::from>(), name_of<typename edge::on>());
    });
    EXPECT_EQ(listed.size(), legal);
    EXPECT_EQ(std::size_t{decltype(hana::length(edges<M>))::value}, legal);
}

template <machine M, class Edge, class F>
void guard_holds_and_fails() {
    using S = typename Edge::from;
    using E = typename Edge::on;
    SCOPED_TRACE(std::string{name_of<S>()} + " on " + std::string{name_of<E>()} + ": " +
                 std::string{field_name<F>()});
    const S s{};
    E e{};
    EXPECT_TRUE(step<M>(s, e));
    auto& field = std::get<F&>(members(e));
    field = changed(field);
    const auto refused = step<M>(s, e);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), refusal<F>);
    EXPECT_TRUE((step<without<M, F>>(s, e)));
}

/// Each guard of each edge: with equal fields it passes, with this one field changed it refuses in
/// the field's own way, and without the guard the change passes. So each guard is seen to hold and
/// to fail, and to be what refuses (SPEC T8).
template <machine M>
void guards_hold_and_fail() {
    std::size_t guards = 0;
    hana::for_each(edges<M>, [&](auto which) {
        using edge = typename decltype(which)::type;
        hana::for_each(guard_fields<M, typename edge::from, typename edge::on>, [&](auto field) {
            guard_holds_and_fails<M, edge, typename decltype(field)::type>();
            ++guards;
        });
    });
    EXPECT_GT(guards, 0u);
}

/// Equal states are equal bytes, and no other bytes are the state.
template <machine M>
void states_have_one_encoding() {
    law("a state comes back", [] {
        const auto s = arbitrary_state<M>();
        RC_ASSERT(decode<state<M>>(encode(s)) == s);
    });
    law("damaged bytes are refused, or are another state's own", [] {
        const auto s = arbitrary_state<M>();
        auto bytes = encode(s);
        switch (*rc::gen::inRange(0, 3)) {
            case 0: bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size())); break;
            case 1: bytes += *rc::gen::nonEmpty(rc::gen::arbitrary<std::string>()); break;
            default:
                bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] ^=
                    static_cast<char>(1 << *rc::gen::inRange(0, 8));
        }
        const auto other = decode<state<M>>(bytes);
        const bool refused_or_own = !other || (*other != s && encode(*other) == bytes);
        RC_ASSERT(refused_or_own);
    });
}

}  // namespace casement::testing
