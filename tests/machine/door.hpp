#pragma once
// The machine that the tests of machine/ share: small, with a guard, a condition and a final state.

#include <string_view>

#include <boost/hana/tuple.hpp>

#include <casement/core/error.hpp>
#include <casement/core/strong.hpp>
#include <casement/machine/machine.hpp>

namespace casement::testing {

struct key_tag {
    static constexpr std::string_view name = "key";
    static constexpr errc refusal = errc::fenced;
};
using key = strong<key_tag>;
struct owner_tag {
    static constexpr std::string_view name = "owner";
};
using owner = strong<owner_tag>;

// clang-format off
struct ajar     { bool operator==(const ajar&) const = default; };
struct closed   { bool operator==(const closed&) const = default; };
struct bricked  { bool operator==(const bricked&) const = default; };
struct locked   {
    key lock;
    owner by;
    int turns = 0;
    bool operator==(const locked&) const = default;
};

struct push   {};
struct pull   {};
struct turn   { key lock; owner by; };
struct open   { key lock; owner by; };
struct force  { int strength = 0; };
struct brick  {};

struct door {
    static constexpr auto states = hana::tuple_t<ajar, closed, locked, bricked>;
    static constexpr auto events = hana::tuple_t<push, pull, turn, open, force, brick>;
    using initial = closed;
    static constexpr auto final_states = hana::tuple_t<bricked>;

    constexpr closed  operator()(ajar,   push)   const { return {}; }
    constexpr ajar    operator()(closed, pull)   const { return {}; }
    constexpr locked  operator()(closed, turn e) const { return {e.lock, e.by, 1}; }
    constexpr bricked operator()(closed, brick)  const { return {}; }
    constexpr guarded<closed, key, owner>
                      operator()(locked, open)   const { return {}; }
    constexpr result<ajar> operator()(const locked&, const force& e) const {
        if (e.strength > 9) return ajar{};
        return fail(errc::conflict, "door", {}, "too weak");
    }
};
// clang-format on

}  // namespace casement::testing
